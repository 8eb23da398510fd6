"""From lines to running text: words hyphenated at a line's end, raised and lowered characters, calls of notes.

A hyphen at a line's end is dropped or kept as in any other text (data_tools/repairs/hyphens.py), but never left before
a space, save where the word is completed later. Raised and lowered characters become plain text: ``10^-3``, ``m2``,
``δ18O``, ``SiO2``, ``V_p``; a raised call of a note or a citation is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from data_tools.extract.pdf.lines import Line
from data_tools.extract.pdf.segments import END, LOWERED, RAISED, plain
from data_tools.repairs.hyphens import Chooser, is_suspended

_WORD = r"[^\W_]+(?:[-‐'’][^\W_]+)*"
_HYPHENS, _DASHES = "-‐\u00ad", "–—"
_LAST_PART = re.compile(rf"({_WORD})[-‐\u00ad]$")
_FIRST_PART = re.compile(_WORD)
_SCRIPT = re.compile(f"(?P<mark>[{RAISED}{LOWERED}])(?P<text>[^{END}]*){END}")
_NOTE_CALL = re.compile(r"(?:\d{1,3}(?:\s*[,;–−-]\s*\d{1,3})*|[*∗†‡§¶‖#]{1,3}|[a-z](?:\s*,\s*[a-z\d])*)[,)]?")
_SIGNED = re.compile(r"[+\-−–±]\s?(?=[\d(a-zA-Z])")
_URL = re.compile(r"\b(?:https?:|www\.|doi\.org)\S*$")
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef]")
_UNITS = frozenset({"m", "km", "cm", "mm", "nm", "dm", "ft", "mi"})
_PLAIN_RAISED = frozenset({"st", "nd", "rd", "th", "o", "a", "®", "™", "°"})
_TEX_LOGO = re.compile(f"L{RAISED}A{END}T")


class Joiner:
    """Joins the lines of one document, whose words it knows."""

    def __init__(self, lines: Sequence[Line]) -> None:
        texts = [plain(line.text) for line in lines]
        self._chooser = Chooser("\n".join(texts))
        parts = [(_LAST_PART.search(before), _FIRST_PART.match(line)) for before, line in pairwise(texts)]
        self._chooser.learn([(last[1], first[0]) for last, first in parts if last and first], len(lines))

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
        first = _FIRST_PART.match(line)
        if not first or not _LAST_PART.search(text, text.rfind(" ") + 1):
            return text + line if text[-2:-1] not in ("", " ") and first else f"{text} {line}"
        if text[-1] == "\u00ad":
            return text[:-1] + line
        if is_suspended(line):
            return f"{text} {line}"
        last = text[text.rfind(" ") + 1 : -1]  # with what stands around it: an address keeps its hyphens
        return text[:-1] + line if self._chooser.choose(last, first[0]) == last + first[0] else text + line


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
        if not inside:
            parts.append(" ")
            place = found.end()
            continue
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
    if (text in note_labels and not (unit and text in ("2", "3"))) or _is_call(before, letters, text):
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
