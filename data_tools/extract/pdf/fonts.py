"""What a PDF's fonts say of their characters: style by the font's name, and meaning where there is no Unicode map.

A font without a map gives bare codes. Bitmap fonts of older TeX files are such, and their codes are nearly ASCII: they
are read by TeX's own encodings (OT1 and T1, "The LaTeX font encodings guide", 2021). The codes of other unmapped fonts
are numbers of glyphs, so their text would be garbage: it counts as unmapped.
"""

from __future__ import annotations

import ctypes
import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BOLD, ITALIC, MONOSPACED, LARGE_SYMBOLS, SMALL_SYMBOLS = 1, 2, 4, 8, 16
"""Styles, or'ed; the last two are TeX's fonts of summation signs and brackets, and of operators."""
MIN_TEXT_CODES, MIN_SMALL_LETTER_SHARE = 20, 0.35
"""Bare codes are text if there are so many, and this share of them are ASCII's small letters (in English 0.75)."""
MIN_VOWEL_SHARE = 0.25
"""So many of the small letters in words are vowels (in English 0.4), in formulas fewer."""
_BOLD_NAMES = re.compile(
    r"bold|black|heavy|demi|cm(?:ss)?bx|cmb\d|ecbx|sfbx|sfrb|ptmb|phvb|-bd\b|-medi(?:ital)?\b|t1-?xb", re.IGNORECASE
)
_ITALIC_NAMES = re.compile(r"ital|obli|slant|cmti|cmsl|ecti|sfti|cmmi|-it\b|-regu?ital", re.IGNORECASE)
_MONO_NAMES = re.compile(r"courier|mono|typewriter|consol|cmtt|ectt|sftt|menlo|inconsol", re.IGNORECASE)
_LARGE_SYMBOL_NAMES = re.compile(r"cmex\d", re.IGNORECASE)
_SMALL_SYMBOL_NAMES = re.compile(r"cmb?sy\d", re.IGNORECASE)
_FIXED_PITCH_FLAG, _ITALIC_FLAG, _FORCE_BOLD_FLAG = 1, 1 << 6, 1 << 18
_NAME_BYTES = 200

_OT1 = {
    **{0x0B: "ﬀ", 0x0C: "ﬁ", 0x0D: "ﬂ", 0x0E: "ﬃ", 0x0F: "ﬄ", 0x10: "ı", 0x11: "ȷ", 0x12: "`", 0x13: "´", 0x14: "ˇ"},
    **{0x15: "˘", 0x16: "¯", 0x17: "˚", 0x18: "¸", 0x19: "ß", 0x1A: "æ", 0x1B: "œ", 0x1C: "ø", 0x1D: "Æ", 0x1E: "Œ"},
    **{0x1F: "Ø", 0x22: "”", 0x27: "’", 0x3C: "¡", 0x3E: "¿", 0x5C: "“", 0x5E: "ˆ", 0x5F: "˙", 0x60: "‘", 0x7B: "–"},
    **{0x7C: "—", 0x7D: "˝", 0x7E: "˜", 0x7F: "¨"},
}
_T1 = {
    **{0x00: "`", 0x01: "´", 0x02: "ˆ", 0x03: "˜", 0x04: "¨", 0x07: "ˇ", 0x0B: "¸", 0x10: "“", 0x11: "”", 0x12: "„"},
    **{0x13: "«", 0x14: "»", 0x15: "–", 0x16: "—", 0x19: "ı", 0x1A: "ȷ", 0x1B: "ﬀ", 0x1C: "ﬁ", 0x1D: "ﬂ", 0x1E: "ﬃ"},
    **{0x1F: "ﬄ", 0x27: "’", 0x60: "‘", 0x7F: "-", **{code: chr(code) for code in range(0xC0, 0x100)}},
}
_FORMULA = {
    **dict(enumerate("−·×∗÷⋄±∓⊕⊖⊗")),
    **dict(enumerate("αβγδεζηθικλμνξπρστυφχψω", start=0x0B)),
}
"""Codes of TeX's fonts for formulas that are no ASCII: operators from CMSY, the Greek letters from CMMI."""
_CMEX = {
    **{0x48: "∮", 0x49: "∮", 0x50: "∑", 0x51: "∏", 0x52: "∫", 0x53: "⋃", 0x54: "⋂", 0x58: "∑", 0x59: "∏", 0x5A: "∫"},
    **{0x5B: "⋃", 0x5C: "⋂", 0x70: "√", 0x71: "√", 0x72: "√", 0x73: "√", 0x74: "√"},
}
"""Large symbols of Computer Modern by code: their glyphs have names that PDFium does not know. Others are dropped."""
_BULLETS = {0xF0B7: "•", 0xF0A7: "▪", 0xF06E: "■", 0xF0A8: "◦", 0xF06F: "○", 0xF0D8: "➢", 0xF0E0: "→", 0xF0FC: "✓"}
"""Signs of lists in the private codes of Symbol and Wingdings, as Word writes them."""


def meanings(
    code: NDArray[np.uint32], font: NDArray[np.int64], unmapped: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], bool]:
    """Return what the codes of a page's characters mean, 0 where that is unknown, and whether TeX's encodings told.

    All arrays have one length; ``font`` numbers the fonts, ``unmapped`` marks bare codes.
    """
    if not unmapped.any():
        return code, False
    meant = np.where(unmapped, 0, code).astype(np.uint32)
    if not _is_text(code[unmapped]):
        return meant, False
    for number in np.unique(font[unmapped]):
        mine = unmapped & (font == number)
        meant[mine] = _tex_table(code[mine])[np.minimum(code[mine], 255)]
    return meant, True


def _is_text(code: NDArray[np.uint32]) -> bool:
    small = (code >= ord("a")) & (code <= ord("z"))
    return len(code) >= MIN_TEXT_CODES and float(small.mean()) >= MIN_SMALL_LETTER_SHARE


def _tex_table(code: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return Unicode by code 0 to 255: OT1 or T1 for words, by the ligatures in use; else as in a font of formulas."""
    table = np.zeros(256, np.uint32)
    table[0x21:0x7F] = np.arange(0x21, 0x7F)
    small = code[(code >= ord("a")) & (code <= ord("z"))]
    vowels = np.isin(code, [ord(vowel) for vowel in "aeiou"]).sum()
    if len(small) >= MIN_SMALL_LETTER_SHARE * len(code) and vowels >= MIN_VOWEL_SHARE * len(small) > 0:
        ot1, t1 = (((code >= first) & (code < first + 5)).sum() for first in (0x0B, 0x1B))
        named = _T1 if t1 > ot1 else _OT1
    else:
        named = _FORMULA
    for place, character in named.items():
        table[place] = ord(character)
    return table


def symbols(code: NDArray[np.uint32], style: int) -> NDArray[np.uint32]:
    """Return the Unicode of characters in a font of ``style``, where names of glyphs are unknown to PDFium.

    TeX's large symbols by their codes (0 for pieces of brackets), its prime, and the bullets of Symbol and Wingdings.
    """
    if style & LARGE_SYMBOLS:
        return np.array([ord(_CMEX.get(one, "\0")) for one in code.tolist()], np.uint32)
    if style & SMALL_SYMBOLS:
        return np.where(code == ord("0"), ord("′"), code).astype(np.uint32)
    if len(code) and (code >= 0xF000).any():
        return np.array([ord(_BULLETS[one]) if one in _BULLETS else one for one in code.tolist()], np.uint32)
    return code


def style_of(font: int) -> int:
    """Return the style of a font, given by PDFium's handle."""
    import pypdfium2.raw as pdfium

    handle = ctypes.cast(font, pdfium.FPDF_FONT)
    buffer = ctypes.create_string_buffer(_NAME_BYTES)
    pdfium.FPDFFont_GetBaseFontName(handle, buffer, _NAME_BYTES)
    name = buffer.value.decode("latin-1").split("+")[-1]
    flags = max(pdfium.FPDFFont_GetFlags(handle), 0)
    return style_named(name, flags)


def style_named(name: str, flags: int = 0) -> int:
    """Return the style that a font's PostScript name and descriptor flags (ISO 32000-1, table 123) give."""
    style = 0
    if _BOLD_NAMES.search(name) or flags & _FORCE_BOLD_FLAG:
        style |= BOLD
    if _ITALIC_NAMES.search(name) or flags & _ITALIC_FLAG:
        style |= ITALIC
    if _MONO_NAMES.search(name) or flags & _FIXED_PITCH_FLAG:
        style |= MONOSPACED
    if _LARGE_SYMBOL_NAMES.search(name):
        style |= LARGE_SYMBOLS
    if _SMALL_SYMBOL_NAMES.search(name):
        style |= SMALL_SYMBOLS
    return style
