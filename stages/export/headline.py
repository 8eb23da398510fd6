"""The three lines that a run ends with: domain gain, general loss, final score, each base -> adapted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LABEL_WIDTH = 14


def headline(scores: Mapping[str, Any], published: str) -> list[str]:
    """Return exactly three lines on the ``published`` model, from the content of ``scores.json``.

    Where there are no domain questions the last line says so; bits per byte stand alone then.
    """
    return [
        _text_line("domain gain", scores, "domain", published),
        _text_line("general loss", scores, "general", published),
        _score_line(scores, published),
    ]


def _line(label: str, rest: str) -> str:
    return f"{label + ':':<{_LABEL_WIDTH}} {rest}"


def _text_line(label: str, scores: Mapping[str, Any], part: str, published: str) -> str:
    section = scores["text"].get(part)
    if section is None:
        return _line(label, f"not measured, no {part} test text")
    found = section["models"][published]
    change = found["relative"]
    return _line(
        label,
        f"{found['first']['value']:.3f} -> {found['second']['value']:.3f} bits per byte "
        f"({change['value']:+.1%}, 95 % interval {100 * change['low']:+.1f} .. {100 * change['high']:+.1f})",
    )


def _score_line(scores: Mapping[str, Any], published: str) -> str:
    section = scores["groups"].get("domain")
    if section is None:
        return _line("final score", "not measured, no questions on the domain")
    found = section["models"][published]
    change = found["difference"]
    return _line(
        "final score",
        f"{found['first']['value']:.1%} -> {found['second']['value']:.1%} of {section['num_questions']} "
        f"{scores['domain']} questions ({100 * change['value']:+.1f} points, "
        f"95 % interval {100 * change['low']:+.1f} .. {100 * change['high']:+.1f})",
    )
