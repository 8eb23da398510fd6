"""Project Gutenberg's header and licence go, whole or cut in parts; a text about the project stays."""

from __future__ import annotations

import pytest

from data_tools.repairs.gutenberg import remove_gutenberg_licence

BOOK = "THE ROCKS\n\nBY A. STONE\n\nCHAPTER I\n\nGranite is hard."
START = "*** START OF THE PROJECT GUTENBERG EBOOK THE ROCKS ***"
MODERN = f"The Project Gutenberg eBook of The Rocks\n\nTitle: The Rocks\n\n{START}"
OLD = "The Project Gutenberg Etext of The Rocks\n\n***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***\nWhy?"
OLD_END = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"
CREDITS = "This etext was produced by A. Reader\n  and the Proofreading Team"


@pytest.mark.parametrize(
    ("text", "num_pieces"),
    [
        (f"{MODERN}\n\n{BOOK}\n\n*** END OF THE PROJECT GUTENBERG EBOOK THE ROCKS ***\n\nSection 1. Terms", 2),
        (f"{MODERN}\n\nProduced by A. Reader\n\n{BOOK}", 2),
        (f"{OLD}\n{OLD_END}\n\n{CREDITS}\n\n{BOOK}\n\nEnd of the Project Gutenberg Etext of The Rocks", 3),
        (f"Pay a fee of 20%\n{OLD_END}\n\n{BOOK}", 1),
        (f"{BOOK}\n\nEnd of The Project Gutenberg Etext of The Rocks\nby A. Stone", 1),
        (f"{BOOK}\n\n*** START: FULL LICENSE ***\n\nTHE FULL PROJECT GUTENBERG LICENSE\nPLEASE READ", 1),
    ],
)
def test_only_the_book_stays(text: str, num_pieces: int) -> None:
    assert remove_gutenberg_licence(text) == (BOOK, num_pieces)


@pytest.mark.parametrize(
    "text",
    [OLD, "1.E.1. You may use Project Gutenberg-tm works. Project Gutenberg-tm is a mark of the Foundation.\n" * 5],
)
def test_a_part_that_is_all_licence_goes(text: str) -> None:
    assert remove_gutenberg_licence(text) == ("", 1)


def test_a_text_about_the_project_stays() -> None:
    text = f"Project Gutenberg is a library of free books. {BOOK} It began in 1971. End of Project Gutenberg? Never."
    assert remove_gutenberg_licence(text) == (text, 0)
    assert remove_gutenberg_licence(BOOK) == (BOOK, 0)
