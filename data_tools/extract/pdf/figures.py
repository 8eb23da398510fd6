"""Captions of figures and tables, and the words inside a figure: labels of axes and points, which are no text.

Labels are dropped only above a figure's caption, where drawings or images stand. A figure without a caption keeps its
words, because they may be those of a slide or a poster.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from data_tools.extract.pdf.segments import Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_CAPTIONS = 50
"""Figures looked at on a page."""
MAX_LABEL_CHARACTERS = 40
"""A longer text in a figure is no label."""
MAX_PROSE_LINES = 3
"""So many longer texts inside a drawing make it a box of text, not a figure."""
CAPTION_DISTANCE = 45.0
"""Points between a figure's drawings and its caption: the labels of an axis stand there."""
CAPTION_SIDE = 80.0
"""Points; a short caption may begin so far beside its figure."""
DRAWING_GAP_X, DRAWING_GAP_Y = 6.0, 15.0
"""Points; drawings nearer than this are of one figure. Figures side by side stand further apart."""
LABEL_REACH = 14.0
"""Points; labels stand so far outside the drawings."""
MIN_FIGURE_POINTS = 25.0
MAX_PAGE_SHARE = 0.8
"""A drawing that covers more of the page's width and height is its background."""
_CAPTION = re.compile(
    r"(?:(?:extended data |supplementary )?"
    r"(?:figure|fig|table|tab|scheme|plate|chart|exhibit|box|map|algorithm|listing)s?"
    r"|abbildung|abb|tabelle|figura|tabla|tableau|рис|рисунок|таблица)\.?\s*"
    r"(?P<number>[A-Z]{0,2}\.?-?\d+(?:[.\-–]\d+)*[A-Za-z]?|[IVXL]+)(?![\w/])\s*(?P<mark>[.:|—–\-]|$)?",
    re.IGNORECASE,
)
_TABLE_LABEL = re.compile(r"tab|таб", re.IGNORECASE)


def caption_of(text: str) -> str:
    """Return ``figure`` or ``table`` where a text begins with the label of one, else an empty string."""
    if not _CAPTION.match(text):
        return ""
    return "table" if _TABLE_LABEL.match(text) else "figure"


def is_marked_caption(text: str) -> bool:
    """Return whether a text begins with a label and the sign that parts it from the caption: ``Figure 3.``"""
    found = _CAPTION.match(text)
    return found is not None and bool(found["mark"])


def is_bare_label(text: str) -> bool:
    """Return whether a text is a label and nothing else, as above the tables of the IEEE."""
    found = _CAPTION.match(text)
    return found is not None and found.end() == len(text)


def without_labels(
    segments: Sequence[Segment], drawings: NDArray[np.float64], width: float, height: float
) -> list[Segment]:
    """Return a page's segments without the words inside its figures; ``drawings``: columns x0, y0, x1, y1."""
    wide, high = drawings[:, 2] - drawings[:, 0], drawings[:, 3] - drawings[:, 1]
    drawings = drawings[(wide < MAX_PAGE_SHARE * width) | (high < MAX_PAGE_SHARE * height)]
    if not len(drawings):
        return list(segments)
    dropped: set[int] = set()
    captions = [segment for segment in segments if caption_of(segment.text) == "figure"]
    for caption in captions[:MAX_CAPTIONS]:
        if figure := _figure_above(segments, caption, drawings):
            inside = _inside(segments, figure, caption)
            if sum(len(segments[n].text) > MAX_LABEL_CHARACTERS for n in inside) < MAX_PROSE_LINES:
                dropped.update(n for n in inside if len(segments[n].text) <= MAX_LABEL_CHARACTERS)
    return [segment for number, segment in enumerate(segments) if number not in dropped]


def _ceiling(segments: Sequence[Segment], caption: Segment) -> float:
    """Return the lower edge of the text or caption that stands above a figure."""
    end = caption.top - MIN_FIGURE_POINTS
    above = [one for one in segments if one.y < end and one.x0 < caption.x1 and one.x1 > caption.x0]
    return max((one.y for one in above if len(one.text) > MAX_LABEL_CHARACTERS or caption_of(one.text)), default=0.0)


def _figure_above(
    segments: Sequence[Segment], caption: Segment, drawings: NDArray[np.float64]
) -> tuple[float, float, float, float] | None:
    """Return the bounds of the drawings that stand above a caption."""
    drawings = drawings[drawings[:, 1] > _ceiling(segments, caption)]
    above = (drawings[:, 3] < caption.top + 2) & (drawings[:, 3] > caption.top - CAPTION_DISTANCE)
    for side in (0.0, CAPTION_SIDE):
        found = above & (drawings[:, 0] < caption.x1 + side) & (drawings[:, 2] > caption.x0 - side)
        if found.any():
            break
    else:
        return None
    count = 0
    while count != (count := int(found.sum())):
        x0, y0 = drawings[found, :2].min(axis=0)
        x1, y1 = drawings[found, 2:].max(axis=0)
        near = (drawings[:, 0] < x1 + DRAWING_GAP_X) & (drawings[:, 2] > x0 - DRAWING_GAP_X)
        near &= (drawings[:, 1] < y1 + DRAWING_GAP_Y) & (drawings[:, 3] > y0 - DRAWING_GAP_Y)
        found |= near & (drawings[:, 3] < caption.top + 2)
    return (x0, y0, x1, y1) if min(x1 - x0, y1 - y0) >= MIN_FIGURE_POINTS else None


def _inside(segments: Sequence[Segment], figure: tuple[float, float, float, float], caption: Segment) -> list[int]:
    """Return which segments stand in a figure or beside its edges, down to its caption."""
    x0, y0, x1, _ = figure
    return [
        number
        for number, one in enumerate(segments)
        if x0 - LABEL_REACH < (one.x0 + one.x1) / 2 < x1 + LABEL_REACH
        and y0 - LABEL_REACH < one.y < caption.y - 0.5 * caption.size
        and not caption_of(one.text)
    ]
