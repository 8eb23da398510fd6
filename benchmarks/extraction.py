"""What extraction keeps of real documents, and how fast: measured against references that the extractors never see.

``python -m benchmarks.extraction`` prints the figures. The documents are real text beside the checkout
(``../shared/data``); a part whose folder is absent is left out.
"""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT
from data_tools.extract.dispatch import read_file
from data_tools.extract.encoding import decode
from data_tools.extract.records import ReadOptions, Record

REAL_TEXT = ROOT.parent / "shared" / "data"
WHOLE = ReadOptions(max_document_characters=10**9)
"""Long documents stay in one piece."""
REPEATS = 3
MIN_WHOLE_SHARE = 0.5
"""A reference with fewer words than this share of its page's is a fragment of the speech."""
EDGE_LINES = 3
_CONTENTS_LINE = re.compile(
    r"(?:part\s+[iv]+\W+)?(?:items?\s*\d{1,2}[a-c]?|part\s+[iv]+)\b.*[\s.|]\d{1,3}", re.IGNORECASE
)
_WORD = re.compile(r"[a-z0-9]+")
_NUMBER = re.compile(r"\d+(?:[,.]\d+)*")
_HIDDEN = re.compile(r"(?:^|;)(?:display:none|visibility:hidden)")
_UNSEEN = ("script", "style", "head", "ix:header", "ix:hidden", "template", "noscript")
_LINE_ENDS = frozenset({
    "address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "form", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "li", "ol", "p", "pre", "table", "tr", "ul",
})  # fmt: skip
_ITEM_LINE = re.compile(r"\W{0,3}items?\s*(\d{1,2}(?:\.\d\d)?[A-C]?)(?:\W|$)(?!.*\d$)", re.IGNORECASE)
_ITEM_HEADING = re.compile(r"^## \W{0,3}items?\s*(\d{1,2}(?:\.\d\d)?(?:\s?[A-C]\b)?)", re.IGNORECASE | re.MULTILINE)


def text_of(path: Path) -> str:
    """Return all that is read from a file, in order; empty where nothing is."""
    found = [record.text for record in read_file(path, WHOLE) if isinstance(record, Record)]
    return "\n\n".join(found)


def visible_pages(page: bytes) -> list[list[str]]:
    """Return the lines that a browser shows of an HTML page, by printed page, cells set apart by bars.

    A walk of its own, not the extractors'. A page ends at a rule (``<hr>``) or where a style says so.
    """
    import lxml.etree
    import lxml.html

    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    tree = lxml.html.document_fromstring(page, parser=parser)
    pieces: list[str] = []
    hidden = cells = 0
    for event, element in lxml.etree.iterwalk(tree, events=("start", "end")):
        style = "".join((element.get("style") or "").split()).lower()
        unseen = element.tag in _UNSEEN or bool(_HIDDEN.search(style))
        mark = "|" if element.tag in ("td", "th") else (" " if cells else "\0") if element.tag in _LINE_ENDS else ""
        if f"break-{'before' if event == 'start' else 'after'}:always" in style or element.tag == "hr":
            mark = "\1"
        is_cell = element.tag in ("td", "th") and next(element.iter("tr"), None) is None
        hidden += unseen if event == "start" else 0
        cells += is_cell if event == "start" else -is_cell
        pieces.append("" if hidden else mark + ((element.text if event == "start" else "") or ""))
        if event == "end":
            hidden -= unseen
            pieces.append("" if hidden else element.tail or "")
    return [[" ".join(line.split()) for line in part.split("\0") if line.strip("| \n\t\xa0")]
            for part in "".join(pieces).split("\1")]  # fmt: skip


def printed_lines(pages: list[list[str]]) -> Counter[str]:
    """Return the lines that only print has, by their number: page numbers, running headers and footers, contents.

    That is, of each page's first and last three lines those that are a number or that stand at the edge of three pages
    or more, numbers in them taken as alike; and lines that name an item or a part and end with a number.
    """
    edges = [page[:EDGE_LINES] + page[EDGE_LINES:][-EDGE_LINES:] for page in pages]
    running = Counter(key for edge in edges for key in {_alike(line) for line in edge})
    lines = Counter(
        line for edge in edges for line in edge if running[_alike(line)] >= EDGE_LINES or line.strip("| -").isdigit()
    )
    return lines + Counter(line for page in pages for line in page if _CONTENTS_LINE.fullmatch(line.strip("| ")))


def _alike(line: str) -> str:
    return re.sub(r"\d+", "#", line).casefold()


def filings(folder: Path) -> dict[str, Any]:
    """Return what is kept of the filings (inline XBRL in HTML) in ``folder``, per file and the least of each.

    ``numbers_kept``: the share of the visible page's number tokens, as a multiset, that the text has, once those of
    lines that only print has are set aside; ``numbers_kept_of_all`` sets nothing aside. ``hidden_words``: words of the
    text that only the XBRL header has. ``items_missing``: items that begin a line of the page and lack a heading.
    """
    files = {path.name: _filing(path) for path in sorted(folder.glob("*.htm*"))}
    return {
        "numbers_kept_of_all_least": min(one["numbers_kept_of_all"] for one in files.values()),
        "numbers_kept_least": min(one["numbers_kept"] for one in files.values()),
        "numbers_kept": sum(one["numbers"] * one["numbers_kept"] for one in files.values())
        / sum(one["numbers"] for one in files.values()),
        "hidden_words": sum(len(one["hidden_words"]) for one in files.values()),
        "items_without_heading": sum(len(one["items_missing"]) for one in files.values()),
        "megabytes_per_second": statistics.median(one["megabytes_per_second"] for one in files.values()),
        "files": files,
    }


def _filing(path: Path) -> dict[str, Any]:
    page = path.read_bytes()
    text, seconds = _timed(lambda: text_of(path))
    pages = visible_pages(page)
    lines = [line for part in pages for line in part]
    visible, ours = _numbers(lines), _numbers([text])
    wanted = visible - _numbers(printed_lines(pages).elements())
    lost = wanted - ours
    headings = [item.upper().replace(" ", "") for item in _ITEM_HEADING.findall(text)]
    stated = [found[1].upper() for line in lines if (found := _ITEM_LINE.match(line))]
    return {
        "numbers": visible.total(),
        "numbers_kept": 1 - lost.total() / max(1, wanted.total()),
        "numbers_kept_of_all": 1 - (visible - ours).total() / max(1, visible.total()),
        "numbers_lost": dict(lost.most_common(8)),
        "hidden_words": sorted(_hidden_words(page, lines) & set(re.findall(r"[\w:.-]+", text)))[:20],
        "items": headings,
        "items_missing": sorted(set(stated) - set(headings)),
        "megabytes_per_second": len(page) / 1e6 / seconds,
    }


def _numbers(lines: Iterable[str]) -> Counter[str]:
    return Counter(number for line in lines for number in _NUMBER.findall(line.translate(_PLAIN_DIGITS)))


_PLAIN_DIGITS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")


def _hidden_words(page: bytes, lines: list[str]) -> set[str]:
    """Return words of the page's XBRL header that no visible line holds."""
    found = re.findall(rb"<ix:header.*?</ix:header>", page, re.DOTALL | re.IGNORECASE)
    text = re.sub(r"<[^<>]*>", " ", b" ".join(found).decode("utf-8", "replace"))
    return set(re.findall(r"[\w:.-]+", text)) - set(re.findall(r"[\w:.-]+", "\n".join(lines)))


def fed_speeches(folder: Path) -> dict[str, Any]:
    """Return how well the speeches in ``folder`` (``html/`` beside ``text/``) are read: token F1, per file and mean.

    A reference with fewer than half of its page's words is a fragment; by the others the pairs are 90 % and more. The
    references lack a speech's title, opening and closing sentences (their authors cut greetings off), which a reader
    keeps. So ``f1`` against them has a ceiling below 1 (``f1_ceiling``: what the whole speech would get).
    ``f1_covered`` looks at the text from the reference's first words to its last. ``f1_speech`` is against the whole
    speech, for fragments too: all that the page shows from "Remarks by" to the links below it.
    """
    files: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "html").glob("*.htm")):
        page, _ = decode(path.read_bytes(), web_page=True)
        lines = [line for part in visible_pages(page.encode()) for line in part]
        reference = _words((folder / "text" / f"{path.stem}.txt").read_text("utf-8", errors="replace"))
        speech, ours = _words(_speech("\n".join(lines))), _words(text_of(path))
        files[path.stem] = {
            "reference_share": len(reference) / max(1, len(_words("\n".join(lines)))),
            "f1": token_f1(ours, reference),
            "f1_ceiling": token_f1(speech, reference),
            "f1_covered": token_f1(_covered(ours, reference), reference),
            "f1_speech": token_f1(ours, speech),
        }
    whole = [name for name, one in files.items() if one["reference_share"] >= MIN_WHOLE_SHARE]
    figures = {
        name: statistics.mean(files[file][name] for file in whole) for name in ("f1", "f1_ceiling", "f1_covered")
    }
    return {
        **figures,
        "f1_speech": statistics.mean(one["f1_speech"] for one in files.values()),
        "f1_speech_least": min(one["f1_speech"] for one in files.values()),
        "pages": len(files),
        "pages_without_text": sorted(name for name, one in files.items() if not one["f1_speech"]),
        "whole": whole,
        "fragments": sorted(set(files) - set(whole)),
        "fragment_rule": f"the reference has fewer than {MIN_WHOLE_SHARE:.0%} of the words that its page shows",
        "files": files,
    }


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def token_f1(ours: list[str], wanted: list[str]) -> float:
    """Return the F1 of two multisets of tokens."""
    shared = (Counter(ours) & Counter(wanted)).total()
    return 2 * shared / max(1, len(ours) + len(wanted))


def _speech(shown: str) -> str:
    """Return what a page of the Federal Reserve's shows of a speech, less the links between its parts and below it."""
    start = re.search(r"Remarks by|Testimony of", shown)
    end = list(re.finditer(r"Return to top|199\d Speeches", shown))
    below = next((found.start() for found in end if found.start() > len(shown) - 700), len(shown))
    return shown[start.start() if start else 0 : below].replace("Return to top", "")


def _covered(ours: list[str], reference: list[str]) -> list[str]:
    """Return our words from the reference's first six to its last six; to an end where they are not found."""
    start = _place(ours, reference[:6])
    end = _place(ours[::-1], reference[:-7:-1])
    return ours[start : len(ours) - end]


def _place(words: list[str], wanted: list[str]) -> int:
    size = len(wanted)
    return next((at for at in range(len(words) - size + 1) if words[at : at + size] == wanted), 0)


def _timed(call: Callable[[], str]) -> tuple[str, float]:
    """Return a call's result and the least of some times, in seconds."""
    times, result = [], ""
    for _ in range(REPEATS):
        started = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - started)
    return result, min(times)


def main() -> None:
    """Print the figures of every part whose documents are there."""
    for name, part, folder in (
        ("fed_speeches", fed_speeches, REAL_TEXT / "raw" / "fed_speech_html"),
        ("filings", filings, REAL_TEXT / "raw" / "sec_html"),
    ):
        if not folder.is_dir():
            print(f"{name}: {folder} is absent")
            continue
        for figure, value in part(folder).items():
            if figure != "files":
                print(f"{name}.{figure}  {value}")


if __name__ == "__main__":
    main()
