r"""Numbers, labels, references and citations of a LaTeX document, and what becomes of those that lead nowhere.

Numbers are counted as the standard classes count them. A reference is written as a place while the document is read and
resolved at its end: a number, the heading's words where it has none, or, where nothing is known, the words of the label
if the sentence needs them; else it goes with the words that lead up to it, so that no "see Section ." is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from data_tools.extract.latex.source import CITED, GONE, PLACE

_SECTIONS = ("part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_NAMES = {
    "part": "Part", "chapter": "Chapter", "section": "Section", "appendix": "Appendix", "equation": "Eq.",
    "figure": "Fig.", "table": "Table", "algorithm": "Algorithm", "item": "item", "listing": "Listing",
}  # fmt: skip
_PAGES = ("pageref", "vpageref", "cpageref", "autopageref")
_TITLES = ("nameref", "titleref", "cnameref")
_WITH_NAMES = ("cref", "autoref", "crefrange", "vref", "fullref", "labelcref")
_PREFIX = re.compile(r"\A[A-Za-z]{1,6}[:.]")
_WORDS = re.compile(r"[A-Za-z]{2,}")
_KEY_YEAR = re.compile(r"\A(?P<name>[A-Za-z]{3,}?)(?:[-_:.]?et[-_]?al)?[-_:.]?(?P<year>(?:19|20)\d\d)[a-z]?\Z")

_NOUN = (
    r"(?:(?:figs?|figures?|secs?|sects?|sections?|subsections?|eqs?|eqns?|equations?|tabs?|tables?|chaps?|chapters?|"
    r"app|appendix|appendices|algs?|algorithms?|thm|theorems?|lemmas?|props?|propositions?|defs?|definitions?|refs?|"
    r"steps?|pages?|pp?|parts?|abb|abbildung|tabelle|abschnitt|kapitel|gl|gleichung|tableau|éq|équation|sección|figura|"
    r"tabla|listing|supplement|inset|panels?)\b\.?|§§?)"
)
_LEAD = (
    r"(?:see|cf|also|in|on|by|from|using|via|of|with|to|e\.g|i\.e|and|or|as|the|for|details|compare|following|after|"
    r"given|shown|described|defined|discussed|seen|presented|example|instance|therein|references|more|further|example)"
)
_HOLE = f"{GONE}[^{GONE}]*{GONE}"
_HOLES = rf"{_HOLE}(?:(?:\s|,|;|–|-|and|to|or|&|{_NOUN})*+{_HOLE}){{0,12}}+[a-z]?(?![A-Za-z])"
_IN_BRACKETS = re.compile(
    rf" ?[(\[](?=[^()\[\]]{{0,200}}{GONE})(?:\s|[,;:.]|{_NOUN}|{_LEAD}\b|{_HOLE}|[a-z](?![A-Za-z]))*+[)\]]",
    re.IGNORECASE,
)
_BEFORE_A_STOP = re.compile(
    rf"(?:,?\s+(?:see|cf|also|in|on|by|from|via|of|to|the|as|at|and|with|e\.g)\b\.?,?){{0,3}}\s*(?:{_NOUN})?\s*{_HOLES}"
    r"(?=\s*(?:[.,;:)\]?!]|\Z))",
    re.IGNORECASE,
)
_LONE_HOLE = re.compile(f"{GONE}([^{GONE}]*){GONE}")
_EMPTY_BRACKETS = re.compile(r" ?(?:\(\s*[,;:.]*\s*\)|\[\s*[,;:.]*\s*\])(?!\()")
_CITED_IN_BRACKETS = re.compile(rf"([(\[])([^()\[\]{CITED}]*){CITED}\(([^{CITED}]*)\){CITED}\s*([)\]])")
_CITED_WITHIN = re.compile(f"{CITED}([^{CITED}]*){CITED}")
_SPACE_BEFORE_STOP = re.compile(r"(?<=[^\s|\\]) +(?=[,;.:!?)](?:\s|$))")


@dataclass(frozen=True, slots=True)
class Target:
    """What a label is bound to."""

    kind: str = ""
    number: str = ""
    title: str = ""
    """A heading's words."""


@dataclass(frozen=True, slots=True)
class Place:
    """A reference or citation, by the command that makes it and its keys."""

    command: str
    keys: tuple[str, ...]


class Labels:
    """Counts what has numbers, and remembers what labels stand for."""

    def __init__(self) -> None:
        self.current = Target()
        """What a label met now is bound to."""
        self.bound: dict[str, Target] = {}
        self.places: list[Place] = []
        self.shared: dict[str, str] = {}
        """Counters that are another name for one."""
        self.in_appendix = False
        self.has_chapters = False
        self._parent = ""
        """The number that equations share inside ``subequations``."""
        self._num_parts = 0
        self._counts: dict[str, int] = {}
        self._within: dict[str, str] = {}

    def reset(self) -> None:
        """Forget what the preamble counted."""
        self._counts.clear()
        self.bound.clear()
        self.current = Target()

    def count_within(self, counter: str, parent: str) -> None:
        """Let ``counter`` begin anew, and be numbered below, each ``parent``."""
        if counter != parent:
            self._within[counter] = parent

    def step(self, counter: str) -> str:
        """Count one more and return its number."""
        counter = self.shared.get(counter, counter)
        if counter == "equation" and self._parent:
            self._num_parts += 1
            return f"{self._parent}{chr(ord('a') + min(self._num_parts, 26) - 1)}"
        self._counts[counter] = self._counts.get(counter, 0) + 1
        if counter in _SECTIONS:
            for lower in _SECTIONS[_SECTIONS.index(counter) + 1 :]:
                self._counts[lower] = 0
        for lower, parent in self._within.items():
            if parent == counter:
                self._counts[lower] = 0
        return self.number(counter)

    def number(self, counter: str, ahead: int = 0) -> str:
        """Return a counter's number as it is printed, ``ahead`` further on."""
        count = str(self._counts.get(counter, 0) + ahead)
        if counter in _SECTIONS:
            return self._section_number(counter)
        parent = self._within.get(counter)
        if parent is None and self.has_chapters and counter in ("figure", "table", "equation"):
            parent = "chapter"
        if parent is None or parent == counter:
            return count
        above = self.number(parent) if parent in _SECTIONS or parent not in self._within else ""
        return f"{above}.{count}" if above and above != "0" else count

    def _section_number(self, counter: str) -> str:
        if counter == "part":
            return str(self._counts.get("part", 0))
        first = 1 if self.has_chapters else 2
        names = _SECTIONS[first : _SECTIONS.index(counter) + 1]
        counts = [self._counts.get(name, 0) for name in names]
        numbers = [str(count) for count in counts]
        if self.in_appendix and counts and 0 < counts[0] <= 26:
            numbers[0] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[counts[0] - 1]
        return ".".join(numbers)

    def begin_subequations(self) -> None:
        """Number the equations that follow as ``2a``, ``2b``."""
        if not self._parent:
            self._parent, self._num_parts = self.step("equation"), 0
            self.current = Target("equation", self._parent)

    def end_subequations(self) -> None:
        """Number equations as usual again."""
        self._parent = ""

    def begin_appendix(self) -> None:
        """Number chapters, or sections, by letters from here."""
        self.in_appendix = True
        self._counts["chapter" if self.has_chapters else "section"] = 0

    def bind(self, label: str, target: Target | None = None) -> None:
        """Bind a label to what it stands in."""
        self.bound[label.strip()] = target or self.current

    def place(self, command: str, keys: str) -> str:
        """Return what stands in the text for a reference until it is resolved."""
        names = tuple(name for key in keys.split(",") if (name := key.strip()))
        self.places.append(Place(command, names))
        return f"{PLACE}{len(self.places) - 1}{PLACE}"

    def written(self, place: Place) -> str:
        """Return what a reference to labels says."""
        found = [self._one(place.command, key) for key in place.keys]
        if not found:
            return GONE * 2
        if place.command.endswith("range") and len(found) == 2:
            return "–".join(found)
        return " and ".join(filter(None, (", ".join(found[:-1]), found[-1])))

    def _one(self, command: str, key: str) -> str:
        target = self.bound.get(key, Target())
        command = command.lower()
        number = target.title if command in _TITLES or not target.number else target.number
        if command in _PAGES or not number:
            words = "" if command in _PAGES else " ".join(_WORDS.findall(_PREFIX.sub("", key)))
            return f"{GONE}{words}{GONE}"
        if target.number and (command == "eqref" or (command.startswith("c") and target.kind == "equation")):
            number = f"({number})"
        if target.number and command in _WITH_NAMES:
            return f"{_NAMES.get(target.kind, target.kind.capitalize())} {number}".strip()
        return number


def words_of_key(key: str) -> str:
    """Return ``Smith (2001)`` for a citation's key such as ``smith2001``; empty for another."""
    match = _KEY_YEAR.match(key)
    return f"{match['name'].capitalize()} ({match['year']})" if match else ""


def resolved(text: str, write: Callable[[int], str]) -> str:
    """Return ``text`` with every place filled by ``write`` and no stump left of those that lead nowhere."""
    if PLACE in text:
        text = re.sub(f"{PLACE}(\\d+){PLACE}", lambda match: write(int(match[1])), text)
    if GONE in text:
        text = "\n".join(_without_holes(line) if GONE in line else line for line in text.split("\n"))
    if CITED in text:
        text = _CITED_IN_BRACKETS.sub(lambda match: f"{match[1]}{match[2]}{match[3]}{match[4]}", text)
        text = _CITED_WITHIN.sub(r"\1", text)
    return text


def _without_holes(line: str) -> str:
    line = _IN_BRACKETS.sub("", line)
    line = _BEFORE_A_STOP.sub("", line)
    line = _LONE_HOLE.sub(r"\1", line)
    return _SPACE_BEFORE_STOP.sub("", _EMPTY_BRACKETS.sub("", line))
