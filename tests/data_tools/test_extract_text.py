"""Reading text, Markdown, web pages and reStructuredText: what comes out, and what is told when it cannot."""

from __future__ import annotations

import ast
import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from data_tools.extract.cutting import cut
from data_tools.extract.dispatch import format_of
from data_tools.extract.identify import identify
from data_tools.extract.records import Bad, Record
from data_tools.extract.restructured import restructured_text
from data_tools.extract.web.web_page import main_text
from tests.data_tools.extracting import bad, only, read

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PROSE = "Quartz is harder than calcite. It has no cleavage, and it breaks like glass.\n\n" * 4


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".zst": zstandard.compress, ".xz": lzma.compress, ".bz2": bz2.compress
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["", *COMPRESS])
def test_a_text_is_read_plain_and_compressed(tmp_path: Path, suffix: str) -> None:
    packed = COMPRESS[suffix](PROSE.encode()) if suffix else PROSE.encode()
    for name in (f"a.txt{suffix}", f"b.TXT{suffix.upper()}"):
        record = only(read(tmp_path / name, packed))
        assert (record.text, record.repaired) == (PROSE, ())


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_members_in_a_row_are_one_text(tmp_path: Path, suffix: str) -> None:
    packed = b"".join(map(COMPRESS[suffix], (b"one\n", b"", b"two\n")))
    assert only(read(tmp_path / f"a.txt{suffix}", packed)).text == "one\ntwo\n"


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".bz2"])
def test_zeros_after_the_end_are_padding_and_anything_else_is_damage(tmp_path: Path, suffix: str) -> None:
    packed = COMPRESS[suffix](b'{"text": "one"}\n')
    assert only(read(tmp_path / f"a.jsonl{suffix}", packed + b"\0" * 70_000)).text == "one"
    record, problem = read(tmp_path / f"b.jsonl{suffix}", packed + b"rubbish")
    assert isinstance(record, Record)
    name = {".gz": "gzip", ".xz": "xz", ".bz2": "bz2"}[suffix]
    detail = f"its {name} data cannot be read to the end: what follows its end is no {name} data"
    assert problem == Bad(f"broken_{name}", detail)


def test_xz_data_that_asks_for_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_tools.extract.decompression.XZ_MEMORY_BYTES", 1 << 20)
    problem = bad(read(tmp_path / "a.txt.xz", lzma.compress(PROSE.encode())))
    detail = "its xz data cannot be read to the end: Memory usage limit exceeded"
    assert (problem.rule, problem.detail) == ("broken_xz", detail)


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_truncated_or_damaged_file_is_told(tmp_path: Path, suffix: str) -> None:
    noise = bytes(range(33, 127)) * 400
    packed = COMPRESS[suffix](noise)
    name = {".gz": "gzip", ".zst": "zstd", ".xz": "xz", ".bz2": "bz2"}[suffix]
    for end in (len(packed) // 2, len(packed) - 1):
        cut_off = bad(read(tmp_path / f"a.txt{suffix}", packed[:end]))
        assert cut_off.rule == "truncated"
        assert cut_off.detail.startswith(f"its {name} data cannot be read to the end: Truncated compressed stream")
    broken = bad(read(tmp_path / f"b.txt{suffix}", b"\0not compressed at all"))
    assert (broken.rule, broken.detail) == (
        f"broken_{name}",
        f"is named {suffix} but does not begin as {name} does",
    )


def test_a_gzip_file_with_a_wrong_checksum_is_told(tmp_path: Path) -> None:
    packed = gzip.compress(PROSE.encode())
    problem = bad(read(tmp_path / "a.txt.gz", packed[:-8] + b"\0" * 8))
    assert problem.rule == "broken_gzip"
    assert problem.detail.startswith("its gzip data cannot be read to the end: Error -3 while decompressing data: inc")


def test_line_ends_and_nul_are_put_right(tmp_path: Path) -> None:
    assert only(read(tmp_path / "a.txt", b"one\r\ntwo\rthree\n")).text == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("data", "text", "repaired"),
    [
        (b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe", "Grüße", ()),
        ("Grüße aus Köln".encode("utf-16"), "Grüße aus Köln", ("encoding utf-16",)),
        (
            b"It\x92s 12\xbd per cent \x96 or caf\xe9 and bakery prices",
            "It’s 12½ per cent – or café and bakery prices",
            ("encoding cp1252",),
        ),
    ],
)
def test_encodings(tmp_path: Path, data: bytes, text: str, repaired: tuple[str, ...]) -> None:
    record = only(read(tmp_path / "a.txt", data))
    assert (record.text, record.repaired) == (text, repaired)


@pytest.mark.parametrize(
    ("data", "rule", "detail"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50, "binary", "holds binary data, not text"),
        (bytes(range(1, 9)) * 100, "binary", "holds binary data, not text"),
        ("Größe, Höhe, Länge und Fläche. ".encode() + b"\xff" + "Öl, Übel, Ähre".encode(), "invalid_utf8",
         "is UTF-8 with damage, first at byte 36"),
        ("Кварц твёрже кальцита. ".encode("cp1251") * 5, "unknown_encoding",
         "is not UTF-8 (byte 0) and declares no other encoding"),
        ("Кварц".encode("utf-16")[:-1], "unknown_encoding", "is neither UTF-8 nor utf-16 (byte 10)"),
        (b" \n\n ", "empty", "holds no text"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_told(tmp_path: Path, data: bytes, rule: str, detail: str) -> None:
    problem = bad(read(tmp_path / "a.txt", data))
    assert (problem.rule, problem.detail) == (rule, detail)


def test_empty_missing_and_unsupported_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert bad(read(tmp_path / "a.txt")) == Bad("empty", "is empty")
    assert bad(read(tmp_path / "a.jsonl", "\n")) == Bad("empty", "holds no record")
    for name in ("gone.txt", "gone.parquet", "gone.csv.gz", "gone"):  # the last may have been a folder's link
        assert bad(read(tmp_path / name)) == Bad("unreadable", "cannot be read: No such file or directory")
    photo = bad(read(tmp_path / "photo.jpg", b"\xff\xd8\xff"))
    assert photo == Bad("unsupported_format", "no reader for .jpg", harmless=True)
    assert format_of(tmp_path / "x.jsonl.zst") == "jsonl"
    assert format_of(tmp_path / "x.mp4") == "unsupported"


SEEN = [
    ("error.pdf", b"<!DOCTYPE html><html><body>x</body></html>", "html", "format html"),
    ("page.txt", b"\n<!-- saved -->\n<HTML lang='en'>", "html", "format html"),
    ("page.xml", b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">', "html", "format html"),
    ("index.php", b"<!doctype html>", "html", "format html"),
    ("page", b"<html>", "html", ""),
    ("page.html", b"<?xml version='1.0'?><article>", "html", ""),
    ("article.txt", b"\xef\xbb\xbf<?xml version='1.0'?><article>", "xml", "format xml"),
    ("drawing.svg", b"<?xml version='1.0'?><svg>", "unsupported", ""),
    ("paper.txt", b"% a comment\n\n\\documentclass[12pt]{article}", "latex", "format latex"),
    ("2001.00001", b"\\documentstyle{article}", "latex", ""),
    ("notes.txt", b"How to write \\documentclass{article}", "text", ""),
    ("notes", b"Plain words.", "text", ""),
    ("notes.1", b"Plain words.", "text", ""),
    ("program.py", b"print()", "unsupported", ""),
    ("binary", b"\x7fELF\0\0", "unsupported", ""),
    ("paper.txt", b"%PDF-1.4", "pdf", "format pdf"),
    ("rows.csv", b"PAR1\x15\x04", "parquet", "format parquet"),
    ("rows.bin", b"ARROW1\0\0", "arrow", "format arrow"),
    ("0000-23-1.txt", b"<SEC-DOCUMENT>0000-23-1.txt : 20230101\n<SEC-HEADER>", "filing", ""),
    ("note.txt", b"<DOCUMENT> is a word", "text", ""),
    ("report.pdf", b"PK\x03\x04", "zip", "format zip"),
]


@pytest.mark.parametrize(("name", "data", "format_name", "repaired"), SEEN)
def test_a_file_is_known_by_its_first_bytes(
    tmp_path: Path, name: str, data: bytes, format_name: str, repaired: str
) -> None:
    for path, written in ((tmp_path / name, data), (tmp_path / f"{name}.gz", gzip.compress(data))):
        path.write_bytes(written)
        kind = identify(path)
        assert (kind.format, kind.repaired) == (format_name, repaired)


def test_looking_at_a_file_takes_no_time_whatever_it_holds(tmp_path: Path) -> None:
    for data in (b"<!-- -->" * 1000, b"<?xml " + b"<!--" * 2000, b"%\n " * 2500, b" \n" * 4000):
        (tmp_path / "a.txt").write_bytes(data)
        assert identify(tmp_path / "a.txt").format in ("text", "xml")


def test_a_wrong_name_is_put_right_and_counted(tmp_path: Path) -> None:
    record = only(read(tmp_path / "saved.pdf", PAGE))
    assert "Basalt is a dark volcanic rock" in record.text
    assert record.repaired == ("format html",)
    assert only(read(tmp_path / "a.txt", gzip.compress(PROSE.encode()))).repaired == ("compression gzip",)
    assert only(read(tmp_path / "a.txt.gz", zstandard.compress(PROSE.encode()))).repaired == ("compression zstd",)
    assert only(read(tmp_path / "b.txt.gz", PROSE)).repaired == ("compression none",)
    assert only(read(tmp_path / "README", PROSE)).text == PROSE


@pytest.mark.parametrize(
    ("name", "data", "detail", "harmless"),
    [
        ("a.doc", OLE, "no reader for .doc (Word 97-2003. Save it as .docx)", False),
        ("a.docx", OLE, "is named .docx, but its content is not: no reader for .doc (Word 97-2003. Save it as .docx)",
         False),
        ("a.xls", OLE, "no reader for .xls (Excel. Save it as .csv)", False),
        ("a.xlsx", b"PK\x03\x04", "no reader for .xlsx (Excel. Save it as .csv)", False),
        ("a.las", b"~Version", "no reader for .las", True),
        ("a.txt", b"{\\rtf1 Hello}", "is named .txt, but its content is not: no reader for .rtf (Rich Text Format. "
         "Save it as .docx)", False),
        ("a.odt", b"PK\x03\x04", "no reader for .odt (OpenDocument. Save it as .docx)", False),
        ("a.rar", b"Rar!", "no reader for .rar (an archive. Pack it as .zip)", False),
        ("binary", b"\0\1", "no reader for a name without a suffix", True),
        ("empty.jpg", b"", "no reader for .jpg", True),
    ],
)  # fmt: skip
def test_what_has_no_reader_is_told_by_name(
    tmp_path: Path, name: str, data: bytes, detail: str, harmless: bool
) -> None:
    (tmp_path / name).write_bytes(data)
    assert bad(read(tmp_path / name)) == Bad("unsupported_format", detail, harmless=harmless)


def test_an_encrypted_word_document_is_told(tmp_path: Path) -> None:
    header = bytearray(OLE.ljust(512, b"\0"))
    header[30:32], header[48:52] = (9).to_bytes(2, "little"), (1).to_bytes(4, "little")
    data = bytes(header) + bytes(512) + "EncryptedPackage".encode("utf-16-le").ljust(512, b"\0")
    assert bad(read(tmp_path / "a.docx", data)) == Bad("encrypted", "is encrypted; save it without a password")


def test_a_book_is_cut_between_chapters_and_no_character_is_lost(tmp_path: Path) -> None:
    chapters = [f"## CHAPTER {n}\n\n" + f"The {n}th stone is here. " * 40 + "\n\n" for n in range(20)]
    found = read(tmp_path / "book.md", "".join(chapters), max_document_characters=3000, split_characters=1000)
    assert all(isinstance(one, Record) and one.text.startswith("## CHAPTER") for one in found)
    assert "".join(one.text for one in found if isinstance(one, Record)) == "".join(chapters)
    assert [one.meta["part"] for one in found if isinstance(one, Record)] == list(range(1, len(found) + 1))
    assert {one.meta["parts"] for one in found if isinstance(one, Record)} == {len(found)}
    assert found[1].position == "#2"  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["word " * 5000, "x" * 25_000, "One sentence here. " * 1500, "line\n" * 6000])
def test_a_text_without_headings_is_cut_at_the_next_best_place(text: str) -> None:
    parts = list(cut([text], 5000, 2000))
    assert "".join(parts) == text
    assert all(len(part) <= 3000 for part in parts)
    assert all(len(part) >= 900 for part in parts)
    if "x" not in text:
        assert all(part[-1].isspace() for part in parts[:-1])


def test_cutting_does_not_depend_on_the_pieces_it_gets() -> None:
    text = "".join(f"Paragraph {n} says this and that.\n\n" for n in range(2000))
    whole = list(cut([text], 5000, 2000))
    small = list(cut((text[i : i + 777] for i in range(0, len(text), 777)), 5000, 2000))
    assert "".join(small) == "".join(whole) == text
    assert small[:-3] == whole[: len(small) - 3]


def test_a_plain_text_above_the_limit_is_cut_as_it_is_read(tmp_path: Path) -> None:
    text = "Ein längerer Satz über Gesteine.\r\n" * 20_000
    limits = {"max_document_bytes": 100_000, "max_document_characters": 20_000, "split_characters": 5_000}
    found = read(tmp_path / "huge.txt.gz", gzip.compress(text.encode()), **limits)
    texts = [one.text for one in found if isinstance(one, Record)]
    assert len(texts) == len(found) > 100
    assert "".join(texts) == text.replace("\r\n", "\n")
    assert max(map(len, texts)) <= 7_500


def test_a_large_text_that_breaks_off_keeps_what_came_before(tmp_path: Path) -> None:
    text = "".join(f"Sentence number {n} of a long text.\n" for n in range(20_000))
    limits = {"max_document_bytes": 10_000, "max_document_characters": 20_000, "split_characters": 5_000}
    found = read(tmp_path / "huge.txt", text.encode() + b"\xff\xfe\xff" + text.encode(), **limits)
    assert isinstance(found[-1], Bad)
    assert found[-1].rule == "invalid_utf8"
    assert found[-1].detail == f"is not UTF-8 near byte {len(text):,}; the rest is left out"
    assert sum(isinstance(one, Record) for one in found) > 50


def test_a_decompression_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    bomb = gzip.compress(b"a" * 3_000_000)
    found = read(tmp_path / "bomb.html.gz", bomb, max_markup_bytes=100_000)
    assert bad(found) == Bad("too_large", "is larger than 100,000 bytes")
    found = read(tmp_path / "bomb.jsonl.gz", bomb, max_file_bytes=1_000_000)
    detail = "is larger than 1,000,000 bytes once decompressed; the rest is left out"
    assert bad(found) == Bad("too_large", detail)


def test_markdown_is_kept_without_front_matter_and_comments(tmp_path: Path) -> None:
    source = (
        "---\ntitle: Rocks\ndate: 2020\n---\n# Rocks\n\n<!-- hidden\nnote -->\n*Granite* is plutonic.\n\n---\n\nEnd.\n"
    )
    assert only(read(tmp_path / "a.md", source)).text == "# Rocks\n\n*Granite* is plutonic.\n\n---\n\nEnd.\n"
    ruled = "---\n\nA rule, then text.\n\n---\n\nMore.\n"
    assert only(read(tmp_path / "b.md", ruled)).text == ruled


PAGE = """<!DOCTYPE html><html><head><title>T</title><style>p{color:red}</style><script>var secret = 1;</script></head>
<body><nav><a href="/a">Home</a> <a href="/b">Contact</a></nav>
<ix:header><div>0000796343 false 2023 FY hidden facts</div></ix:header><div style="display: none">invisible words</div>
<article><h1>Basalt</h1><p>Basalt is a dark volcanic rock that covers most of the ocean floor, and it cools quickly.</p>
<p>It holds plagioclase and pyroxene &amp; olivine, which give it its colour and its high density of 3.0.</p>
<ul><li>Pahoehoe flows in ropes.</li><li>Aa breaks into clinker as it moves downhill.</li></ul>
<table><tr><td>SiO2</td><td>49 %</td></tr><tr><td>MgO</td><td>8 %</td></tr></table></article>
<footer>Copyright notice and imprint</footer></body></html>"""


def test_a_web_page_gives_its_main_text(tmp_path: Path) -> None:
    text = only(read(tmp_path / "a.html", PAGE)).text
    for kept in ("Basalt is a dark volcanic rock", "pyroxene & olivine", "Pahoehoe flows", "SiO2"):
        assert kept in text
    for gone in ("Contact", "var secret", "color:red", "hidden facts", "invisible words"):
        assert gone not in text


def test_a_page_laid_out_by_a_table_gives_running_text() -> None:
    body = "<p>The first paragraph of this old page tells about the survey of the northern coal field.</p>" * 3
    page = f"<html><body><table><tr><td><h2>Coal</h2>{body}</td></tr></table></body></html>"
    text = main_text(page)
    assert "The first paragraph of this old page" in text
    assert "|" not in text


def test_a_web_page_in_its_declared_encoding(tmp_path: Path) -> None:
    page = PAGE.replace("<head>", '<head><meta charset="windows-1251">').replace("Basalt is", "Базальт is")
    record = only(read(tmp_path / "a.htm", page.encode("cp1251")))
    assert "Базальт is a dark" in record.text
    assert record.repaired == ("encoding cp1251",)
    unknown = PAGE.replace("<head>", '<head><meta charset="x-klingon">').encode() + b"\xe9"
    problem = bad(read(tmp_path / "b.htm", unknown))
    assert problem == Bad("unknown_encoding", "declares the unknown encoding 'x-klingon'")


@pytest.mark.parametrize(
    "page",
    ["<html><body></body></html>", "<", "<!-- only a comment -->", "<div>" * 3000 + "x", "plain & nothing <<< >"],
)
def test_a_page_without_text_or_sense_is_told_and_never_raises(tmp_path: Path, page: str) -> None:
    (found,) = read(tmp_path / "a.html", page)
    assert isinstance(found, (Bad, Record))
    if isinstance(found, Bad):
        assert found.rule in ("no_main_text", "empty", "parser_failed")


def test_a_very_deep_page_keeps_its_upper_text() -> None:
    page = f"<html><body><p>{'A sentence about slate and its cleavage. ' * 10}</p>{'<div>' * 5000}deep</body></html>"
    assert "slate and its cleavage" in main_text(page)


RST = r""".. _top:

Minerals
========

:Author: A. Person
:Date: 2011-03-04 (draft)
:License: CC BY 4.0

See :ref:`gravity_data`, :numref:`Fig. %s <my-figure>`, :ref:`the table <tab>` :cite:`lyell1830` and :math:`x^2`.
It was shown (:cite:`lyell1830`; :cite:t:`hutton`) by others :cite:`smith` . H\ :sub:`2`\ O [#n]_ is :math:` \alpha `.

.. purpose::

   Explains **why** quartz is hard (:math:`\rho = 10\; \Omega`), by :eq:`ohm_law` and :eq:`eq1`.

   .. math:: \sigma = \frac{1}{\rho}

.. purpose:: To tell the minerals apart.

.. toctree::
   :maxdepth: 2

   chapter_one
   chapter_two

.. math::
   :label: eq1
   :nowrap:

   a &= b \\
     &= mc^2

.. include:: /etc/hostname

.. raw:: html

   <script>alert(1)</script>

.. plot::

   import hidden_code

Hardness
--------

.. figure:: a.png
   :align: no such place
   :name: my-figure

   : A crystal of :math:`\mathrm{SiO_2}`.

   Its legend.

.. list-table:: Scale
   :header-rows: 1
   :widths: 5 5
   :strange: yes

   * - Mineral
     - Mohs
   * - quartz
     - :math:`7`

+--------+---+
| quartz | 7 |
+        +---+
|        | 8 |
+--------+---+

- one

  - deeper

- two

In order:

3. third
4. fourth

quartz
   A mineral.

.. code-block:: python
   :emphasize-lines: 1

   print("x")

.. sidebar:: Only a picture

   .. image:: b.png

As in :ref:`top` and :doc:`/more/other_page`, `a link <https://example.org>`_.

.. [#n] Called water, :math:`\mathrm{H_2O}`.
"""
WRITTEN = r"""# Minerals

See gravity data, Fig. 1, the table and $x^2$. It was shown by others. H₂O (Called water, $\mathrm{H_2O}$.) is $\alpha$.

Explains why quartz is hard ($\rho = 10\; \Omega$), by ohm law and (1).

$$\sigma = \frac{1}{\rho}$$

To tell the minerals apart.

$$\begin{aligned} a &= b \\ &= mc^2 \end{aligned} \tag{1}$$

## Hardness

Figure 1: A crystal of $\mathrm{SiO_2}$.

Its legend.

Scale

| Mineral | Mohs |
| --- | --- |
| quartz | $7$ |

|  |  |
| --- | --- |
| quartz | 7 |
| quartz | 8 |

- one
  - deeper
- two

In order:

3. third
4. fourth

quartz: A mineral.

```
print("x")
```

As in Minerals and other page, a link."""


def test_restructured_text_is_written_in_our_markup(tmp_path: Path) -> None:
    record = only(read(tmp_path / "a.rst", RST))
    assert record.text == WRITTEN
    assert (record.title, record.date, record.license) == ("Minerals", "2011-03-04", "CC-BY-4.0")
    assert record.meta == {"authors": ["A. Person"]}
    marked = only(read(tmp_path / "a.rst", RST, marks=True)).text
    assert "[START_FIGURE] Figure 1: A crystal of [START_FORMULA]" in marked
    assert r"[START_FORMULA] \sigma = \frac{1}{\rho} [END_FORMULA]" in marked


def test_fields_that_are_no_front_matter_stay() -> None:
    record = restructured_text("Title\n=====\n\nWords.\n\n:Depth: 12 m\n:Age: 3 Ma\n")
    assert record.text == "# Title\n\nWords.\n\nDepth: 12 m\n\nAge: 3 Ma"
    assert restructured_text(":Author: A\n\nTitle\n=====\n\nWords.\n").meta == {"authors": ["A"]}


def test_a_role_of_one_file_is_unknown_in_the_next() -> None:
    assert restructured_text(".. role:: rock\n\nA :rock:`granite` here.").text == "A granite here."
    assert restructured_text("Another :rock:`granite` there.").text == "Another granite there."
    restructured_text("Nothing here.")
    from docutils.parsers.rst import roles

    assert "rock" not in roles._roles


def test_restructured_text_of_nothing_but_markup_is_empty(tmp_path: Path) -> None:
    problem = bad(read(tmp_path / "a.rst", ".. toctree::\n\n   a\n   b\n"))
    assert problem == Bad("empty", "holds no text once its markup is taken away")
    problem = bad(read(tmp_path / "b.rst", "A |x| here\n\n.. |x| unicode:: 0xD800\n"))
    assert problem == Bad("invalid_unicode", "holds half a surrogate pair at character 2")


def test_a_failing_parser_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IndexError("list index out of range")

    monkeypatch.setattr("docutils.core.publish_doctree", fail)
    problem = bad(read(tmp_path / "a.rst", "Text\n"))
    assert (problem.rule, problem.detail) == ("parser_failed", "its parser failed: IndexError: list index out of range")


def test_every_rule_stands_in_the_docs() -> None:
    root = Path(__file__).resolve().parents[2]
    table = (root / "docs" / "adding-a-corpus.md").read_text("utf-8")
    rules = {
        node.args[0].value
        for path in (root / "data_tools" / "extract").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("Bad", "Unreadable", "Ended")
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert len(rules) > 30
    assert {rule for rule in rules if f"`{rule}`" not in table} == set()
