r"""Reads LaTeX as TeX does: token by token, the document's own commands replaced by what they stand for.

One loop over a stack of texts (files and expansions) and one stack of open scopes (groups, environments, arguments
whose text is collected): no recursion on the input, so that no depth of nesting ends it, and each character is looked
at a bounded number of times. pylatexenc's parser was tried first: it knows no ``\newcommand``, ends in a RecursionError
at 5,000 open braces, and parses 0.4 MB/s. What single commands do is in the tables of ``latex.commands`` and
``latex.formulas``; here is how they are found and how their text is collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from data_tools.extract.latex.files import Files
from data_tools.extract.latex.input import Input
from data_tools.extract.latex.labels import Labels, Target
from data_tools.extract.latex.macros import Macro
from data_tools.extract.latex.source import NEW_LINE, VERBATIM
from data_tools.extract.markup import Markup, one_line

MAX_EXPANSIONS = 100
"""Expansions inside one another; deeper, a command is taken for one that calls itself."""
MAX_SINKS = 40
"""Collected texts inside one another; deeper, text stays where it is. Each level costs the text once more."""
MAX_FRAGMENTS = 5

_OF_A_FRAGMENT = ("scopes", "opened", "sink", "lists", "formula", "grid", "float", "_floor", "preamble")
"""What a fragment begins anew with, and what is put back after it."""
_TOKEN = re.compile(r"([^\\{}$&#\x01\x02]+)|\\([A-Za-z@]+)\s*|\\(.)|(.)", re.DOTALL)
_COMMAND = re.compile(r"\\(?:[A-Za-z@]+|.)", re.DOTALL)
_NUMBER = re.compile(r"\d*")


class Sink:
    """Where text is written: finished blocks, and the paragraph under way."""

    __slots__ = ("blocks", "line")

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.line: list[str] = []

    def flush(self) -> None:
        """End the paragraph."""
        if not self.line:
            return
        text = "".join(self.line)
        self.line.clear()
        lines = map(one_line, text.split(NEW_LINE))
        if written := "\n".join(line for line in lines if line):
            self.blocks.append(written)

    def text(self) -> str:
        """Return all of it on one line."""
        self.flush()
        return one_line(" ".join(self.blocks))


@dataclass(slots=True)
class Scope:
    """What was opened and will be closed."""

    kind: str
    """``group``, ``formula group``, ``argument`` (closed by a brace); ``environment``, ``item``, ``formula``."""
    name: str = ""
    close: Callable[[Sink], None] | None = None
    outer: Sink | None = None
    """The sink to go back to, where the scope has its own."""
    short: bool = False
    """Whether a blank line ends it, as one does a heading."""
    label: Target | None = None
    """What labels were bound to outside."""
    start: int = 0
    """In a formula: the piece that begins it."""


@dataclass(slots=True)
class Formula:
    """A formula under way."""

    name: str
    """What will close it: ``$``, ``$$``, a sign after a backslash, a closing brace, or an environment's name."""
    display: bool
    numbered: bool = False
    pieces: list[str] = field(default_factory=list)
    inner: dict[str, int] = field(default_factory=dict)
    """Environments open inside it."""
    labels: list[str] = field(default_factory=list)
    """Of the row under way, as are the two that follow."""
    tag: str = ""
    suppressed: bool = False
    has_rows: bool = False
    num_blank_lines: int = 0

    def add(self, text: str) -> None:
        """Write into the formula, apart from a command that the text would lengthen."""
        pieces = self.pieces
        if text and text[0].isalpha() and pieces and pieces[-1].startswith("\\") and pieces[-1][1:].isalpha():
            pieces.append(" ")
        pieces.append(text)


@dataclass(slots=True)
class Grid:
    """A table under way."""

    name: str
    joints: dict[int, str] = field(default_factory=dict)
    """What joins a column to the next."""
    rows: list[list[str]] = field(default_factory=list)
    row: list[str] = field(default_factory=list)
    span: int = 1
    """Columns that the cell under way takes."""
    num_kept: int = 0
    """Rows that a later ``\\endfoot`` leaves."""
    has_first_head: bool = False


@dataclass(slots=True)
class Float:
    """A figure, table or algorithm under way."""

    kind: str
    captions: list[str] = field(default_factory=list)
    tables: list[list[list[str]]] = field(default_factory=list)
    num_captions: int = 0
    """Those that have a number."""
    num_parts: int = 0
    part_depth: int = 0
    num_lines: int = 0
    """Of an algorithm."""


@dataclass(slots=True)
class ItemList:
    """A list under way."""

    kind: str
    """``itemize``, ``enumerate``, ``description``, or ``inline`` where its items stand in the paragraph."""
    items: list[str] = field(default_factory=list)
    number: int = 0


GROUP = Scope("group")
SPACED_GROUP = Scope("group", " ")
"""The argument of an unknown command: a second one stands apart from it."""
LINES_GROUP = Scope("group", NEW_LINE)
"""A part of an algorithm: each stands on lines of its own."""


@dataclass
class Facts:
    """What the source says about the document, as it is written there."""

    titles: list[str] = field(default_factory=list)
    pdf_titles: list[str] = field(default_factory=list)
    """The title as hyperref is told it, for documents that make their title page themselves."""
    authors: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    licenses: list[str] = field(default_factory=list)
    bibliographies: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    """The source of each ``thebibliography``."""


Handler = Callable[["Reader", str], None]


class Reader(Input):
    """The state of reading one document."""

    def __init__(self, files: Files, markup: Markup, text: dict[str, Handler], formula: dict[str, Handler]) -> None:
        super().__init__(files)
        self.markup = markup
        self.labels = Labels()
        self.facts = Facts()
        self.macros: dict[str, Macro] = {}
        self.environments: dict[str, tuple[Macro, Macro]] = {}
        self.conditions: dict[str, bool] = {}
        self.theorems: dict[str, tuple[str, str]] = {}
        self.scopes: list[Scope] = []
        self.opened: dict[str, int] = {}
        self.sink = Sink()
        self.recovering = False
        """Whether a scope is being closed whose end is missing."""
        self.num_sinks = 0
        """Texts that are being collected inside one another."""
        self.formula: Formula | None = None
        self.grid: Grid | None = None
        self.float: Float | None = None
        self.lists: list[ItemList] = []
        self.acronyms: dict[str, tuple[str, str]] = {}
        """Short and long form by key."""
        self.spelt_out: set[str] = set()
        """Keys whose long form was written."""
        self.units: dict[str, str] = {}
        self.deferred: list[str] = []
        """Source to be read where the document begins."""
        self.without_notes = False
        self.class_options = ""
        self.typeset = typeset
        self.preamble = True
        self.token_start = 0
        self._tables = (text, formula)
        self._num_fragments = 0

    def run(self) -> None:
        """Read to the end, or to the end of a fragment."""
        frames = self.frames
        while len(frames) > self._floor:
            frame = frames[-1]
            text = frame.text
            match = _TOKEN.match(text, frame.pos)
            while match:
                frame.pos = match.end()
                kind = match.lastindex
                if kind == 1:
                    if self.formula is None:
                        self.sink.line.append(self.typeset(match[1]))
                    else:
                        self.formula.add(match[1])
                elif kind == 4:
                    self._special(match[4])
                else:
                    self.token_start = match.start()
                    self.command(match[kind or 2])
                if not frames or frames[-1] is not frame:
                    break
                match = _TOKEN.match(text, frame.pos)
            else:
                frames.pop()

    def fragment(self, source: str) -> str:
        """Return what a piece of source says, on one line."""
        if self._num_fragments >= MAX_FRAGMENTS:
            return one_line(_COMMAND.sub(" ", source).replace("{", "").replace("}", ""))
        held = {name: getattr(self, name) for name in _OF_A_FRAGMENT}
        self.scopes, self.opened, self.sink, self.lists = [], {}, Sink(), []
        self.formula = self.grid = self.float = None
        self._floor, self.preamble = len(self.frames), False
        self._num_fragments += 1
        self.push(source)
        self.run()
        self.close_all()
        text = self.sink.text()
        self._num_fragments -= 1
        vars(self).update(held)
        return text

    # commands

    def command(self, name: str) -> None:
        """Do what a command does."""
        macro = self.macros.get(name)
        if macro is None:
            self.native(self._before_at(name) if "@" in name else name)
        elif macro.switch:
            self.conditions[macro.switch[0]] = macro.switch[1]
        elif macro.native:
            self.native(macro.native)
        elif self.frames[-1].depth >= MAX_EXPANSIONS:
            self.files.note("command calls itself")
        else:
            frame = self.frames[-1]
            arguments = self.arguments(macro.parameters)
            depth = frame.depth + 1
            self.push(macro.expanded(arguments))
            self.frames[-1].depth = depth

    def native(self, name: str) -> None:
        """Do what a command does that is not the document's own."""
        table = self._tables[self.formula is not None]
        (table.get(name) or table[""])(self, name)

    def _before_at(self, name: str) -> str:
        """Return a command's name up to a sign @, where that is a command: outside of packages @ is no letter."""
        base = name.partition("@")[0]
        if self.knows(name) or not self.knows(base):
            return name
        self.frames[-1].pos = self.token_start + 1 + len(base)
        return base

    def knows(self, name: str) -> bool:
        """Whether a command means something."""
        return name in self.macros or any(name in table for table in self._tables)

    def _special(self, sign: str) -> None:
        if sign == VERBATIM:
            self._verbatim()
        elif sign == "{" and self.formula is None:
            self.scopes.append(GROUP)
        elif sign == "}" and self.formula is None:
            self.close_group()
        else:
            self.native(f"char {sign}")

    def _verbatim(self) -> None:
        frame = self.frames[-1]
        number = _NUMBER.match(frame.text, frame.pos)
        if number is None or not number[0]:
            return
        frame.pos = number.end() + 1
        text, block = self.stash.kept[int(number[0])]
        if self.formula is not None:
            self.formula.add(text)
        elif block:
            self.block(f"```\n{text}\n```" if text.strip() else "")
        else:
            self.sink.line.append(text)

    # scopes

    def open(
        self, kind: str, name: str = "", close: Callable[[Sink], None] | None = None, collect: bool = False
    ) -> Scope:
        """Open a scope. ``collect``: what is written in it goes to a sink of its own, which ``close`` is given."""
        scope = Scope(kind, name, close, label=self.labels.current)
        if kind == "environment":
            self.opened[name] = self.opened.get(name, 0) + 1
        if collect:
            scope.outer = self.sink
            self.sink = Sink()
            self.num_sinks += 1
        self.scopes.append(scope)
        return scope

    def may_collect(self) -> bool:
        """Whether one more text may be collected inside those that are."""
        return self.num_sinks < MAX_SINKS

    def collect_argument(self, close: Callable[[str], None], short: bool = False) -> None:
        """Give ``close`` the text of the argument that follows, once it is read."""
        if not self.next_is("{"):
            close(self.fragment(self.argument()))
        elif not self.may_collect():
            self.files.note("nested too deep")
        else:
            self.frames[-1].pos += 1
            self.open("argument", close=lambda sink: close(sink.text()), collect=True).short = short

    def pop(self) -> None:
        """Close the innermost scope."""
        scope = self.scopes.pop()
        if scope.kind == "group":
            return
        if scope.kind == "environment":
            self.opened[scope.name] -= 1
        inner = self.sink
        if scope.outer is not None:
            self.sink = scope.outer
            self.num_sinks -= 1
        if scope.label is not None:
            self.labels.current = scope.label
        if scope.close:
            scope.close(inner)

    def close_group(self) -> None:
        """Read a closing brace in text."""
        scope = self.scopes[-1] if self.scopes else None
        if scope is not None and scope.kind == "group" and scope.name:
            self.sink.line.append(scope.name)
            if self.next_is("{"):
                self.frames[-1].pos += 1
            else:
                self.scopes.pop()
        elif scope is not None and scope.kind in ("group", "argument"):
            self.pop()
        else:
            self.files.note("unbalanced braces")

    def end_environment(self, name: str) -> None:
        r"""Read ``\end{name}`` in text: what was opened inside is closed too. Nothing where it was never begun."""
        if not self.opened.get(name):
            self.files.note("missing begin")
            return
        while (scope := self.scopes[-1]).kind != "environment" or scope.name != name:
            self._close_unended()
        self.pop()

    def close_all(self) -> None:
        """Close everything, at the end of the document or of a fragment."""
        if self.formula is not None:
            self.native("close formula")
        while self.scopes:
            self._close_unended()
        self.sink.flush()

    def close_collected(self) -> None:
        """Close arguments, lists, floats and tables: their end is missing, as no section's heading stands in one."""
        while self.scopes and (self.num_sinks or self.lists):
            self._close_unended()

    def _close_unended(self) -> None:
        """Close the innermost scope, whose end is missing. An item has none."""
        kind = self.scopes[-1].kind
        if kind != "item":
            self.files.note("missing end" if kind == "environment" else "unbalanced braces")
        self.recovering = True
        self.pop()
        self.recovering = False

    # writing

    def block(self, text: str) -> None:
        """Write a block of its own."""
        self.sink.flush()
        if text.strip():
            self.sink.blocks.append(text)
            self.began = self.began or not self.preamble

    def write(self, text: str) -> None:
        """Write into the paragraph, or into the formula."""
        if self.formula is not None:
            self.formula.add(text)
        else:
            self.sink.line.append(text)


def typeset(text: str) -> str:
    """Return a run of text with TeX's dashes, quotation marks and ties as the characters that are printed."""
    if "~" in text:
        text = text.replace("~", " ")
    if "--" in text:
        text = text.replace("---", "—").replace("--", "–")
    if "`" in text:
        text = text.replace("?`", "¿").replace("!`", "¡").replace("``", "“").replace("`", "‘")
    if "'" in text:
        text = text.replace("''", "”").replace("'", "’")
    return text
