"""From lines to running text: words hyphenated at a line's end, raised and lowered characters, calls of notes.

A hyphen at a line's end is dropped or kept as the rest of the document writes the word. Where it never does, two parts
in small letters are joined, but for common compounds, and but for documents that part no words at line ends. Raised
and lowered characters become plain text: ``10^-3``, ``m2``, ``δ18O``, ``SiO2``, ``V_p``; a raised call of a note or a
citation is dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from data_tools.extract.pdf.lines import Line
from data_tools.extract.pdf.segments import END, LOWERED, RAISED, plain

MIN_HYPHENATED = 0.015
"""Where fewer lines end with a hyphen, they are those of compounds, as in most files of word processors."""
MAX_WORDS = 2_000_000
"""So many different words of a document are remembered."""
_WORD = re.compile(r"[^\W_]+(?:[-‐'’][^\W_]+)*")
_HYPHENS, _DASHES = "-‐\u00ad", "–—"
_LAST_PART = re.compile(r"([^\W_]+(?:[-‐'’][^\W_]+)*)[-‐\u00ad]$")
_FIRST_PART = re.compile(r"[^\W_]+(?:[-‐'’][^\W_]+)*")
_COMPOUND_FIRST = frozenset({"quasi", "self", "well"})
_COMPOUND_LAST = frozenset(
    {"associated", "based", "bearing", "borne", "called", "causing", "coated", "colored", "coloured", "containing"}
    | {"dependent", "derived", "driven", "filled", "free", "grained", "induced", "level", "mediated", "oriented"}
    | {"related", "resistant", "rich", "scale", "sensitive", "shaped", "sized", "specific", "stained", "term"}
    | {"threatening", "treated", "weighted"}
)
_PREFIXES = frozenset(
    {"anti", "auto", "counter", "hyper", "infra", "inter", "macro", "micro", "multi", "over", "photo", "post", "proto"}
    | {"super", "trans", "under"}
)
"""After these, English writes most words without a hyphen."""
_SCRIPT = re.compile(f"(?P<mark>[{RAISED}{LOWERED}])(?P<text>[^{END}]*){END}")
_NOTE_CALL = re.compile(r"(?:\d{1,3}(?:\s*[,;–−-]\s*\d{1,3})*|[*∗†‡§¶‖#]{1,3}|[a-z](?:\s*,\s*[a-z\d])*)[,)]?")
_SIGNED = re.compile(r"[+\-−–±]\s?(?=[\d(a-zA-Z])")
_HYPHEN_INSIDE = re.compile("[-‐]")
_URL = re.compile(r"\b(?:https?:|www\.|doi\.org)\S*$")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_UNITS = frozenset({"m", "km", "cm", "mm", "nm", "dm", "ft", "mi"})
_PLAIN_RAISED = frozenset({"st", "nd", "rd", "th", "o", "a", "®", "™", "°"})
_TEX_LOGO = re.compile(f"L{RAISED}A{END}T")


class Joiner:
    """Joins the lines of one document, whose words it knows."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.words: Counter[str] = Counter()
        for line in lines:
            if len(self.words) > MAX_WORDS:
                break
            text = plain(line.text)
            words = [_plain_hyphens(word) for word in _WORD.findall(text)]
            self.words.update(words[1:-1] if text[-1:] in _HYPHENS else words[1:])
        self.hyphenates = self._is_hyphenated(lines)

    def _is_hyphenated(self, lines: Sequence[Line]) -> bool:
        """Return whether the document parts words at line ends: by the words known, else by how often lines end so."""
        ends = whole = parted = 0
        for before, line in pairwise(lines):
            last, first = _LAST_PART.search(before.text), _FIRST_PART.match(line.text)
            if last and first:
                ends += 1
                whole += self.words[_plain_hyphens(last[1] + first[0])] > 0
                parted += self.words[_plain_hyphens(f"{last[1]}-{first[0]}")] > 0
        return whole > parted if whole != parted else ends >= MIN_HYPHENATED * len(lines)

    def joined(self, lines: Sequence[Line], note_labels: dict[int, set[str]] | None = None) -> str:
        """Return the text of ``lines`` as one line; ``note_labels``: by page, the labels of its footnotes."""
        text = ""
        for line in lines:
            piece = resolved(line.text, (note_labels or {}).get(line.page, set()))
            text = self._appended(text, piece) if text else piece
        return text.replace("\u00ad", "")

    def _appended(self, text: str, line: str) -> str:
        if not line:
            return text
        if text.endswith("/") and _URL.search(text):
            return text + line
        if text[-1] not in _HYPHENS:
            dash = (text[-1] in _DASHES and text[-2:-1].strip()) or (line[0] in _DASHES and line[1:2].strip())
            together = dash or (_CJK.match(text[-1]) and _CJK.match(line[0]))
            return text + line if together else f"{text} {line}"
        last, first = _LAST_PART.search(text), _FIRST_PART.match(line)
        if not last or not first:
            return text + line if text[-2:-1] not in ("", " ") and first else f"{text} {line}"
        if text[-1] == "\u00ad" or not self._keeps_hyphen(last[1], first[0]):
            return text[:-1] + line
        return text + line

    def _keeps_hyphen(self, last: str, first: str) -> bool:
        """Return whether ``last-first`` is written with a hyphen."""
        whole = self.words[_plain_hyphens(last + first)]
        parted = self.words[_plain_hyphens(f"{last}-{first}")]
        if whole != parted:
            return parted > whole
        tail = _HYPHEN_INSIDE.split(last)[-1]
        if last.endswith("Mc"):
            return False
        if not (tail[-1].islower() and first[0].islower()) or any(one.isdigit() for one in tail + first):
            return True
        if not self.hyphenates or (_HYPHEN_INSIDE.search(first) and self._are_words(last, first)):
            return True
        return last in _COMPOUND_FIRST or (len(last) > 3 and first in _COMPOUND_LAST and last not in _PREFIXES)

    def _are_words(self, last: str, first: str) -> bool:
        """Return whether ``lower`` and the beginning of ``than-normal`` are words of the document."""
        return all(self.words[part.lower()] for part in (last, _HYPHEN_INSIDE.split(first)[0]))


def _plain_hyphens(word: str) -> str:
    return word.lower().replace("‐", "-")


def resolved(text: str, note_labels: set[str]) -> str:
    """Return a line's text with its raised and lowered characters written out."""
    if END not in text:
        return text
    text = _TEX_LOGO.sub("LaT", text).replace("LaTEX", "LaTeX")
    parts, place = [], 0
    for found in _SCRIPT.finditer(text):
        parts.append(text[place : found.start()])
        before = "".join(parts[-4:])
        inside = found["text"].strip()
        after = text[found.end() : found.end() + 3]
        stacked = found.start() == place > 0 or after[:1] in (RAISED, LOWERED)
        raised = found["mark"] == RAISED
        parts.append(
            _raised(before, inside, after, stacked, note_labels) if raised else _lowered(before, inside, stacked)
        )
        place = found.end()
    parts.append(text[place:])
    return re.sub(r" +(?=[ ,;])", "", "".join(parts)).strip()


def _letters_at_end(text: str) -> str:
    found = re.search(r"[^\W\d_]*$", text)
    return found.group() if found else ""


def _lowered(before: str, text: str, stacked: bool) -> str:
    """Return a lowered ``text`` as it stands after ``before``: figures bare after letters, ``_`` before all else."""
    letters = _letters_at_end(before)
    chemical = text[:1].isdigit() and (letters or before[-1:] in (")", "]")) and not (stacked and len(letters) == 1)
    return text if chemical or before[-1:] in ("", " ") else f"_{text}"


def _raised(before: str, text: str, after: str, stacked: bool, note_labels: set[str]) -> str:
    """Return a raised ``text`` as it stands between ``before`` and ``after``; calls of notes and citations are dropped.

    ``stacked``: a lowered text stands beside it.
    """
    letters = _letters_at_end(before)
    unit = letters in _UNITS or (len(letters) == 1 and letters not in "aAI")  # those are words
    if (text in note_labels and not (unit and text in "23")) or _is_call(before, letters, text):
        return ""
    if not before and after[:1].isupper() and after[1:3].isalpha() and after[1:3].islower():
        return f"{text} "
    if text in _PLAIN_RAISED:
        return text
    text = _SIGNED.sub(lambda sign: sign.group().strip().replace("−", "-").replace("–", "-"), text)
    if before[-1:].isdigit() or (stacked and letters) or text[:1] in "+-±" or before[-1:] in (")", "]"):
        return f"^{text}"
    if letters and not text[:1].isdigit():
        return f"^{text}"
    return text


def _is_call(before: str, letters: str, text: str) -> bool:
    """Return whether a raised text calls a note or a citation: figures or signs after a long word or a stop."""
    if not _NOTE_CALL.fullmatch(text):
        return False
    after_word = len(letters) >= 4 and letters[1:].islower()
    return after_word or before[-1:] in (".", ",", ";", ":", "”", '"', "’", "?", "!")
