"""PubMed's citations: one record each, whatever is wrong with their neighbours."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from data_tools.extract.records import Bad, Record
from tests.data_tools.extracting import only, read

ABSTRACT = "<Abstract><AbstractText>Rocks were hit.</AbstractText></Abstract>"


def citation(pmid: int = 1, abstract: str = ABSTRACT, title: str = "On rocks.", more: str = "") -> str:
    return (
        f'<PubmedArticle>\n<MedlineCitation><PMID Version="1">{pmid}</PMID><Article><Journal><JournalIssue><PubDate>'
        "<Year>2019</Year><Month>Oct</Month></PubDate></JournalIssue><Title>J Stone</Title></Journal>"
        f"<ArticleTitle>{title}</ArticleTitle>{abstract}{more}</Article></MedlineCitation></PubmedArticle>\n"
    )


def citation_set(*citations: str) -> str:
    return f'<?xml version="1.0"?>\n<PubmedArticleSet>\n{"".join(citations)}</PubmedArticleSet>\n'


def record(tmp_path: Path, *args: str, **kwargs: str) -> Record:
    return only(read(tmp_path / "pubmed.xml", citation_set(citation(1, *args, **kwargs))))


def test_a_citation_states_what_it_is(tmp_path: Path) -> None:
    more = (
        '<ELocationID EIdType="doi">10.1/x</ELocationID><AuthorList><Author><LastName>Fox</LastName>'
        "<ForeName>Ann</ForeName>"
        "</Author><Author><CollectiveName>The Group</CollectiveName></Author></AuthorList><Language>ger</Language>"
        "<PublicationTypeList><PublicationType>Journal Article</PublicationType></PublicationTypeList><ArticleDate>"
        "<Year>2019</Year><Month>10</Month><Day>03</Day></ArticleDate></Article><CommentsCorrectionsList>"
        '<CommentsCorrections RefType="RetractionIn"><PMID>9</PMID></CommentsCorrections><CommentsCorrections '
        'RefType="Cites">'
        "<PMID>8</PMID></CommentsCorrections></CommentsCorrectionsList><MeshHeadingList><MeshHeading><DescriptorName>Geology"
        "</DescriptorName></MeshHeading></MeshHeadingList><KeywordList><Keyword>rock</Keyword></KeywordList></MedlineCitation>"
        '<PubmedData><ArticleIdList><ArticleId IdType="pmc">PMC5</ArticleId></ArticleIdList></PubmedData>'
        "</PubmedArticle>"
    )
    xml = citation_set(citation(more=more).replace("</Article></MedlineCitation></PubmedArticle>\n", ""))
    (found,) = read(tmp_path / "pubmed.xml", xml)
    assert found == Record(
        "# On rocks\n\nRocks were hit.",
        "1",
        date="2019-10-03",
        meta={
            "pmid": "1",
            "doi": "10.1/x",
            "pmcid": "PMC5",
            "journal": "J Stone",
            "authors": ["Ann Fox", "The Group"],
            "mesh": ["Geology"],
            "keywords": ["rock"],
            "publication_types": ["Journal Article"],
            "article_language": "de",
            "related": ["RetractionIn 9"],
        },
        title="On rocks",
        language="en",
    )


@pytest.mark.parametrize(
    ("abstract", "text"),
    [
        (
            '<AbstractText Label="BACKGROUND AND AIMS" NlmCategory="BACKGROUND">Why.</AbstractText>'
            '<AbstractText Label="Results">CO<sub>2</sub> at 10<sup>-3</sup> <i>in</i> vivo.</AbstractText>'
            '<AbstractText Label="UNLABELLED">End.</AbstractText><CopyrightInformation>(c) X</CopyrightInformation>',
            "Background and aims: Why.\n\nResults: CO₂ at 10⁻³ in vivo.\n\nEnd.",
        ),
        (
            '<AbstractText>With <mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML"><mml:msub><mml:mi>x</mml:mi>'
            "<mml:mn>1</mml:mn></mml:msub></mml:math> &alpha;.</AbstractText>",
            "With $x_{1}$ α.",
        ),
        ("<AbstractText>Cut short. (ABSTRACT TRUNCATED AT 250 WORDS)</AbstractText>", "Cut short."),
    ],
)
def test_an_abstract_is_read_with_its_labels(tmp_path: Path, abstract: str, text: str) -> None:
    assert record(tmp_path, f"<Abstract>{abstract}</Abstract>").text == f"# On rocks\n\n{text}"


def test_an_abstract_in_another_language_stands_in_where_there_is_no_other(tmp_path: Path) -> None:
    other = '<OtherAbstract Language="ger"><AbstractText>Steine.</AbstractText></OtherAbstract>'
    plain = (
        '<OtherAbstract Type="plain-language-summary" Language="eng"><AbstractText>Ouch.</AbstractText></OtherAbstract>'
    )
    found = record(tmp_path, other, "[Vom Stein.].")
    assert (found.text, found.language) == ("# Vom Stein\n\nSteine.", "de")
    found = record(tmp_path, ABSTRACT + other + plain)
    assert found.text == "# On rocks\n\nRocks were hit.\n\n## Plain language summary\n\nOuch."


def test_a_licence_in_the_copyright_line_is_stated(tmp_path: Path) -> None:
    line = "<CopyrightInformation>(c) Fox 2020. CC BY 4.0</CopyrightInformation>"
    assert record(tmp_path, ABSTRACT.replace("</Abstract>", f"{line}</Abstract>")).license == "CC-BY-4.0"


def test_a_date_in_words_gives_its_year_and_month(tmp_path: Path) -> None:
    xml = citation().replace("<Year>2019</Year><Month>Oct</Month>", "<MedlineDate>1998 Dec-1999 Jan</MedlineDate>")
    (found,) = read(tmp_path / "pubmed.xml", citation_set(xml))
    assert isinstance(found, Record)
    assert found.date == "1998-12"


def test_what_is_wrong_with_a_citation_ends_at_it(tmp_path: Path) -> None:
    broken = citation(3).replace("</ArticleTitle>", "</ArticleTitle></PMID>").replace("Rocks", "R&D <b>rocks")
    lost = citation(4, title="Gneiß, Öl und \udcff")
    deep = citation(5, f"<Abstract><AbstractText>{'<i>' * 200}x{'</i>' * 200}</AbstractText></Abstract>")
    large = citation(6, title="long " * 20_000)
    xml = citation_set(citation(1), citation(2, ""), broken, lost, deep, large, citation(7))
    found = read(tmp_path / "pubmed.xml", xml.encode("utf-8", "surrogateescape"), max_markup_bytes=50_000)
    assert [one.position for one in found if isinstance(one, Record)] == ["1", "3", "7"]
    assert [found[1], found[4], found[5]] == [
        Bad("no_abstract", "PMID 2 has no abstract", "2", "On rocks", harmless=True),
        Bad("too_deep", "the citation that begins in line 11 nests elements deeper than 150", "5", deep[:200]),
        Bad("too_large", "the citation that begins in line 13 is larger than 50,000 bytes", "6"),
    ]
    mended, unread = found[2:4]
    assert isinstance(mended, Record)
    assert (mended.text, mended.repaired) == ("# On rocks\n\nR&D rocks were hit.", ("xml recovered",))
    assert isinstance(unread, Bad)
    assert unread.rule == "invalid_utf8"
    assert unread.detail.startswith("the citation that begins in line 9 is UTF-8 with damage, first at byte ")


def test_a_file_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    xml = citation_set(citation(1), citation(2))
    for end, detail in (
        (xml.index("<PMID", xml.index("<PMID") + 1), "ends inside the record that begins in line 5, which is left out"),
        (
            xml.index("</PubmedArticleSet>"),
            "ends without </PubmedArticleSet>: records after the last one may be missing",
        ),
    ):
        *records, bad = read(tmp_path / "pubmed.xml", xml[:end])
        assert bad == Bad("truncated", detail)
        assert all(isinstance(one, Record) for one in records)
        assert records
    packed = gzip.compress(xml.encode())
    *_, bad = read(tmp_path / "pubmed.xml.gz", packed[: len(packed) - 9])
    assert isinstance(bad, Bad)
    assert bad.rule == "truncated"


def test_many_citations_are_read_across_blocks_in_their_order(tmp_path: Path) -> None:
    xml = citation_set(*(citation(number, title=f"Title {number}.") for number in range(1, 1001)))
    found = read(tmp_path / "pubmed.xml.gz", gzip.compress(xml.encode()))
    assert [one.title for one in found if isinstance(one, Record)] == [f"Title {number}" for number in range(1, 1001)]


def test_older_sets_and_single_citations_are_read(tmp_path: Path) -> None:
    inner = citation().removeprefix("<PubmedArticle>\n").removesuffix("</PubmedArticle>\n")
    for xml in (f"<MedlineCitationSet>{inner}</MedlineCitationSet>", inner, citation()):
        (found,) = read(tmp_path / "pubmed.xml", xml)
        assert isinstance(found, Record)
        assert found.title == "On rocks"


def test_a_declared_encoding_holds_for_every_citation(tmp_path: Path) -> None:
    xml = f'<?xml version="1.0" encoding="ISO-8859-1"?><PubmedArticleSet>{citation(title="Gneiß")}</PubmedArticleSet>'
    (found,) = read(tmp_path / "pubmed.xml", xml.encode("latin-1"))
    assert isinstance(found, Record)
    assert (found.title, found.repaired) == ("Gneiß", ())
