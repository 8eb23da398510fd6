"""XML from anywhere: what is refused, what is put right, and that neither costs time, memory or good text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from data_tools.extract.records import Bad, Record
from data_tools.extract.xml_formats.tree import MAX_DEPTH, root_name
from tests.data_tools import extracting
from tests.data_tools.extracting import only, read

PROSE = "Quartz is harder than calcite. It has no cleavage, and it breaks like glass. " * 5
ARTICLE = f"<article><body><p>{PROSE}</p><p>END</p></body></article>"


def record(tmp_path: Path, data: bytes | str) -> Record:
    return only(read(tmp_path / "a.xml", data))


def bad(tmp_path: Path, data: bytes | str, **options: int) -> Bad:
    return extracting.bad(read(tmp_path / "a.xml", data, **options))


def with_entities(declared: str, used: str) -> str:
    return f"<!DOCTYPE article [{declared}]><article><body><p>{used}</p></body></article>"


LAUGHS = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
BOMBS = {
    "billion laughs": with_entities(LAUGHS, "&l11;"),
    "quadratic": with_entities(f'<!ENTITY a "{"a" * 100_000}">', "&a;" * 100_000),
    "loop": with_entities('<!ENTITY a "&b;"><!ENTITY b "&a;">', "&a;"),
    "after damage": with_entities(LAUGHS, "R&D &l11;"),
    "in an attribute": with_entities(LAUGHS, '<x y="&l11;"/>'),
}


@pytest.mark.parametrize("name", BOMBS)
def test_an_entity_bomb_is_refused(tmp_path: Path, name: str) -> None:
    problem = bad(tmp_path, BOMBS[name])
    assert (problem.rule, problem.harmless) == ("entity_bomb", False)
    assert problem.detail == "declares entities that expand without reason; it is not read"


def test_nothing_outside_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    (tmp_path / "a.dtd").write_text('<!ENTITY dtd "SECRET">')
    uri = (tmp_path / "secret.txt").as_uri()
    xml = (
        f'<!DOCTYPE article SYSTEM "{tmp_path}/a.dtd" [<!ENTITY one SYSTEM "{uri}"><!ENTITY two PUBLIC "x" "{uri}">'
        f'<!ENTITY % three SYSTEM "{(tmp_path / "a.dtd").as_uri()}"> %three;]>'
        "<article><body><p>a &one; b &two; c &dtd; d</p></body></article>"
    )
    found = record(tmp_path, xml)
    assert found.text == "a &one; b &two; c &dtd; d"
    assert found.repaired == ("unknown entity",)
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{uri}" parse="text"/>'
    assert record(tmp_path, f"<article><body><p>a{include}</p></body></article>").text == "a"


@pytest.mark.parametrize(
    ("xml", "text", "repaired"),
    [
        ("&alpha;-quartz&nbsp;at 5&deg;C &amp; 3 &lt; 4", "α-quartz at 5°C & 3 < 4", ()),
        ("5&#150;6 &#x93;so&#x94;", "5–6 “so”", ()),
        ("<![CDATA[a &alpha; <b> c]]>", "a &alpha; <b> c", ()),
        ("x<!-- &bogus; -->y<?pi &bogus;?>z", "xyz", ()),
        ("&Acme; &eacute;", "Rocks & Co é", ()),
        ("a &bogus; b", "a &bogus; b", ("unknown entity",)),
        ("R&D: p<0.05, AT&T", "R&D: p<0.05, AT&T", ("xml recovered",)),
        ("a\x0bb&#x1F;c&#0;d", "abcd", ("xml recovered",)),
        ("<b>a<i>b</b>c</i> K&amp;L d</u>", "abc K&L d", ("xml recovered",)),
        ("<x:b>a</x:b> b", "a b", ("xml recovered",)),
        ("a<b c='1' c='2'>b</b>", "ab", ("xml recovered",)),
    ],
)
def test_characters_and_small_damage_are_put_right(
    tmp_path: Path, xml: str, text: str, repaired: tuple[str, ...]
) -> None:
    declared = '<!DOCTYPE article [<!ENTITY Acme "Rocks &#38;amp; Co">]>' if "Acme" in xml else ""
    found = record(tmp_path, f"{declared}<article><body><p>{xml}</p><p>END</p></body></article>")
    assert (found.text, found.repaired) == (f"{text}\n\nEND", repaired)


@pytest.mark.parametrize(
    "end", ["</body></article>", "</p></body></article>", "D</p></body></article>", "END</p></body></article>"]
)
def test_a_file_that_is_cut_off_keeps_what_there_is(tmp_path: Path, end: str) -> None:
    found = record(tmp_path, ARTICLE.removesuffix(end))
    assert found.text.startswith(PROSE.strip())
    assert found.repaired == ("xml truncated",)


def test_what_cannot_be_read_without_loss_is_told_with_its_line(tmp_path: Path) -> None:
    problem = bad(tmp_path, f"<article>\n</article>\n{ARTICLE}")
    assert (problem.rule, problem.harmless) == ("invalid_xml", False)
    assert problem.detail == (
        "is not well-formed XML: Extra content at the end of the document, line 3, column 1; "
        "reading on would lose 100.0% of it"
    )
    assert bad(tmp_path, "no markup at all").rule == "invalid_xml"
    assert bad(tmp_path, "<").rule == "invalid_xml"
    assert bad(tmp_path, " \n ").rule == "invalid_xml"
    assert bad(tmp_path, b"\0\1\2<article/>").rule == "binary"


def nested(tag: str, depth: int) -> str:
    return f"<{tag}>" * depth + "deep" + f"</{tag}>" * depth


@pytest.mark.parametrize(
    "tag", ["p", "sec", "italic", "sup", "list", "boxed-text", "unknown", "fn", "disp-quote", "td"]
)
def test_depth_is_bounded_and_what_is_allowed_can_be_read(tmp_path: Path, tag: str) -> None:
    inner = f"<p>{nested(tag, MAX_DEPTH - 3)}</p>" if tag != "list" else nested("list><list-item", (MAX_DEPTH - 3) // 2)
    inner = inner.replace("</list><list-item>", "</list-item></list>")
    assert "deep" in record(tmp_path, f"<article><body>{inner}</body></article>").text
    for depth in (MAX_DEPTH, 400, 100_000):
        problem = bad(tmp_path, f"<article><body>{nested(tag, depth)}</body></article>")
        assert (problem.rule, problem.detail) == ("too_deep", "nests elements deeper than 150")


def test_deep_formulas_can_be_read(tmp_path: Path) -> None:
    for tag in ("mrow", "msqrt", "msup"):
        formula = f"<inline-formula><math>{nested(tag, MAX_DEPTH - 6)}</math></inline-formula>"
        assert record(tmp_path, f"<article><body><p>a{formula}</p></body></article>").text.startswith("a")


def test_a_document_that_is_too_large_is_told(tmp_path: Path) -> None:
    problem = bad(tmp_path, ARTICLE, max_markup_bytes=300)
    assert (problem.rule, problem.detail) == ("too_large", "is larger than 300 bytes")


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        ("<rss><channel/></rss>", "rss"),
        ("<?xml version='1.0'?>\n<!-- a > b -->\n<!DOCTYPE x [<!ENTITY a '>'>]>\n<db:book xmlns:db='u'/>", "book"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "svg"),
    ],
)
def test_an_unknown_root_is_named(tmp_path: Path, xml: str, name: str) -> None:
    problem = bad(tmp_path, xml)
    assert (problem.rule, problem.harmless) == ("unsupported_xml", False)
    assert problem.detail == (
        f"its root element is <{name}>, which is not read: "
        "JATS <article>, <PubmedArticleSet>, CNXML <document>, <TEI> and <html> are"
    )


def test_docbook_is_not_taken_for_jats(tmp_path: Path) -> None:
    xml = "<article xmlns='http://docbook.org/ns/docbook'><info/><section><para>x</para></section></article>"
    assert bad(tmp_path, xml).detail.startswith("its root element is <article>, but it holds no such document: JATS")


def test_a_root_far_down_is_found_by_parsing(tmp_path: Path) -> None:
    assert record(tmp_path, f"<!--{'x' * 100_000}-->{ARTICLE}").text.endswith("END")
    assert bad(tmp_path, f"<!--{'x' * 100_000}--><rss/>").rule == "unsupported_xml"


def test_xhtml_is_read_as_a_web_page(tmp_path: Path) -> None:
    page = (
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head><title>T</title></head><body>"
        f"<h1>Rocks</h1><p>{PROSE}</p></body></html>"
    )
    assert "Quartz is harder" in record(tmp_path, page).text


@pytest.mark.parametrize(
    ("declared", "encoding", "repaired"),
    [
        ("", "utf-8-sig", ()),
        ("", "cp1252", ("encoding cp1252",)),
        ("utf-16", "utf-16", ("encoding utf-16",)),
        ("ISO-8859-1", "latin-1", ()),
        ("us-ascii", "cp1252", ()),
        ("iso-8859-1", "utf-8", ()),
        ("shift_jis", "shift_jis", ()),
    ],
)
def test_encodings_are_declared_or_recognised(
    tmp_path: Path, declared: str, encoding: str, repaired: tuple[str, ...]
) -> None:
    text = "シリカ" if encoding == "shift_jis" else "Gneiß, grey and old."
    declaration = f"<?xml version='1.0' encoding='{declared}'?>" if declared else ""
    found = record(tmp_path, f"{declaration}<article><body><p>{text}</p></body></article>".encode(encoding))
    assert (found.text, found.repaired) == (text, repaired)


def test_a_declared_encoding_that_is_wrong_or_unknown_is_told(tmp_path: Path) -> None:
    xml = "<?xml version='1.0' encoding='{}'?><article><body><p>Gnei\xdf</p></body></article>"
    problem = bad(tmp_path, xml.format("klingon").encode("latin-1"))
    assert (problem.rule, problem.detail) == ("unknown_encoding", "declares the unknown encoding 'klingon'")
    assert bad(tmp_path, xml.format("punycode").encode("latin-1")).detail == "declares the unknown encoding 'punycode'"
    for name in ("euc_jp", "hex"):
        problem = bad(tmp_path, xml.format(name).encode("latin-1"))
        assert problem.rule == "unknown_encoding"
        assert problem.detail.startswith(f"declares {name}, which it is not (")


@pytest.mark.parametrize(
    "text", ["<!--", "<?", "<a x='", "<!DOCTYPE a [<!ENTITY a '", " ", "<a>x</b>", "&", "&a;", "<"]
)
def test_hostile_text_costs_no_more_than_its_length(tmp_path: Path, text: str) -> None:
    assert root_name(text.encode() * 20_000) in ("", "a")
    assert isinstance(read(tmp_path / "a.xml", f"<article>{text * 30_000}")[0], Bad)


def test_damage_anywhere_neither_raises_nor_hangs(tmp_path: Path) -> None:
    """Cut, double and overwrite bytes of an article, by a fixed seed: it is read or told, whatever is left of it."""
    chance = random.Random(1)
    whole = bytes(
        "<?xml version='1.0'?><!DOCTYPE article [<!ENTITY a 'b'>]><article xml:lang='en'><front><article-meta>"
        "<title-group>"
        "<article-title>T &amp; &a;</article-title></title-group></article-meta></front><body><sec>"
        "<title>S</title><p>One <xref"
        " ref-type='bibr' rid='r1'>[1-3]</xref>, <sup>2</sup> <inline-formula><math><msup><mi>x</mi></msup></math>"
        "</inline-formula></p><table-wrap><table><tr><td colspan='2'>a</td></tr><tr><td>b</td></tr></table>"
        "</table-wrap><list>"
        "<list-item><p>i</p></list-item></list></sec></body><back><ref-list><ref id='r1'><label>1</label>"
        "<mixed-citation>"
        "<article-title>Cited</article-title></mixed-citation></ref></ref-list></back></article>",
        "utf-8",
    )
    kinds = set()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            start = chance.randrange(len(data))
            piece = data[start : start + chance.randint(1, 30)]
            change = chance.choice(["cut", "double", "overwrite", "move"])
            if change != "double":
                del data[start : start + len(piece)]
            if change == "overwrite":
                data[start:start] = bytes(chance.choices(b"<>&;/'\"= ax\xc3", k=len(piece)))
            elif change != "cut":
                place = chance.randrange(len(data) + 1)
                data[place:place] = piece
        for found in read(tmp_path / "a.xml", bytes(data)):
            kinds.add(found.rule if isinstance(found, Bad) else "read")
    assert "read" in kinds
    assert "parser_failed" not in kinds
