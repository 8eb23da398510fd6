"""Textbook modules in CNXML: structure, links as what they point at, exercises with their solutions."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

from data_tools.extract.dispatch import read_file
from data_tools.extract.records import Bad, ReadOptions, Record
from tests.data_tools.extracting import only, read

RAW = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "raw"
METADATA = """<metadata xmlns:md="http://cnx.rice.edu/mdml"><md:content-id>m1</md:content-id><md:title>Rocks</md:title>
<md:language>en</md:language><md:license url="http://creativecommons.org/licenses/by/4.0/">CC BY</md:license>
<md:revised>2019/06/05 16:30:20.317 GMT-5</md:revised>
<md:keywordlist><md:keyword>rock</md:keyword></md:keywordlist><md:subjectlist><md:subject>Science</md:subject>
</md:subjectlist><md:abstract>You will learn:<list><item>what rocks are</item></list></md:abstract></metadata>"""


def module(content: str, metadata: str = "", more: str = "") -> str:
    return (
        '<document xmlns="http://cnx.rice.edu/cnxml" xmlns:m="http://www.w3.org/1998/Math/MathML">'
        f"<title>Rocks</title>{metadata}<content>{content}</content>{more}</document>"
    )


def record(tmp_path: Path, xml: str) -> Record:
    return only(read(tmp_path / "m1.cnxml", xml))


def content_text(tmp_path: Path, content: str) -> str:
    """Return what becomes of a module's content, without its title."""
    return record(tmp_path, module(content)).text.removeprefix("# Rocks\n\n")


def test_metadata_is_stated_and_the_abstract_and_glossary_are_kept(tmp_path: Path) -> None:
    glossary = (
        "<glossary><definition><term>schist</term><meaning>a rock</meaning></definition>"
        "<definition><term>gneiss</term><meaning>another</meaning></definition></glossary>"
    )
    found = record(tmp_path, module("<para>Hard.</para>", METADATA, glossary))
    assert found.text == (
        "# Rocks\n\nYou will learn:\n\n- what rocks are\n\nHard.\n\n## Glossary\n\n- schist: a rock\n- gneiss: another"
    )
    assert (found.title, found.language, found.license, found.date) == ("Rocks", "en", "CC-BY-4.0", "2019-06-05")
    assert found.meta == {"content_id": "m1", "keywords": ["rock"], "subjects": ["Science"]}


def test_links_without_text_become_what_they_point_at(tmp_path: Path) -> None:
    content = (
        '<para>Hard (<link target-id="f2"/>), see <link target-id="t1"/> and <link target-id="s1"/>.</para>'
        '<figure id="f1"><caption>First.</caption></figure><figure id="f2"><title>Two</title><caption>Second.</caption>'
        '</figure><table id="t1"><title>Ages</title><tgroup><tbody><row><entry>a</entry><entry>b</entry></row></tbody>'
        '</tgroup></table><section id="s1"><title>Heat</title><para>Hot.</para></section>'
    )
    assert content_text(tmp_path, content) == (
        "Hard (Figure 2), see Table 1 and Heat.\n\nFigure 1. First.\n\nFigure 2. Two. Second.\n\nTable 1. Ages\n\n"
        "|  |  |\n| --- | --- |\n| a | b |\n\n## Heat\n\nHot."
    )


@pytest.mark.parametrize(
    ("para", "text"),
    [
        ('Hard (see <link document="m2"/>). Soft', "Hard. Soft"),
        ('Hard (<link document="m2"/> and <link document="m3"/>)', "Hard"),
        ('Hard, see <link document="m2"/>.', "Hard."),
        ('As <link document="m2"/> says', "As another section says"),
        ('As <link document="m2">Rocks II</link> says (<link url="http://x.org"/>)', "As Rocks II says (http://x.org)"),
        ("Old.<footnote>Fox, 1990.</footnote> New", "Old. (Fox, 1990.) New"),
        ('<term>Schist</term><emphasis effect="bold">s</emphasis> H<sub>2</sub>O<newline/>x', "Schists H₂O x"),
        ('a <list display="inline"><item>one</item><item>two</item></list> b', "a one; two b"),
        ('so <quote display="inline">yes</quote> and <code>x = 1</code>', "so yes and x = 1"),
        ("<title>Lead</title>Text", "Lead. Text"),
        ('<link target-id="p1"/> loops', "another section loops"),
    ],
)
def test_a_line_reads_on_over_links_and_notes(tmp_path: Path, para: str, text: str) -> None:
    assert content_text(tmp_path, f'<para id="p1">{para}</para>') == text


def test_a_section_whose_title_links_to_itself_ends(tmp_path: Path) -> None:
    content = '<section id="s"><title>Heat <link target-id="s"/></title><para>Hot.</para></section>'
    assert content_text(tmp_path, content) == "## Heat Heat\n\nHot."


def test_a_paragraph_that_only_turns_pages_is_left_out(tmp_path: Path) -> None:
    content = (
        '<para>Hard.</para><para>Jump to the <link document="m2">next</link> box.</para>'
        '<para>The <link document="m2">next module</link> tells more.</para>'
    )
    assert content_text(tmp_path, content) == "Hard.\n\nThe next module tells more."


def test_notes_examples_and_rules_have_their_titles_but_no_headings(tmp_path: Path) -> None:
    content = (
        '<note class="geology check-your-understanding"><para>Why?</para></note>'
        '<note class="link-to-learning"><title>Films</title><para>Watch.</para></note><note><para>Mind.</para></note>'
        '<example id="e1"><title>Falling</title><para>It falls.</para></example>'
        "<rule><title>Law</title><statement><para>All fall.</para></statement></rule>"
    )
    assert content_text(tmp_path, content) == (
        "Check your understanding\n\nWhy?\n\nLink to learning: Films\n\nWatch.\n\nMind.\n\nExample 1: Falling\n\n"
        "It falls."
        "\n\nLaw\n\nAll fall."
    )


def test_exercises_are_followed_by_their_solutions(tmp_path: Path) -> None:
    content = (
        '<para>See <link target-id="x2"/>.</para><exercise><problem><para>Which?</para><list list-type="enumerated" '
        'number-style="upper-alpha"><item>Iron</item><item>Gold</item></list></problem><solution><para>B</para></solution>'
        '</exercise><exercise id="x2"><problem><para>Why?</para></problem></exercise>'
    )
    assert content_text(tmp_path, content) == (
        "See Exercise 2.\n\nWhich?\n\nA. Iron\nB. Gold\n\nSolution: B\n\nExercise 2. Why?"
    )


def test_equations_lists_code_and_quotations(tmp_path: Path) -> None:
    content = (
        '<para>By <link target-id="q1"/>:</para><equation id="q1"><m:math><m:mi>a</m:mi><m:mo>=</m:mo>'
        "<m:mi>b</m:mi></m:math>"
        '</equation><equation class="unnumbered"><m:math><m:mi>c</m:mi></m:math></equation>'
        '<list list-type="enumerated" start-value="3"><item>x</item><item>y<list><item>z</item></list></item></list>'
        '<code display="block">a\n  b</code><quote><para>Rocks.</para></quote>'
    )
    assert content_text(tmp_path, content) == (
        "By Equation 1:\n\n$$a = b \\tag{1}$$\n\n$$c$$\n\n3. x\n4. y\n  - z\n\n```\na\n  b\n```\n\n> Rocks."
    )


def test_a_cals_table_with_spans_and_a_title_row(tmp_path: Path) -> None:
    content = (
        '<table id="t"><tgroup cols="3"><colspec colname="c1"/><colspec colname="c2"/><colspec colname="c3"/>'
        "<thead><row>"
        '<entry namest="c1" nameend="c3">Rocks by age</entry></row><row><entry>Name</entry><entry namest="c2" '
        'nameend="c3">'
        'Age</entry></row></thead><tbody><row><entry morerows="1">Schist</entry><entry>1</entry><entry>2</entry>'
        "</row><row>"
        '<entry colname="c3">4</entry></row></tbody></tgroup></table>'
    )
    assert content_text(tmp_path, content) == (
        "Table 1. Rocks by age\n\n| Name | Age | Age |\n| --- | --- | --- |\n| Schist | 1 | 2 |\n| Schist |  | 4 |"
    )


def test_figures_in_a_figure_are_lettered_and_pictures_without_caption_go(tmp_path: Path) -> None:
    content = (
        '<para><link target-id="b"/> (<link target-id="c"/>)</para><figure id="a"><figure id="b"><media alt="A rock"/>'
        '<caption>Left.</caption></figure><figure id="c"/><caption>Both.</caption></figure><media alt="More"/>'
    )
    assert content_text(tmp_path, content) == "Figure 1a (Figure 1b)\n\nFigure 1. Both.\n\nFigure 1a. Left."


def test_a_module_without_text_is_harmless_and_another_document_is_not(tmp_path: Path) -> None:
    assert read(tmp_path / "m1.cnxml", module("")) == [
        Bad("no_text", "module has no text", head="Rocks", harmless=True)
    ]
    (other,) = read(tmp_path / "m1.cnxml", "<document><page>x</page></document>")
    assert isinstance(other, Bad)
    assert (other.rule, other.harmless) == ("unsupported_xml", False)
    assert other.detail.startswith("its root element is <document>, but it holds no such document: JATS <article>")


WORD = re.compile(r"[^\W\d_]+")


def content_words(path: Path) -> list[str]:
    """Return the words of a module's paragraphs, items, captions and cells under the headings, by the tree alone."""
    from lxml import etree

    root = etree.parse(path, etree.XMLParser(remove_comments=True, remove_pis=True)).getroot()
    for element in root.iter("*"):
        element.tag = etree.QName(element).localname
    content = root.find("content")
    assert content is not None
    pages = [para for para in content.iter("para") if re.match(r"\s*(?:Jump to|Go back)", "".join(para.itertext()))]
    for element in [*content.iter("math", "title", "label", "media", "thead"), *pages]:
        tail = element.tail
        element.clear()
        element.tail = tail
    for script in content.iter("sub", "sup", "footnote"):
        script.text, script.tail = f" {script.text or ''}", f" {script.tail or ''}"
    names = ("para", "item", "caption", "entry")
    outer = (found for found in content.iter(*names) if next(found.iterancestors(*names), None) is None)
    return list(chain.from_iterable(WORD.findall("".join(map(str, found.itertext())).lower()) for found in outer))


@pytest.mark.skipif(not (RAW / "cnxml").is_dir(), reason="the real modules of ../shared/data/raw/cnxml are absent")
def test_real_modules_are_complete_and_clean() -> None:
    paths = sorted((RAW / "cnxml").glob("*.cnxml"))
    assert len(paths) == 20
    for path in paths:
        (found,) = read_file(path, ReadOptions(max_document_characters=10**9))
        assert isinstance(found, Record), path
        prose = re.sub("[⁰¹²³⁴-⁹₀-₉⁺⁻]", " ", found.text.lower())
        words, written = content_words(path), iter(WORD.findall(prose))
        missing = [word for word in words if word not in written]
        assert missing == [], path
        assert re.findall(r"</?[a-z][\w-]*(?: [^<>]*)?>|&\w+;|[\x00-\x08]|\(\s*\)|\(see \)", found.text) == [], path
