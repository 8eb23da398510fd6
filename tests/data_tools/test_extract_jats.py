"""Journal articles in JATS: the text in order, citations as titles, and what the front matter states."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from data_tools.extract.dispatch import read_file
from data_tools.extract.records import Bad, ReadOptions, Record
from tests.data_tools.extracting import only, read

RAW = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "raw"
FRONT = """<front><journal-meta><journal-title-group><journal-title>Acta Petra</journal-title></journal-title-group>
</journal-meta><article-meta>
<article-id pub-id-type="doi">10.1/petra.1</article-id><article-id pub-id-type="pmid">77</article-id>
<article-id pub-id-type="pmc">555</article-id>
<article-categories><subj-group><subject>Geology</subject></subj-group></article-categories>
<title-group><article-title>Garnet <italic>in</italic> schist<xref ref-type="fn" rid="n9">*</xref></article-title>
<subtitle>A study</subtitle></title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Stone</surname><given-names>Ada</given-names></name>
<xref ref-type="aff" rid="a1"><sup>1</sup></xref></contrib><contrib contrib-type="author"><collab>The Group</collab>
</contrib><contrib contrib-type="editor"><name><surname>No</surname></name></contrib></contrib-group>
<aff id="a1">University of Nowhere</aff><author-notes><fn id="n9"><p>Died in May.</p></fn></author-notes>
<pub-date pub-type="collection"><year>2020</year><month>Mar</month></pub-date>
<pub-date pub-type="epub"><day>7</day><month>3</month><year>2020</year></pub-date>
<pub-date pub-type="nihms-submitted"><year>2001</year></pub-date>
<permissions><copyright-statement>(c) Stone</copyright-statement><license
 xlink:href="http://creativecommons.org/licenses/by/4.0/"><license-p>Free to use.</license-p></license></permissions>
<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="info:doi/10.1/old"/>
<abstract><p>We looked at garnet.</p></abstract>
<abstract abstract-type="toc"><p>Garnets, at last.</p></abstract>
<abstract abstract-type="summary"><title>Author Summary</title><p>Garnet is red.</p></abstract>
<trans-abstract xml:lang="fr"><p>Du grenat.</p></trans-abstract>
<kwd-group><kwd>garnet</kwd><kwd>schist</kwd></kwd-group></article-meta></front>"""
REFERENCES = """<ref-list><title>References</title>
<ref id="r1"><label>1</label><element-citation publication-type="journal"><article-title>On garnet.</article-title>
<source>J Stone</source></element-citation></ref>
<ref id="r2"><label>2</label><mixed-citation>Doe J. <article-title>On <italic>CO</italic><sub>2</sub> in
 schist</article-title>. 1999.</mixed-citation></ref>
<ref id="r3"><label>3</label><element-citation publication-type="book"><source>The book of rocks</source>
</element-citation></ref>
<ref id="r4"><label>4</label><element-citation publication-type="journal"><source>J Stone</source></element-citation>
</ref></ref-list>"""


def article(body: str, back: str = "", front: str = FRONT, more: str = "") -> str:
    return (
        '<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML"'
        f' article-type="research-article" xml:lang="EN">{front}<body>{body}</body><back>{back}{REFERENCES}</back>'
        f"{more}</article>"
    )


def record(tmp_path: Path, xml: str, **options: bool) -> Record:
    return only(read(tmp_path / "a.nxml", xml, **options))


def body_text(tmp_path: Path, body: str, back: str = "", **options: bool) -> str:
    """Return what becomes of a body, without title and abstracts."""
    return record(tmp_path, article(body, back, front=""), **options).text


def cite(number: int, text: str) -> str:
    return f'<xref ref-type="bibr" rid="r{number}">{text}</xref>'


def test_the_front_matter_is_stated_and_stays_out_of_the_text(tmp_path: Path) -> None:
    found = record(tmp_path, article("<p>The body.</p>", "<ack><p>We thank Ann.</p></ack>"))
    assert found.text == (
        "# Garnet in schist: A study\n\n## Abstract\n\nWe looked at garnet.\n\n## Author Summary\n\nGarnet is red.\n\n"
        "The body."
    )
    assert (found.title, found.date, found.language, found.license) == (
        "Garnet in schist: A study",
        "2020-03-07",
        "en",
        "CC-BY-4.0",
    )
    assert found.meta == {
        "article_type": "research-article",
        "journal": "Acta Petra",
        "doi": "10.1/petra.1",
        "pmid": "77",
        "pmcid": "PMC555",
        "authors": ["Ada Stone", "The Group"],
        "keywords": ["garnet", "schist"],
        "subjects": ["Geology"],
        "related": ["corrected-article 10.1/old"],
    }


def test_a_licence_without_a_version_is_told_but_not_guessed(tmp_path: Path) -> None:
    front = FRONT.replace(' xlink:href="http://creativecommons.org/licenses/by/4.0/"', "").replace(
        "Free to use.", "Under the Creative Commons Attribution License."
    )
    found = record(tmp_path, article("<p>Body.</p>", front=front))
    assert found.license == ""
    assert found.meta["license_statement"] == "Under the Creative Commons Attribution License."


def test_sections_are_headings_by_depth_and_untitled_ones_add_none(tmp_path: Path) -> None:
    body = (
        "<sec><label>1</label><title>One</title><p>A.</p><sec><sec><title>Deep</title><p>B.</p></sec></sec></sec>"
        "<sec><title>Empty</title></sec>"
    )
    assert body_text(tmp_path, body) == "## 1 One\n\nA.\n\n### Deep\n\nB."


def test_boilerplate_sections_are_left_out_and_named(tmp_path: Path) -> None:
    body = "<sec><title>Results</title><p>A.</p></sec><sec><title>Supporting Information</title><p>See file.</p></sec>"
    back = (
        "<sec><title>5. Author’s contributions</title><p>AS did.</p></sec><app><title>Appendix</title><p>B.</p></app>"
    )
    found = record(tmp_path, article(body, back, front=""))
    assert found.text == "## Results\n\nA.\n\n## Appendix\n\nB."
    assert found.meta["left_out"] == ["Supporting Information", "5. Author’s contributions"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"as shown [{cite(1, '1')}].", "as shown (On garnet)."),
        (f"as shown {cite(1, '[1]')}, {cite(2, '[2]')}.", "as shown (On garnet; On CO₂ in schist)."),
        (f"as shown.<sup>{cite(1, '1')},{cite(3, '3')}</sup> Next", "as shown (On garnet; The book of rocks). Next"),
        (f"as shown{cite(1, '<sup>1</sup>')}.", "as shown (On garnet)."),
        (f"shown [{cite(1, '1')}–{cite(3, '3')}] so", "shown (On garnet; On CO₂ in schist; The book of rocks) so"),
        ('shown <xref ref-type="bibr" rid="r1">[1-3]</xref>', "shown (On garnet; On CO₂ in schist; The book of rocks)"),
        ('shown <xref ref-type="bibr" rid="r1 r1">1</xref>', "shown (On garnet)"),
        (f"so ({cite(1, 'Fox 1992')}; {cite(3, 'Cox 1999')}) it", "so (On garnet; The book of rocks) it"),
        (f"({cite(1, 'Fox 1992')}; but see {cite(3, 'Cox 1999')})", "(On garnet; but see The book of rocks)"),
        (f"(by a tool {cite(1, '[1]')})", "(by a tool [On garnet])"),
        (f"{cite(1, 'Fox et al. (1992)')} showed", "Fox et al. (On garnet) showed"),
        (f"none [{cite(4, '4')}] here {cite(4, '4')}, and", "none here, and"),
        (f"none ({cite(4, 'Fox 1992')})", "none"),
        (f"none (see {cite(4, 'Fox 1992')})", "none (see Fox 1992)"),
    ],
)
def test_citations_become_the_titles_of_the_works(tmp_path: Path, body: str, text: str) -> None:
    assert body_text(tmp_path, f"<p>{body}</p>") == text


def test_marks_stand_around_references_formulas_figures_and_notes(tmp_path: Path) -> None:
    body = (
        f"<p>Shown [{cite(1, '1')}, {cite(3, '3')}] by <inline-formula><tex-math>$a^2$</tex-math></inline-formula>.<fn>"
        "<p>Really.</p></fn></p><fig><label>Fig. 1</label><caption><p>A rock.</p></caption></fig>"
    )
    assert body_text(tmp_path, body, marks=True) == (
        "Shown [START_REF] On garnet [END_REF] [START_REF] The book of rocks [END_REF] by "
        "[START_FORMULA] a^2 [END_FORMULA]. [START_NOTE] Really. [END_NOTE]\n\n"
        "[START_FIGURE] Fig. 1. A rock. [END_FIGURE]"
    )


def test_other_references_keep_their_text_or_take_their_targets_label(tmp_path: Path) -> None:
    body = (
        '<p>See <xref ref-type="fig" rid="f1">Figure 1</xref>A and <xref ref-type="table" rid="t1"/>.</p>'
        '<table-wrap id="t1"><label>Table 1</label><caption><p>Ages.</p></caption><graphic/></table-wrap>'
    )
    assert body_text(tmp_path, body) == "See Figure 1A and Table 1.\n\nTable 1. Ages."


def test_a_title_is_written_without_its_footnotes(tmp_path: Path) -> None:
    front = FRONT.replace('<fn id="n9">', '<fn id="n8">').replace(
        "</article-title>", "<fn><p>Inside.</p></fn></article-title>"
    )
    back = '<fn-group><fn id="n9"><p>Read at a meeting.</p></fn></fn-group>'
    found = record(tmp_path, article('<p>So.<xref ref-type="fn" rid="n9">*</xref></p>', back, front=front))
    assert found.text.startswith("# Garnet in schist: A study\n")
    assert found.title == "Garnet in schist: A study"
    assert found.text.endswith("So. (Read at a meeting.)")


def test_a_footnote_stands_where_it_is_first_called(tmp_path: Path) -> None:
    body = (
        '<p>One<xref ref-type="fn" rid="n1"><sup>a</sup></xref> and two.'
        '<sup><xref ref-type="fn" rid="n1">a</xref></sup></p>'
    )
    back = '<fn-group><fn id="n1"><label>a</label><p>The note.</p></fn><fn id="n2"><p>Unused.</p></fn></fn-group>'
    assert body_text(tmp_path, body, back) == "One (The note.) and two."


def test_figures_and_tables_in_a_group_of_floats_stand_at_their_first_mention(tmp_path: Path) -> None:
    body = (
        '<p>See <xref ref-type="fig" rid="f2">Fig. 2</xref>.</p><p>And <xref ref-type="fig" rid="f2">Fig. 2</xref>.</p>'
    )
    floats = (
        '<floats-group><fig id="f1"><label>Fig. 1</label><caption><title>First.</title><p>(A) Left.</p></caption></fig>'
        '<fig id="f2"><label>Fig. 2</label><caption><p>Second.</p></caption></fig></floats-group>'
    )
    found = record(tmp_path, article(body, front="", more=floats))
    assert found.text == "See Fig. 2.\n\nFig. 2. Second.\n\nAnd Fig. 2.\n\nFig. 1. First. (A) Left."


def test_a_float_mentioned_in_a_cell_or_an_item_waits_for_the_next_paragraph(tmp_path: Path) -> None:
    mention = '<p>see <xref ref-type="fig" rid="f1">Fig. 1</xref></p>'
    table = f"<table-wrap><table><tr><td>{mention}</td></tr></table></table-wrap>"
    body = f"<list><list-item>{mention}</list-item></list>{table}"
    floats = '<floats-group><fig id="f1"><caption><p>A rock.</p></caption></fig></floats-group>'
    found = record(tmp_path, article(f"{body}<p>So.</p>", front="", more=floats))
    assert found.text == "- see Fig. 1\n\n|  |\n| --- |\n| see Fig. 1 |\n\nSo.\n\nA rock."


def test_a_table_is_markdown_with_spans_spread_and_its_notes_below(tmp_path: Path) -> None:
    body = (
        "<table-wrap><label>Table 2</label><caption><title>Ages of rocks</title></caption><alternatives>"
        "<graphic/><table>"
        '<thead><tr><th rowspan="2">Rock</th><th colspan="2">Age</th></tr><tr><th>low</th><th>high</th></tr></thead>'
        '<tbody><tr><td colspan="3">Old ones</td></tr><tr><td rowspan="2">Schist<sup>a</sup></td><td>1</td><td>2</td>'
        "</tr><tr><td>3|4</td><td><p>5</p><p>6</p></td></tr></tbody></table></alternatives>"
        "<table-wrap-foot><fn><label>a</label><p>From here.</p></fn><p>n, number</p></table-wrap-foot></table-wrap>"
    )
    assert body_text(tmp_path, body) == (
        "Table 2. Ages of rocks\n\n"
        "| Rock | Age / low | Age / high |\n| --- | --- | --- |\n| Old ones |  |  |\n| Schist^a | 1 | 2 |\n"
        "| Schist^a | 3\\|4 | 5 6 |\n\na From here.\n\nn, number"
    )


def test_a_table_with_absurd_spans_is_bounded(tmp_path: Path) -> None:
    cell = '<td colspan="99999" rowspan="99999">x</td>'
    body = f"<table-wrap><table>{''.join(f'<tr>{cell * 4}</tr>' for _ in range(200))}</table></table-wrap>"
    assert body_text(tmp_path, body).count("x") == 800


def test_a_table_too_ragged_for_markdown_is_written_row_by_row(tmp_path: Path) -> None:
    body = f"<table-wrap><table><tr>{'<td>a</td>' * 500}</tr>{'<tr><td>b</td></tr>' * 500}</table></table-wrap>"
    assert body_text(tmp_path, body) == f"{' | '.join('a' * 500)}\n{chr(10).join('b' * 500)}"


def test_lists_definitions_quotations_boxes_and_code(tmp_path: Path) -> None:
    body = (
        '<list list-type="order"><list-item><p>One</p><list list-type="bullet"><list-item><p>in</p></list-item></list>'
        '</list-item><list-item><p>Two</p></list-item></list><p>Then</p><list list-type="alpha-lower"><list-item>'
        "<p>x</p></list-item></list><list><list-item><label>(i)</label><p>y</p></list-item></list>"
        "<def-list><def-item><term>AC</term><def><p>anchor cell</p></def></def-item></def-list>"
        "<disp-quote><p>Rocks.</p><attrib>Fox</attrib></disp-quote>"
        "<boxed-text><label>Box 1</label><caption><title>Facts</title></caption><p>Red.</p></boxed-text>"
        "<code>if a &lt; b:\n    c</code><speech><speaker>Ann</speaker><p>Yes.</p></speech>"
        "<statement><label>Theorem 1</label><p>It holds.</p></statement><verse-group><verse-line>La</verse-line>"
        "<verse-line>lo</verse-line></verse-group>"
    )
    assert body_text(tmp_path, body) == (
        "1. One\n  - in\n2. Two\n\nThen\n\na. x\n\n(i) y\n\n- AC: anchor cell\n\n> Rocks.\n>\n> Fox\n\nBox 1. "
        "Facts\n\nRed."
        "\n\n```\nif a < b:\n    c\n```\n\nAnn: Yes.\n\nTheorem 1. It holds.\n\nLa\nlo"
    )


def test_formulas_prefer_latex_and_pictures_are_counted(tmp_path: Path) -> None:
    body = (
        "<p>Let <inline-formula><mml:math><mml:msup><mml:mi>x</mml:mi><mml:mn>2</mml:mn></mml:msup></mml:math>"
        "</inline-formula> be<disp-formula><label>(1)</label><alternatives><graphic/><tex-math><![CDATA["
        "\\documentclass{minimal}\\usepackage{amsmath}\\begin{document}$$ y &= \\alpha $$\\end{document}]]></tex-math>"
        "<mml:math><mml:mi>z</mml:mi></mml:math></alternatives></disp-formula>where <inline-formula><inline-graphic/>"
        "</inline-formula>, and</p><p><disp-formula><italic>f</italic> = 2<italic>r</italic></disp-formula></p>"
    )
    found = record(tmp_path, article(body, front=""))
    assert found.text == "Let $x^{2}$ be\n\n$$y &= \\alpha \\tag{1}$$\n\nwhere, and\n\nf = 2r"
    assert found.meta["pictured_formulas"] == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("CO<sub>2</sub> and Ca<sup>2+</sup>, 10<sup>−3</sup>", "CO₂ and Ca²⁺, 10⁻³"),
        ("δ<sup>18</sup>O, the 1<sup>st</sup>", "δ¹⁸O, the 1st"),
        ("<italic>K</italic><sub>m</sub> of r<sub>i</sub>t", "K_m of r_{i}t"),
        ("σ <italic>\n   <sub>r</sub>\n </italic>, was ( <italic>n</italic> = 2)", "σ_r, was (n = 2)"),
        ("of <sup>13</sup>C", "of ¹³C"),
        ("<italic>r<sub>j</sub> </italic>, at 5<sup>°</sup>C", "r_j, at 5°C"),
        ("mean <inline-formula><inline-graphic/></inline-formula>\n. Thus", "mean. Thus"),
        ("a<break/>b <named-content>c</named-content><unknown>d</unknown>", "a b cd"),
        ("one <ext-link>http://x.org</ext-link> <email>a@b.c</email>", "one http://x.org a@b.c"),
        ("α&lt;β &amp; γ", "α<β & γ"),
    ],
)
def test_words_in_a_line_are_neither_glued_nor_torn(tmp_path: Path, body: str, text: str) -> None:
    assert body_text(tmp_path, f"<p>{body}</p>") == text


def test_blocks_inside_a_paragraph_part_it(tmp_path: Path) -> None:
    body = "<p>Three:<list><list-item><p>a</p></list-item></list>and more<styled><p>in</p></styled>end.</p>"
    assert body_text(tmp_path, body) == "Three:\n\n- a\n\nand more\n\nin\n\nend."


def test_each_article_of_a_set_and_each_reply_is_a_record(tmp_path: Path) -> None:
    reply = (
        '<sub-article article-type="reply"><front-stub><article-id pub-id-type="doi">10.1/reply</article-id>'
        "<title-group>"
        "<article-title>Reply</article-title></title-group></front-stub><body><p>We agree.</p></body></sub-article>"
    )
    first, broken = article("<p>One.</p>", more=reply), "<article><front/><body><p>lost & <b>broken</body></article>"
    xml = f"<?xml version='1.0'?>\n<pmc-articleset>{first}\n{broken}\n{article('<p>Two.</p>')}</pmc-articleset>"
    found = read(tmp_path / "a.nxml", xml)
    records = [one for one in found if isinstance(one, Record)]
    assert [(one.position, one.text.split("\n")[-1]) for one in records] == [
        ("1", "One."),
        ("2", "We agree."),
        ("3", "lost & broken"),
        ("4", "Two."),
    ]
    assert records[1].title == "Reply"
    assert (records[1].language, records[1].license) == ("en", "CC-BY-4.0")
    assert records[1].meta == {"article_type": "reply", "part_of": "10.1/petra.1", "doi": "10.1/reply"}
    assert records[2].repaired == ("xml recovered",)


def test_what_is_wrong_with_an_article_of_a_set_is_told(tmp_path: Path) -> None:
    deep = f"<article>{'<sec>' * 300}{'</sec>' * 300}</article>"
    xml = f"<pmc-articleset>\n{deep}\n<article><info/></article>{article('<p>Two.</p>')}</pmc-articleset>"
    found = read(tmp_path / "a.nxml", xml)
    assert found[:2] == [
        Bad("too_deep", "the article that begins in line 2 nests elements deeper than 150", "1"),
        Bad("unsupported_xml", "the article that begins in line 3 has neither front matter nor a body", "2"),
    ]
    assert isinstance(found[2], Record)
    assert read(tmp_path / "a.nxml", "<pmc-articleset><article><body>") == [
        Bad("truncated", "ends inside the record that begins in line 1, which is left out")
    ]


@pytest.mark.parametrize("num_words", [4_000, 40_000])
def test_an_article_of_a_set_that_is_too_large_leaves_the_others(tmp_path: Path, num_words: int) -> None:
    large = article(f"<p>{'long ' * num_words}</p>")
    (tmp_path / "a.xml").write_text(f"<pmc-articleset>\n{large}{article('<p>Two.</p>')}</pmc-articleset>", "utf-8")
    bad, good = read_file(tmp_path / "a.xml", ReadOptions(max_markup_bytes=10_000))
    assert bad == Bad("too_large", "the article that begins in line 2 is larger than 10,000 bytes", "1")
    assert isinstance(good, Record)
    assert good.position == "2"


def test_an_article_in_an_oai_envelope_is_found(tmp_path: Path) -> None:
    xml = f"<OAI-PMH><GetRecord><record><metadata>{article('<p>One.</p>')}</metadata></record></GetRecord></OAI-PMH>"
    assert record(tmp_path, xml).text.endswith("One.")


def test_an_article_without_text_is_harmless(tmp_path: Path) -> None:
    front = re.sub(r"<abstract.*</abstract>", "", FRONT, flags=re.DOTALL)
    (found,) = read(tmp_path / "a.nxml", article("", front=front))
    assert found == Bad(
        "no_text",
        "article 10.1/petra.1 has neither an abstract nor a body",
        head="Garnet in schist: A study",
        harmless=True,
    )


def test_a_retraction_is_kept_and_says_so(tmp_path: Path) -> None:
    xml = article("<p>Withdrawn.</p>").replace("research-article", "retraction")
    assert record(tmp_path, xml).meta["article_type"] == "retraction"


WORD = re.compile(r"[^\W\d_]+")


def body_words(path: Path) -> list[str]:
    """Return the words of an article's paragraphs, by the tree alone: no citations, formulas, supplements."""
    from lxml import etree

    root = etree.parse(path, etree.XMLParser(remove_comments=True, remove_pis=True)).getroot()
    body = root.find("body")
    assert body is not None
    left_out = ("Supporting Information", "About the Author")
    dropped = [
        *body.iter("supplementary-material", "disp-formula", "inline-formula", "title", "label", "table-wrap-foot")
    ]
    dropped += [found for found in body.iter("xref") if found.get("ref-type") == "bibr"]
    dropped += [found for found in body.iter("sec") if found.findtext("title") in left_out]
    for element in dropped:
        tail = element.tail
        element.clear()
        element.tail = tail
    for script in body.iter("sub", "sup"):
        script.text, script.tail = f" {script.text or ''}", f" {script.tail or ''}"
    outer = (found for found in body.iter("p") if next(found.iterancestors("p"), None) is None)
    return list(chain.from_iterable(WORD.findall("".join(map(str, found.itertext())).lower()) for found in outer))


def missing_in_order(words: list[str], written: list[str]) -> int:
    """Return how many ``words`` do not follow each other in ``written``; what stands between them is passed over."""
    at, missing = 0, 0
    for number, word in enumerate(words):
        for length, window in ((1, 1), (5, 3000), (3, 60), (1, 4)):
            wanted = words[number : number + length]
            places = range(at, min(at + window, len(written)))
            place = next((n for n in places if written[n] == word and written[n : n + length] == wanted), None)
            if place is not None:
                at = place + 1
                break
        else:
            missing += 1
    return missing


@pytest.mark.skipif(not (RAW / "jats").is_dir(), reason="the real articles of ../shared/data/raw/jats are absent")
def test_real_articles_are_complete_and_clean() -> None:
    paths = sorted((RAW / "jats").glob("*.xml"))
    assert len(paths) == 15
    for path in paths:
        (found,) = read_file(path, ReadOptions(marks=True, max_document_characters=10**9))
        assert isinstance(found, Record), path
        prose = re.sub(r"\[START_REF\].*?\[END_REF\]|\[(?:START|END)_\w+\]", " ", found.text)
        words = body_words(path)
        assert missing_in_order(words, WORD.findall(prose.lower())) <= 0.01 * len(words), path
        assert re.findall(r"</?[a-z][\w-]*(?: [^<>]*)?>|&\w+;|[\x00-\x08]|\(\s*\)|\[\s*\]", prose) == [], path
        assert found.title
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.date)
        assert found.language == "en"
        assert found.repaired == ()
