"""What pages leave behind: numbers, headers, footers, form feeds; and lines that recur but are none of a page's."""

from __future__ import annotations

from itertools import pairwise

import pytest

from data_tools.repair import repair
from data_tools.repairs.page_furniture import remove_page_furniture
from tests.stages.curation_inputs import prose


def pages(num: int = 6, size: int = 7) -> list[str]:
    """Return pages of which every second ends in mid-sentence."""
    made = []
    for number in range(num):
        words = prose(number, size).split()
        made += [" ".join(words[:-4])] if number % 2 == 0 else [" ".join(words)]
        if number % 2 == 0:
            made[-1] += " " + "and then"
        elif number:
            made[-1] = "in the end " + made[-1]
    return made


def whole(parts: list[str]) -> str:
    """Return the pages joined as they should be: sentences that go on are put together."""
    text = parts[0]
    for before, after in pairwise(parts):
        text += (" " if before.endswith("and then") else "\n") + after
    return text


NUMBERS = [
    "{n}",
    "- {n} -",
    "Page {n}",
    "Page {n} of 90",
    "F-{n}",
    "{n} | ",
    "[Page {n}]",
    "Rocks Inc. | 2024 Report | {n}",
]


@pytest.mark.parametrize("number", NUMBERS)
def test_page_numbers_go_and_sentences_are_joined(number: str) -> None:
    parts = pages()
    text = "\n".join(f"{part}\n{number.format(n=n)}" for n, part in enumerate(parts, start=11))
    assert remove_page_furniture(text) == (whole(parts), len(parts))


def test_headers_and_footers_next_to_page_breaks_go() -> None:
    parts = pages(8)
    text = "\n".join(f"{part}\n{n}\nTable of Contents\nROCKS INC." for n, part in enumerate(parts, start=1))
    mended, num_lines = remove_page_furniture(text)
    assert mended == whole(parts)
    assert num_lines == 3 * len(parts)


def test_odd_and_even_pages_may_have_different_headers() -> None:
    parts = pages(12)
    heads = [f"{n} Stone and others" if n % 2 else f"The age of granite {n}" for n in range(1, 13)]
    text = "\n".join(f"{head}\n{part}" for head, part in zip(heads, parts, strict=True))
    assert remove_page_furniture(text)[0] == whole(parts)


def test_form_feeds_end_pages() -> None:
    parts = pages(5)
    text = "".join(f"Rocks and ores\n\n{part}\n\n{n}\n\n\x0c" for n, part in enumerate(parts, start=1))
    mended, num_pieces = remove_page_furniture(text)
    assert mended == whole(parts).replace("\n", "\n\n")
    assert num_pieces == 15
    assert remove_page_furniture(text.replace("Rocks", "ROCKS", 1))[0] == f"ROCKS and ores\n\n{mended}"  # a title
    assert remove_page_furniture("one\x0ctwo")[0] == "one\ntwo"


def test_a_header_without_numbers_goes_where_it_interrupts_sentences() -> None:
    parts = [f"{prose(n, 6)[:-1]} and so" for n in range(6)]
    text = "\n".join(f"{part}\nROCKS AND ORES" for part in [parts[0], *(f"on it goes {part}" for part in parts[1:])])
    assert "ROCKS AND ORES" not in remove_page_furniture(text)[0]


def test_a_word_broken_over_a_page_is_joined() -> None:
    parts = [f"{prose(n, 6)[:-1]} in the sedi" for n in range(5)]
    text = "\n".join(
        f"{part}-\n{n}\nmentary rocks. {prose(n, 2)} It is sedimentary." for n, part in enumerate(parts, 3)
    )
    mended = repair(text)[0]
    assert mended.count("in the sedimentary\nrocks.") == 5
    assert "\n4\n" not in mended


def test_what_pages_have_in_common_elsewhere_stays() -> None:
    """A total at the foot of some pages is a total; page references in a table of contents are no page numbers."""
    parts = pages(8)
    contents = "\n".join(f"Item {n}.\nRocks of kind {n}\n{n}" for n in range(1, 9))
    total = "Total rocks\n12 tons\nTotal rocks\n14 tons\nTotal rocks\n15 tons"
    body = "\n".join(f"{total}\n{part}\nTotal rocks\n{n}" for n, part in enumerate(parts, start=1))
    mended = remove_page_furniture(f"{contents}\n{body}")[0]
    assert mended.startswith(contents)
    assert mended.count("Total rocks") == body.count("Total rocks")


def test_lines_of_a_longer_text_that_recurs_are_no_headers() -> None:
    notice = f"Copyright by the authors.\nYou may obtain a copy of it at the place that is\n{'named in the end. ' * 20}"
    text = "\n\n".join([notice] * 8)
    assert remove_page_furniture(text) == (text, 0)


NUMBERED = [
    "\n".join(f"{n}\n{prose(n, 8)}" for n in range(1, 20)),
    "\n".join(f"Chapter {n}\n{prose(n, 8)}" for n in range(1, 20)),
    "\n".join(f"Question {n}\n{prose(n, 4)}\nAnswer\n{prose(n + 50, 4)}" for n in range(1, 20)),
    "\n".join(f"Figure {n}\n{prose(n, 8)[:-1]} and\nso on it goes with the rock." for n in range(1, 20)),
    "\n".join(f"{prose(n, 8)}\n({n})\nwhere the rock is hard." for n in range(1, 20)),
    "\n".join(f"Example\n{prose(n, 8)}\nTotal\n{17 * n % 23}" for n in range(1, 20)),
    "\n".join(f"| {n} | {prose(n, 8)} |" for n in range(1, 20)),
    "\n".join(f"granite, of the north,\n{(n * 37) % 400}\nslate, of the south,\n{n + 100}" for n in range(1, 200)),
    "\n".join(f"{n}. {prose(n, 8)}" for n in range(1, 20)),
    "\n".join(f"{1990 + n}\n{prose(n, 8)}" for n in range(20)),
]


@pytest.mark.parametrize("text", NUMBERED)
def test_chapters_questions_figures_and_years_are_no_pages(text: str) -> None:
    assert remove_page_furniture(text) == (text, 0)
