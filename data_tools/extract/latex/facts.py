r"""What a LaTeX source says about its document: title, authors, date, language, licence, bibliography."""

from __future__ import annotations

import re

from data_tools.extract.latex.bibliography import Entry, read_bbl, read_bib
from data_tools.extract.latex.labels import Place, words_of_key
from data_tools.extract.latex.names import LANGUAGES
from data_tools.extract.latex.reader import Reader
from data_tools.extract.latex.source import CITED, GONE, PARAGRAPH
from data_tools.extract.markup import one_line

_MAX_AUTHORS = 500
_AUTHORS_APART = re.compile(r"\\(?:and|And|AND|quad|qquad|IEEEauthorblockN)(?![A-Za-z])|\\andauthor")
_NAMES_APART = re.compile(r"\s*(?:,|;|&|\band\b|\bund\b|\bet\b|\by\b)\s*")
_MARKS = re.compile(r"\$[^$]{0,80}\$|\\(?:inst|textsuperscript|affil|orcidlink|fnmsep|corref|fnref)\s*\{[^{}]*\}|~")
_LINE_BREAK = re.compile(r"\\\\|\\newline")
_NO_NAME = re.compile(
    r"\d|@|universi|institut|depart|school|college|laborator|faculty|centre|center|email|http", re.IGNORECASE
)
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10,
           "nov": 11, "dec": 12}  # fmt: skip
_ISO_DATE = re.compile(r"\b((?:19|20)\d\d)-(\d\d)(?:-(\d\d))?\b")
_WRITTEN_DATE = re.compile(
    r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?)?(?P<month>[A-Z][a-z]{2,8})\.?"
    r"(?:\s+(?P<second_day>\d{1,2})(?:st|nd|rd|th)?)?,?\s+(?P<year>(?:19|20)\d\d)\b"
)
_YEAR_ALONE = re.compile(r"\A\D{0,12}((?:19|20)\d\d)\W*\Z")
_CC_ADDRESS = re.compile(
    r"creativecommons\.org/(?:licenses/(by(?:-nc)?(?:-sa|-nd)?)/(\d\.\d)|publicdomain/zero/(1\.0))"
)
_TEXTUAL = re.compile(r"[cC]itet\*?|[tT]extcites?|cite(?:asnoun|A|N)|[cC]itealt|shortciteA|tcite")


def title_of(reader: Reader, sources: list[str]) -> str:
    """Return the first of ``sources`` that says something, on one line."""
    reader.without_notes = True
    for source in sources:
        if title := reader.fragment(source.replace("\\\\", " ").replace(PARAGRAPH, " ")):
            return title
    return ""


def authors_of(reader: Reader) -> list[str]:
    """Return the authors' names; what else stands among them, as far as it shows, is left out."""
    reader.without_notes = True
    names: dict[str, None] = {}
    for source in reader.facts.authors[:_MAX_AUTHORS]:
        for part in _AUTHORS_APART.split(source)[:_MAX_AUTHORS]:
            first_line = next((line for line in _LINE_BREAK.split(_own(reader, part)) if line.strip(" {}")), "")
            for name in _NAMES_APART.split(reader.fragment(_MARKS.sub("{} ", first_line))):
                name = one_line(name).strip(" .,*†‡")
                if 1 < len(name.split()) <= 6 and len(name) < 80 and not _NO_NAME.search(name):
                    names[name] = None
    return list(names)[:_MAX_AUTHORS]


def _own(reader: Reader, source: str) -> str:
    """Return ``source`` with a command of the document's own, if it is all that stands there, expanded once."""
    macro = reader.macros.get(source.strip().removeprefix("\\").removesuffix("{}"))
    return macro.expanded(()) if macro and not macro.parameters else source


def date_of(reader: Reader) -> str:
    """Return the date as ISO 8601, as far as it is stated; empty where it is none."""
    for source in reader.facts.dates:
        if date := iso_date(reader.fragment(source)):
            return date
    return ""


def iso_date(text: str) -> str:
    """Return an English date as ISO 8601: ``12 March 2021``, ``March 2021``, ``2021``."""
    if iso := _ISO_DATE.search(text):
        return iso[0]
    for match in _WRITTEN_DATE.finditer(text):
        month = _MONTHS.get(match["month"][:3].lower())
        day = int(match["day"] or match["second_day"] or 0)
        if month and day <= 31:
            return f"{match['year']}-{month:02d}" + (f"-{day:02d}" if day else "")
    year = _YEAR_ALONE.match(text)
    return year[1] if year else ""


def language_of(reader: Reader) -> str:
    """Return the document's main language: of those that babel is given, the last."""
    known = [LANGUAGES[name] for name in map(str.strip, reader.facts.languages) if name in LANGUAGES]
    return known[-1] if known else ""


def license_of(reader: Reader) -> str:
    """Return the licence that the packages hyperxmp or doclicense are given, as an SPDX identifier."""
    for source in reader.facts.licenses:
        if address := _CC_ADDRESS.search(source):
            return "CC0-1.0" if address[3] else f"CC-{address[1].upper()}-{address[2]}"
        options = dict(re.findall(r"(type|modifier|version)\s*=\s*\{?([\w.-]+)", source))
        if options.get("type") == "CC" and "modifier" in options:
            modifier = options["modifier"].upper()
            return "CC0-1.0" if modifier == "ZERO" else f"CC-{modifier}-{options.get('version', '4.0')}"
    return ""


class Bibliography:
    """The works that a document cites."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._entries: dict[str, Entry] = {}
        self._titles: dict[str, str] = {}
        files, facts = reader.files, reader.facts
        formatted = read_bbl("\n".join(facts.references))
        missing = False
        for name in dict.fromkeys(name.strip() for name in facts.bibliographies):
            path = files.find(name, [files.folder], ".bib", repair="") if name else None
            text = files.read(path) if path else None
            missing = missing or text is None
            self._entries |= read_bib(text or "")
        if missing or not (facts.bibliographies or formatted):
            beside = files.folder / f"{files.main.name.partition('.tex')[0]}.bbl"
            formatted |= read_bbl((files.read(beside) or "") if beside.is_file() else "")
        if missing and not formatted:
            files.note("missing bibliography")
        for key, entry in formatted.items():
            if not self._entries.get(key, Entry()).title:
                self._entries[key] = entry
        self.num_references = len(formatted)

    def count(self, places: list[Place]) -> int:
        """Return the number of works in the list of references: those formatted, else those cited."""
        cited = {key for place in places if "cit" in place.command.lower() for key in place.keys}
        return self.num_references or len(cited & self._entries.keys())

    def written(self, place: Place) -> str:
        """Return what a citation says: the works' titles, after the authors where the sentence needs them."""
        command = place.command
        entries = [(key, self._entries[key]) for key in place.keys if key in self._entries]
        if command.lower().startswith("citeauthor"):
            return self._hole(place, [self._authors(key, entry) for key, entry in entries])
        if command.startswith("citeyear") or command == "citedate":
            years = ", ".join(entry.year for _, entry in entries if entry.year)
            return f"({years})" if years and command == "citeyearpar" else years or GONE * 2
        if _TEXTUAL.fullmatch(command):
            return self._hole(place, [self._in_sentence(key, entry) for key, entry in entries])
        titles = [title for key, entry in entries if (title := self._title(key, entry))]
        if not titles:
            return self._hole(place, [])
        if self._reader.markup.marks:
            return " ".join(map(self._reader.markup.reference, titles))
        return f"{CITED}{self._reader.markup.reference('; '.join(titles))}{CITED}"

    def _hole(self, place: Place, written: list[str]) -> str:
        """Return ``written``, or the words of the keys where a sentence may need them."""
        found = [text for text in written if text]
        if found:
            return " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))
        words = " and ".join(filter(None, map(words_of_key, place.keys)))
        return words if words and _TEXTUAL.fullmatch(place.command) else f"{GONE}{words}{GONE}"

    def _in_sentence(self, key: str, entry: Entry) -> str:
        title = self._title(key, entry)
        authors = self._authors(key, entry)
        return f"{authors} {self._reader.markup.reference(title)}".strip() if title else authors

    def _authors(self, key: str, entry: Entry) -> str:
        return self._reader.fragment(entry.cited_authors()) or words_of_key(key)

    def _title(self, key: str, entry: Entry) -> str:
        if key not in self._titles:
            self._titles[key] = self._reader.fragment(entry.title).rstrip(". ")
        return self._titles[key]
