r"""Bibliographies of LaTeX documents: BibTeX's ``.bib``, and ``.bbl`` or ``thebibliography`` as styles write them.

Only what a citation is replaced by is read: title, authors, year, all as LaTeX source. A reader of our own, because the
known ones (bibtexparser, pybtex) stop at the first damaged entry or take seconds for a file of some thousand entries;
here an entry that cannot be read costs itself alone. ``@string`` abbreviations and ``#`` are resolved in titles;
``crossref`` is not followed.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

MAX_FIELD_CHARACTERS = 2000
"""A longer title is none."""
_MAX_VALUE_CHARACTERS = 20_000
"""A longer value is cut: abbreviations made of abbreviations can double with each line."""
_MAX_NAMES_CHARACTERS = 4000
_ENTRY = re.compile(r"@\s*+([A-Za-z]+)\s*+[{(]\s*+")
_KEY = re.compile(r"([^\s,{}=\"#%']{1,200})\s*,")
_FIELD = re.compile(r"\s*+,?\s*+([A-Za-z][\w:+-]*+)\s*+=\s*+")
_PIECE = re.compile(r"\s*+(?:#\s*+)?(?:\"|\{|([\w:.-]++))")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_QUOTE_END = re.compile(r"\\.|[{}\"]", re.DOTALL)
_NOT_ENTRIES = ("comment", "preamble")

_BIBITEM = re.compile(r"\\bibitem\s*(?:\[)?|\\entry\s*\{([^{}]+)\}\s*\{([^{}]*)\}")
_BIBITEM_KEY = re.compile(r"[\s%]*+\{([^{}]+)\}")
_BIBLATEX_FIELD = re.compile(r"\\field\s*\{(title|year)\}\s*\{")
_BIBLATEX_FAMILY = re.compile(r"\bfamily\s*=\s*\{?\{((?:[^{}]|\{[^{}]*\}){1,200})\}")
_TITLE_INFO = re.compile(r"\\bibinfo\s*\{\s*title\s*\}\s*\{")
_TITLE_COMMAND = re.compile(
    r"\\(?:bibinfo|bibfield|BIBentry\w*)\s*\{\s*(?:title|booktitle)\s*\}\s*\{|\\(?:showarticletitle|articletitle|bibtitle|"
    r"btitle|atitle|enquote)\s*\{"
)
_QUOTED = re.compile(r"``((?:[^`']|'(?!')){8,400}?),?''|“([^”]{8,400}),?”")
_BLOCK = re.compile(r"\\newblock\b")
_LABEL = re.compile(r"\A(.{1,200}?)\s*\(\s*(\d{4})[a-z]?\s*\)", re.DOTALL)
_WORD = re.compile(r"(?:[^\s{}]|\{(?:[^{}]|\{[^{}]*\})*\})+")
_YEAR = re.compile(r"\b(1[5-9]\d\d|20\d\d)\b")


@dataclass(frozen=True, slots=True)
class Entry:
    """A cited work, in LaTeX source."""

    title: str = ""
    authors: tuple[str, ...] = ()
    """Family names."""
    year: str = ""

    def cited_authors(self) -> str:
        """Return the authors as a sentence names them."""
        if len(self.authors) > 2:
            return f"{self.authors[0]} et al."
        return " and ".join(self.authors)


def read_bib(text: str) -> dict[str, Entry]:
    """Return the entries of a BibTeX file by key; damaged ones are left out."""
    entries: dict[str, Entry] = {}
    strings: dict[str, str] = {}
    pos = 0
    while match := _ENTRY.search(text, pos):
        pos = match.end()
        kind = match[1].lower()
        if kind in _NOT_ENTRIES:
            continue
        key = ""
        if kind != "string":
            found = _KEY.match(text, pos)
            if not found:
                continue
            key, pos = found[1], found.end()
        fields, pos = _fields(text, pos, strings)
        if kind == "string":
            strings.update(fields)
        elif fields:
            entries.setdefault(key, _entry(fields))
    return entries


def _fields(text: str, pos: int, strings: dict[str, str]) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    while match := _FIELD.match(text, pos):
        value, pos = _value(text, match.end(), strings)
        fields[match[1].lower()] = value
    return fields, pos


def _value(text: str, pos: int, strings: dict[str, str]) -> tuple[str, int]:
    r"""Return a field's value, ``{..}``, ``".."`` or a name, several joined by ``#``, and its end."""
    value, first = "", True
    while match := _PIECE.match(text, pos):
        if not first and "#" not in match[0]:
            break
        pos, first = match.end(), False
        if match[1]:
            part = strings.get(match[1].lower(), match[1])
        else:
            end = _end_of(text, pos, "}" if match[0].endswith("{") else '"', _MAX_VALUE_CHARACTERS)
            part, pos = text[pos:end], end + 1
        value = (value + part)[:_MAX_VALUE_CHARACTERS]
    return value, pos


def _end_of(text: str, pos: int, closing: str, max_characters: int = MAX_FIELD_CHARACTERS) -> int:
    """Return where a group or quotation ends: at its closing sign, at the latest where the next entry begins."""
    last = text.find("\n@", pos, pos + max_characters)
    last = min(len(text), pos + max_characters) if last < 0 else last
    depth = 0
    for match in (_BRACE if closing == "}" else _QUOTE_END).finditer(text, pos, last):
        sign = match[0]
        if sign == closing and not depth:
            return match.start()
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth < 0:
            return match.start()
    return last


def _entry(fields: dict[str, str]) -> Entry:
    title = fields.get("title", "")
    names = fields.get("author") or fields.get("editor") or ""
    year = _YEAR.search(fields.get("year") or fields.get("date") or "")
    return Entry(title if len(title) <= MAX_FIELD_CHARACTERS else "", _families(names), year[1] if year else "")


def _families(names: str) -> tuple[str, ...]:
    """Return the family names of the first authors in a list such as ``Last, First and First {von Last}``."""
    people: list[list[str]] = [[]]
    for word in _WORD.findall(names[:_MAX_NAMES_CHARACTERS]):
        if word.lower() == "and":
            people.append([])
        else:
            people[-1].append(word)
    return tuple(_family(words) for words in people[:4] if words)


def _family(words: list[str]) -> str:
    for number, word in enumerate(words):
        if word.endswith(","):
            return " ".join(words[: number + 1]).rstrip(",")
    start = next((at for at, word in enumerate(words[:-1]) if at and word[0].islower()), len(words) - 1)
    return " ".join(words[start:])


def read_bbl(text: str) -> dict[str, Entry]:
    """Return the entries of a formatted bibliography by key, with the title where its style marks one."""
    entries: dict[str, Entry] = {}
    starts = list(_BIBITEM.finditer(text))
    for match, following in itertools.zip_longest(starts, starts[1:]):
        end = following.start() if following else len(text)
        if match[1]:
            entries.setdefault(match[1], _biblatex_entry(text, match.end(), end))
            continue
        pos, label = match.end(), ""
        if match[0].endswith("["):
            label, pos = _bracketed(text, pos, end)
        key = _BIBITEM_KEY.match(text, pos, end)
        if key:
            entries.setdefault(key[1].strip(), _bibitem_entry(text[key.end() : end], label))
    return entries


def _bracketed(text: str, pos: int, end: int) -> tuple[str, int]:
    depth = 0
    for at in range(pos, min(end, pos + MAX_FIELD_CHARACTERS)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if text[at] == "]" and depth <= 0:
            return text[pos:at], at + 1
    return "", pos


def _biblatex_entry(text: str, pos: int, end: int) -> Entry:
    fields = {}
    for match in _BIBLATEX_FIELD.finditer(text, pos, end):
        fields[match[1]] = text[match.end() : min(_end_of(text, match.end(), "}"), end)]
    families = tuple(match[1] for match in _BIBLATEX_FAMILY.finditer(text, pos, end))
    return Entry(fields.get("title", ""), families[:4], fields.get("year", ""))


def _bibitem_entry(text: str, label: str) -> Entry:
    title = ""
    if marked := _TITLE_INFO.search(text) or _TITLE_COMMAND.search(text):
        title = text[marked.end() : _end_of(text, marked.end(), "}")]
    elif len(parts := _BLOCK.split(text)) > 2:
        title = parts[1]
    elif quoted := _QUOTED.search(text):
        title = quoted[1] or quoted[2]
    elif len(parts) == 2:
        title = parts[1].split(". ")[0]
    named = _LABEL.match(label.strip().strip("{}"))
    year = _YEAR.search(named[2] if named else label + text)
    authors = (named[1].strip().strip("{}~ "),) if named else ()
    title = title.strip().rstrip(".,;").strip()
    return Entry(title if len(title) <= MAX_FIELD_CHARACTERS else "", authors, year[1] if year else "")
