r"""The texts that a LaTeX document is read from, and how a command finds its arguments in them.

A stack of texts: the main file, a file that it includes, what a command expands to. Every text is read once from left
to right; its pairs of braces are found in one pass, so that an argument costs no search. All expansion is counted.
"""

from __future__ import annotations

import re
from pathlib import Path

from data_tools.extract.latex.files import Files
from data_tools.extract.latex.macros import Parameter
from data_tools.extract.latex.source import PARAGRAPH, VERBATIM, Stash, prepared
from data_tools.extract.records import Unreadable

FREE_EXPANSION, EXPANSION_RATE = 500_000, 20
"""The document's commands may expand to so many characters, and so many for each character read."""
_MAX_OPTION_CHARACTERS = 3000
_MAX_DELIMITED_CHARACTERS = 20_000

_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_IN_BRACKETS = re.compile(r"\\.|[\]{}\x01]", re.DOTALL)
_BODY = re.compile(r"\\begin\s*\{document\}(.*?)(?:\\end\s*\{document\}|\Z)", re.DOTALL)
_OVERLAY = re.compile(r"<(?:[\d,+. -]|[a-z]+:|\|){1,20}>")
_SPACE = re.compile(r"\s*")
_COMMAND = re.compile(r"\\(?:[A-Za-z@]+\s*|.)", re.DOTALL)


class Frame:
    """A text being read: a file, or what a command expanded to."""

    __slots__ = ("_pairs", "depth", "path", "pos", "text", "without_fi")

    def __init__(self, text: str, depth: int, path: Path | None = None) -> None:
        self.text = text
        self.pos = 0
        self.depth = depth
        self.path = path
        self.without_fi = False
        self._pairs: dict[int, int] | None = None

    def closing(self, opening: int) -> int:
        """Return where the brace at ``opening`` is closed, or -1. All pairs are found at once, in one pass."""
        if self._pairs is None:
            self._pairs = {}
            waiting: list[int] = []
            for match in _BRACE.finditer(self.text):
                if match[0] == "{":
                    waiting.append(match.start())
                elif match[0] == "}" and waiting:
                    self._pairs[waiting.pop()] = match.start()
        return self._pairs.get(opening, -1)


class Input:
    """The stack of texts."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.stash = Stash()
        self.frames: list[Frame] = []
        self.began = False
        """Whether the document's own text has begun."""
        self.ended = False
        """Whether all of it is read: only fragments are read then, and no file."""
        self._floor = 0
        """Frames up to here belong to what a fragment is part of, and are not read in it."""
        self._expanded = 0
        self._num_characters = 0

    def include(self, source: str, path: Path) -> None:
        """Read a file's text next; of a file with a preamble, as of a subfile, the body."""
        self._num_characters += len(source)
        text = prepared(source, self.stash)
        if self.began and (body := _BODY.search(text)):
            text = body[1]
        self.frames.append(Frame(text, 0, path))

    def push(self, text: str) -> None:
        """Read ``text`` next."""
        depth = self.frames[-1].depth + 1 if self.frames else 1
        self._expanded += len(text) + 10
        limit = FREE_EXPANSION + EXPANSION_RATE * self._num_characters
        if self._expanded > limit:
            raise Unreadable("macro_bomb", f"its commands expand to more than {limit:,} characters")
        self.frames.append(Frame(text, depth))

    def stop(self) -> None:
        """Read nothing more."""
        del self.frames[self._floor :]

    def skip_space(self) -> bool:
        """Go to the next character that is not white space; False where the file or fragment ends before it."""
        while True:
            frame = self.frames[-1]
            space = _SPACE.match(frame.text, frame.pos)
            frame.pos = space.end() if space else frame.pos
            if frame.pos < len(frame.text):
                return True
            if len(self.frames) - 1 <= self._floor or frame.path is not None:
                return False
            self.frames.pop()

    def next_is(self, sign: str) -> bool:
        """Whether the next character that is not white space is ``sign``."""
        return self.skip_space() and self.frames[-1].text.startswith(sign, self.frames[-1].pos)

    def take(self, sign: str) -> bool:
        """Whether ``sign`` comes next; it is read then."""
        if not self.next_is(sign):
            return False
        self.frames[-1].pos += len(sign)
        return True

    def argument(self) -> str:
        """Return the source of a mandatory argument: a group, a character or a command; empty where there is none."""
        if not self.skip_space():
            return ""
        frame = self.frames[-1]
        text, pos = frame.text, frame.pos
        sign = text[pos]
        if sign == "{":
            end = frame.closing(pos)
            if end < 0:
                self.files.note("unbalanced braces")
                end = text.find(PARAGRAPH, pos)
                end = len(text) if end < 0 else end
                frame.pos = end
            else:
                frame.pos = end + 1
            return text[pos + 1 : end]
        if sign == "\\":
            command = _COMMAND.match(text, pos)
            frame.pos = command.end() if command else pos + 1
            return command[0].rstrip() or "\\" if command else ""
        if sign in f"}}$&{PARAGRAPH}":
            return ""
        end = text.find(VERBATIM, pos + 1) if sign == VERBATIM else pos
        frame.pos = end + 1
        return text[pos : end + 1]

    def option(self, opening: str = "[", closing: str = "]") -> str | None:
        """Return the source of an optional argument; None where there is none."""
        if not self.next_is(opening):
            return None
        frame = self.frames[-1]
        text, start = frame.text, frame.pos + len(opening)
        pattern = _IN_BRACKETS if closing == "]" else re.compile(r"\\.|[{}\x01]|" + re.escape(closing), re.DOTALL)
        pos, last = start, start + _MAX_OPTION_CHARACTERS
        if text.find(closing, start, last) < 0:
            return None
        while match := pattern.search(text, pos, last):
            pos = match.end()
            if match[0] == closing:
                frame.pos = pos
                return text[start : match.start()]
            if match[0] == "{":
                pos = frame.closing(match.start()) + 1
            if match[0] in ("}", PARAGRAPH) or not pos:
                return None
        return None

    def arguments(self, parameters: tuple[Parameter, ...]) -> list[str]:
        """Return the source of each argument of a command of the document's own."""
        found: list[str] = []
        for parameter in parameters:
            kind = parameter.kind
            if kind == "m":
                found.append(self.argument())
            elif kind == "o":
                found.append(self._given(self.option(), parameter))
            elif kind == "s":
                found.append(r"\BooleanTrue" if self.take("*") else r"\BooleanFalse")
            elif kind == "t":
                found.append(r"\BooleanTrue" if self.take(parameter.opening) else r"\BooleanFalse")
            elif kind == "d":
                found.append(self._given(self.option(parameter.opening, parameter.closing), parameter))
            elif kind == "l":
                self.take(parameter.opening.strip())
            else:
                found.append(self.up_to(parameter.closing))
        return found

    def _given(self, option: str | None, parameter: Parameter) -> str:
        return parameter.default if option is None else option

    def up_to(self, delimiter: str) -> str:
        """Return what stands before ``delimiter``, which is read too; where it does not come, one argument."""
        frame = self.frames[-1]
        text, start = frame.text, frame.pos
        pos, last = start, min(len(text), start + _MAX_DELIMITED_CHARACTERS)
        delimiter = delimiter.strip() or delimiter
        while 0 <= pos < last:
            end = text.find(delimiter, pos, last)
            brace = text.find("{", pos, end if end >= 0 else last)
            if brace < 0:
                if end < 0:
                    break
                frame.pos = end + len(delimiter)
                return text[start:end].strip()
            pos = frame.closing(brace) + 1 or -1
        return self.argument()

    def drop(self, arguments: str) -> None:
        """Read over arguments, written as in ``latex.names``."""
        for kind in arguments:
            if kind == "m":
                self.argument()
            elif kind == "o":
                self.option()
            elif kind == "*":
                self.take("*")
            elif kind == "d":
                self.drop_overlay()
            else:
                self.option("(", ")")

    def drop_overlay(self) -> None:
        """Read over the slides of beamer on which a command holds, as in ``<2->``."""
        frame = self.frames[-1]
        if overlay := _OVERLAY.match(frame.text, frame.pos):
            frame.pos = overlay.end()

    def follows_directly(self) -> bool:
        """Whether no white space was read over after the command."""
        frame = self.frames[-1]
        return frame.pos > 0 and not frame.text[frame.pos - 1].isspace()

    def stands_next(self, signs: str) -> bool:
        """Whether the very next character is one of ``signs``."""
        frame = self.frames[-1]
        return frame.pos < len(frame.text) and frame.text[frame.pos] in signs
