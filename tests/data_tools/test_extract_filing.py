"""Reading filings: no page furniture, items as headings, tables whole, submissions by document."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from data_tools.extract.filings.filing import day_of, is_filing
from data_tools.extract.filings.submission import is_submission, read_submission
from data_tools.extract.records import Bad, ReadOptions, Record, Unreadable
from tests.data_tools.extracting import only, read

ROOT = Path(__file__).resolve().parent.parent.parent
FILINGS = ROOT.parent / "shared" / "data" / "raw" / "sec_html"

BOLD = "font-size:10pt;font-weight:700"
PLAIN = "font-size:10pt;font-weight:400"


def span(text: str, style: str = PLAIN) -> str:
    return f'<span style="{style}">{text}</span>'


def line(text: str, style: str = PLAIN) -> str:
    return f"<div>{span(text, style)}</div>"


def row(*cells: str) -> str:
    return f"<tr>{''.join(cell if cell.startswith('<td') else f'<td>{cell}</td>' for cell in cells)}</tr>"


def page_end(number: int) -> str:
    return (
        f'<div style="text-align:center">{span(str(number))}</div><hr style="page-break-after:always"/>'
        f'<div><a href="#toc">{span("Table of Contents")}</a></div>{line("ACME CORP. NOTES (Continued)")}'
    )


HEADER = (
    '<div style="display:none"><ix:header><ix:hidden><ix:nonNumeric name="dei:EntityCentralIndexKey" contextRef="c-1">'
    '0000123456</ix:nonNumeric><ix:nonNumeric name="dei:DocumentFiscalYearFocus">2031</ix:nonNumeric></ix:hidden>'
    '<ix:resources><xbrli:context id="c-1"><xbrli:identifier>hidden-987654</xbrli:identifier></xbrli:context>'
    "</ix:resources></ix:header></div>"
)
COVER = (
    line("SECURITIES AND EXCHANGE COMMISSION", BOLD)
    + f"<div>{span('FORM <ix:nonNumeric name=&quot;dei:DocumentType&quot;>10-K</ix:nonNumeric>', BOLD)}</div>".replace(
        "&quot;", '"'
    )
    + '<div>For the year ended <ix:nonNumeric name="dei:DocumentPeriodEndDate">December&#160;1, 2031</ix:nonNumeric>'
    + "</div>"
    + '<div><ix:nonNumeric name="dei:EntityRegistrantName">ACME CORP.</ix:nonNumeric></div>'
    + line("_________")
)
CONTENTS = (
    '<div id="toc">' + line("TABLE OF CONTENTS", BOLD) + "</div><table>"
    + "".join(
        row(f'<a href="#i{n}">Item {n}.</a>', f'<a href="#i{n}">{title}</a>', str(40 + n))
        for n, title in enumerate(("Business", "Properties", "Legal Proceedings"), start=1)
    )
    + "</table>"
)  # fmt: skip
BODY = (
    line("PART I", BOLD)
    + f"<table>{row(span('Item 1.', BOLD), span('Business', BOLD))}</table>"
    + line("We sell rockets, and we have sold them for")
    + page_end(41)
    + line("many years.")
    + line("Our Customers", BOLD)
    + f"<div>{span('&#8226;')}{span('coyotes;', PLAIN + ';padding-left:14pt')}</div>"
    + f"<table>{row('&#8226;', 'and birds.')}</table>"
    + page_end(42)
    + f"<div>{span('I', BOLD)}{span('tem 2', BOLD)}{span('. Properties', BOLD)}</div>"
    + line("We own a canyon. See Item 1 of this report.")
    + line("Item 1 of Part I says more of it.")
    + page_end(43)
    + line("Item 3.", BOLD)
    + line("Legal Proceedings", BOLD)
    + line("None.")
)
TABLE = (
    "<table>"
    + row("", "", '<td colspan="7">Years Ended December 1,</td>')
    + row("(in millions)", "", '<td colspan="3">2031</td>', "", '<td colspan="3">2030</td>')
    + row("Revenue", "", "$", '<ix:nonFraction scale="6">1,234</ix:nonFraction>', "", "", "$", "987", "")
    + row("Loss", "", "$", '(<ix:nonFraction sign="-">56</ix:nonFraction>', ")", "", "", "(7", ")")
    + row("Margin", "", "", "12.5", "%", "", "", "&#8212;", "")
    + row("(1)", '<td colspan="8">A note that runs over the whole width of the table, and is long enough for it.</td>')
    + "</table>"
)
FILING = (
    '<?xml version="1.0"?><html xmlns:ix="http://www.xbrl.org/2013/inlineXBRL" xml:lang="en-US"><head>'
    f"<title>acme</title></head><body>{HEADER}{COVER}{CONTENTS}{BODY}{TABLE}</body></html>"
)


def filing_text(tmp_path: Path, body: str) -> str:
    return only(read(tmp_path / "f.htm", f'<html xmlns:ix="x"><body>{body}</body></html>')).text


def test_a_filing_is_read_whole_without_its_furniture(tmp_path: Path) -> None:
    record = only(read(tmp_path / "a.htm", FILING))
    assert record.text == (
        "SECURITIES AND EXCHANGE COMMISSION\n\nFORM 10-K\n\nFor the year ended December 1, 2031\n\nACME CORP.\n\n"
        "# PART I\n\n## Item 1. Business\n\nWe sell rockets, and we have sold them for many years.\n\n"
        "### Our Customers\n\n- coyotes;\n- and birds.\n\n"
        "## Item 2. Properties\n\nWe own a canyon. See Item 1 of this report.\n\nItem 1 of Part I says more of it.\n\n"
        "## Item 3. Legal Proceedings\n\nNone.\n\n"
        "| (in millions) | Years Ended December 1, / 2031 | Years Ended December 1, / 2030 |\n| --- | --- | --- |\n"
        "| Revenue | $1,234 | $987 |\n| Loss | $(56) | (7) |\n| Margin | 12.5% | — |\n\n"
        "(1) A note that runs over the whole width of the table, and is long enough for it."
    )
    assert (record.title, record.date, record.language) == ("ACME CORP., Form 10-K", "2031-12-01", "en-US")
    assert record.meta == {
        "company": "ACME CORP.", "form": "10-K", "period": "2031-12-01", "cik": "0000123456", "fiscal_year": "2031",
    }  # fmt: skip


def test_nothing_hidden_is_read(tmp_path: Path) -> None:
    text = only(read(tmp_path / "a.htm", FILING)).text
    assert "987654" not in text
    assert "0000123456" not in text


def test_a_filing_without_xbrl_is_told_by_its_cover(tmp_path: Path) -> None:
    cover = (
        "<p align=center><b>UNITED STATES<br>SECURITIES AND<br>EXCHANGE COMMISSION</b></p><p><b>FORM 10-Q/A</b></p>"
        "<p>For the quarterly period ended: March 31, 1999</p><p><b>ACME CORP.</b></p>"
        "<p>(Exact name of registrant as specified in its charter)</p>"
    )
    record = only(
        read(tmp_path / "a.htm", f"<html><body>{cover}<p>Item 2. Changes in Securities. None.</p></body></html>")
    )
    assert (record.title, record.date) == ("ACME CORP., Form 10-Q/A", "1999-03-31")
    assert record.text.endswith("## Item 2. Changes in Securities. None.")
    news = b"<html><body><p>The Securities and Exchange Commission said that form 10-K was late.</p></body></html>"
    assert not is_filing(news)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<h5><a href='#t'>Table of Contents</a></h5>{line('Item 1A. Risk Factors', BOLD)}{line('None.')}",
         "## Item 1A. Risk Factors\n\nNone."),
        (line("PART II. OTHER INFORMATION ITEM 1. LEGAL PROCEEDINGS", BOLD) + line("None."),
         "# PART II. OTHER INFORMATION\n\n## ITEM 1. LEGAL PROCEEDINGS\n\nNone."),
        (line("Item 2.02 Results of Operations", BOLD) + line("Sales rose."),
         "## Item 2.02 Results of Operations\n\nSales rose."),
        (line("Item 6. [Reserved]") + line("Items 7, 8 and 9 of this report follow."),
         "## Item 6. [Reserved]\n\nItems 7, 8 and 9 of this report follow."),
        (line("ITEM 7. MD&amp;A") + line("One.") + line("Item 7. MD&amp;A (continued)", BOLD) + line("Two."),
         "## ITEM 7. MD&A\n\nOne.\n\nTwo."),
        (line("Item 1. Business", BOLD) + line("Our Strategy", "font-size:18pt") + line("We build on it. " * 9),
         "## Item 1. Business\n\n### Our Strategy\n\n" + ("We build on it. " * 9).strip()),
        (line("Item 1. Business", BOLD) + line("Rockets", "font-style:italic;font-size:10pt"),
         "## Item 1. Business\n\n#### Rockets"),
    ],
)  # fmt: skip
def test_items_and_headings(tmp_path: Path, body: str, text: str) -> None:
    assert filing_text(tmp_path, body) == text


def test_a_contents_of_linked_lines_goes_and_an_item_that_is_linked_stays(tmp_path: Path) -> None:
    listed = "".join(f"<p><a href='#{n}'>Item {n}. Title</a></p><p>{n + 3}</p>" for n in range(1, 5))
    body = f"<p>Contents</p>{listed}<p><a href='#1'>Item 1. Title</a></p><p>Text.</p><hr><p>- 12 -</p><p>More.</p>"
    assert filing_text(tmp_path, body) == "## Item 1. Title\n\nText.\n\nMore."


@pytest.mark.parametrize(
    ("cells", "written"),
    [
        (("$", "1,234"), "$1,234"),
        (("$", "(1,234", ")"), "$(1,234)"),
        (("(12.5", ")%"), "(12.5)%"),
        (("12.5", "%"), "12.5%"),
        (("$", "&#8212;"), "$—"),
        (("&#8364;", "", "5"), "€5"),
        (("&#8203;", "7"), "7"),
        (("$", "%"), "$ | %"),
    ],
)
def test_split_figures_are_joined(tmp_path: Path, cells: tuple[str, ...], written: str) -> None:
    body = f"<table>{row('Label', '', *cells)}{row('Other', '', '<td colspan=2>text</td>')}</table>"
    assert f"| Label | {written} |" in filing_text(tmp_path, body)


def test_signature_and_cover_tables_merge_no_rows(tmp_path: Path) -> None:
    cell = [span(text, BOLD) for text in ("Delaware", "52-1", "(State)", "(Number)", "Main Street", "12345")]
    table = f"<table>{row(cell[0], cell[1])}{row(cell[2], cell[3])}{row(cell[4], cell[5])}</table>"
    assert filing_text(tmp_path, table) == (
        "|  |  |\n| --- | --- |\n| Delaware | 52-1 |\n| (State) | (Number) |\n| Main Street | 12345 |"
    )


def test_a_bold_row_of_figures_heads_nothing(tmp_path: Path) -> None:
    bold = [span(text, BOLD) for text in ("Sales", "100.0", "99.0")]
    table = f"<table>{row('', span('2031', BOLD), span('2030', BOLD))}{row(*bold)}{row('Cost', '60.0', '59.0')}</table>"
    assert filing_text(tmp_path, table) == (
        "|  | 2031 | 2030 |\n| --- | --- | --- |\n| Sales | 100.0 | 99.0 |\n| Cost | 60.0 | 59.0 |"
    )


TYPED = """<PAGE>
                      SECURITIES AND EXCHANGE COMMISSION

                                  FORM 10-K

                                 ACME CORP.
           (Exact name of registrant as specified in its charter)

ITEM 1.  BUSINESS

     The company sells rockets, and it has sold them to every coyote in the
land since it was founded; birds &amp; others do not buy.

                                      2
<PAGE>

<TABLE>
<CAPTION>
                         1999          1998
<S>                      <C>           <C>
Sales                    1,234           987
</TABLE>

12 Canyon Road
Desert, Arizona

                                      3
<PAGE>
ITEM 2.  PROPERTIES

     None.
"""


def submission(*documents: tuple[str, str, str]) -> str:
    header = (
        "<SEC-DOCUMENT>0000123456-99-000001.txt : 19990331\n<SEC-HEADER>\nACCESSION NUMBER:\t\t0000123456-99-000001\n"
        "CONFORMED SUBMISSION TYPE:\t10-K\nCONFORMED PERIOD OF REPORT:\t19981231\nFILED AS OF DATE:\t\t19990331\n\n"
        "FILER:\n\n\tCOMPANY DATA:\t\n\t\tCOMPANY CONFORMED NAME:\t\t\tACME CORP\n"
        "\t\tCENTRAL INDEX KEY:\t\t0000123456\n"
        "</SEC-HEADER>\n"
    )
    parts = [
        f"<DOCUMENT>\n<TYPE>{kind}\n<SEQUENCE>{n}\n<FILENAME>{name}\n<TEXT>\n{text}\n</TEXT>\n</DOCUMENT>\n"
        for n, (kind, name, text) in enumerate(documents, start=1)
    ]
    return header + "".join(parts) + "</SEC-DOCUMENT>\n"


def test_a_submission_gives_a_record_per_document_and_tells_the_rest(tmp_path: Path) -> None:
    text = submission(
        ("10-K", "a.txt", TYPED),
        ("EX-99.1", "b.htm", "<HTML><BODY><P>A press release about rockets.</P></BODY></HTML>"),
        ("GRAPHIC", "c.jpg", "begin 644 c.jpg\nM_]C_X\nend"),
        ("EX-101.INS", "d.xml", "<XBRL>\n<xbrl>1</xbrl>\n</XBRL>"),
        ("EX-13", "e.pdf", "<PDF>\nbegin 644 e.pdf\nM\nend\n</PDF>"),
        ("EX-20", "f.txt", ""),
    )
    for name, data in (("a.htm", text.encode()), ("b.htm.gz", gzip.compress(text.encode()))):
        main, release, *others = read(tmp_path / name, data)
        assert isinstance(main, Record)
        assert main.text == (
            "SECURITIES AND EXCHANGE COMMISSION\n\nFORM 10-K\n\nACME CORP.\n"
            "(Exact name of registrant as specified in its charter)\n\n## ITEM 1. BUSINESS\n\n"
            "The company sells rockets, and it has sold them to every coyote in the land since it was founded; "
            "birds & others do not buy.\n\n                         1999          1998\n"
            "Sales                    1,234           987\n\n12 Canyon Road\nDesert, Arizona\n\n"
            "## ITEM 2. PROPERTIES\n\nNone."
        )
        assert (main.title, main.date, main.position) == ("ACME CORP, Form 10-K", "1998-12-31", "1")
        assert main.meta["cik"] == "0000123456"
        assert isinstance(release, Record)
        assert (release.text, release.title) == ("A press release about rockets.", "ACME CORP, EX-99.1")
        assert others == [
            Bad("attachment", "GRAPHIC c.jpg is a picture or data, not text", "3", harmless=True),
            Bad("attachment", "EX-101.INS d.xml is a picture or data, not text", "4", harmless=True),
            Bad("attachment", "EX-13 e.pdf is a picture or data, not text", "5", harmless=True),
            Bad("empty", "EX-20 f.txt is empty", "6"),
        ]


def test_a_damaged_submission_keeps_what_it_holds(tmp_path: Path) -> None:
    text = submission(("10-K", "a.txt", TYPED), ("EX-99", "b.txt", "Words " * 2000))
    found = read(tmp_path / "a.htm", text[: text.index("</TEXT>")], max_document_bytes=5000)
    assert [type(one) for one in found] == [Record, Bad]
    assert found[1] == Bad("truncated", "ends inside this document, or lacks its </DOCUMENT>", "1")
    large = read(tmp_path / "b.htm", text, max_document_bytes=5000)[1]
    assert large == Bad("too_large", "EX-99 b.txt is larger than 5,000 bytes", "2")
    header = tmp_path / "c.txt"
    header.write_text(text[: text.index("<DOCUMENT>")])
    with pytest.raises(Unreadable, match="is an EDGAR submission without a <DOCUMENT>"):
        list(read_submission(header, ReadOptions()))


def test_what_begins_as_a_submission(tmp_path: Path) -> None:
    assert is_submission(submission().encode())
    assert is_submission(b"-----BEGIN PRIVACY-ENHANCED MESSAGE-----\nProc-Type: 2001\n\n<IMS-DOCUMENT>0000.txt")
    assert is_submission(b"<DOCUMENT>\n<TYPE>10-K\n")
    for other in (b"<html>", b"<DOCUMENT>of another kind", b"A text about <SEC-DOCUMENT>", b""):
        assert not is_submission(other)


def test_a_typed_document_under_the_name_of_a_page_keeps_its_tables(tmp_path: Path) -> None:
    record = only(read(tmp_path / "a.htm", f"<html><body><pre>\n{TYPED}</pre></body></html>"))
    assert "Sales                    1,234           987" in record.text
    assert "## ITEM 2. PROPERTIES" in record.text


def test_a_filing_that_shows_nothing_is_told(tmp_path: Path) -> None:
    (problem,) = read(tmp_path / "a.htm", f'<html xmlns:ix="x"><body>{HEADER}</body></html>')
    assert problem == Bad("no_main_text", "shows no text")


def test_a_filing_may_be_larger_than_a_page(tmp_path: Path) -> None:
    body = line("A sentence of a long report.") * 2000
    found = read(tmp_path / "a.htm", f'<html xmlns:ix="x"><body>{body}</body></html>', max_markup_bytes=1000)
    assert only(found).text.count("long report") == 2000


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("December\xa01, 2023", "2023-12-01"), ("20231201", "2023-12-01"), ("12/1/2023", "2023-12-01"),
        ("2023-12-01", "2023-12-01"), ("Sept. 30, 1999", "1999-09-30"), ("soon", ""), ("", ""),
    ],
)  # fmt: skip
def test_days_as_filings_write_them(written: str, day: str) -> None:
    assert day_of(written) == day


@pytest.mark.skipif(not FILINGS.is_dir(), reason=f"real filings are not beside the checkout: {FILINGS}")
def test_real_filings_keep_their_numbers_and_items() -> None:
    from benchmarks.extraction import filings

    figures = filings(FILINGS)
    assert figures["numbers_kept_least"] >= 0.98
    assert figures["hidden_words"] == 0
    assert figures["items_without_heading"] == 0
    annual = next(one["items"] for name, one in figures["files"].items() if name.startswith("10-K"))
    assert " ".join(annual) == "1 1A 1B 1C 2 3 4 5 6 7 7A 8 9 9A 9B 9C 10 11 12 13 14 15 16"
