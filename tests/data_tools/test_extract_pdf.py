"""Reading PDFs: columns, paragraphs, headings, tables, notes and scripts come out as they were written.

The files are made here by fpdf2, so that the text is known; what it cannot write is written by hand.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_tools.extract.dispatch import read_file
from data_tools.extract.pdf.fonts import BOLD, ITALIC, MONOSPACED, style_named
from data_tools.extract.pdf.joining import resolved
from data_tools.extract.pdf.segments import Segment
from data_tools.extract.pdf.tables import aligned_table
from data_tools.extract.records import ReadOptions, Record

fpdf = pytest.importorskip("fpdf", reason="fpdf2 makes the PDFs of these tests")

PROSE = (
    "Granite is a coarse rock of quartz, feldspar and mica that cooled slowly, far below the surface of the earth.",
    "Its crystals are large enough to be seen with the naked eye, and they lock into each other without leaving gaps.",
    "Where a magma reaches the surface it chills within hours, and no crystal has the time to grow beyond a speck.",
    "The result is basalt, dark and heavy, which floors the oceans and builds the shields of Iceland and Hawaii.",
    "Between the two lies a whole family of rocks that geologists tell apart by the share of silica they contain.",
    "A river sorts what it carries: boulders stay in the mountains, pebbles reach the plain, and mud reaches the sea.",
    "Mud that is buried under more mud loses its water, hardens to shale, and may in the end be folded into slate.",
    "Shells of animals that never saw the light pile up on warm and shallow floors, and turn into beds of limestone.",
    "Limestone dissolves in rain that has taken up carbon dioxide, and so caves and dolines riddle the karst country.",
    "Heat and pressure change all of these without melting them, and what comes out is called a metamorphic rock.",
    "Marble was limestone once, quartzite was sand, and many a gneiss was granite before two continents collided.",
    "Such a collision takes tens of millions of years, and the roots of the mountains outlast the peaks by far.",
)
WIDE = "\n".join(PROSE)


def new(size: float = 10, font: str = "Times", **options: Any) -> Any:
    pdf = fpdf.FPDF(unit="pt", format="A4", **options)
    pdf.set_margins(60, 60)
    pdf.set_auto_page_break(True, 70)
    pdf.add_page()
    pdf.set_font(font, size=size)
    return pdf


def paragraph(pdf: Any, text: str, size: float = 10, style: str = "", align: str = "J", gap: float = 6) -> None:
    pdf.set_font("Times", style, size)
    pdf.multi_cell(0, 1.2 * size, text, align=align, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(gap)


def record(path: Path, pdf: Any, **options: Any) -> Record:
    data = pdf if isinstance(pdf, bytes) else bytes(pdf.output())
    path.write_bytes(data)
    (found,) = read_file(path, ReadOptions(**options))
    assert isinstance(found, Record), found
    return found


def text(path: Path, pdf: Any, **options: Any) -> str:
    return record(path, pdf, **options).text


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pdf"


@pytest.mark.parametrize("num_columns", [2, 3])
def test_columns_are_read_one_after_the_other(path: Path, num_columns: int) -> None:
    pdf = new()
    paragraph(pdf, "Rocks and how they came to be where they are", 18, "B", "C", 12)
    paragraph(pdf, f"{PROSE[11]} {PROSE[10]}", 9)
    pdf.set_font("Times", size=10)
    paragraphs = [f"{PROSE[n]} {PROSE[n + 1]} {PROSE[n + 2]}" for n in range(9)] * 2
    with pdf.text_columns(ncols=num_columns, gutter=16, text_align="J", line_height=1.2) as columns:
        for one in paragraphs:
            columns.paragraph(text_align="J", bottom_margin=5).write(one)
            columns.end_paragraph()
    expected = ["# Rocks and how they came to be where they are", f"{PROSE[11]} {PROSE[10]}", *paragraphs]
    assert text(path, pdf) == "\n\n".join(expected)


def test_a_paragraph_goes_on_in_the_next_column_and_on_the_next_page(path: Path) -> None:
    pdf = new()
    whole = " ".join(PROSE * 9)
    with pdf.text_columns(ncols=2, gutter=16, text_align="J", line_height=1.2) as columns:
        columns.paragraph(text_align="J").write(whole)
        columns.end_paragraph()
    assert len(pdf.pages) == 2
    assert text(path, pdf) == whole


def test_a_wide_table_in_two_columns_keeps_its_rows(path: Path) -> None:
    pdf = new()
    paragraph(pdf, "Rocks by their silica, over both columns of the page, with a caption that is long enough", 9)
    with pdf.table(line_height=14, width=470) as table:
        for cells in (("Rock", "Silica", "Colour"), ("Granite", "72", "light"), ("Basalt", "49", "dark")):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    pdf.ln(10)
    pdf.set_font("Times", size=10)
    first, second = " ".join(PROSE[:6]), " ".join(PROSE[6:])
    with pdf.text_columns(ncols=2, gutter=16, text_align="J", line_height=1.2) as columns:
        for one in (first, second):
            columns.paragraph(text_align="J", bottom_margin=5).write(one * 2)
            columns.end_paragraph()
    written = text(path, pdf)
    assert (
        "| Rock | Silica | Colour |\n| --- | --- | --- |\n| Granite | 72 | light |\n| Basalt | 49 | dark |" in written
    )
    assert written.endswith(f"{first * 2}\n\n{second * 2}")


def test_a_wide_caption_keeps_its_short_last_line(path: Path) -> None:
    pdf = new()
    caption = f"Figure 2. {PROSE[0][:-1]}, and {PROSE[1][0].lower()}{PROSE[1][1:]}"
    paragraph(pdf, caption, 9, align="L", gap=20)
    pdf.set_font("Times", size=10)
    first, second = " ".join(PROSE[:6]), " ".join(PROSE[6:])
    with pdf.text_columns(ncols=2, gutter=16, text_align="J", line_height=1.2) as columns:
        for one in (first, second):
            columns.paragraph(text_align="J", bottom_margin=5).write(one)
            columns.end_paragraph()
    assert text(path, pdf).split("\n\n") == [caption, first, second]


def test_a_short_right_column_above_the_left_one_is_read_after_it(path: Path) -> None:
    pdf = new()
    whole = " ".join(PROSE * 6)
    with pdf.text_columns(ncols=2, gutter=16, text_align="J", line_height=1.2) as columns:
        columns.paragraph(text_align="J").write(whole)
        columns.end_paragraph()
    pdf.add_page()
    lines = [one[:40].strip() for one in PROSE]
    for x, y, n in ((62.8, 300, 0), (308.5, 60, 3)):  # where fpdf2 has its columns
        for line in range(3):
            pdf.text(x, y + 12 * line, lines[n + line])
    assert text(path, pdf).endswith(" ".join(lines[:6]))


def test_hyphens_at_line_ends(path: Path) -> None:
    r"""The soft hyphens say where fpdf2 may part a word; the others are real."""
    pdf = new()
    lines = [
        "The metamorphic rocks are well known, and metamorphism is a slow process; the Cordil-",
        "lera shows it. A well-known outcrop of fine-grained sand lies beside the road to the cor-",
        "dillera, where a low-grade metamor-",
        "phism and much fluid made a rock of fine-",
        "grained mica; the magma was SiO2-",
        "rich, and a Rayleigh-",
        "Taylor instability drove it up, two-",
        "and threefold; see https://example.org/some-",
        "page for it. What a walk in the moun-",
        "tains shows, a thin section confirms.",
    ]
    for number, line in enumerate(lines):
        pdf.set_xy(60, 80 + 12 * number)
        pdf.cell(470, 12, line, align="L")
    assert text(path, pdf) == (
        "The metamorphic rocks are well known, and metamorphism is a slow process; the Cordillera shows it. "
        "A well-known outcrop of fine-grained sand lies beside the road to the cordillera, where a low-grade "
        "metamorphism and much fluid made a rock of fine-grained mica; the magma was SiO2-rich, and a Rayleigh-Taylor "
        "instability drove it up, two- and threefold; see https://example.org/some-page for it. What a walk in the "
        "mountains shows, a thin section confirms."
    )


def test_hyphens_stay_where_no_word_is_ever_parted(path: Path) -> None:
    pdf = new()
    for number in range(70):
        pdf.text(60, 80 + 10 * number, "Not one of these lines ends with anything but a whole word of the language")
    pdf.text(60, 780, "and then a line that happens to end with the first half of a four-")
    pdf.text(60, 790, "chambered heart.")
    assert text(path, pdf).endswith("the first half of a four-chambered heart.")


def pages_of(rows: list[list[tuple[str, float, int]]]) -> Any:
    """A PDF of a page per list of (text, height in points, font size), with prose in the middle of each."""
    pdf = new()
    for number, page in enumerate(rows):
        if number:
            pdf.add_page()
        for line, y, size in [*page, (PROSE[number], 300, 10), (PROSE[number + 4], 312, 10)]:
            pdf.set_font(pdf.font_family, size=size)
            pdf.text(60, y, line)
    return pdf


@pytest.mark.parametrize("num_pages", [2, 3, 7])
@pytest.mark.parametrize(
    ("heading", "size"), [("Borehole BH-{}", 16), ("Borehole BH-{}", 10), ("{}. The Walls of Rock {word}", 10)]
)
def test_headings_that_count_with_the_pages_stay(path: Path, num_pages: int, heading: str, size: int) -> None:
    words = ("granite", "basalt", "chert", "slate", "tuff", "marl", "loess")
    headings = [heading.format(number + 1, word=words[number]) for number in range(num_pages)]
    pdf = pages_of([[(one, 60, size), (f"Report 12, page {n + 1}", 800, 8)] for n, one in enumerate(headings)])
    found = text(path, pdf)
    assert all(one in found for one in headings), found
    assert "page" not in found


def test_a_running_head_with_the_pages_number_goes(path: Path) -> None:
    for head in ("The Walls of Rock   {}", "{}   The Walls of Rock", "Walls, page {} of 3"):
        assert "Walls" not in text(path, pages_of([[(head.format(n + 1), 60, 9)] for n in range(3)]))


def test_a_form_that_repeats_all_it_says_is_not_emptied(path: Path) -> None:
    pdf = new()
    for number in range(4):
        if number:
            pdf.add_page()
        pdf.text(60, 60, "Core box report of the northern field")
        pdf.text(60, 780, f"{number + 1}")
    assert text(path, pdf).count("Core box report") == 4
    pdf = pages_of([[(f"Well: KB-{n + 1}. Depth {10 * n} m.", 60, 10)] for n in range(4)])
    assert text(path, pdf).count("Well: KB-") == 4


def test_page_numbers_right_under_the_text_go(path: Path) -> None:
    pdf = pages_of([[(f"- {n + 1} -", 330, 10)] for n in range(3)])
    assert "- 2 -" not in text(path, pdf)


def test_indents_begin_paragraphs_and_hanging_lines_do_not(path: Path) -> None:
    pdf = new()
    for number, one in enumerate(PROSE[:3]):
        pdf.set_x(60)
        pdf.multi_cell(470, 12, f"{'      ' if number else ''}{one} {PROSE[number + 4]}", align="L")
    pdf.ln(24)
    for number, one in enumerate(PROSE[6:9], start=1):
        pdf.set_x(60)
        pdf.cell(20, 12, f"[{number}]")
        pdf.set_left_margin(82)
        pdf.multi_cell(448, 12, f"{one} {PROSE[number]}", align="L")
        pdf.set_left_margin(60)
    body = [f"{PROSE[n]} {PROSE[n + 4]}" for n in range(3)]
    entries = [f"[{n}] {PROSE[n + 5]} {PROSE[n]}" for n in range(1, 4)]
    assert text(path, pdf) == "\n\n".join(body + entries)


def test_running_heads_feet_and_page_numbers_are_left_out(path: Path) -> None:
    class Headed(fpdf.FPDF):  # type: ignore[misc, name-defined]
        def header(self) -> None:
            self.set_font("Times", "I", 9)
            chapter = "Rocks of the north" if self.page_no() < 4 else "Rocks of the south"
            left, right = f"{self.page_no() + 10}", f"{chapter}, volume {self.page_no() + 10}"
            self.text(60, 40, left)
            self.text(400, 40, right)

        def footer(self) -> None:
            self.set_font("Times", size=9)
            self.text(270, 810, f"Page {self.page_no() + 10} of 99")

    pdf = Headed(unit="pt", format="A4")
    pdf.set_margins(60, 60)
    pdf.set_auto_page_break(True, 70)
    pdf.add_page()
    paragraphs = [" ".join(PROSE[n % 12 : n % 12 + 4]) or PROSE[0] for n in range(100)]
    for one in paragraphs:
        paragraph(pdf, one)
    assert len(pdf.pages) >= 6
    assert text(path, pdf) == "\n\n".join(paragraphs)


def test_roman_page_numbers_go_and_first_lines_of_pages_stay(path: Path) -> None:
    pdf = new()
    for number, numeral in enumerate(("iii", "iv", "v", "vi")):
        if number:
            pdf.add_page()
        pdf.text(60, 100, PROSE[number])
        pdf.text(290, 800, numeral)
    assert text(path, pdf).split("\n\n") == list(PROSE[:4])


def test_line_numbers_of_a_manuscript_are_left_out(path: Path) -> None:
    pdf = new(12)
    whole = " ".join(PROSE)
    lines = pdf.multi_cell(450, 24, whole, align="J", dry_run=True, output="LINES")
    pdf.set_xy(70, 90)
    pdf.multi_cell(450, 24, whole, align="J")
    pdf.set_font("Times", size=7)
    for number in range(len(lines)):
        pdf.text(48, 90 + 24 * number + 15.6, str(number + 41))
    assert text(path, pdf) == whole


def test_a_table_with_numbered_rows_keeps_them(path: Path) -> None:
    pdf = new()
    for number in range(1, 9):
        for x, cell in ((60, str(number)), (120, f"S-{number}"), (220, f"{number * 3.5:.1f}"), (300, f"{90 - number}")):
            pdf.text(x, 100 + 14 * number, cell)
    written = text(path, pdf)
    assert written.startswith("| 1 | S-1 | 3.5 | 89 |")
    assert written.count("\n") == 8


def test_headings_by_size_weight_and_number(path: Path) -> None:
    pdf = new()
    pdf.set_title("untitled")
    paragraph(pdf, "A short history of the rocks of the northern coast and of those who mapped them", 20, "B", "L", 10)
    paragraph(pdf, "Ann Author, Survey of Testland", 12, "", "L", 10)
    body = [f"{PROSE[n]} {PROSE[n + 1]} {PROSE[n + 2]}" for n in range(4)]
    paragraph(pdf, "1 Introduction", 14, "B", "L")
    paragraph(pdf, body[0])
    paragraph(pdf, "1.1 The coast", 11, "B", "L")
    paragraph(pdf, body[1])
    paragraph(pdf, "2 Results", 14, "B", "L")
    paragraph(pdf, body[2])
    paragraph(pdf, "Acknowledgments", 10, "B", "L")
    paragraph(pdf, body[3])
    title = "A short history of the rocks of the northern coast and of those who mapped them"
    found = record(path, pdf)
    assert found.title == title
    assert found.text.split("\n\n") == [
        f"# {title}", "Ann Author, Survey of Testland", "## 1 Introduction", body[0], "### 1.1 The coast", body[1],
        "## 2 Results", body[2], "#### Acknowledgments", body[3],
    ]  # fmt: skip


def test_the_outline_tells_headings_that_look_like_text(path: Path) -> None:
    pdf = new()
    for name, one in (("Setting", PROSE[0]), ("Sampling", PROSE[1])):
        pdf.start_section(name)
        paragraph(pdf, name, gap=8)
        paragraph(pdf, f"{one} {PROSE[2]}", gap=8)
    expected = ["## Setting", f"{PROSE[0]} {PROSE[2]}", "## Sampling", f"{PROSE[1]} {PROSE[2]}"]
    assert text(path, pdf).split("\n\n")[1:] == expected[1:]
    assert text(path, pdf).startswith(("# Setting", "## Setting"))


def test_lists(path: Path) -> None:
    pdf = new()
    paragraph(pdf, f"{PROSE[0]} {PROSE[1]} The survey found:", gap=4)
    bullet = "\x95"  # in Windows-1252, as the built-in fonts have it
    for sign, one in ((bullet, PROSE[2]), (bullet, PROSE[3]), ("1.", PROSE[4]), ("2.", PROSE[5])):
        pdf.text(70, pdf.get_y() + 9.5, sign)
        pdf.set_left_margin(85)
        pdf.set_x(85)
        pdf.multi_cell(400, 12, f"{one} {PROSE[6]}", align="L")
        pdf.set_left_margin(60)
    items = [f"{PROSE[n]} {PROSE[6]}" for n in range(2, 6)]
    assert text(path, pdf).split("\n\n")[1] == f"- {items[0]}\n- {items[1]}\n1. {items[2]}\n2. {items[3]}"


def test_raised_and_lowered_characters_of_science(path: Path) -> None:
    pdf = new()

    def put(*pieces: str) -> None:
        for piece in pieces:
            sign, rest = piece[:1], piece[1:]
            pdf.char_vpos = {"^": "SUP", "_": "SUB"}.get(sign, "LINE")
            pdf.set_font("Symbol" if sign == "$" else "Times", size=10)
            pdf.write(12, rest if sign in "^_$" else piece)
        pdf.char_vpos = "LINE"
        pdf.ln(24)

    paragraph(pdf, " ".join(PROSE[:4]))
    put("A rate of 10", "^-3", " W m", "^-2", " over 4 km", "^2", " of SiO", "_2", "-rich ground.")
    put(
        "The value of ",
        "$d",
        "^18",
        "O and of ",
        "^87",
        "Sr/",
        "^86",
        "Sr in H",
        "_2",
        "O; Ca",
        "^2+",
        " and V",
        "_p",
        ".",
    )
    put("The 4", "^th", " layer was dated earlier.", "^12,13", " The clay", "^4", " was not.")
    assert text(path, pdf).split("\n\n")[1:] == [
        "A rate of 10^-3 W m^-2 over 4 km2 of SiO2-rich ground.",
        "The value of δ18O and of 87Sr/86Sr in H2O; Ca2+ and V_p.",
        "The 4th layer was dated earlier. The clay was not.",
    ]


def test_footnotes_stand_after_the_page_and_their_calls_go(path: Path) -> None:
    pdf = new()
    first, second = " ".join(PROSE[:6]), " ".join(PROSE[6:])
    words = first.split(" ", 8)
    pdf.write(12, " ".join(words[:8]))
    pdf.char_vpos = "SUP"
    pdf.write(12, "1")
    pdf.char_vpos = "LINE"
    pdf.write(12, f" {words[8]}")
    pdf.ln(700 - pdf.get_y())
    pdf.set_font("Times", size=6)
    pdf.text(60, 757, "1")
    pdf.set_font("Times", size=8)
    pdf.text(64, 760, "Measured in the summer of 2003, at three sites.")
    pdf.add_page()
    paragraph(pdf, second)
    note = "Measured in the summer of 2003, at three sites."
    assert text(path, pdf).split("\n\n") == [first, f"({note})", second]
    assert f"[START_NOTE] {note} [END_NOTE]" in text(path, pdf, marks=True)


def test_captions_stand_alone_and_labels_in_figures_go(path: Path) -> None:
    pdf = new()
    half = PROSE[1].split(" ", 12)
    paragraph(pdf, f"{PROSE[0]} {' '.join(half[:12])}", gap=0)
    top = pdf.get_y() + 20
    pdf.rect(100, top, 300, 150)
    pdf.line(100, top + 150, 400, top)
    for x, y, label in ((90, 165, "0"), (240, 165, "50"), (390, 165, "100"), (220, 180, "Depth (km)"), (150, 60, "S1")):
        pdf.text(x, top + y, label)
    pdf.set_xy(60, top + 185)
    paragraph(pdf, "Figure 1. Depth against age in the northern wells, as measured.", 8, gap=14)
    paragraph(pdf, half[12])
    caption = "Figure 1. Depth against age in the northern wells, as measured."
    assert text(path, pdf).split("\n\n") == [f"{PROSE[0]} {PROSE[1]}", caption]
    assert f"[START_FIGURE] {caption} [END_FIGURE]" in text(path, pdf, marks=True)


def test_words_in_drawings_without_a_caption_stay(path: Path) -> None:
    pdf = new()
    paragraph(pdf, PROSE[0])
    pdf.rect(100, 200, 300, 150)
    pdf.text(150, 260, "Send samples to the core store")
    assert "Send samples to the core store" in text(path, pdf)


TABLE = (("Rock", "Silica", "Share (%)"), ("Granite", "72.1", "45"), ("Basalt", "49.5", "30"), ("Slate", "60.0", "25"))
TABLE_TEXT = (
    "Table 1. What the walls are made of.\n\n| Rock | Silica | Share (%) |\n| --- | --- | --- |\n"
    "| Granite | 72.1 | 45 |\n| Basalt | 49.5 | 30 |\n| Slate | 60.0 | 25 |"
)


def ruled(pdf: Any) -> None:
    with pdf.table(width=300, line_height=14) as table:
        for cells in TABLE:
            table.row(cells)


def booktabs(pdf: Any) -> None:
    top = pdf.get_y()
    for y in (0, 18, 64):
        pdf.line(100, top + y, 260, top + y)
    aligned(pdf)


def aligned(pdf: Any) -> None:
    for n, (first, second, third) in enumerate(TABLE):
        y = pdf.get_y() + 13 + 15 * n
        pdf.text(104, y, first)
        pdf.text(190 - pdf.get_string_width(second), y, second)
        pdf.text(250 - pdf.get_string_width(third), y, third)
    pdf.ln(80)


@pytest.mark.parametrize("draw", [ruled, booktabs, aligned])
def test_tables_become_markdown_under_their_caption(path: Path, draw: Callable[[Any], None]) -> None:
    pdf = new()
    paragraph(pdf, f"{PROSE[0]} {PROSE[1]} {PROSE[2]}", gap=12)
    paragraph(pdf, "Table 1. What the walls are made of.", align="L")
    draw(pdf)
    pdf.ln(12)
    paragraph(pdf, f"{PROSE[3]} {PROSE[4]} {PROSE[5]}")
    before, after = " ".join(PROSE[:3]), " ".join(PROSE[3:6])
    assert text(path, pdf) == f"{before}\n\n{TABLE_TEXT}\n\n{after}"


def test_a_statement_without_lines_is_one_table(path: Path) -> None:
    pdf = new()
    rows: Sequence[tuple[str, ...]] = (
        ("", "2023", "2022"), ("Income:",), ("Ore", "$ 1,204", "$ 998"), ("Gravel, sand and other stone sold to",),
        ("builders of roads", "310", "(12)"), ("Total income", "$ 1,514", "$ 986"),
    )  # fmt: skip
    for n, row in enumerate(rows):
        for right, cell in zip((0, 360, 460), row, strict=False):
            pdf.text(right - pdf.get_string_width(cell) if right else 60, 100 + 14 * n, cell)
    assert text(path, pdf) == (
        "|  | 2023 | 2022 |\n| --- | --- | --- |\n| Income: |  |  |\n| Ore | $ 1,204 | $ 998 |\n"
        "| Gravel, sand and other stone sold to builders of roads | 310 | (12) |\n| Total income | $ 1,514 | $ 986 |"
    )


def test_signs_of_currency_stand_with_their_numbers() -> None:
    first = (("Stock", 60, 90), ("601 $", 200, 222), ("7,357", 260, 290))
    second = (("Sold", 60, 85), ("(7) $", 204, 222), ("-", 280, 290))
    rows = [[Segment(cell, x0, x1, y, 10) for cell, x0, x1 in row] for y, row in ((100, first), (114, second))]
    table = aligned_table(rows)
    assert table is not None
    assert table.rows == (("Stock", "601", "$ 7,357"), ("Sold", "(7)", "$ -"))


def test_prose_between_two_lines_is_no_table(path: Path) -> None:
    pdf = new()
    for y in (60, 400):
        pdf.line(60, y, 535, y)
    pdf.set_y(80)
    first, second = " ".join(PROSE[:6]), " ".join(PROSE[6:])
    with pdf.text_columns(ncols=2, gutter=16, text_align="J", line_height=1.2) as columns:
        for one in (first, second):
            columns.paragraph(text_align="J", bottom_margin=5).write(one)
            columns.end_paragraph()
    assert text(path, pdf) == f"{first}\n\n{second}"


def test_a_stamp_at_the_side_goes_and_a_turned_page_is_read(path: Path) -> None:
    pdf = new()
    paragraph(pdf, f"{PROSE[0]} {PROSE[1]}")
    with pdf.rotation(90, 30, 500):
        pdf.text(30, 500, "arXiv:2101.00001v1 [physics.geo-ph] 1 Jan 2021")
    pdf.add_page()
    with pdf.rotation(90, 300, 400):
        pdf.set_xy(100, 300)
        pdf.multi_cell(400, 12, " ".join(PROSE[3:6]), align="J")
    assert text(path, pdf).split("\n\n") == [f"{PROSE[0]} {PROSE[1]}", " ".join(PROSE[3:6])]


def raw_pdf(content: bytes, font: bytes, *more: bytes) -> bytes:
    """Return a PDF of one page with ``content``, whose font /F is object 5; ``more``: objects from 6 on."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
    stream = b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, stream, font, *more]
    out, places = b"%PDF-1.5\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        count, table, count, len(out),
    )  # fmt: skip


TIMES = b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding<</Type/Encoding/Differences[1/fi/ffl/fl]>>>>"


def test_ligatures_are_spelt_out(path: Path) -> None:
    page = b"BT /F 12 Tf 50 700 Td (a \\001rst su\\002e from the \\003ank of the hill) Tj ET"
    assert text(path, raw_pdf(page, TIMES)) == "a first suffle from the flank of the hill"


def test_accents_drawn_over_their_letters_are_one_character(path: Path) -> None:
    page = b"BT /F 12 Tf 50 700 Td (Caf) Tj [(\\302)333(e)] TJ ( and na) Tj [(\\310)305(i)] TJ (ve) Tj ET"
    assert text(path, raw_pdf(page, TIMES)) == "Café and naïve"


def page_in(shown: str) -> bytes:
    """Return a PDF that shows ``shown`` in drawing order, each character named by the font's map to Unicode."""
    letters = sorted(set(shown) - {" "})
    code = {letter: 33 + n for n, letter in enumerate(letters)} | {" ": 32}
    pairs = "".join(f"<{code[one]:02x}> <{one.encode('utf-16-be').hex()}>\n" for one in letters)
    cmap = f"begincmap 1 begincodespacerange <00> <ff> endcodespacerange {len(letters)} beginbfchar\n{pairs}endbfchar"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Courier/FirstChar 0/LastChar 255/Widths[%s]/ToUnicode 6 0 R>>"
    content = f"BT /F 12 Tf 50 700 Td <{bytes(code[one] for one in shown).hex()}> Tj ET".encode()
    mapping = b"<</Length %d>>\nstream\n%s endcmap end\nendstream" % (len(cmap) + 12, cmap.encode())
    return raw_pdf(content, font % (b"600 " * 256), mapping)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("𝑥 plus 𝛼 is not 😀", "x plus α is not 😀"),
        ("שלום עולם"[::-1], "שלום עולם"),
        ("مرحبا بالعالم"[::-1], "مرحبا بالعالم"),
        ("石英比方解石硬。", "石英比方解石硬。"),
        ("\uf0b7 quartz and calcite", "- quartz and calcite"),
        ("A B S T R A C T", "ABSTRACT"),
    ],
)
def test_letters_beyond_latin_and_signs_of_symbol_fonts(path: Path, shown: str, expected: str) -> None:
    assert text(path, page_in(shown)).lstrip("# ") == expected


def test_what_is_marked_as_decoration_is_left_out(path: Path) -> None:
    shown = b"BT /F 12 Tf 50 500 Td (Quartz is harder than calcite, and it has no cleavage.) Tj ET "
    page = b"/Artifact BMC BT /F 12 Tf 50 600 Td (A head in the middle) Tj ET EMC " + shown
    tagged = raw_pdf(page, TIMES).replace(b"/Catalog", b"/Catalog/MarkInfo<</Marked true>>")
    assert text(path, tagged) == "Quartz is harder than calcite, and it has no cleavage."
    assert text(path, raw_pdf(page, TIMES)).startswith("A head in the middle")


def bitmap_font(codes: Sequence[int]) -> bytes:
    """Return a font of type 3, as TeX's bitmap fonts are: its glyphs' names say nothing."""
    names = b" ".join(b"%d/g%d" % (code, code) for code in sorted(codes))
    procedures = b" ".join(b"/g%d 6 0 R" % code for code in sorted(codes))
    return (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 0/LastChar 127/Widths[%s]"
        b"/Encoding<</Type/Encoding/Differences[%s]>>/CharProcs<<%s>>>>" % (b"0.5 " * 128, names, procedures)
    )


GLYPH = b"<</Length 22>>\nstream\n0.5 0 0 0 0.45 0.9 d1 \nendstream"


def test_bitmap_fonts_of_tex_are_read_by_their_encoding(path: Path) -> None:
    coded = rb"the \014rst of many o\016cers found \\rough\042 ore and a vein of it in the a\017uent hills"
    shown = b" -300 ".join(b"(%s)" % word for word in coded.split(b" "))
    codes = {0o14, 0o16, 0o17, 0o134, 0o42, *range(97, 123)}
    found = record(path, raw_pdf(b"BT /F 12 Tf 50 700 Td [%s] TJ ET" % shown, bitmap_font(sorted(codes)), GLYPH))
    assert found.text == "the first of many officers found “rough” ore and a vein of it in the affluent hills"
    assert found.repaired == ("tex encoding",)


def test_what_the_document_says_of_itself(path: Path) -> None:
    pdf = new()
    pdf.set_lang("en-GB")
    pdf.set_title("Rocks of the North")
    pdf.set_author("Ann Author; Bob Builder and Cy Clark")
    pdf.set_keywords("granite, slate")
    pdf.set_creation_date(datetime(2021, 3, 4, tzinfo=UTC))
    paragraph(pdf, "Rocks of the North", 18, "B", "L")
    paragraph(pdf, " ".join(PROSE))
    found = record(path, pdf)
    assert (found.title, found.language, found.date) == ("Rocks of the North", "en-GB", "")
    assert found.meta == {
        "authors": ["Ann Author", "Bob Builder", "Cy Clark"], "created": "2021-03-04", "keywords": "granite, slate",
        "pages": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    "stated", ["Microsoft Word - rocks.doc", "untitled", "A quite different work of another author"]
)
def test_a_stated_title_that_the_page_does_not_bear_out_is_not_believed(path: Path, stated: str) -> None:
    pdf = new()
    pdf.set_title(stated)
    paragraph(pdf, "Rocks of the North", 18, "B", "L")
    paragraph(pdf, " ".join(PROSE))
    assert record(path, pdf).title == "Rocks of the North"


def test_a_compressed_file_is_read(tmp_path: Path) -> None:
    pdf = new()
    paragraph(pdf, PROSE[0])
    packed = tmp_path / "a.pdf.gz"
    packed.write_bytes(gzip.compress(bytes(pdf.output())))
    (found,) = read_file(packed, ReadOptions())
    assert isinstance(found, Record)
    assert found.text == PROSE[0]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("10\x01−3\x03 m", "10^-3 m"),
        ("x\x02i\x03 + R\x012\x03", "x_i + R2"),
        ("SO\x024\x03\x012−\x03", "SO4^2−"),
        ("Ann Author\x011,2\x03, Bob", "Ann Author, Bob"),
        ("\x012\x03University of Stone", "2 University of Stone"),
        ("e\x01−t/τ\x03 dt", "e^-t/τ dt"),
        ("L\x01A\x03TEX", "LaTeX"),
        ("Amounts\x01 \x03 of heat", "Amounts of heat"),
    ],
)
def test_scripts_as_text(line: str, expected: str) -> None:
    assert resolved(line, set()) == expected


def test_the_call_of_note_23_goes_after_a_unit_too() -> None:
    assert resolved("12 m\x0123\x03 of till", {"23"}) == "12 m of till"
    assert resolved("12 m\x012\x03 of till", {"2"}) == "12 m2 of till"


@pytest.mark.parametrize(
    ("name", "style"),
    [
        ("CMBX12", BOLD), ("NimbusRomNo9L-Medi", BOLD), ("TimesNewRomanPS-BoldItalicMT", BOLD | ITALIC),
        ("CMTI10", ITALIC), ("Courier-Oblique", ITALIC | MONOSPACED), ("CMTT10", MONOSPACED), ("CMR10", 0),
        ("NimbusRomNo9L-Regu", 0), ("MinionPro-Semibold", BOLD), ("LiberationSerif", 0),
    ],
)  # fmt: skip
def test_a_fonts_name_tells_its_style(name: str, style: int) -> None:
    assert style_named(name) == style
