"""PDFs that give no text, or not all of it: each is told, with its reason, and nothing crashes."""

from __future__ import annotations

import logging
import zlib
from pathlib import Path
from typing import Any

import pytest

from data_tools.extract.dispatch import read_file
from data_tools.extract.pdf.forms import multiplied_forms
from data_tools.extract.records import Bad, Found, ReadOptions, Record

fpdf = pytest.importorskip("fpdf", reason="fpdf2 makes the PDFs of these tests")

LINE = "Granite is a coarse rock of quartz, feldspar and mica that cooled slowly below the surface."
HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
SHOWN = b"BT /F 12 Tf 50 700 Td (Quartz is harder than calcite.) Tj ET"


def new(pages: int = 1, **options: Any) -> Any:
    pdf = fpdf.FPDF(unit="pt", format="A4", **options)
    for number in range(pages):
        pdf.add_page()
        pdf.set_font("Times", size=11)
        for line in range(6):
            pdf.text(60, 300 + 14 * line + number, f"{LINE} This is line {line} of the part numbered {number}.")
    return pdf


def stream(content: bytes, keys: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (keys, len(content), content)


def by_hand(*objects: bytes, kids: bytes = b"3 0 R", count: bytes = b"1", content: bytes = SHOWN) -> bytes:
    """Return a PDF with one page object; ``objects`` come after its content (4) and its font (5)."""
    resources = b"<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources%s>>" % resources
    tree = b"<</Type/Pages/Kids[%s]/Count %s>>" % (kids, count)
    out, places = b"%PDF-1.5\n", []
    for number, one in enumerate(
        (b"<</Type/Catalog/Pages 2 0 R>>", tree, page, stream(content), HELVETICA, *objects), start=1
    ):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(places) + 1, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s%s" % (len(places) + 1, table, end)


def read(path: Path, data: Any, **options: int) -> Found:
    path.write_bytes(data if isinstance(data, bytes) else bytes(data.output()))
    (found,) = read_file(path, ReadOptions(**options))  # type: ignore[arg-type]
    return found


def told(path: Path, data: Any, **options: int) -> tuple[str, str]:
    found = read(path, data, **options)
    assert isinstance(found, Bad), found
    return found.rule, found.detail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.pdf"


def test_a_password_is_told_and_a_mere_restriction_is_no_hindrance(path: Path) -> None:
    locked = new()
    locked.set_encryption(owner_password="owner", user_password="user")
    assert told(path, locked) == ("encrypted", "is protected by a password")
    restricted = new()
    restricted.set_encryption(owner_password="owner", permissions=fpdf.enums.AccessPermission.none())
    assert isinstance(read(path, restricted), Record)


def test_an_unknown_encryption_is_told(path: Path) -> None:
    data = by_hand(b"<</Filter/OfAnotherMaker/V 1>>").replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt 6 0 R")
    assert told(path, data) == ("encrypted", "is encrypted in a way that PDFium does not know")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"Quartz is harder than calcite.", "does not begin as PDF does"),
        (b"%PDF-1.5\nnothing of a document", "cannot be opened: its structure is damaged (PDFium's error 3)"),
        (by_hand(kids=b"2 0 R 2 0 R", count=b"2"), "none of its 2 pages can be read"),
    ],
)
def test_damage_is_told(path: Path, data: bytes, detail: str) -> None:
    assert told(path, data) == ("broken_pdf", detail)


def test_what_of_a_damaged_file_can_be_read_is_read(path: Path) -> None:
    whole = bytes(new(pages=3).output())
    lost = read(path, whole.replace(b"startxref", b"startxxxx"))
    assert isinstance(lost, Record)
    assert lost.repaired == ("rebuilt cross-references",)
    assert "of the part numbered 2." in lost.text
    missing = read(path, by_hand(kids=b"3 0 R 99 0 R", count=b"2"))
    assert isinstance(missing, Record)
    assert (missing.text, missing.repaired) == ("Quartz is harder than calcite.", ("damaged pages",))
    for end in range(100, len(whole) - 1, len(whole) // 40):
        found = read(path, whole[:end])
        assert isinstance(found, Record) or found.rule in ("broken_pdf", "no_pages", "no_text_layer"), (end, found)


def test_pages_without_end_and_without_beginning(path: Path) -> None:
    assert told(path, by_hand(kids=b"", count=b"0")) == ("no_pages", "holds no page")
    many = by_hand(kids=b"3 0 R " * 20_001, count=b"20001")
    assert told(path, many) == ("too_many_pages", "says that it holds 20,001 pages; at most 20,000 are read")
    boasting = read(path, by_hand(count=b"1000000000"))
    assert isinstance(boasting, Record)
    assert boasting.meta["pages"] == 1


def test_limits_of_size(path: Path) -> None:
    data = bytes(new().output())
    assert told(path, data, max_document_bytes=500) == ("too_large", "is larger than 500 bytes")
    packed = by_hand(content=b"BT /F 1 Tf 50 700 Td (%s) Tj ET" % (b"abcd " * 600))
    assert len(packed) > 3000
    dense = zlib.compress(b"BT /F 1 Tf 1 0 0 1 50 700 Tm (%s) Tj ET" % (b"abcd " * 2000))
    small = by_hand(content=b"").replace(stream(b""), stream(dense, b"/Filter/FlateDecode"))
    rule, detail = told(path, small, max_document_bytes=5_000)
    assert (rule, detail) == ("too_large", "holds more than 5,000 characters of text")


def test_a_page_with_the_text_of_a_book_is_left_out(path: Path) -> None:
    lines = b"".join(b"0 -8 Td (%s) Tj " % (b"abcde " * 5_000) for _ in range(8))  # PDFium cuts longer strings
    content = b"BT /F 1 Tf 50 700 Td %s ET" % lines
    assert told(path, by_hand(content=content)) == ("too_large", "all of its 1 pages hold more text than pages do")


def picture(pdf: Any) -> None:
    from PIL import Image

    pdf.image(Image.new("L", (60, 80), 200), x=0, y=0, w=pdf.w, h=pdf.h)


def test_scanned_pages_are_told(path: Path) -> None:
    blank = fpdf.FPDF(unit="pt", format="A4")
    for _ in range(3):
        blank.add_page()
        picture(blank)
    detail = "has no text on its 3 pages; scanned pages are not recognised"
    assert told(path, blank) == ("no_text_layer", detail)


def test_scanned_pages_with_a_stamp_are_told(path: Path) -> None:
    pdf = new()
    for number in range(8):
        pdf.add_page()
        picture(pdf)
        pdf.text(60, 820, f"Downloaded from the library of Testland on day {number}")
        pdf.text(60, 400, f"Plate {number} A")
    detail = "8 of its 9 pages are pictures with fewer than 50 characters"
    assert told(path, pdf) == ("no_text_layer", detail)


def test_a_few_pictures_among_pages_of_text_are_no_scan(path: Path) -> None:
    pdf = new(pages=3)
    pdf.add_page()
    picture(pdf)
    assert isinstance(read(path, pdf), Record)


def test_a_page_of_nothing_but_its_number_holds_no_text(path: Path) -> None:
    pdf = fpdf.FPDF(unit="pt", format="A4")
    pdf.add_page()
    pdf.set_font("Times", size=11)
    pdf.text(290, 800, "- 3 -")
    assert told(path, pdf) == ("no_text_layer", "has no text on its 1 pages; scanned pages are not recognised")


def test_fonts_that_do_not_say_what_their_glyphs_mean(path: Path) -> None:
    codes = bytes(range(1, 29)) * 4
    names = b" ".join(b"%d/g%d" % (code, code) for code in range(1, 29))
    drawn = b" ".join(b"/g%d 6 0 R" % code for code in range(1, 29))
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 0/LastChar 31/Widths[%s]"
        b"/Encoding<</Type/Encoding/Differences[%s]>>/CharProcs<<%s>>>>" % (b"0.5 " * 32, names, drawn)
    )
    shown = b"BT /F 9 Tf 50 700 Td <%s> Tj ET" % codes.hex().encode()
    data = by_hand(stream(b"0.5 0 0 0 0.45 0.9 d1"), content=shown).replace(HELVETICA, font)
    assert told(path, data) == ("unmapped_fonts", "its fonts do not say what 112 of 112 characters mean")


def multiplying(levels: int, times: int, packed: bool = False) -> bytes:
    forms = []
    for level in range(levels):
        last = level == levels - 1
        resources = b"<</Font<</F 5 0 R>>>>" if last else b"<</XObject<</X %d 0 R>>>>" % (7 + level)
        content = SHOWN if last else b"/X Do " * times
        keys = b"/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources " + resources
        forms.append(stream(zlib.compress(content), keys + b"/Filter/FlateDecode") if packed else stream(content, keys))
    return by_hand(*forms, content=b"/X Do")


@pytest.mark.parametrize("packed", [False, True])
def test_drawings_that_multiply_are_not_drawn(path: Path, packed: bool) -> None:
    bomb = multiplying(8, 10, packed)
    assert len(bomb) < 4000
    assert told(path, bomb) == (
        "form_bomb", "its drawings multiply: one form comes to draw more than 100,000 forms",
    )  # fmt: skip
    harmless = multiplying(3, 10, packed)
    assert multiplied_forms(harmless) == 1 + 10 + 100
    assert isinstance(read(path, harmless), Record)


def test_forms_that_draw_themselves_end() -> None:
    keys = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>"
    assert multiplied_forms(by_hand(stream(b"/X Do", keys % 7), stream(b"/X Do /X Do", keys % 6))) <= 3


def test_everything_of_pdfium_is_closed(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from pypdfium2.internal import ObjectTracker

    locked = new()
    locked.set_encryption(owner_password="owner", user_password="user")
    with caplog.at_level(logging.WARNING):
        for data in (new(pages=2), locked, b"%PDF-1.5", by_hand(kids=b"3 0 R 99 0 R", count=b"2"), by_hand(kids=b"")):
            read(path, data)
    assert not any(ObjectTracker.values())
    assert caplog.records == []
