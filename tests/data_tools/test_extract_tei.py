"""Papers in TEI as GROBID writes it."""

from __future__ import annotations

from pathlib import Path

from data_tools.extract.records import Bad, Record
from tests.data_tools.extracting import read

HEADER = """<teiHeader xml:lang="en"><fileDesc><titleStmt><title level="a" type="main">On quartz</title></titleStmt>
<publicationStmt><availability><licence target="http://creativecommons.org/licenses/by/4.0/"/></availability>
<date type="published" when="2021-05-03"/></publicationStmt><sourceDesc><biblStruct><analytic><author><persName>
<forename type="first">Ann</forename><surname>Fox</surname></persName></author></analytic><monogr><title level="j">J
 Stone</title></monogr><idno type="DOI">10.1/q</idno></biblStruct></sourceDesc></fileDesc><profileDesc><textClass>
<keywords><term>quartz</term></keywords></textClass><abstract><div><p>We hit quartz.</p></div></abstract></profileDesc>
</teiHeader>"""
BODY = """<body><div><head n="1">Ways</head><p>As shown <ref type="bibr" target="#b0">[1]</ref>, <ref type="bibr"
 target="#b1">[2]</ref> and in <ref type="figure" target="#fig_0">Fig. 1</ref>.<ref type="foot" target="#foot_0">1</ref>
 H<hi rend="subscript">2</hi>O</p><formula xml:id="formula_0">x = 2y<label>(1)</label></formula></div>
<div><head n="1.1">More</head><p>Deep <ref type="bibr">[9]</ref>.</p></div><div><head>Empty</head></div>
<figure xml:id="fig_0"><head>Fig. 1.</head><label>1</label><figDesc>A stone</figDesc><graphic/></figure>
<figure type="table"><head>Table 1</head><figDesc>Ages</figDesc><table><row><cell>a</cell><cell>b</cell></row>
<row><cell>1</cell><cell>2</cell></row></table></figure>
<note place="foot" xml:id="foot_0">Twice.</note></body>"""
BACK = """<back><div type="acknowledgement"><div><head>Thanks</head><p>To Bob.</p></div></div><div type="annex"><div>
<head>Appendix</head><p>More.</p></div></div><div type="references"><listBibl><biblStruct xml:id="b0"><analytic>
<title level="a" type="main">Hard stones</title></analytic><monogr><title level="j">J Stone</title></monogr>
</biblStruct><biblStruct xml:id="b1"><monogr><title level="m">The stone book</title></monogr></biblStruct>
</listBibl></div>
</back>"""


def tei(header: str = HEADER, text: str = BODY + BACK) -> str:
    return f'<TEI xmlns="http://www.tei-c.org/ns/1.0">{header}<text xml:lang="en">{text}</text></TEI>'


def test_a_paper_is_read_in_order_with_what_its_header_states(tmp_path: Path) -> None:
    (found,) = read(tmp_path / "paper.tei.xml", tei())
    assert found == Record(
        "# On quartz\n\n## Abstract\n\nWe hit quartz.\n\n## 1 Ways\n\n"
        "As shown (Hard stones; The stone book) and in Fig. 1. (Twice.) H₂O\n\nx = 2y (1)\n\n### 1.1 More\n\nDeep.\n\n"
        "Fig. 1. A stone\n\nTable 1. Ages\n\n|  |  |\n| --- | --- |\n| a | b |\n| 1 | 2 |\n\n## Appendix\n\nMore.",
        date="2021-05-03",
        meta={"doi": "10.1/q", "journal": "J Stone", "authors": ["Ann Fox"], "keywords": ["quartz"]},
        title="On quartz",
        language="en",
        license="CC-BY-4.0",
    )


def test_each_document_of_a_corpus_is_a_record(tmp_path: Path) -> None:
    one, two = read(tmp_path / "paper.tei.xml", f"<teiCorpus>{tei()}{tei(text='<body><p>Two.</p></body>')}</teiCorpus>")
    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert (one.position, two.position) == ("1", "2")
    assert two.text.endswith("Two.")


def test_a_document_without_text_is_harmless(tmp_path: Path) -> None:
    assert read(tmp_path / "paper.tei.xml", tei("<teiHeader/>", "<body/>")) == [
        Bad("no_text", "document has no text", harmless=True)
    ]
