"""What PDFium knows of a page, in arrays: every character with its place and text object, and every drawing.

PDFium has one function for each fact of one character. Called by address through ``map``, ctypes needs 0.2 microseconds
a call, so a page of 6,000 characters takes some 6 milliseconds; pypdfium2's helpers would take ten times as long.
Arrays are in PDF's own space: points, y running up the page, before any turning.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_PAGE_OBJECTS = 20_000
"""Ruled lines and pictures are looked for among this many drawing objects of a page."""
MAX_TRACED_PATHS, MAX_PATH_POINTS = 300, 64
"""Of so many stroked paths of a page the single lines are traced; a path of more points is no table's frame."""
TEXT, PATH, IMAGE, SHADING, FORM = 1, 2, 3, 4, 5
_NAME_BYTES = 64
_UNITS_PER_EM, _CODES = 1000.0, 0x110000
_LINE_TO, _MOVE_TO = 0, 2


@dataclass(frozen=True)
class RawText:
    """A page's characters, in drawing order."""

    code: NDArray[np.uint32]
    box: NDArray[np.float32]
    """Columns left, top, right, bottom: from the origin to the end of the advance width."""
    origin: NDArray[np.float64]
    """Columns x, y: where the baseline begins."""
    object: NDArray[np.int64]
    """Index into the arrays of text objects; -1 where no object drew the character (PDFium's own line ends)."""
    first: NDArray[np.int64]
    """By text object: its first character."""
    font: NDArray[np.uint64]
    """By text object: PDFium's handle of its font."""
    font_size: NDArray[np.float64]
    matrix: NDArray[np.float32]
    """By text object: a, b, c, d, e, f of the matrix that places its characters."""
    artifact: NDArray[np.bool_]
    """By text object: marked as page decoration (ISO 32000-1, 14.8.2.2), as Word and Chromium do for headers."""


@dataclass(frozen=True)
class RawDrawings:
    """A page's drawing objects that are not text."""

    kind: NDArray[np.int64]
    box: NDArray[np.float32]
    """Columns left, bottom, right, top."""
    lines: NDArray[np.float32]
    """Single straight lines in stroked paths, columns x0, y0, x1, y1."""


@dataclass(frozen=True)
class _Calls:
    """PDFium's functions, called by address: handles and pointers are ints, and no argument is converted."""

    unicode: Callable[..., int]
    text_object: Callable[..., int]
    loose_box: Callable[..., int]
    tight_box: Callable[..., int]
    origin: Callable[..., int]
    font_size: Callable[..., float]
    matrix: Callable[..., int]
    map_error: Callable[..., int]
    font: Callable[..., int]
    glyph_width: Callable[..., int]
    page_object: Callable[..., int]
    object_type: Callable[..., int]
    object_bounds: Callable[..., int]


@cache
def _calls() -> _Calls:
    import pypdfium2.raw as pdfium

    handle, number, pointer = ctypes.c_size_t, ctypes.c_int, ctypes.c_size_t

    def bound(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
        address = ctypes.cast(getattr(pdfium, name), ctypes.c_void_p).value
        return ctypes.CFUNCTYPE(result, *arguments)(address)  # type: ignore[arg-type]

    four = (pointer,) * 4
    return _Calls(
        unicode=bound("FPDFText_GetUnicode", ctypes.c_uint, handle, number),
        text_object=bound("FPDFText_GetTextObject", handle, handle, number),
        loose_box=bound("FPDFText_GetLooseCharBox", number, handle, number, pointer),
        tight_box=bound("FPDFText_GetCharBox", number, handle, number, *four),
        origin=bound("FPDFText_GetCharOrigin", number, handle, number, pointer, pointer),
        font_size=bound("FPDFText_GetFontSize", ctypes.c_double, handle, number),
        matrix=bound("FPDFText_GetMatrix", number, handle, number, pointer),
        map_error=bound("FPDFText_HasUnicodeMapError", number, handle, number),
        font=bound("FPDFTextObj_GetFont", handle, handle),
        glyph_width=bound("FPDFFont_GetGlyphWidth", number, handle, ctypes.c_uint32, ctypes.c_float, pointer),
        page_object=bound("FPDFPage_GetObject", handle, handle, number),
        object_type=bound("FPDFPageObj_GetType", number, handle),
        object_bounds=bound("FPDFPageObj_GetBounds", number, handle, *four),
    )


def _address(handle: Any) -> int:
    return ctypes.cast(handle, ctypes.c_void_p).value or 0


def _filled(call: Callable[..., int], handles: Any, numbers: Any, table: NDArray[Any], rows: int) -> None:
    """Let ``call(handle, number, pointer)`` fill each row of ``table``."""
    start, step = table.ctypes.data, table.strides[0]
    for _ in map(call, handles, numbers, range(start, start + step * rows, step)):
        pass


def raw_text(textpage: Any, count: int, tagged: bool) -> RawText:
    """Return the first ``count`` characters of a page; ``tagged``: look for marks of page decoration."""
    calls, page = _calls(), _address(textpage.raw)
    numbers = range(count)
    code = np.fromiter(map(calls.unicode, repeat(page), numbers), np.uint32, count)
    box, origin = np.zeros((count, 4), np.float32), np.zeros((count, 2), np.float64)
    _filled(calls.loose_box, repeat(page), numbers, box, count)
    start = origin.ctypes.data
    xs, ys = range(start, start + 16 * count, 16), range(start + 8, start + 8 + 16 * count, 16)
    for _ in map(calls.origin, repeat(page), numbers, xs, ys):
        pass
    handles = np.fromiter(map(calls.text_object, repeat(page), numbers), np.uint64, count)
    unique, first, object_number = np.unique(handles, return_index=True, return_inverse=True)
    if len(unique) and unique[0] == 0:  # no object: sorted first
        unique, first, object_number = unique[1:], first[1:], object_number - 1
    starts = first.tolist()
    matrix = np.zeros((len(starts), 6), np.float32)
    _filled(calls.matrix, repeat(page), starts, matrix, len(starts))
    objects = unique.tolist()
    return RawText(
        code=code,
        box=box,
        origin=origin,
        object=object_number.astype(np.int64),
        first=first.astype(np.int64),
        font=np.fromiter(map(calls.font, objects), np.uint64, len(objects)),
        font_size=np.fromiter(map(calls.font_size, repeat(page), starts), np.float64, len(starts)),
        matrix=matrix,
        artifact=np.array([tagged and _is_artifact(one) for one in objects], bool),
    )


def tight_boxes(textpage: Any, count: int) -> NDArray[np.float64]:
    """Return the ink's bounds of every character, columns left, right, bottom, top: for turned text."""
    table = np.zeros((count, 4), np.float64)
    start = table.ctypes.data
    places = [range(start + 8 * column, start + 8 * column + 32 * count, 32) for column in range(4)]
    for _ in map(_calls().tight_box, repeat(_address(textpage.raw)), range(count), *places):
        pass
    return table


def advance_widths(font: NDArray[np.uint64], code: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Return how far each character moves on, in font sizes; 0 where the font does not say. Both of one length."""
    handles, font_number = np.unique(font, return_inverse=True)
    pairs, number = np.unique(font_number * _CODES + code.astype(np.int64), return_inverse=True)
    width = np.zeros(len(pairs), np.float32)
    start = width.ctypes.data
    fonts, places = handles[pairs // _CODES].tolist(), range(start, start + 4 * len(width), 4)
    for _ in map(_calls().glyph_width, fonts, (pairs % _CODES).tolist(), repeat(_UNITS_PER_EM), places):
        pass
    return np.asarray(width.astype(np.float64) / _UNITS_PER_EM)[number]


def map_errors(textpage: Any, characters: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of ``characters`` (indices) have a font that does not say what they mean."""
    page = repeat(_address(textpage.raw))
    found = np.fromiter(map(_calls().map_error, page, characters.tolist()), np.int64, len(characters))
    return np.asarray(found == 1)


def _is_artifact(text_object: int) -> bool:
    import pypdfium2.raw as pdfium

    handle = ctypes.cast(text_object, pdfium.FPDF_PAGEOBJECT)
    buffer, length = (pdfium.FPDF_WCHAR * (_NAME_BYTES // 2))(), ctypes.c_ulong()
    for number in range(min(pdfium.FPDFPageObj_CountMarks(handle), 8)):
        mark = pdfium.FPDFPageObj_GetMark(handle, number)
        known = mark and pdfium.FPDFPageObjMark_GetName(mark, buffer, _NAME_BYTES, length)
        if known and bytes(buffer)[: length.value].decode("utf-16-le", "replace").rstrip("\0") == "Artifact":
            return True
    return False


def raw_drawings(page: Any) -> RawDrawings:
    """Return what a page draws besides text, of its first ``MAX_PAGE_OBJECTS`` objects."""
    import pypdfium2.raw as pdfium

    calls = _calls()
    count = min(max(pdfium.FPDFPage_CountObjects(page), 0), MAX_PAGE_OBJECTS)
    handles = np.fromiter(map(calls.page_object, repeat(_address(page.raw)), range(count)), np.uint64, count)
    kind = np.fromiter(map(calls.object_type, handles.tolist()), np.int64, count)
    handles, kind = handles[kind != TEXT], kind[kind != TEXT]
    box = np.zeros((len(kind), 4), np.float32)
    start = box.ctypes.data
    places = [range(start + 4 * column, start + 4 * column + 16 * len(kind), 16) for column in range(4)]
    for _ in map(calls.object_bounds, handles.tolist(), *places):
        pass
    box = np.nan_to_num(box, nan=0.0, posinf=0.0, neginf=0.0)
    thick = (box[:, 2] - box[:, 0] > 3) & (box[:, 3] - box[:, 1] > 3)
    paths = handles[(kind == PATH) & thick][:MAX_TRACED_PATHS].tolist()
    lines = [line for path in paths for line in _straight_lines(path)]
    return RawDrawings(kind, box, np.array(lines, np.float32).reshape(-1, 4))


def _straight_lines(path: int) -> list[tuple[float, float, float, float]]:
    """Return the pieces of a stroked path if all of them are upright or level: a frame, or a table's lines."""
    import pypdfium2.raw as pdfium

    handle = ctypes.cast(path, pdfium.FPDF_PAGEOBJECT)
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    count = pdfium.FPDFPath_CountSegments(handle)
    if not 2 <= count <= MAX_PATH_POINTS or not pdfium.FPDFPath_GetDrawMode(handle, fill, stroke) or not stroke.value:
        return []
    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFPageObj_GetMatrix(handle, matrix)
    lines, before, begin = [], (0.0, 0.0), (0.0, 0.0)
    for number in range(count):
        segment = pdfium.FPDFPath_GetPathSegment(handle, number)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind not in (_LINE_TO, _MOVE_TO) or not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            return []
        here = (matrix.a * x.value + matrix.c * y.value + matrix.e, matrix.b * x.value + matrix.d * y.value + matrix.f)
        if kind == _LINE_TO:
            lines.append((*before, *here))
        else:
            begin = here
        before = here
        if pdfium.FPDFPathSegment_GetClose(segment):
            lines.append((*before, *begin))
    level = all(abs(x1 - x0) < 1 or abs(y1 - y0) < 1 for x0, y0, x1, y1 in lines)
    return lines if level else []
