"""From a tree of HTML or XHTML elements to blocks of text in our markup: what a browser shows, in its order.

Shared by web pages, filings and e-books. A walk with a stack of its own, so that no depth of nesting ends it. Every
block says which looks all its letters share (bold, centred, linked), because many pages mark headings by looks alone.
Left out: pictures, forms, and whatever a script would add.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from data_tools.extract.markup import Markup, one_line, subscript, superscript
from data_tools.extract.web.formulas import formula_text
from data_tools.extract.web.looks import (
    ALL_LOOKS,
    BLOCK,
    BOLD,
    BREAK_AFTER,
    BREAK_BEFORE,
    INTERNAL,
    LINKED,
    PADDED,
    SKIPPED,
    WHOLE,
    Block,
    Looks,
    Rule,
    text_block,
)
from data_tools.extract.web.tables import Cell, Grid, table_blocks

if TYPE_CHECKING:
    from lxml.etree import _Element

MAX_FRAMES = 40
"""Lists nested deeper are read as plain text: each level indents all that it holds once more."""
MAX_TABLES = 8
"""Tables nested deeper are read as plain text: reading a cell takes Python's own stack."""
_FRAMED = 64
_LINE_END = "\0"
"""A line end that a page asks for (``<br>``), among white space that means nothing. No HTML text can hold it."""
_LINE_ENDS = re.compile(r"\n{2,}")
_INVISIBLE = str.maketrans("", "", "\u200b\u2060\ufeff\u00ad")
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_FRAMES = frozenset({"li", "figcaption", *_LEVELS})
_TABLE_PARTS = frozenset({"tr", "tbody", "thead", "tfoot", "form"})
_CODE_CLASS = re.compile(r"(?:^|\s)(?:lang(?:uage)?|highlight|brush:?)[-_: ]?([a-z+#]{1,12}\d?)?", re.IGNORECASE)
_PROSE = re.compile(r"(?:\b[A-Za-z]{2,}[,.;]?\s+){5}")


def html_blocks(element: _Element, markup: Markup, notes: Mapping[str, str] | None = None) -> list[str]:
    """Return the blocks of text that ``element`` shows, in reading order; its tail is left out.

    ``notes`` gives footnotes by the address that a link names (``#n1``): the note is written where it is called.
    """
    return [block.text for block in page_blocks(element, markup, notes) if block.text]


def page_blocks(element: _Element, markup: Markup, notes: Mapping[str, str] | None = None) -> list[Block]:
    """Return the blocks with their looks, and a ``break`` wherever a page or a rule ends."""
    walk = _Walk(markup, notes or {})
    walk.run(element)
    return walk.blocks


def local_name(tag: Any) -> str:
    """Return an element's name in lower case without its namespace; empty for comments and the like."""
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


class _Walk:
    """Reads one element after the other into ``blocks``; ``_line`` is the block that is being read."""

    def __init__(self, markup: Markup, notes: Mapping[str, str]) -> None:
        self.blocks: list[Block] = []
        self._markup = markup
        self._notes = notes
        self._rules = Looks()
        self._line: list[str] = []
        self._looks = 0
        self._shared = ALL_LOOKS
        self._linked = 0
        self._size = 0.0
        self._least = math.inf
        self._line_ended = False
        self._frames: list[list[Block]] = []
        self._numbers: list[int | None] = []
        self._tables = 0
        self._whole = {
            "br": self._br, "hr": self._hr, "sup": self._sup, "sub": self._sub, "code": self._code, "a": self._link,
            "pre": self._pre, "listing": self._pre, "xmp": self._pre, "plaintext": self._pre,
            "table": self._table, "math": self._math, "img": self._img, "script": self._script,
        }  # fmt: skip

    def run(self, root: _Element) -> None:
        """Read ``root`` with all it holds."""
        rule = self._rules.of(root)
        before = self._looks, self._size
        stack: list[tuple[_Element, Iterator[_Element], str, int, tuple[int, float]]]
        stack = [(root, iter(root), rule.name, self._begin(root, rule), before)]
        while stack:
            element, children, name, kind, before = stack[-1]
            for child in children:
                rule = self._rules.of(child)
                if rule.kind & SKIPPED or (rule.kind & WHOLE and self._whole[rule.name](child, rule)):
                    self._text(child.tail)
                    continue
                before = self._looks, self._size
                stack.append((child, iter(child), rule.name, self._begin(child, rule), before))
                break
            else:
                stack.pop()
                if kind & BLOCK or not stack:
                    self._end(name, kind)
                self._looks, self._size = before
                if stack:
                    self._text(element.tail)

    def _begin(self, element: _Element, rule: Rule) -> int:
        """Begin an element; return its kind, with a mark where its blocks are gathered apart."""
        kind = rule.kind
        if kind & BLOCK:
            self._flush()
            if kind & BREAK_BEFORE:
                self.blocks.append(Block("", "break"))
            if rule.name in _FRAMES and len(self._frames) < MAX_FRAMES:
                kind |= _FRAMED
                self._frames.append(self.blocks)
                self.blocks = []
            if rule.name == "ol":
                self._numbers.append(_number(element.get("start"), 1))
            elif rule.name == "ul":
                self._numbers.append(None)
            elif rule.name == "li" and self._numbers and self._numbers[-1] is not None:
                self._numbers[-1] = _number(element.get("value"), self._numbers[-1])
        elif kind & PADDED:
            self._line.append(" ")
        self._looks = self._looks & ~rule.unset | rule.set
        self._size = rule.size or self._size
        if rule.name == "a" and (address := element.get("href")):
            self._looks |= LINKED | INTERNAL if address.startswith("#") else LINKED
        self._text(element.text)
        return kind

    def _end(self, name: str, kind: int) -> None:
        self._flush()
        if name in ("ol", "ul"):
            self._numbers.pop()
        if kind & _FRAMED:
            inner = self.blocks
            self.blocks = self._frames.pop()
            self._gather(name, [block for block in inner if block.text])
        if kind & BREAK_AFTER:
            self.blocks.append(Block("", "break"))

    def _gather(self, name: str, inner: list[Block]) -> None:
        """Make one block of those of a heading, a list's item or a caption."""
        if not inner:
            return
        number = self._numbers[-1] if self._numbers and name == "li" else None
        if number is not None:
            self._numbers[-1] = number + 1
        linked = sum(block.linked for block in inner)
        if name == "li":
            if inner[0].kind == "item" and len(inner) == 1 and inner[0].text.startswith("- "):
                inner[0].text = inner[0].text[2:]  # a bullet as text inside a list's item
            lines = "".join(("\n" if block.kind == "item" else "\n\n") + block.text for block in inner)
            text = self._markup.item(lines, 0, number)
            self.blocks.append(Block(text, "item", inner[0].looks, linked))
            return
        text = " ".join(block.text for block in inner)
        if name in _LEVELS:
            self.blocks.append(Block(self._markup.heading(_LEVELS[name], text), "heading", inner[0].looks, linked))
        else:
            self.blocks.append(Block(self._markup.figure(text), "caption", inner[0].looks, linked))

    def _text(self, text: str | None) -> None:
        if text:
            if not text.isspace():
                if self._line_ended and self._shared & BOLD & ~self._looks:
                    self._flush()  # a heading in bold letters on a line of its own, above its paragraph
                self._line_ended = False
                self._shared &= self._looks
                self._least = min(self._least, self._size)
                if self._looks & LINKED:
                    self._linked += len(text)
            self._line.append(text)

    def _flush(self) -> None:
        """End the block that is being read."""
        if not self._line:
            return
        raw = "".join(self._line)
        self._line.clear()
        if not raw.isascii():
            raw = raw.translate(_INVISIBLE)
        if _LINE_END in raw:
            raw = "\n".join(" ".join(line.split()) for line in raw.split(_LINE_END)).strip()
            parts = _LINE_ENDS.split(raw) if raw else []
        else:
            raw = " ".join(raw.split())
            parts = [raw] if raw else []
        self.blocks += [text_block(part, self._shared, self._linked, self._least) for part in parts]
        self._shared, self._linked, self._least, self._line_ended = ALL_LOOKS, 0, math.inf, False

    def _write(self, text: str) -> bool:
        self._text(text)
        return True

    def _br(self, element: _Element, rule: Rule) -> bool:
        if rule.kind & (BREAK_BEFORE | BREAK_AFTER):
            return self._hr(element, rule)
        self._line.append(_LINE_END)
        self._line_ended = True
        return not (element.text or len(element))

    def _hr(self, element: _Element, rule: Rule) -> bool:
        self._flush()
        self.blocks.append(Block("", "break"))
        return not (element.text or len(element))

    def _sup(self, element: _Element, rule: Rule) -> bool:
        if any(child.get("href") in self._notes for child in element.iter() if child.get("href")):
            return False
        return self._script_of(element, superscript)

    def _sub(self, element: _Element, rule: Rule) -> bool:
        return self._script_of(element, subscript)

    def _script_of(self, element: _Element, written: Callable[[str], str]) -> bool:
        text = inner_text(element)
        gaps = [" " if space else "" for space in (text[:1].isspace(), text[-1:].isspace())]
        return self._write(written(text).join(gaps))

    def _code(self, element: _Element, rule: Rule) -> bool:
        text = inner_text(element)
        return bool(text.strip()) and "\n" not in text and "`" not in text and self._write(f"`{text.strip()}`")

    def _link(self, element: _Element, rule: Rule) -> bool:
        href = element.get("href") or ""
        if href in self._notes:
            return self._write(f" {self._markup.note(self._notes[href])}")
        return False

    def _pre(self, element: _Element, rule: Rule) -> bool:
        self._flush()
        for line_end in element.iter("br", "{*}br"):
            line_end.tail = f"\n{line_end.tail or ''}"
        text = "\n".join(line.rstrip() for line in inner_text(element).expandtabs().split("\n")).strip("\n")
        code = next(element.iter("code", "{*}code"), None)
        classes = f"{element.get('class') or ''} {code.get('class') or '' if code is not None else ''}"
        found = _CODE_CLASS.search(classes)
        if text and code is None and found is None and _PROSE.search(text):
            self.blocks.append(Block(text, "pre"))
        elif text:
            fence = "````" if "```" in text else "```"
            self.blocks.append(Block(f"{fence}{found[1] or '' if found else ''}\n{text}\n{fence}", "code"))
        return True

    def _math(self, element: _Element, rule: Rule) -> bool:
        return self._write(formula_text(element, self._markup))

    def _img(self, element: _Element, rule: Rule) -> bool:
        alt = one_line(element.get("alt") or "")
        if alt and re.search(r"\b(?:tex|latex|math)\b", element.get("class") or ""):
            self._write(self._markup.formula(alt))
        return True

    def _script(self, element: _Element, rule: Rule) -> bool:
        kind = element.get("type") or ""
        if kind.startswith("math/tex") and (element.text or "").strip():
            self._write(self._markup.formula(element.text or "", "mode=display" in kind))
        return True

    def _table(self, table: _Element, rule: Rule) -> bool:
        if self._tables >= MAX_TABLES:
            return False
        self._flush()
        if rule.kind & BREAK_BEFORE:
            self.blocks.append(Block("", "break"))
        looks, self._looks = self._looks, self._looks & ~rule.unset | rule.set
        self._tables += 1
        rows, caption = self._rows(table)
        self._tables -= 1
        self._looks = looks
        self._flush()
        self.blocks += table_blocks(rows, self._markup, caption)
        if rule.kind & BREAK_AFTER:
            self.blocks.append(Block("", "break"))
        return True

    def _rows(self, table: _Element) -> tuple[list[list[Cell]], str]:
        """Return a table's rows of cells that hold something, and its caption. Text outside cells comes before it."""
        rows: list[list[Cell]] = [[]]
        grid, captions = Grid(), []
        self._stray(table.text)
        stack = [iter(table)]
        while stack:
            for child in stack[-1]:
                rule = self._rules.of(child)
                self._stray(child.tail)
                if rule.kind & SKIPPED or rule.name in ("colgroup", "col"):
                    continue
                if rule.name == "caption":
                    captions += self._apart(child)
                elif rule.name in _TABLE_PARTS or (rule.name not in ("td", "th") and _holds_cells(child)):
                    if rule.name == "tr":
                        rows.append([])
                        grid.begin_row()
                    self._stray(child.text)
                    stack.append(iter(child))
                    break
                else:
                    start, end = grid.place(_number(child.get("colspan"), 1), _number(child.get("rowspan"), 1))
                    if len(child) or (child.text and not child.text.isspace()):
                        blocks = [block for block in self._apart(child) if block.text]
                        if blocks:
                            rows[-1].append(Cell(start, end, blocks, rule.name == "th"))
            else:
                stack.pop()
        return rows, " ".join(block.text for block in captions)

    def _stray(self, text: str | None) -> None:
        if text and not text.isspace():
            self._text(text)
            self._flush()

    def _apart(self, element: _Element) -> list[Block]:
        """Return the blocks of one element, read by itself; no line is begun before it."""
        outer, self.blocks = self.blocks, []
        self.run(element)
        inner, self.blocks = self.blocks, outer
        return inner


def inner_text(element: _Element) -> str:
    """Return all text inside an element as it stands."""
    return "".join(map(str, element.itertext()))


def _holds_cells(element: _Element) -> bool:
    return next(element.iter("tr", "td", "{*}tr", "{*}td"), None) is not None


def _number(value: str | None, otherwise: int) -> int:
    """Return an attribute's whole number of at most 6 digits, or ``otherwise``."""
    found = re.match(r"\s*(\d{1,6})", value) if value else None
    return int(found[1]) if found else otherwise
