"""From the blocks of a PDF to text, in the markup that all readers share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from data_tools.extract.markup import Markup, join_blocks
from data_tools.extract.pdf.blocks import BULLET, NOTE_LABEL, NUMBERED, Block
from data_tools.extract.pdf.figures import caption_of
from data_tools.extract.pdf.joining import Joiner, resolved


def written(blocks: Sequence[Block], markup: Markup) -> tuple[str, str]:
    """Return a document's text, and the title that stands in it; empty if none does."""
    writer = _Writer(blocks, markup)
    title = next((block for block in blocks if block.kind == "heading" and block.level == 1), None)
    return join_blocks(writer.pieces()), writer.joined(title) if title else ""


class _Writer:
    def __init__(self, blocks: Sequence[Block], markup: Markup) -> None:
        self.blocks, self.markup = blocks, markup
        self.joiner = Joiner([line for block in blocks for line in block.lines])
        self.labels: defaultdict[int, set[str]] = defaultdict(set)
        for block in blocks:
            if block.kind == "note" and (found := NOTE_LABEL.match(block.lines[0].text)):
                self.labels[block.page].add(found[1] or found[2])

    def pieces(self) -> list[str]:
        pieces: list[str] = []
        skip = False
        for number, block in enumerate(self.blocks):
            after = self.blocks[number + 1] if number + 1 < len(self.blocks) else None
            if skip:
                skip = False
            elif block.kind == "caption" and after and after.kind == "table" and caption_of(block.text) == "table":
                pieces.append(self._table(after, self.joined(block)))
                skip = True
            else:
                pieces.append(self._piece(block))
        return pieces

    def joined(self, block: Block) -> str:
        """Return a block's words as one line."""
        return self.joiner.joined(block.lines, self.labels)

    def _piece(self, block: Block) -> str:
        if block.kind == "table":
            return self._table(block, "")
        if block.kind in ("code", "lines"):
            return "\n".join(self.joiner.joined([line]) for line in block.lines)
        text = self.joined(block)
        if block.kind == "heading":
            return self.markup.heading(block.level, text)
        if block.kind == "caption":
            return self.markup.figure(text) if caption_of(text) == "figure" else text
        if block.kind == "note":
            return self.markup.note(text)
        return self._item(text) if block.kind == "item" else text

    def _item(self, text: str) -> str:
        if bullet := BULLET.match(text):
            return self.markup.item(text[bullet.end() :])
        counted = NUMBERED.match(text)
        if counted and counted["label"].isdecimal() and not counted["open"]:
            return self.markup.item(text[counted.end() :], number=int(counted["label"]))
        return text

    def _table(self, block: Block, caption: str) -> str:
        assert block.table is not None
        rows = [[resolved(cell, self.labels[block.page]) for cell in row] for row in block.table.rows]
        if block.table.is_grid:
            return self.markup.table(rows, caption)
        lines = "\n".join(" ".join(cell for cell in row if cell) for row in rows)
        return f"{caption}\n\n{lines}" if caption else lines
