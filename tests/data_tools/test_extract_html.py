"""Reading web pages: what is main content, how structure is written, and what is told of a page that shows nothing."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest

from data_tools.extract.markup import Markup, join_blocks, subscript, superscript
from data_tools.extract.records import Bad
from data_tools.extract.web.notes import take_notes
from data_tools.extract.web.text import html_blocks
from data_tools.extract.web.web_page import main_text, page_record
from tests.data_tools.extracting import bad, only, read

ROOT = Path(__file__).resolve().parent.parent.parent
SPEECHES = ROOT.parent / "shared" / "data" / "raw" / "fed_speech_html"


def sentence(number: int) -> str:
    return (
        f"<p>Sentence {number} tells of a quarry in the north, where slate was split by hand for a hundred years.</p>"
    )


def page(inner: str, head: str = "", before: str = "", after: str = "") -> str:
    body = f"<article><h1>Slate</h1>{sentence(1)}{sentence(2)}{inner}{sentence(3)}</article>"
    return f"<!DOCTYPE html><html lang='en-gb'><head>{head}</head><body>{before}{body}{after}</body></html>"


def shown(inner: str, marks: bool = False) -> str:
    """Return what is read of ``inner`` between the sentences of an article."""
    text = page_record(page(inner), Markup(marks)).text
    start, end = text.index("Sentence 2"), text.index("Sentence 3")
    return text[text.index("\n", start) : end].strip()


def blocks_of(html: str) -> str:
    return join_blocks(html_blocks(lxml.html.fromstring(f"<div>{html}</div>"), Markup()))


def test_a_page_gives_its_article_and_what_its_head_says(tmp_path: Path) -> None:
    head = (
        "<title>Slate - The Quarry Blog</title><meta name='author' content='Jane Doe; John Roe'>"
        "<meta property='og:title' content='Slate'><meta property='og:site_name' content='The Quarry Blog'>"
        "<meta property='article:published_time' content='2021-03-04T10:00:00Z'>"
        "<link rel='canonical' href='https://quarry.example/slate'>"
        "<link rel='license' href='https://creativecommons.org/licenses/by/4.0/'>"
    )
    before = (
        "<nav><a href='/'>Home</a> <a href='/shop'>Shop</a></nav>"
        "<div class='breadcrumb'>Home &gt; Rocks &gt; Slate</div><div id='cookie-banner' class='cookie-consent'>"
        "<p>We use cookies to improve what you see. Accept them all?</p></div>"
    )
    after = (
        "<div class='share-buttons'><a href='#'>Share</a> <a href='#'>Print</a></div>"
        "<footer>Copyright, imprint and terms of use of this site</footer>"
    )
    hidden = "<p style='display: none'>Words that nobody sees.</p><p hidden>Nor these.</p><script>var x = 1;</script>"
    record = only(read(tmp_path / "a.html", page(hidden, head, before, after)))
    assert record.text.startswith("# Slate\n\nSentence 1 tells")
    assert record.text.endswith("a hundred years.")
    for gone in ("Shop", "Rocks", "cookies", "Share", "Print", "imprint", "nobody sees", "Nor these", "var x"):
        assert gone not in record.text
    assert (record.title, record.date, record.language, record.license) == ("Slate", "2021-03-04", "en-GB", "CC-BY-4.0")
    meta = {"authors": ["Jane Doe", "John Roe"], "site": "The Quarry Blog", "url": "https://quarry.example/slate"}
    assert record.meta == meta


def test_a_date_that_only_stands_above_the_text_is_found() -> None:
    top = "<table><tr><td><b>Remarks by A. Person<br>June 18, 1996</b></td></tr></table>"
    text = f"<table><tr><td>{sentence(1)}{sentence(2)}{sentence(3)}</td></tr></table>"
    old = f"<html><head><title>Remarks</title></head><body>{top}{text}</body></html>"
    record = page_record(old, Markup())
    assert (record.date, record.title) == ("1996-06-18", "Remarks")
    assert record.text.startswith("Remarks by A. Person\nJune 18, 1996\n\nSentence 1")
    assert page_record(page(""), Markup()).date == ""


def test_two_licences_are_none() -> None:
    links = "".join(
        f"<a rel='license' href='https://creativecommons.org/licenses/{name}/4.0/'>CC</a>" for name in ("by", "by-sa")
    )
    assert page_record(page(links), Markup()).license == ""


def test_lists_keep_their_depth_and_numbers() -> None:
    nested = "<ul><li>Inner thing</li><li>Inner other</li></ul>"
    inner = f"<ol start='3'><li>Third of them{nested}</li><li>Fourth of them</li></ol>"
    assert shown(inner) == "3. Third of them\n  - Inner thing\n  - Inner other\n4. Fourth of them"


def test_a_heading_that_ends_with_a_line_end_does_not_swallow_the_page() -> None:
    assert blocks_of("<h2>Title<br></h2><p>Text.</p><p>More.<br/></p>After.") == "## Title\n\nText.\n\nMore.\n\nAfter."


def test_code_is_kept_line_by_line() -> None:
    inner = "<pre><code class='language-python'>def hardness(mineral):\n    return MOHS[mineral]\n</code></pre>"
    assert shown(inner) == "```python\ndef hardness(mineral):\n    return MOHS[mineral]\n```"
    assert blocks_of("<p>Call <code>split(x)</code> now.</p>") == "Call `split(x)` now."
    prose = "<pre>These are lines of an old page,\nwhich were typed by hand, as was done then.</pre>"
    assert blocks_of(prose) == "These are lines of an old page,\nwhich were typed by hand, as was done then."


@pytest.mark.parametrize(
    ("inner", "formula"),
    [
        ("<math><mfrac><mi>a</mi><mi>b</mi></mfrac></math>", r"$\frac{a}{b}$"),
        ("<span class='MathJax_Preview'>x</span><span class='MathJax'>E=mc2</span>"
         "<script type='math/tex'>E = mc^2</script>", "$E = mc^2$"),
        ("<span class='katex'><span class='katex-mathml'><math><semantics><mi>E</mi><annotation encoding="
         "'application/x-tex'>E_0</annotation></semantics></math></span><span class='katex-html'>E0</span></span>",
         "$E_0$"),
        ("<span class='mwe-math-element'><span class='mwe-math-mathml-inline' style='display: none'>"
         r"<math alttext='{\displaystyle a^{2}}'><mi>a</mi></math></span>"
         "<img class='mwe-math-fallback-image-inline' alt='a^2'></span>", "$a^{2}$"),
        ("<mjx-container><mjx-math>drawn</mjx-math><mjx-assistive-mml><math><mi>q</mi></math></mjx-assistive-mml>"
         "</mjx-container>", "$q$"),
        (r"<script src='mathjax.js'></script>\(x + y\)", "$x + y$"),
    ],
)  # fmt: skip
def test_formulas_are_latex_once(inner: str, formula: str) -> None:
    expected = f"The value of {formula} is what we look for in this rock."
    assert shown(f"<p>The value of {inner} is what we look for in this rock.</p>") == expected


def test_a_displayed_formula_stands_alone_and_may_be_marked() -> None:
    inner = "<p>It is found by this sum of all its parts:</p><script type='math/tex; mode=display'>a + b</script>"
    assert shown(inner).endswith("parts:\n\n$$a + b$$")
    assert shown(inner, marks=True).endswith("parts:\n\n[START_FORMULA] a + b [END_FORMULA]")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("H<sub>2</sub>O and <sup>14</sup>C", "H₂O and ¹⁴C"),
        ("10<sup>-6</sup> m<sup>2</sup>", "10⁻⁶ m²"),
        ("V<sub>max</sub>, x<sup>a, b</sup>", "V_max, x^{a, b}"),
        ("the 1<sup>st</sup> of May<sup>(1)</sup>", "the 1st of May(1)"),
        ('E<span style="vertical-align: super">2</span>', "E²"),
        ('2022<span style="font-size:6pt;position:relative;top:-3.5pt">1</span> and x', "2022¹ and x"),
        ("a brand<sup>&reg; </sup>of ours", "a brand® of ours"),
    ],
)
def test_raised_and_lowered_letters(html: str, text: str) -> None:
    assert blocks_of(f"<p>{html}</p>") == text
    assert (superscript(""), subscript(" ")) == ("", "")


def test_a_table_stands_under_its_caption_with_its_spans_spread_over_its_headings() -> None:
    table = (
        "<table><caption>Samples</caption><thead><tr><th rowspan='2'>Rock</th><th colspan='2'>Content in %</th></tr>"
        "<tr><th>SiO<sub>2</sub></th><th>MgO</th></tr></thead>"
        "<tr><td rowspan='2'>Basalt</td><td>49</td><td>8</td></tr><tr><td>50</td><td>7 | 8</td></tr></table>"
    )
    assert shown(table) == (
        "Samples\n\n| Rock | Content in % / SiO₂ | Content in % / MgO |\n| --- | --- | --- |\n"
        "| Basalt | 49 | 8 |\n|  | 50 | 7 \\| 8 |"
    )


def test_a_table_without_headings_has_an_empty_one() -> None:
    assert blocks_of("<table><tr><td>SiO2<td>49 %<tr><td>MgO<td>8 %</table>") == (
        "|  |  |\n| --- | --- |\n| SiO2 | 49 % |\n| MgO | 8 % |"
    )


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("<table><tr><td><h2>Coal</h2><p>One.</p><p>Two.</p></td></tr></table>", "## Coal\n\nOne.\n\nTwo."),
        ("<table><tr><td>&bull;</td><td>First.</td></tr><tr><td>&bull;</td><td>Second.</td></tr></table>",
         "- First.\n- Second."),
        ("<table><tr><td>(a)</td><td>First.</td></tr><tr><td>(b)</td><td>Second.</td></tr></table>",
         "(a) First.\n\n(b) Second."),
        ("<table><tr><td><table><tr><td>In</td></tr><tr><td>side</td></tr></table></td><td>Beside</td></tr></table>",
         "In\n\nside\n\nBeside"),
        ("<table>Stray text<tr><td>One</td></tr></table>", "Stray text\n\nOne"),
    ],
)  # fmt: skip
def test_tables_that_only_lay_out_are_text(table: str, text: str) -> None:
    assert blocks_of(table) == text


def test_a_sparse_table_is_not_written_as_bars() -> None:
    rows = "".join(f"<tr><td colspan='{n}'></td><td>cell {n}</td></tr>" for n in range(1, 400))
    text = blocks_of(f"<table>{rows}</table>")
    assert "|" not in text
    assert text.count("cell") == 399


def test_a_cell_that_reaches_far_down_costs_no_more_than_its_table() -> None:
    rows = "<tr><td rowspan='65534'>a</td><td>b</td></tr>" * 300
    assert blocks_of(f"<table>{rows}</table>").count("b") == 300


def test_a_footnote_is_read_where_it_is_called_and_a_citation_loses_its_mark() -> None:
    inner = (
        "<p>Slate is old<sup><a href='#fn1' id='r1'>1</a></sup> and, as is known<sup><a href='#cite_note-2' id='c2'>[2]"
        "</a></sup>, it splits well along its planes.</p>"
        "<ol><li id='fn1'><p>Some 400 million years. <a href='#r1'>back</a></p></li></ol>"
        "<ol><li id='cite_note-2'><a href='#c2'>^</a> A. Author: Rocks and stones of the north, 1999.</li></ol>"
    )
    text = shown(inner)
    assert "Slate is old (Some 400 million years. back) and, as is known, it splits" in text
    assert text.count("400 million") == 1
    assert "Rocks and stones" in text


def test_the_notes_of_an_e_book_are_told_by_their_roles() -> None:
    book = lxml.html.fromstring(
        "<div><p>Text<a epub:type='noteref' href='#n'>*</a> here; see <a href='#p'>2</a>.</p>"
        "<aside epub:type='footnote' id='n'><p>* The note.</p></aside><p id='p'>Part.</p></div>"
    )
    notes = take_notes(book, Markup())
    assert notes == {"#n": "The note."}
    assert html_blocks(book, Markup(), notes) == ["Text (The note.) here; see 2.", "Part."]


def test_a_teaser_that_repeats_the_article_is_not_taken_for_it() -> None:
    teaser = "<div><a href='/x'>Sentence 2 tells of a quarry in the north, where slate was split by hand</a></div>"
    assert main_text(page("", before=teaser)).count("Sentence 2") == 1


def test_a_bold_line_above_a_paragraph_is_a_line_of_its_own() -> None:
    assert blocks_of("<p><b>The quarry</b><br>It lies in the north.</p>") == "The quarry\n\nIt lies in the north."
    assert blocks_of("<p>A road,<br>a town.<br><br>Another.</p>") == "A road,\na town.\n\nAnother."


@pytest.mark.parametrize("tag", ["div", "font", "table", "h1", "pre"])
def test_deep_nesting_costs_no_text(tmp_path: Path, tag: str) -> None:
    inner = f"{sentence(1)}{f'<{tag}>' * 200_000}{sentence(2)}"
    record = only(read(tmp_path / "a.html", f"<html><body>{inner}</body></html>"))
    assert record.repaired == ("deep nesting",)
    assert "Sentence 1" in record.text
    assert "Sentence 2" in record.text


def test_hostile_pages_are_read_or_told(tmp_path: Path) -> None:
    for number, inner in enumerate(
        [
            "<plaintext>" + sentence(2),
            "<a " * 50_000,
            "<p " + "a=1 " * 50_000 + ">",
            "<!-- " + "x" * 500_000,
            "&#x110000;&#0;&bogus;&#xD800;" * 500,
            "<table><tr>" + "<td></td>" * 50_000 + "</table>",
            "<p>a</p>" * 3_000,
            "<math>" + "<mrow>" * 250 + "<mi>x</mi>",
            "<p><span class='katex-html'>x</span></p>" * 2_000,
        ]
    ):
        found = read(tmp_path / f"{number}.html", f"<html><body>{sentence(1)}{sentence(3)}{inner}</body></html>")
        assert "Sentence 1" in only(found).text


@pytest.mark.parametrize(
    ("html", "rule", "detail"),
    [
        ("<html><body><div id=app></div><script>go()</script></body></html>", "no_main_text",
         "trafilatura finds no main text in the page"),
        ("<html><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div></body>",
         "needs_javascript", "shows no text without JavaScript; save it as a browser shows it"),
        ("<html><frameset cols='1,2'><frame src='menu.html'><frame src='text.html'></frameset></html>", "no_main_text",
         "shows only frames: menu.html, text.html"),
        (" \n\n", "empty", "is empty"),
        ("<!-- nothing -->", "no_main_text", "trafilatura finds no main text in the page"),
    ],
)  # fmt: skip
def test_what_shows_no_text_is_told(tmp_path: Path, html: str, rule: str, detail: str) -> None:
    problem = bad(read(tmp_path / "a.html", html))
    assert (problem.rule, problem.detail) == (rule, detail)


def test_plain_text_under_the_name_of_a_page_is_text(tmp_path: Path) -> None:
    record = only(read(tmp_path / "a.html", "Just text, 3 < 4,\r\nwith lines.\n"))
    assert (record.text, record.repaired) == ("Just text, 3 < 4,\nwith lines.\n", ("format text",))


def test_a_page_whose_declared_encoding_lies_is_read_as_what_it_is(tmp_path: Path) -> None:
    lying = page("<p>Größe und Höhe der Brüche im Norden, wie sie gemessen wurden.</p>", "<meta charset='utf-16'>")
    assert "Größe und Höhe" in only(read(tmp_path / "a.html", lying)).text


def test_a_page_larger_than_its_limit_is_told(tmp_path: Path) -> None:
    problem = bad(read(tmp_path / "a.html", page("x" * 5000), max_markup_bytes=4000))
    assert problem == Bad("too_large", "is larger than 4,000 bytes")


@pytest.mark.skipif(not SPEECHES.is_dir(), reason=f"real speeches are not beside the checkout: {SPEECHES}")
def test_real_speeches_are_read_whole(tmp_path: Path) -> None:
    from benchmarks.extraction import fed_speeches

    for folder, suffix in (("html", "htm"), ("text", "txt")):
        (tmp_path / folder).mkdir()
        for name in ("19960618", "19961005", "19961024", "19970919", "199710142"):
            (tmp_path / folder / f"{name}.{suffix}").symlink_to(SPEECHES / folder / f"{name}.{suffix}")
    figures = fed_speeches(tmp_path)
    assert figures["fragments"] == ["19961024"]
    assert figures["f1_covered"] > 0.999
    assert figures["f1_speech_least"] > 0.99
    assert figures["f1"] > figures["f1_ceiling"] - 0.001


def test_a_title_that_stands_beside_plain_paragraphs_is_kept(tmp_path: Path) -> None:
    prose = [
        f"The {rock} of the uplands is old, and water has widened the joints of the {rock} for long ages."
        for rock in ("limestone", "sandstone", "dolomite")
    ]
    body = "".join(f"<p>{one}</p>" for one in prose)
    page = f"<html><head><title>Uplands</title></head><body><h1>The uplands</h1>{body}</body></html>"
    assert only(read(tmp_path / "a.html", page)).text == "\n\n".join(["# The uplands", *prose])
