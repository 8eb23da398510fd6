"""One page of a PDF, upright: its characters with place, size and style, its ruled lines and its pictures.

Left out: annotations, form fields, text that is drawn as outlines or pictures, and text that does not run in the page's
main direction (a stamp at the side, the labels of a vertical axis). A page whose text is turned as a whole, such as one
with a table on its side, is turned back. PDFium's own idea of words, lines and their order is not used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from data_tools.extract.pdf.fonts import meanings, style_of, symbols
from data_tools.extract.pdf.raw import (
    IMAGE,
    PATH,
    RawText,
    advance_widths,
    map_errors,
    raw_drawings,
    raw_text,
    tight_boxes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PAGE_CHARACTERS = 200_000
"""A page with more is left out: a whole book on one page is a defect or a bomb."""
MAX_COORDINATE = 20_000.0
"""Points; the largest page that Acrobat knows measures 14,400."""
RULE_THICKNESS = 3.0
"""Points; what is drawn thinner than this is a line."""
UPRIGHT_DEGREES = 5.0
"""Text turned by less counts as upright: scanned pages are."""
MAX_OVERHANG = 0.25
"""In font sizes: no letter hangs over its advance width by more."""
MIN_SIZE, MAX_SIZE = 0.5, 1000.0
"""Points; a font size outside these is a defect."""
MAX_ARTIFACT_SHARE = 0.5
"""Where more of a page's characters are marked as decoration, the marks are wrong."""
_LETTERS = np.array([*range(0x41, 0x5B), *range(0x61, 0x7B)], np.uint32)
_PDFIUM_HYPHEN = 0x02
"""What PDFium gives for a hyphen at a line's end."""


@dataclass(frozen=True)
class Glyphs:
    """A page's printed characters in drawing order: arrays of one length, in points, y running down the page."""

    code: NDArray[np.uint32]
    """Unicode. A space that is drawn is one too."""
    x0: NDArray[np.float64]
    x1: NDArray[np.float64]
    """From the character's origin to the end of its advance width."""
    y: NDArray[np.float64]
    """The baseline."""
    size: NDArray[np.float64]
    style: NDArray[np.int64]
    tight: bool = False
    """True on turned pages: ``x0`` and ``x1`` are then the ink's bounds."""


def _no_boxes() -> NDArray[np.float64]:
    return np.zeros((0, 4))


@dataclass(frozen=True)
class PageContent:
    """What one page holds."""

    width: float
    height: float
    glyphs: Glyphs | None = None
    rules: NDArray[np.float64] = field(default_factory=_no_boxes)
    """Thin lines, level and upright: columns x0, y0, x1, y1, the upper left and the lower right corner."""
    drawings: NDArray[np.float64] = field(default_factory=_no_boxes)
    """Images, drawings placed as one (form XObjects) and paths that are no thin lines; columns as above."""
    picture_share: float = 0.0
    """The share of the page that images cover, 0..1."""
    num_characters: int = 0
    """Printed characters as PDFium counts them, upright or not."""
    num_unmapped: int = 0
    """Of these, the ones whose meaning is unknown; they are not in ``glyphs``."""
    repaired: frozenset[str] = field(default_factory=frozenset)


class OversizedPage(Exception):
    """The page holds more than ``MAX_PAGE_CHARACTERS``."""


@dataclass(frozen=True)
class _Frame:
    """The page's bounds in PDF's space, and the direction in which its text runs: 0, 90, 180 or 270 degrees."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int = 0

    def upright(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Return the place with the text upright, from the upper left corner, y running down."""
        if self.turn == 90:
            return y - self.bottom, x - self.left
        if self.turn == 180:
            return self.right - x, y - self.bottom
        if self.turn == 270:
            return self.top - y, self.right - x
        return x - self.left, self.top - y

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turn in (90, 270) else (width, height)


def read_page(document: Any, index: int, tagged: bool = False) -> PageContent:
    """Return the content of page ``index`` (from 0) of a pypdfium2 document; what was opened is closed again.

    Raises pypdfium2.PdfiumError where PDFium cannot load the page, OversizedPage where it is too large to be one.
    """
    page = document[index]
    try:
        textpage = page.get_textpage()
        try:
            return _read(page, textpage, tagged)
        finally:
            textpage.close()
    finally:
        page.close()


def _read(page: Any, textpage: Any, tagged: bool) -> PageContent:
    count = textpage.count_chars()
    if count > MAX_PAGE_CHARACTERS:
        raise OversizedPage(f"holds {count:,} characters, more than {MAX_PAGE_CHARACTERS:,}")
    frame = _frame(page)
    if count == 0:
        return _with_drawings(page, frame, PageContent(*frame.size))
    raw = raw_text(textpage, count, tagged)
    if not len(raw.first):
        return _with_drawings(page, frame, PageContent(*frame.size))
    shown = (raw.object >= 0) & np.isfinite(raw.origin).all(axis=1)
    shown &= ~((raw.code == ord(" ")) & (raw.box[:, 0] == raw.box[:, 2]))  # spaces that PDFium adds have no width
    shown &= np.abs(raw.origin).max(axis=1) < MAX_COORDINATE
    shown &= (raw.code < 0xDC00) | (raw.code >= 0xE000)  # the second halves of surrogate pairs
    printed = shown & (raw.code != ord(" "))
    angle = np.degrees(np.arctan2(raw.matrix[:, 1], raw.matrix[:, 0]))
    turn = _main_turn(angle, raw.object[printed])
    frame = _Frame(frame.left, frame.bottom, frame.right, frame.top, turn)
    code, tex, unmapped = _meaning(raw, textpage, printed)
    shown &= ~unmapped & _upright(angle, turn)[raw.object] & ~_decoration(raw, printed)
    content = PageContent(
        *frame.size,
        glyphs=_glyphs(raw, textpage, frame, code, shown),
        num_characters=int(printed.sum()),
        num_unmapped=int((unmapped & printed).sum()),
        repaired=frozenset(["tex encoding"] if tex else []),
    )
    return _with_drawings(page, frame, content)


def _frame(page: Any) -> _Frame:
    edges = [float(edge) for edge in page.get_bbox()]
    if not all(math.isfinite(edge) and abs(edge) < MAX_COORDINATE for edge in edges):
        edges = [0.0, 0.0, 612.0, 792.0]  # US Letter, PDFium's own default
    left, bottom, right, top = edges
    return _Frame(left, bottom, right, top)


def _main_turn(angle: NDArray[np.float64], objects: NDArray[np.int64]) -> int:
    """Return the right angle at which most characters run."""
    counts = np.bincount(objects, minlength=len(angle))
    votes = {turn: int(counts[_upright(angle, turn)].sum()) for turn in (0, 90, 180, 270)}
    return max(votes, key=lambda turn: votes[turn])


def _upright(angle: NDArray[np.float64], turn: int) -> NDArray[np.bool_]:
    return np.abs((angle - turn + 180) % 360 - 180) <= UPRIGHT_DEGREES


def _decoration(raw: RawText, printed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    marked = raw.artifact[raw.object]
    if marked[printed].mean() > MAX_ARTIFACT_SHARE if printed.any() else True:
        return np.zeros(len(marked), bool)
    return marked


def _meaning(
    raw: RawText, textpage: Any, printed: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], bool, NDArray[np.bool_]]:
    """Return Unicode by character, whether TeX's encodings gave some of it, and which characters have no meaning."""
    handles, first, number = np.unique(raw.font, return_index=True, return_inverse=True)
    font = number[raw.object]
    bare = np.zeros(len(raw.code), bool)
    for one in np.flatnonzero(map_errors(textpage, raw.first[first])).tolist():
        mine = np.flatnonzero((font == one) & printed)
        bare[mine] = map_errors(textpage, mine)
    code = np.where((raw.code == _PDFIUM_HYPHEN) & ~bare, ord("-"), raw.code).astype(np.uint32)
    code, tex = meanings(_paired(code), font, bare)
    for one, handle in enumerate(handles.tolist()):
        mine = np.flatnonzero((font == one) & printed)
        code[mine] = symbols(code[mine], style_of(handle))
    return code, tex, _meaningless(code)


def _paired(code: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the codes with surrogate pairs as one: PDFium gives each half as a character. The second becomes 0."""
    high = np.flatnonzero((code[:-1] >= 0xD800) & (code[:-1] < 0xDC00) & (code[1:] >= 0xDC00) & (code[1:] < 0xE000))
    if len(high):
        code[high] = 0x10000 + ((code[high] - 0xD800) << 10) + (code[high + 1] - 0xDC00)
        code[high + 1] = 0
    return code


def _meaningless(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Return which codes are no characters: controls, halves of surrogate pairs, private use, replacement."""
    found = (
        (code < 0x20)
        | ((code >= 0xFE00) & (code < 0xFE10))
        | ((code >= 0x7F) & (code < 0xA0))
        | ((code >= 0xD800) & (code < 0xF900))
    )
    return found | ((code >= 0xFFF0) & (code <= 0xFFFF)) | (code >= 0xE0000)


def _glyphs(raw: RawText, textpage: Any, frame: _Frame, code: NDArray[np.uint32], shown: NDArray[np.bool_]) -> Glyphs:
    drawn_by = raw.object[shown]
    if frame.turn:
        left, right, bottom, top = tight_boxes(textpage, len(raw.code))[shown].T
    else:
        left, top, right, bottom = raw.box[shown].astype(np.float64).T
        right = _without_overhang(raw, shown, right)
    near, far = frame.upright(left, bottom)[0], frame.upright(right, top)[0]
    scale = np.hypot(raw.matrix[:, 2], raw.matrix[:, 3]).astype(np.float64)
    handles, number = np.unique(raw.font, return_inverse=True)
    style = np.array([style_of(handle) for handle in handles.tolist()], np.int64)[number]
    return Glyphs(
        code=code[shown],
        x0=np.minimum(near, far),
        x1=np.maximum(near, far),
        y=frame.upright(raw.origin[shown, 0], raw.origin[shown, 1])[1],
        size=np.clip(np.abs(raw.font_size * scale), MIN_SIZE, MAX_SIZE)[drawn_by],
        style=style[drawn_by],
        tight=frame.turn != 0,
    )


def _without_overhang(raw: RawText, shown: NDArray[np.bool_], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the advance widths end: PDFium's boxes also hold ink that hangs over, as an f does.

    Widths are asked by Unicode, so only Latin letters are put right; the letters of a ligature share one box.
    """
    drawn_by, start = raw.object[shown], raw.origin[shown, 0]
    scale = (np.hypot(raw.matrix[:, 0], raw.matrix[:, 1]) * raw.font_size)[drawn_by]
    width = advance_widths(raw.font[drawn_by], raw.code[shown]) * scale
    same = np.concatenate([[False], (np.diff(start) == 0) & (np.diff(right) == 0)])
    letter = np.isin(raw.code[shown], _LETTERS) & ~same & ~np.append(same[1:], False)
    end = np.maximum(start + width, right - MAX_OVERHANG * scale)
    return np.asarray(np.where(letter & (width > 0), np.minimum(end, right), right))


def _with_drawings(page: Any, frame: _Frame, content: PageContent) -> PageContent:
    """Return ``content`` with the page's lines and pictures."""
    raw = raw_drawings(page)
    x0, y0 = frame.upright(raw.box[:, 0], raw.box[:, 1])
    x1, y1 = frame.upright(raw.box[:, 2], raw.box[:, 3])
    boxes = np.stack([np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1)], axis=1)
    boxes = np.clip(boxes, 0, [content.width, content.height] * 2)
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    thin = (raw.kind == PATH) & (np.minimum(wide, high) < RULE_THICKNESS)
    images = raw.kind == IMAGE
    area = float((wide * high)[images].sum()) / max(content.width * content.height, 1.0)
    xa, ya = frame.upright(raw.lines[:, 0], raw.lines[:, 1])
    xb, yb = frame.upright(raw.lines[:, 2], raw.lines[:, 3])
    lines = np.stack([np.minimum(xa, xb), np.minimum(ya, yb), np.maximum(xa, xb), np.maximum(ya, yb)], axis=1)
    return replace(
        content, rules=np.concatenate([boxes[thin], lines]), drawings=boxes[~thin], picture_share=min(area, 1.0)
    )
