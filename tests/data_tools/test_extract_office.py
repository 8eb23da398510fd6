"""Reading Word documents and e-books: structure, formulas, notes, what is left out, and what is told."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from data_tools.extract.records import Bad
from tests.data_tools.extracting import only, read

NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
CORE = """<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>Core title</dc:title>
<dc:creator>A. Person; B. Other</dc:creator><dc:language>en-gb</dc:language><dc:rights>CC BY 4.0</dc:rights>
<dcterms:modified>2021-02-03T10:00:00Z</dcterms:modified></cp:coreProperties>"""
STYLES = f"""<w:styles {NAMES}>
<w:style w:type="paragraph" w:styleId="Ttl"><w:name w:val="Title"/></w:style>
<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/></w:style>
<w:style w:type="paragraph" w:styleId="H2"><w:name w:val="heading 2"/><w:pPr><w:numPr><w:ilvl w:val="1"/>
 <w:numId w:val="3"/></w:numPr></w:pPr></w:style>
<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Report head"/><w:basedOn w:val="H1"/></w:style>
<w:style w:type="paragraph" w:styleId="Toc1"><w:name w:val="toc 1"/></w:style>
<w:style w:type="paragraph" w:styleId="Cap"><w:name w:val="caption"/></w:style>
</w:styles>"""


def level(depth: int, how: str, text: str, start: int = 1) -> str:
    said = f'<w:start w:val="{start}"/><w:numFmt w:val="{how}"/><w:lvlText w:val="{text}"/>'
    return f'<w:lvl w:ilvl="{depth}">{said}</w:lvl>'


NUMBERING = f"""<w:numbering {NAMES}>
<w:abstractNum w:abstractNumId="1">{level(0, "bullet", "o")}{level(1, "bullet", "-")}</w:abstractNum>
<w:abstractNum w:abstractNumId="2">{level(0, "decimal", "%1.", 3)}{level(1, "lowerLetter", "(%2)")}
{level(2, "lowerRoman", "%3)")}</w:abstractNum>
<w:abstractNum w:abstractNumId="3">{level(0, "decimal", "%1")}{level(1, "decimal", "%1.%2")}</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="3"/></w:num><w:num w:numId="4"><w:abstractNumId w:val="2"/>
<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>"""
FOOTNOTES = f"""<w:footnotes {NAMES}><w:footnote w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:id="2"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> A note.</w:t></w:r></w:p></w:footnote></w:footnotes>"""


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(content: str, style: str = "", properties: str = "") -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    inner = content if content.startswith("<") else run(content)
    return f"<w:p><w:pPr>{named}{properties}</w:pPr>{inner}</w:p>"


def item(text: str, number: int, depth: int = 0) -> str:
    properties = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>'
    return paragraph(text, properties=properties)


def docx(body: str, main: str = "word/document.xml", **parts: str) -> bytes:
    names = {"styles": STYLES, "numbering": NUMBERING, "footnotes": FOOTNOTES, **parts}
    relations = "".join(f'<Relationship Type="{RELATION}/{name}" Target="{name}.xml"/>' for name in names)
    top = (
        f'<Relationship Type="{RELATION}/officeDocument" Target="{main}"/><Relationship Type="http://schemas.openxml'
        'formats.org/package/2006/relationships/metadata/core-properties" Target="/docProps/core.xml"/>'
    )
    space = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    folder, name = main.split("/")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", f"<Relationships {space}>{top}</Relationships>")
        archive.writestr(f"{folder}/_rels/{name}.rels", f"<Relationships {space}>{relations}</Relationships>")
        archive.writestr("docProps/core.xml", CORE)
        archive.writestr(main, f"<w:document {NAMES}><w:body>{body}<w:sectPr/></w:body></w:document>")
        for part, content in names.items():
            archive.writestr(f"{folder}/{part}.xml", content)
    return packed.getvalue()


def text_of(tmp_path: Path, body: str, **options: int) -> str:
    return only(read(tmp_path / "a.docx", docx(body), **options)).text


def test_a_word_document_becomes_one_record_with_its_properties(tmp_path: Path) -> None:
    body = (
        paragraph("The report", "Ttl")
        + paragraph("Contents line", "Toc1")
        + paragraph("Aims", "H1")
        + paragraph("Methods", "H2")
        + paragraph("Results", "H2")
        + paragraph("A head of our own", "Own")
        + paragraph("By level", properties='<w:outlineLvl w:val="2"/>')
        + paragraph("Figure 1: A map.", "Cap")
        + paragraph(run("Ten to the minus six is 10") + run("-6", '<w:vertAlign w:val="superscript"/>') + run("."))
    )
    for name, data in (("a.docx", docx(body)), ("b.docx", docx(body, "word/document2.xml")),
                       ("c.docx.gz", gzip.compress(docx(body)))):  # fmt: skip
        record = only(read(tmp_path / name, data))
        assert record.text == (
            "# The report\n\n## Aims\n\n### 1.1 Methods\n\n### 1.2 Results\n\n## A head of our own\n\n#### By level\n\n"
            "Figure 1: A map.\n\nTen to the minus six is 10⁻⁶."
        )
        assert (record.title, record.date, record.language) == ("The report", "2021-02-03", "en-GB")
        assert (record.license, record.meta) == ("CC-BY-4.0", {"authors": ["A. Person", "B. Other"]})
    assert only(read(tmp_path / "a.docx", docx(paragraph("Text")))).title == "Core title"


def test_a_document_in_the_strict_form_is_read_alike(tmp_path: Path) -> None:
    data = docx(paragraph("Aims", "H1"))
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            content = old.read(name).replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            new.writestr(name, content)
    assert only(read(tmp_path / "a.docx", packed.getvalue())).text == "# Aims"


def test_lists_are_numbered_as_word_numbers_them(tmp_path: Path) -> None:
    body = (
        item("bullet", 1) + item("deeper", 1, 1) + paragraph("Between.")
        + item("third", 2) + item("letter", 2, 1) + item("roman", 2, 2) + item("roman", 2, 2) + item("letter", 2, 1)
        + paragraph("Between.") + item("fourth", 2) + item("letter again", 2, 1)
        + item("first of another", 4) + paragraph("Out of its list", "H2", '<w:numPr><w:numId w:val="0"/></w:numPr>')
    )  # fmt: skip
    assert text_of(tmp_path, body) == (
        "- bullet\n  - deeper\n\nBetween.\n\n3. third\n\n(a) letter\n\ni) roman\n\nii) roman\n\n(b) letter\n\nBetween."
        "\n\n4. fourth\n\n(a) letter again\n\n1. first of another\n\n## Out of its list"
    )


def test_changes_are_read_as_accepted_and_what_nobody_sees_goes(tmp_path: Path) -> None:
    deleted = "<w:del><w:r><w:delText>never </w:delText></w:r></w:del>"
    box = "<w:txbxContent><w:p><w:r><w:t>In a box.</w:t></w:r></w:p></w:txbxContent>"
    body = (
        paragraph(f"{run('We ')}<w:ins>{run('now ')}</w:ins>{deleted}{run('drill')}"
                  f"{run(' secretly', '<w:vanish/>')}<w:moveFrom>{run(' here')}</w:moveFrom>{run('.')}")
        + paragraph("<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGEREF _Toc1</w:instrText></w:r>"
                    f"<w:r><w:fldChar w:fldCharType='separate'/></w:r>{run('Field result')}"
                    f"<w:hyperlink r:id='x'>{run(' linked')}</w:hyperlink><w:r><w:tab/><w:t>tab</w:t><w:br/>"
                    "<w:t>line</w:t><w:noBreakHyphen/><w:t>end</w:t></w:r>")
        + paragraph("<w:r><w:sym w:font='Symbol' w:char='F061'/><w:sym w:font='Wingdings' w:char='F04A'/></w:r>"
                    f"<w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
                    f"</mc:AlternateContent></w:r>{run(' outside')}<w:r><w:footnoteReference w:id='2'/></w:r>")
        + "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr>"
          f"<w:sdtContent>{paragraph('Contents')}</w:sdtContent></w:sdt><w:sdt><w:sdtContent>{paragraph('Kept')}"
          "</w:sdtContent></w:sdt>"
        + paragraph("<w:r><w:object><o:OLEObject ProgID='Equation.3'/></w:object></w:r>")
    )  # fmt: skip
    record = only(read(tmp_path / "a.docx", docx(body)))
    assert record.text == (
        "We now drill.\n\nField result linked tab\nline-end\n\nα outside (A note.)\n\nIn a box.\n\nKept"
    )
    assert record.meta["pictured_formulas"] == 1


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def test_tables_spread_what_spans_and_frames_are_text(tmp_path: Path) -> None:
    head = "<w:trPr><w:tblHeader/></w:trPr>"
    wide, tall = "<w:gridSpan w:val='2'/>", "<w:vMerge w:val='restart'/>"
    body = (
        f"<w:tbl><w:tblPr/><w:tr>{head}{cell('Rock')}{cell('Mohs', wide)}</w:tr>"
        f"<w:tr>{cell('quartz', tall)}{cell('7')}{cell('7.0')}</w:tr>"
        f"<w:tr>{cell('', '<w:vMerge/>')}{cell('6')}{cell('a | b')}</w:tr>"
        f"<w:tr><w:trPr><w:del/></w:trPr>{cell('gone')}{cell('')}{cell('')}</w:tr></w:tbl>"
        f"<w:tbl><w:tr>{cell('A frame')}</w:tr><w:tr>{cell('around text')}</w:tr></w:tbl>"
    )
    assert text_of(tmp_path, body) == (
        "| Rock | Mohs | Mohs |\n| --- | --- | --- |\n| quartz | 7 | 7.0 |\n| quartz | 6 | a \\| b |\n\n"
        "A frame\n\naround text"
    )


def math(content: str) -> str:
    return f"<m:oMath>{content}</m:oMath>"


def sign(text: str, properties: str = "") -> str:
    return f"<m:r>{properties}<m:t>{text}</m:t></m:r>"


UPRIGHT = "<m:rPr><m:sty m:val='p'/></m:rPr>"


@pytest.mark.parametrize(
    ("content", "tex"),
    [
        (f"<m:f><m:num>{sign('a+1')}</m:num><m:den>{sign('b')}</m:den></m:f>", r"\frac{a+1}{b}"),
        (f"<m:sSup><m:e>{sign('x')}</m:e><m:sup>{sign('2')}</m:sup></m:sSup>", "x^{2}"),
        (f"<m:sSubSup><m:e>{sign('σ')}</m:e><m:sub>{sign('i')}</m:sub><m:sup>{sign('2')}</m:sup></m:sSubSup>",
         r"\sigma_{i}^{2}"),
        (f"<m:rad><m:radPr><m:degHide/></m:radPr><m:deg/><m:e>{sign('x')}</m:e></m:rad>", r"\sqrt{x}"),
        (f"<m:rad><m:deg>{sign('3')}</m:deg><m:e>{sign('x')}</m:e></m:rad>", r"\sqrt[3]{x}"),
        (f"<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{sign('i=1')}</m:sub><m:sup>{sign('n')}</m:sup>"
         f"<m:e>{sign('i')}</m:e></m:nary>", r"\sum_{i = 1}^{n}i"),
        (f"<m:nary><m:naryPr><m:supHide/></m:naryPr><m:sub>{sign('V')}</m:sub><m:sup/><m:e>{sign('f')}</m:e></m:nary>",
         r"\int_{V}f"),
        ("<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr>"
         f"<m:e>{sign('x')}</m:e><m:e>{sign('y')}</m:e></m:d>", "[x|y]"),
        (f"<m:d><m:e><m:f><m:fPr><m:type m:val='noBar'/></m:fPr><m:num>{sign('n')}</m:num>"
         f"<m:den>{sign('k')}</m:den></m:f></m:e></m:d>", r"\binom{n}{k}"),
        ("<m:func><m:fName><m:r><m:rPr><m:sty m:val='p'/></m:rPr><m:t>sin</m:t></m:r></m:fName>"
         f"<m:e>{sign('x')}</m:e></m:func>", r"\sin x"),
        (f"<m:limLow><m:e>{sign('lim', UPRIGHT)}</m:e>"
         f"<m:lim>{sign('x→0')}</m:lim></m:limLow>", r"\lim_{x \to 0}"),
        (f"<m:acc><m:accPr><m:chr m:val='&#x30c;'/></m:accPr><m:e>{sign('t')}</m:e></m:acc>", r"\check{t}"),
        (f"<m:bar><m:barPr><m:pos m:val='top'/></m:barPr><m:e>{sign('t')}</m:e></m:bar>", r"\bar{t}"),
        (f"{sign('A=')}<m:m><m:mr><m:e>{sign('1')}</m:e><m:e>{sign('0')}</m:e></m:mr></m:m>",
         r"A = \begin{matrix} 1 & 0 \end{matrix}"),
        (f"<m:eqArr><m:e>{sign('a=1')}</m:e><m:e>{sign('b=2')}</m:e></m:eqArr>",
         r"\begin{aligned} a = 1 \\ b = 2 \end{aligned}"),
        (f"<m:r><m:rPr><m:nor/></m:rPr><m:t>rate of</m:t></m:r>{sign('v')}", r"\text{rate of}v"),
    ],
)  # fmt: skip
def test_formulas_become_latex(tmp_path: Path, content: str, tex: str) -> None:
    assert text_of(tmp_path, paragraph(run("Here ") + math(content) + run("."))) == f"Here ${tex}$."
    display = f"<w:p><m:oMathPara>{math(content)}</m:oMathPara></w:p>"
    assert text_of(tmp_path, display) == f"$${tex}$$"


def test_a_word_document_that_is_none_is_told(tmp_path: Path) -> None:
    def bad(data: bytes, name: str = "a.docx", **options: int) -> tuple[str, str]:
        (problem,) = read(tmp_path / name, data, **options)
        assert isinstance(problem, Bad), problem
        return problem.rule, problem.detail

    assert bad(b"PK\3\4 no zip") == ("broken_docx", "cannot be unpacked: File is not a zip file")
    assert bad(docx("")) == ("empty", "holds no text")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hello.txt", "hello")
    detail = "holds no Word document: it has no word/document.xml with a body"
    assert bad(packed.getvalue()) == ("broken_docx", detail)
    large = docx(paragraph("word " * 5000))
    assert bad(large, max_markup_bytes=20_000) == (
        "too_large", "its text is larger than 20,000 bytes once unpacked"
    )  # fmt: skip
    broken = docx(paragraph("Text")).replace(b"PK\x01\x02", b"PK\x01\x03")
    assert bad(broken) == ("broken_docx", "cannot be unpacked: Bad magic number for central directory")
    rule, detail = bad(b"no zip at all")
    assert (rule, detail) == ("broken_docx", "cannot be unpacked: File is not a zip file")


CONTAINER = """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OPS/book.opf"/></rootfiles></container>"""
PAGES = {
    "cover.xhtml": '<body epub:type="cover"><p>Cover words</p></body>',
    "nav.xhtml": "<body><nav><ol><li><a href='one.xhtml'>Nav words</a></li></ol></nav></body>",
    "rights.xhtml": "<body><p>Copyright © 2019 A. Person</p><p>Licensed CC BY 4.0. ISBN 1</p></body>",
    "toc.xhtml": "<body>" + "".join(f"<p><a href='one.xhtml'>Chapter number {n}</a></p>" for n in range(9)) + "</body>",
    "one.xhtml": "<body><h1>Rocks</h1><p>Granite is hard<a epub:type='noteref' href='#n1'>1</a>.</p><aside id='n1' "
    "epub:type='footnote'><p>So it is. <a href='#r1'>↩</a></p></aside></body>",
    "two%20b.xhtml": "<body><h2>Minerals</h2><ul><li>Quartz</li><li>Mica</li></ul></body>",
}
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:opf="http://www.idpf.org/2007/opf">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>A book of stones</dc:title><dc:creator>A. Person
</dc:creator><dc:creator>B. Other</dc:creator><dc:language>eng</dc:language><dc:date opf:event="modification">2022-01-01
</dc:date><dc:date opf:event="publication">2019-05</dc:date>{rights}</metadata><manifest>{items}</manifest>
<spine>{spine}</spine><guide><reference type="copyright-page" href="x.xhtml"/></guide></package>"""


def epub(pages: dict[str, str] = PAGES, rights: str = "", **more: str) -> bytes:
    items = "".join(
        f'<item id="i{n}" href="{name}" media-type="application/xhtml+xml"'
        f"{' properties=' + chr(34) + 'nav' + chr(34) if name == 'nav.xhtml' else ''}/>"
        for n, name in enumerate(pages)
    )
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages)))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OPS/book.opf", PACKAGE.format(items=items, spine=spine, rights=rights))
        for name, body in pages.items():
            page = f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">{body}</html>'
            archive.writestr(f"OPS/{name.replace('%20', ' ')}", page)
        for name, content in more.items():
            archive.writestr(f"META-INF/{name}.xml", content)
    return packed.getvalue()


def test_an_e_book_becomes_one_record_without_its_furniture(tmp_path: Path) -> None:
    record = only(read(tmp_path / "a.epub", epub()))
    assert record.text == "# Rocks\n\nGranite is hard (So it is.).\n\n## Minerals\n\n- Quartz\n- Mica"
    assert (record.title, record.date, record.language) == ("A book of stones", "2019-05", "en")
    assert (record.license, record.meta) == ("CC-BY-4.0", {"authors": ["A. Person", "B. Other"]})
    rights = "<dc:rights>https://creativecommons.org/licenses/by-sa/4.0/</dc:rights>"
    assert only(read(tmp_path / "b.zip", epub(rights=rights))).license == "CC-BY-SA-4.0"
    assert only(read(tmp_path / "b.zip", epub())).repaired == ("format epub",)


def encryption(page: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/'
        f'xmlenc#"><enc:EncryptedData><enc:CipherData><enc:CipherReference URI="{page}"/></enc:CipherData>'
        "</enc:EncryptedData></encryption>"
    )


def test_an_encrypted_e_book_is_told_and_encrypted_fonts_do_not_matter(tmp_path: Path) -> None:
    assert only(read(tmp_path / "a.epub", epub(encryption=encryption("OPS/font.otf")))).text.startswith("# Rocks")
    assert read(tmp_path / "b.epub", epub(encryption=encryption("OPS/one.xhtml"))) == [
        Bad("encrypted", "is encrypted (DRM): 1 of 6 chapters")
    ]


def test_a_chapter_that_cannot_be_read_costs_itself(tmp_path: Path) -> None:
    pages = {**PAGES, "three.xhtml": f"<body><p>{'long ' * 500}</p></body>", "four.xhtml": "<body><p>A < b<br>c</body>"}
    found = read(tmp_path / "a.epub", epub(pages).replace(b"OPS/one.xhtml", b"OPS/gone.html"), max_markup_bytes=2000)
    assert found[:2] == [
        Bad("broken_epub", "a chapter is missing: OPS/one.xhtml", "OPS/one.xhtml"),
        Bad("too_large", "a chapter is larger than 2,000 bytes once unpacked", "OPS/three.xhtml"),
    ]
    record = only(found[2:])
    assert record.text == "## Minerals\n\n- Quartz\n- Mica\n\nA < b\nc"
    assert record.repaired != ()


def test_an_e_book_that_is_none_is_told(tmp_path: Path) -> None:
    assert read(tmp_path / "a.epub", b"PK no zip") == [Bad("broken_epub", "cannot be unpacked: File is not a zip file")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
    detail = "its container.xml is missing: META-INF/container.xml"
    assert read(tmp_path / "b.epub", packed.getvalue()) == [Bad("broken_epub", detail)]
    assert read(tmp_path / "c.epub", epub({"nav.xhtml": PAGES["nav.xhtml"]})) == [Bad("empty", "holds no text")]
