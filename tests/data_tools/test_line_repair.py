"""Words and sentences that line ends have cut: which are joined, how, and which lines are none of a paragraph."""

from __future__ import annotations

import random
import textwrap

import pytest

from data_tools.repair import repair
from data_tools.repairs.hard_wraps import join_hard_wraps
from data_tools.repairs.hyphens import join_broken_words
from tests.stages.curation_inputs import prose

PARAGRAPHS = [prose(number, 6) for number in range(8)]
WRAPPED = "\n\n".join(textwrap.fill(paragraph, 68, break_on_hyphens=False) for paragraph in PARAGRAPHS)


@pytest.mark.parametrize(
    ("broken", "joined"),
    [
        # the document's own words decide
        ("a hetero-\ngeneous rock; a heterogeneous one", "a heterogeneous\nrock; a heterogeneous one"),
        ("a well-\nknown rock; a well-known one", "a well-known\nrock; a well-known one"),
        (
            "the Navier-\nStokes law, that is the Navier-Stokes law",
            "the Navier-Stokes\nlaw, that is the Navier-Stokes law",
        ),
        # the signs of a compound
        ("the K-\nfeldspar grains", "the K-feldspar\ngrains"),
        ("an X-\nray image", "an X-ray\nimage"),
        ("the compound 2,4-\ndinitrophenol melts", "the compound 2,4-dinitrophenol\nmelts"),
        ("a state-of-the-\nart mill", "a state-of-the-art\nmill"),
        ("a state-\nof-the-art mill", "a state-of-the-art\nmill"),
        ("a rise year-\nover-year", "a rise year-over-year"),
        ("a thirty-\nyear bond", "a thirty-year\nbond"),
        ("a long-con-\ntinued rain", "a long-continued\nrain"),
        ("the DNA-\nbinding site", "the DNA-binding\nsite"),
        ("a tert-\nbutyl group", "a tert-butyl\ngroup"),
        ("self-\ncontained is the set, the self-\nsame", "self-\ncontained is the set, the self-same"),
        ("in a clay and a clay-\nrich layer", "in a clay and a clay-rich\nlayer"),
        (
            "depends on time: a time-\ndependent law, so dependent",
            "depends on time: a time-dependent\nlaw, so dependent",
        ),
        # a break by default, with what stands around the word
        ("the (meta-\nmorphic) rock", "the (metamorphic)\nrock"),
        ("it is some-\nthing, they said", "it is something,\nthey said"),
        ("the end of geo-\nlogy.\nNext", "the end of geology.\nNext"),
        ("a hetero\u2010\ngeneous rock", "a heterogeneous\nrock"),
        ("a hetero\u00ad\ngeneous rock", "a heterogeneous\nrock"),
        ("a hetero\ufffegeneous and so\x02lar rock", "a heterogeneous and solar rock"),
        ("between 1990\ufffe1995 and 10\x0220 (5\ufffe10)", "between 1990-1995 and 10-20 (5-10)"),
        ("CO2\x02based methods", "CO2-based methods"),
        ("the two\ufffe\nand three-fold rise", "the two-\nand three-fold rise"),
        ("a\ufffe\ufffeb \x02\x02 c", "a-b  c"),
        ("a one\ufffedimensional grid, one-dimensional", "a one-dimensional grid, one-dimensional"),
    ],
)
def test_a_broken_word_is_put_together(broken: str, joined: str) -> None:
    assert join_broken_words(broken)[0] == joined


@pytest.mark.parametrize(
    "text",
    [
        "two-\nand three-fold",
        "he looked up -\nand went",
        "the vowels a, e and i--\nthese three",
        "no, said the man-\nWell, yes",
        "about 10-\n20 km of it",
        "see https://example.org/some-\npage for it",
        "see 10.1029/2019JB-\npart for it",
        "| a-\nb | c |",
        "x\ty-\nz\tw",
        "```\nlet a = the b-\nc\n```",
        "$$\na x-\nb\n$$",
        "hepat-\nof the liver",
        "the end-\n\nof it",
    ],
)
def test_what_is_no_broken_word_stays(text: str) -> None:
    assert join_broken_words(text) == (text, 0)


def test_text_wrapped_by_an_editor_has_only_real_hyphens() -> None:
    """One line end in a hundred has a hyphen, and none is known to break a word: so none does."""
    text = f"{WRAPPED}\n\nand here a finely-\nlayered rock lies"
    assert "finely-layered\nrock" in join_broken_words(text)[0]
    typeset = text.replace("granite", "gra-\nnite", 6)
    assert "finelylayered\nrock" in join_broken_words(typeset)[0]


def test_wrapped_paragraphs_become_lines() -> None:
    text, num_joined = join_hard_wraps(WRAPPED)
    assert text == "\n\n".join(PARAGRAPHS)
    assert num_joined == WRAPPED.count("\n") - text.count("\n")
    assert join_hard_wraps(text) == (text, 0)


@pytest.mark.parametrize("width", [48, 60, 75, 95])
def test_any_usual_width_is_seen(width: int) -> None:
    wrapped = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in PARAGRAPHS)
    assert join_hard_wraps(wrapped)[0] == "\n\n".join(PARAGRAPHS)


def test_a_typesetter_s_lines_become_paragraphs_again() -> None:
    """Words broken at random, lines of varying length: as text comes out of a PDF."""
    rng = random.Random(3)
    lines: list[str] = []
    for paragraph in PARAGRAPHS:
        line = ""
        for word in paragraph.split():
            if len(line) + len(word) > 58 + rng.randint(-4, 4):
                cut = len(word) // 2 if len(word) > 6 and word.isalpha() and rng.random() < 0.5 else 0
                lines.append(f"{line} {word[:cut]}-" if cut else line)
                word, line = word[cut:], ""
            line = f"{line} {word}".strip()
        lines += [line, ""]
    assert repair("\n".join(lines))[0] == "\n\n".join(PARAGRAPHS)


def test_lines_joined_at_hyphens_and_dashes_get_no_space() -> None:
    lines = (
        "the very oldest of the rocks in the north of the land are of the K-",
        "40 kind, and they are found there in beds of the two-",
        "and three-fold sort, in the long hills and in all the vales--",
        "these being old, as others that were once found in the north are,",
        "--and this one, too",
    )
    joined = join_hard_wraps(f"{WRAPPED}\n\n" + "\n".join(lines))[0].split("\n")[-1]
    assert joined == f"{lines[0]}{lines[1]} {lines[2]}{lines[3]}{lines[4]}"


LEFT = [
    "\n".join(["Tiger, tiger, burning bright", "In the forests of the night,", "What immortal hand or eye"] * 8),
    "\n".join(f"{'river valley and granite'[: 8 + 3 * (i % 5)]} of the coast" for i in range(30)),
    "\n".join(f"Doctor: {prose(i, 1)[:50]}" for i in range(20)),
    "\n".join(f"- {prose(i, 1)[:60]}" for i in range(20)),
    "\n".join(f"{i}. {prose(i, 1)[:60]}" for i in range(20)),
    "\n".join(f"    {line}" for line in WRAPPED.split("\n")),
    "\n".join(f"> {line}" for line in WRAPPED.split("\n")),
    "```\n" + WRAPPED + "\n```",
    "\n".join(f"sample {i} of granite\t{i * 7}\t{i * 3}.5\tfrom the north of the valley" for i in range(30)),
    "\n".join(f"basalt {i}    {i * 3}.2    {i * 5}.1    below the coast" for i in range(30)),
    "\n".join(f"us10000{i},34.2{i},-118.3{i},4.5,near the coast,from the north" for i in range(30)),
    "\n".join(prose(i, 1) for i in range(30)),
    "\n".join(f"acid{i} a {'substance that gives away protons ' * (1 + i % 4)}and so on" for i in range(30)),
]


@pytest.mark.parametrize("text", LEFT)
def test_verse_lists_tables_code_and_dialogue_are_left_alone(text: str) -> None:
    assert join_hard_wraps(text) == (text, 0)


@pytest.mark.parametrize(
    "block",
    [
        "# A heading of the text\nAnd then the rest of it.",
        "CHAPTER IV.\nTHE AGE OF ICE",
        "Survey of the North\n12 Harbour Road\nNorthfield",
        "Gneiss and granite,\nSlate and sand,\nAll the rocks of\nAll the land.",
        "| a | b |\n| --- | --- |\n| 1 | 2 |",
        "1.1 Rocks . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . 12\n1.2 Ores . . . . . . . . . 14",
        "    def rock(depth):\n        return depth",
        "- one item of the list\n- another item of it",
        "a = b + c\nb = c + d",
        ":width: 50\n:align: right",
        "-- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- -- --\n-- -- --",
    ],
)
def test_structure_among_wrapped_paragraphs_stays(block: str) -> None:
    text = join_hard_wraps(f"{WRAPPED}\n\n{block}\n\n{WRAPPED}")[0]
    paragraphs = "\n\n".join(PARAGRAPHS)
    assert text == f"{paragraphs}\n\n{block}\n\n{paragraphs}"


def test_a_wrapped_list_item_stays_an_item() -> None:
    item = textwrap.fill(f"- {prose(77, 3)}", 68, subsequent_indent="  ")
    text = join_hard_wraps(f"{WRAPPED}\n\n{item}\n{item}\n\n{WRAPPED}")[0]
    assert f"\n\n- {prose(77, 3)}\n- {prose(77, 3)}\n\n" in text


def test_an_indented_first_line_begins_a_paragraph() -> None:
    paragraphs = [textwrap.fill(paragraph, 68, initial_indent="     ") for paragraph in PARAGRAPHS]
    text = join_hard_wraps("\n".join(paragraphs))[0]
    assert text == "\n".join(f"     {paragraph}" for paragraph in PARAGRAPHS)
