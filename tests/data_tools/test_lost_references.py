"""Stumps of lost references go or are smoothed; brackets that are empty for a reason stay."""

from __future__ import annotations

import pytest

from data_tools.repairs.lost_references import smooth_lost_references


@pytest.mark.parametrize(
    ("stump", "smoothed"),
    [
        ("The crust is thin (see ). It moves.", "The crust is thin. It moves."),
        ("The crust is thin (see and ), and it moves.", "The crust is thin, and it moves."),
        ("The crust is thin (see also ) and moves.", "The crust is thin and moves."),
        ("It is thin (Figure ) or thick (Fig. ; Table ).", "It is thin or thick."),
        ("The crust is thin () and old ( and ).", "The crust is thin and old."),
        ("The crust is thin ( ). It moves.", "The crust is thin. It moves."),
        ("The crust, (see ). It moves.", "The crust. It moves."),
        ("It moved at different times (see .) These are known.", "It moved at different times. These are known."),
        ("It is thin (as shown in ) here and (adapted from ) there.", "It is thin here and there."),
        ("It is thin (see , for example).", "It is thin."),
        ("(See ) The crust moves.", "The crust moves."),
        ("The crust is thin [, ] and old [,].", "The crust is thin and old."),
        ("The throat swells []) at night.", "The throat swells) at night."),
        ("The values, as shown in , are low.", "The values, are low."),
        ("The values are low, as listed in and .", "The values are low."),
        ("The values are shown in . They are low.", "The values are shown here. They are low."),
        ("As shown in , the crust moves. In and , it rests.", "The crust moves. It rests."),
        ("It moves. For example, in , we see it.", "It moves. For example, we see it."),
        ("The crust moves. Refer to . It rests.", "The crust moves. It rests."),
        ("See .\nThe crust moves.", "The crust moves."),
        ("Table  shows the values. Figures  and  show them.", "The table shows the values. The figures show them."),
        ("They are in Table . It follows from Eq. () that", "They are in the table. It follows from the equation that"),
        ("The Ohm equation () holds, see  and .", "The Ohm equation holds."),
        (
            "It is thin (see ) and old (). Use the values in , not these.",
            "It is thin and old. Use the values here, not these.",
        ),
    ],
)
def test_a_stump_is_smoothed(stump: str, smoothed: str) -> None:
    text, num_stumps = smooth_lost_references(stump)
    assert text == smoothed
    assert num_stumps > 0
    assert smooth_lost_references(text) == (text, 0)


@pytest.mark.parametrize(
    "text",
    [
        "The crust is thin (see Figure 2). It moves (Table 3), as shown in Figure 4.",
        "Call main() and then foo () to start.",
        "The interval [0, 1) and the set [ ] of {a, b}; x[i] = [].",
        "( ) Yes ( ) No; Male [ ] Female [ ]",
        "- [ ] write the text\n- [x] read it",
        "The sign (+), the sign (-), the mark (?) and the unit [-].",
        "He settled in , and then , he saw the end . It was told , too , in . the book .",
        "He came in . It was late.",
        "As far as we can see . . . nothing moves.",
        "For the transition period from to .",
        "Payments to/(from) partners, and (in) part.",
        "```\nf(a, see )\n```",
        "a\t(see )\tb",
        "I see and hear; see for yourself.",
        "The Table of  contents.",
    ],
)
def test_what_is_no_stump_stays(text: str) -> None:
    assert smooth_lost_references(text) == (text, 0)
