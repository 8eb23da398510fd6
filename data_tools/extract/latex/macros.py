r"""A LaTeX document's own commands: how they are defined, and the text that they expand to.

``\newcommand`` and its kin, ``\def`` with delimited parameters, ``\let``, xparse's ``\NewDocumentCommand``,
``\DeclareMathOperator``, ``\DeclarePairedDelimiter``. Expansion is of text, not of tokens: a command's name that would
run into a letter of an argument gets a space. Definitions hold from where they stand to the end of the document, also
those that TeX would forget at the end of a group.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_tools.extract.latex.source import NO_VALUE

_PARAMETER = re.compile(r"#(#|\d)")
_DELIMITERS = re.compile(r"#\d")
_SPECIFICATION = re.compile(r"\s*[+!>]?\s*([moOsdDrRtvgGb])")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a command, in the letters of xparse: what is read for it."""

    kind: str
    """``m`` mandatory, ``o`` in brackets, ``s`` a star, ``d`` between ``opening`` and ``closing``, ``u`` up to
    ``closing``, ``l`` literal text that must follow and is no argument."""
    default: str = NO_VALUE
    opening: str = ""
    closing: str = ""


@dataclass(frozen=True, slots=True)
class Macro:
    """A command of the document's own."""

    parameters: tuple[Parameter, ...] = ()
    parts: tuple[str | int, ...] = ()
    """The body: text, and the numbers of parameters, from 1."""
    native: str = ""
    """Set by ``\\let``: the command, not of the document's own, that it is another name for."""
    switch: tuple[str, bool] | None = None
    """Set by ``\\newif``: the condition that the command sets, and to what."""

    def expanded(self, arguments: Sequence[str]) -> str:
        """Return the body with the arguments in their places."""
        if len(self.parts) == 1 and isinstance(self.parts[0], str):
            return self.parts[0]
        written: list[str] = []
        for part in self.parts:
            piece = part if isinstance(part, str) else arguments[part - 1] if part <= len(arguments) else ""
            if piece and written and piece[0].isalpha() and ends_in_a_command(written[-1]):
                written.append(" ")
            if piece:
                written.append(piece)
        return "".join(written)


def ends_in_a_command(text: str) -> bool:
    r"""Whether a letter after ``text`` would lengthen its last command: ``\alpha`` but not ``\alpha{}`` or ``\\``."""
    start = text.rfind("\\")
    return start >= 0 and text[start + 1 :].replace("@", "").isalpha() and (start == 0 or text[start - 1] != "\\")


def body_of(text: str) -> tuple[str | int, ...]:
    """Return a definition's body as text and parameters."""
    parts: list[str | int] = []
    start = 0
    for match in _PARAMETER.finditer(text):
        if match.start() > start:
            parts.append(text[start : match.start()])
        parts.append("#" if match[1] == "#" else int(match[1]))
        start = match.end()
    if start < len(text):
        parts.append(text[start:])
    return tuple(parts)


def numbered(count: str, default: str | None) -> tuple[Parameter, ...]:
    r"""Return the parameters of ``\newcommand{\name}[count][default]``."""
    number = min(int(count), 9) if count.strip().isdigit() else 0
    if default is None or not number:
        return (Parameter("m"),) * number
    return (Parameter("o", default), *(Parameter("m"),) * (number - 1))


def delimited(text: str) -> tuple[Parameter, ...]:
    r"""Return the parameters that ``\def`` writes: ``#1#2``, or with delimiters, as in ``(#1,#2)``."""
    first, *delimiters = _DELIMITERS.split(text)
    parameters = [Parameter("l", opening=first)] if first.strip() else []
    for delimiter in delimiters:
        parameters.append(Parameter("u", closing=delimiter) if delimiter.strip("# ") else Parameter("m"))
    return tuple(parameters)


def specified(text: str) -> tuple[Parameter, ...]:
    """Return the parameters of an xparse specification such as ``s O{10} m``."""
    parameters: list[Parameter] = []
    pos = 0
    while match := _SPECIFICATION.match(text, pos):
        kind, pos = match[1], match.end()
        opening = closing = ""
        if kind in "dDrRt":
            tokens = text[pos:].lstrip()[: 1 if kind == "t" else 2]
            opening, closing = tokens[:1], tokens[1:2]
            pos = len(text) - len(text[pos:].lstrip()) + len(tokens)
        default, pos = _default(text, pos) if kind in "ODRG" else (NO_VALUE, pos)
        kind = {"O": "o", "D": "d", "r": "d", "R": "d", "v": "m", "g": "m", "G": "m", "b": "m"}.get(kind, kind)
        parameters.append(Parameter(kind, default, opening, closing))
    return tuple(parameters)


def _default(text: str, pos: int) -> tuple[str, int]:
    """Return the group that stands at ``pos``, and its end."""
    start = text.find("{", pos)
    depth = 0
    for at in range(max(start, 0), len(text) if start >= 0 else 0):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if not depth:
            return text[start + 1 : at], at + 1
    return "", len(text)
