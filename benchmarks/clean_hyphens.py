"""Words broken at line ends: real text set in lines as a printer does, and joined again by the two readers of lines."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

from benchmarks.real_text import REAL_TEXT
from data_tools.extract.pdf.joining import Joiner
from data_tools.extract.pdf.lines import Line
from data_tools.repairs.hyphens import join_broken_words

FOLDERS = (
    "geo/openstax_astronomy",
    "geo/gpg_textbook",
    "geo/gutenberg",
    "medical/openstax_microbiology",
    "finance/openstax_finance",
    "finance/fomc_minutes",
)
NUM_FILES, NUM_WORDS, MIN_WORDS = 60, 20_000, 300
WIDTH = 70
_VOWELS = "aeiouy"


def set_in_lines(words: Iterable[str]) -> tuple[list[str], int]:
    """Return lines of at most ``WIDTH`` characters, and how many of them end at a hyphen.

    A word that does not fit is broken at its own last hyphen that does, else after a vowel before a consonant.
    """
    lines, current, num_broken = [], "", 0
    for word in words:
        if len(current) + 1 + len(word) <= WIDTH:
            current = f"{current} {word}".strip()
            continue
        room = WIDTH - len(current) - 2
        hyphens = [at + 1 for at in range(1, min(room, len(word) - 1)) if _is_hyphen(word, at)]
        breaks = [at for at in range(2, min(len(word) - 2, room)) if len(word) > 6 and _may_break(word, at)]
        at = (hyphens or breaks or [0])[-1]
        if at:
            num_broken += 1
            lines.append(f"{current} {word[:at]}{'' if hyphens else '-'}")
        else:
            lines.append(current)
        current = word[at:]
    return [*lines, current], num_broken


def _is_hyphen(word: str, at: int) -> bool:
    return word[at] == "-" and word[at - 1].isalpha() and word[at + 1].isalpha()


def _may_break(word: str, at: int) -> bool:
    return word[at - 1] in _VOWELS and word[at] not in _VOWELS and word[: at + 2].isalpha()


def measure_hyphens() -> dict[str, float]:
    """Return the number of line ends at a hyphen, and which share each reader makes into another word than it was."""
    num_ends = 0
    wrong = {"pdf": 0, "text": 0}
    for folder in FOLDERS:
        files = [file for file in sorted((REAL_TEXT / folder).rglob("*")) if file.suffix in (".txt", ".rst")]
        for file in files[:NUM_FILES]:
            words = file.read_text("utf-8", errors="replace").split()[:NUM_WORDS]
            if len(words) < MIN_WORDS:
                continue
            lines, num_broken = set_in_lines(words)
            num_ends += num_broken
            of_pdf = [Line(text, 0.0, 0.0, 0.0, 0.0, 0, 0.0, 0.0) for text in lines]
            wrong["pdf"] += _num_changed(words, Joiner(of_pdf).joined(of_pdf).split())
            wrong["text"] += _num_changed(words, join_broken_words("\n".join(lines))[0].split())
    return {"hyphens_line_ends": num_ends} | {
        f"hyphens_wrong_{name}": round(number / num_ends, 4) for name, number in wrong.items()
    }


def _num_changed(words: list[str], found: list[str]) -> int:
    changes = SequenceMatcher(None, words, found, autojunk=False).get_opcodes() if words != found else []
    return sum(max(end - start, 1) for kind, start, end, _, _ in changes if kind != "equal")
