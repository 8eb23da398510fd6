"""What a line of text calls for: cited works, footnotes, and links that lost their text.

While a line is put together a call is held as a number between two control characters, which XML cannot contain. When
the line is whole, runs of calls are found together with the brackets and separators around them, and written at once:
``[3-5]``, ``(Hill 1992; Katz 1995)`` or ``word.3,4`` as the titles of the works cited. What differs from GeoGalactica
(arXiv 2401.00434, section 3.2): a range names every work in it, an author who is part of the sentence stays, and a work
without a known title leaves no empty brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_tools.extract.markup import Markup, one_line

MAX_RANGE = 50
"""A range over more works than this is taken as its two ends."""
_CALL = r"\x02c\d+\x03"
_DASH = r"\s*[-‐‑–—−]\s*"
_PARTS = rf"(?:{_DASH}|\s*[,;]\s*|\s*)"
_RUN = rf"{_CALL}(?:{_PARTS}{_CALL})*"
_ENCLOSED = rf"\s*[\[(]\s*(?P<enclosed>{_CALL}(?:(?:{_PARTS}|\s*[,;]?\s*(?:and|&)\s*){_CALL})*)\s*[\])]"
_LOOSE = rf"(?P<stop>(?<=[^\d\s(\[])[.,;:])?(?P<space>\s*)(?P<loose>{_RUN})"
_CITED = re.compile(rf"(?:{_ENCLOSED}|{_LOOSE})(?P<after>\w?)")
_EACH = re.compile(rf"({_DASH})?\x02c(\d+)\x03")
_NOTE = re.compile(r"\s*(?:[\[(]\s*)?\x02n(\d+)\x03(?:\s*[\])])?")
_GAP = "\x02g\x03"
_GONE = "\x02x\x03"
_GONE_SPACE = re.compile(rf"\s*{_GONE}\s*(?=[.,;:)\]]|$)|{_GONE}")
_EMPTY_BRACKETS = re.compile(
    rf"\s*[(\[](?:\s|[,;:.&]|\b(?:see|also|and|or|in|cf|e\.g|i\.e|compare|refer to|shown in|as in)\b|{_GAP})*{_GAP}"
    rf"(?:\s|[,;:.&]|\b(?:and|or|for more|for details)\b|{_GAP})*[)\]]",
    re.IGNORECASE,
)
_TRAILING_GAP = re.compile(rf"[,;]?\s*\b(?:see(?: also)?|and|or)\s+{_GAP}(?=\s*[.;)]|\s*$)")
_ELSEWHERE = "another section"
"""Written where a sentence needs a noun in place of a link without text."""
_YEAR_END = re.compile(r"[\s,]*[(\[]?\b(?:1[89]|20)\d\d[a-z]?(?:[,;]\s*(?:1[89]|20)\d\d[a-z]?)*[)\]]?\s*$")


@dataclass(frozen=True)
class _Cited:
    places: tuple[int, ...]
    """Places in the reference list; empty where the work is not in it."""
    shown: str

    @property
    def names_an_author(self) -> bool:
        return sum(map(str.isalpha, self.shown)) > 2


class Calls:
    """Holds the calls of one document and writes them."""

    def __init__(self, markup: Markup, titles: Sequence[str] = ()) -> None:
        """``titles`` of the reference list, in its order; empty where a work has none."""
        self.markup = markup
        self.titles = titles
        self._cited: list[_Cited] = []
        self._notes: list[str] = []

    def cite(self, places: Sequence[int], shown: str) -> str:
        """Return what stands for a citation: ``places`` in the reference list, and the text that the source shows."""
        self._cited.append(_Cited(tuple(places), one_line(re.sub(r"[\x04\x05]", "", shown))))
        return f"\x02c{len(self._cited) - 1}\x03"

    def note(self, text: str) -> str:
        """Return what stands for the call of a footnote."""
        self._notes.append(text)
        return f"\x02n{len(self._notes) - 1}\x03"

    def gone(self) -> str:
        """Return what stands for a picture: nothing, and no white space before the sign that follows."""
        return _GONE

    def gap(self) -> str:
        """Return what stands for a link that has no text of its own and whose target is elsewhere."""
        return _GAP

    def written(self, line: str) -> str:
        """Return ``line`` with its calls written out."""
        if "\x02" not in line:
            return line
        if _GAP in line:
            line = _EMPTY_BRACKETS.sub("", line)
            line = _TRAILING_GAP.sub("", line).replace(_GAP, _ELSEWHERE)
        line = _GONE_SPACE.sub("", line)
        return one_line(_NOTE.sub(self._note, self._with_citations(line)))

    def _note(self, match: re.Match[str]) -> str:
        return f" {self.markup.note(self._notes[int(match[1])])}"

    def _with_citations(self, line: str) -> str:
        depth = seen = 0

        def write(match: re.Match[str]) -> str:
            nonlocal depth, seen
            depth, seen = _depth(depth, line[seen : match.start()]), match.end()
            after = match["after"]
            if match["enclosed"]:
                written = self._titles(match["enclosed"], " [{}]" if depth else " ({})")
            elif depth:
                written = self._inside_brackets(match)
            else:
                written = self._loose(match)
            return f"{written}{' ' if after else ''}{after}"

        return _CITED.sub(write, line)

    def _inside_brackets(self, match: re.Match[str]) -> str:
        """Return a run of calls among other words in brackets: numbers in brackets of their own, authors in none."""
        run, space = match["loose"], match["space"]
        before = match.string[match.start("loose") - 1 : match.start("loose")]
        lead = f"{match['stop'] or ''}{space or ('' if before in '([' else ' ')}"
        cited = self._cited_in(run)
        bare = before in "([" or any(one.names_an_author for one in cited)
        written = self._titles(run, "{}" if bare else "[{}]")
        return lead + (written.strip() or "; ".join(one.shown for one in cited))

    def _loose(self, match: re.Match[str]) -> str:
        """Return a run of calls that stands in no brackets; one set after a full stop goes before it."""
        stop, space = match["stop"] or "", match["space"]
        cited = self._cited_in(match["loose"])
        if any(one.names_an_author for one in cited):
            return f"{stop}{space}{', '.join(map(self._with_author, cited))}"
        titles = self._titles(match["loose"], " ({})")
        if not titles:
            return stop
        return f"{stop}{titles}" if space else f"{titles}{stop}"

    def _cited_in(self, run: str) -> list[_Cited]:
        return [self._cited[int(number)] for _, number in _EACH.findall(run)]

    def _with_author(self, cited: _Cited) -> str:
        """Return an author who is part of the sentence, with the work's title in place of its year."""
        found = self._joined(cited.places)
        if not found:
            return cited.shown
        return f"{_YEAR_END.sub('', cited.shown)} {found if self.markup.marks else f'({found})'}"

    def _titles(self, run: str, form: str) -> str:
        """Return the titles of a run of calls, each once, in ``form``; empty where none has a title."""
        places: list[int] = []
        for dash, number in _EACH.findall(run):
            now = self._cited[int(number)].places
            if dash and places and now and 0 < now[0] - places[-1] <= MAX_RANGE:
                places += range(places[-1] + 1, now[0])
            places += now
        found = self._joined(places)
        if not found:
            return ""
        return f" {found}" if self.markup.marks and form != "{}" else form.format(found)

    def _joined(self, places: Sequence[int]) -> str:
        titles = list(dict.fromkeys(title for place in places if (title := self.titles[place])))
        if self.markup.marks:
            return " ".join(map(self.markup.reference, titles))
        return "; ".join(titles)


def _depth(depth: int, text: str) -> int:
    """Return how deep in brackets a text ends that begins at ``depth``."""
    for sign in re.findall(r"[()\[\]]", text):
        depth = max(0, depth + (1 if sign in "([" else -1))
    return depth
