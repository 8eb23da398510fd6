"""What a PDF's document information says of title, authors, language and creation, as far as it can be believed.

The title is often a file's name or a template's: it is believed where the first page holds its words. The date of
creation says when the file was made, not when the text was published, so it is no document's date.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from data_tools.extract.markup import one_line

MAX_TITLE_CHARACTERS, MIN_TITLE_CHARACTERS = 300, 4
MIN_SHARED_WORDS = 0.6
"""This share of the title's words stand on the first page."""
MAX_OUTLINE_ENTRIES, MAX_OUTLINE_DEPTH = 10_000, 8
_NO_TITLE = re.compile(
    r"(?:untitled|unknown|title|document|microsoft word|powerpoint|presentation|slide|layout|template|null|none|print|"
    r"manuscript|main|paper|article|draft|report|full ?page|pii:|doi:)\b|"
    r".*\.(?:docx?|dvi|tex|indd|qxd|pdf|pptx?|xlsx?|rtf|odt|html?)\b",
    re.IGNORECASE,
)
_DATE = re.compile(r"D?:?(\d{4})(0[1-9]|1[0-2])?(0[1-9]|[12]\d|3[01])?")
_AUTHOR_BREAK = re.compile(r"\s*;\s*|\s+(?:and|und|&)\s+|\s*\n\s*")
_WORD = re.compile(r"[^\W_]{2,}")


def information(document: Any) -> dict[str, Any]:
    """Return ``authors``, ``created`` and ``keywords`` of a pypdfium2 document, those that it states."""
    stated = {name: _value(document, name) for name in ("Author", "CreationDate", "Keywords")}
    found: dict[str, Any] = {}
    if authors := _authors(stated["Author"]):
        found["authors"] = authors
    if date := _DATE.match(stated["CreationDate"]):
        found["created"] = "-".join(part for part in _leading(date.groups()))
    if stated["Keywords"]:
        found["keywords"] = stated["Keywords"]
    return found


def _value(document: Any, name: str) -> str:
    try:
        return one_line(document.get_metadata_value(name).replace("\0", ""))
    except UnicodeDecodeError:  # half a surrogate pair
        return ""


def _leading(parts: tuple[str | None, ...]) -> Iterator[str]:
    for part in parts:
        if not part:
            return
        yield part


def _authors(stated: str) -> list[str]:
    """Return the authors' names; commas part them only where each part has a given name and a surname."""
    names = [name for name in _AUTHOR_BREAK.split(stated) if name]
    if len(names) == 1 and "," in stated:
        parts = [part.strip() for part in stated.split(",") if part.strip()]
        names = parts if all(" " in part for part in parts) else names
    return [name.strip(" ,") for name in names if any(letter.isalpha() for letter in name)]


def stated_title(document: Any, first_page: str) -> str:
    """Return the title in the document information where ``first_page``, the page's text, bears it out; else none."""
    title = _value(document, "Title")
    words = [word.casefold() for word in _WORD.findall(title)]
    if not MIN_TITLE_CHARACTERS <= len(title) <= MAX_TITLE_CHARACTERS or not words:
        return ""
    there = {word.casefold() for word in _WORD.findall(first_page)}
    shared = sum(word in there for word in words) / len(words)
    return title if shared >= MIN_SHARED_WORDS and not (_NO_TITLE.match(title) and len(words) < 4) else ""


def language_of(document: Any) -> str:
    """Return the language that the document states, such as ``en-US``; empty where it states none."""
    import pypdfium2.raw as pdfium

    length = pdfium.FPDFCatalog_GetLanguage(document, None, 0)
    if not 4 <= length <= 80:
        return ""
    buffer = (pdfium.FPDF_WCHAR * (length // 2))()
    pdfium.FPDFCatalog_GetLanguage(document, buffer, length)
    tag = bytes(buffer).decode("utf-16-le", "replace").rstrip("\0")
    return tag if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", tag) else ""


def outline_of(document: Any) -> dict[str, int]:
    """Return the titles of the document's outline with their depth, from 0; the first of equal ones counts."""
    found: dict[str, int] = {}
    for entry in islice(document.get_toc(max_depth=MAX_OUTLINE_DEPTH), MAX_OUTLINE_ENTRIES):
        try:
            found.setdefault(one_line(entry.get_title()), entry.level)
        except (UnicodeDecodeError, ctypes.ArgumentError):
            continue
    return found
