"""Formulas of Office documents (OMML) as presentation MathML, which ``mathml.py`` turns into LaTeX.

After ECMA-376, part 1, clause 22.1. Properties that only change the looks (sizes, spacing, breaks) are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element

NAMESPACE = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_M = f"{{{NAMESPACE}}}"
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|\s+|\S")
_SPACING = {"\u0300": "`", "\u0301": "´", "\u0305": "‾", "\u0306": "˘", "\u0308": "¨", "\u030a": "˚", "\u030c": "ˇ"}
"""Accents as Office writes them and as MathML does."""
_OFF = ("0", "off", "false")
_DELETED = "}del"


def mathml_of(formula: _Element) -> _Element:
    """Return an ``oMath`` element as a ``math`` element without namespace."""
    return _made("math", *_parts(formula))


def _made(tag: str, *children: _Element, text: str = "", **attributes: str) -> _Element:
    from lxml import etree

    element = etree.Element(tag, attributes)
    element.text = text or None
    element.extend(children)
    return element


def _parts(element: _Element | None) -> Iterator[_Element]:
    for child in () if element is None else element:
        if not isinstance(child.tag, str) or child.tag.endswith((_DELETED, "Pr")):
            continue
        write = _WRITERS.get(child.tag.removeprefix(_M))
        if write is None:
            yield from _parts(child)
        else:
            yield from write(child)


def _row(element: _Element, name: str) -> _Element:
    """Return what stands in the child ``name``, as one element."""
    parts = list(_parts(element.find(_M + name)))
    return parts[0] if len(parts) == 1 else _made("mrow", *parts)


def _said(element: _Element, name: str, usual: str = "") -> str:
    """Return a property's value; ``usual`` where it is not set, ``1`` where it is set without a value."""
    found = element.find(f"{element.tag}Pr/{_M}{name}")
    return usual if found is None else found.get(f"{_M}val", "1")


def _is_on(element: _Element, name: str) -> bool:
    return _said(element, name, "0") not in _OFF


def _run(run: _Element) -> Iterator[_Element]:
    text = "".join(part.text or "" for part in run.iter(f"{_M}t"))
    if _is_on(run, "nor"):
        yield _made("mtext", text=text)
    elif _said(run, "sty") == "p" and text.isalpha() and len(text) > 1:
        yield _made("mi", text=text)
    else:
        for token in _TOKEN.findall(text):
            if not token.isspace():
                yield _made("mn" if token[0].isdigit() else "mi" if token.isalpha() else "mo", text=token)


def _fraction(element: _Element) -> Iterator[_Element]:
    line = {"linethickness": "0"} if _said(element, "type") == "noBar" else {}
    yield _made("mfrac", _row(element, "num"), _row(element, "den"), **line)


def _radical(element: _Element) -> Iterator[_Element]:
    degree = _row(element, "deg")
    plain = _is_on(element, "degHide") or (degree.tag == "mrow" and not len(degree))
    yield _made("msqrt", _row(element, "e")) if plain else _made("mroot", _row(element, "e"), degree)


def _scripts(tag: str, *names: str) -> Callable[[_Element], Iterator[_Element]]:
    def write(element: _Element) -> Iterator[_Element]:
        yield _made(tag, *(_row(element, name) for name in names))

    return write


def _before(element: _Element) -> Iterator[_Element]:
    scripts = (_row(element, "sub"), _row(element, "sup"))
    yield _made("mmultiscripts", _row(element, "e"), _made("mprescripts"), *scripts)


def _nary(element: _Element) -> Iterator[_Element]:
    sign = _made("mo", text=_said(element, "chr", "\u222b"))
    below = None if _is_on(element, "subHide") else _row(element, "sub")
    above = None if _is_on(element, "supHide") else _row(element, "sup")
    if below is not None and above is not None:
        yield _made("munderover", sign, below, above)
    elif below is not None:
        yield _made("munder", sign, below)
    else:
        yield sign if above is None else _made("mover", sign, above)
    yield _row(element, "e")


def _delimited(element: _Element) -> Iterator[_Element]:
    opens, closes, parts = _said(element, "begChr", "("), _said(element, "endChr", ")"), _said(element, "sepChr", "|")
    inner = element.findall(f"{_M}e")
    if (opens, closes, len(inner)) == ("(", ")", 1) and _is_binomial(inner[0]):
        opens = closes = ""
    if opens.strip():
        yield _made("mo", text=opens)
    for place, part in enumerate(inner):
        if place and parts.strip():
            yield _made("mo", text=parts)
        yield from _parts(part)
    if closes.strip():
        yield _made("mo", text=closes)


def _is_binomial(element: _Element) -> bool:
    return len(element) == 1 and element[0].tag == f"{_M}f" and _said(element[0], "type") == "noBar"


def _function(element: _Element) -> Iterator[_Element]:
    yield _row(element, "fName")
    yield _made("mo", text="\u2061")
    yield _row(element, "e")


def _accent(element: _Element) -> Iterator[_Element]:
    accent = _said(element, "chr", "\u0302")
    sign = _made("mo", text=_SPACING.get(accent, accent))
    yield _made("mover", _row(element, "e"), sign, accent="true")


def _bar(element: _Element) -> Iterator[_Element]:
    tag = "mover" if _said(element, "pos", "bot") == "top" else "munder"
    yield _made(tag, _row(element, "e"), _made("mo", text="\u00af" if tag == "mover" else "_"))


def _group(element: _Element) -> Iterator[_Element]:
    tag = "mover" if _said(element, "pos", "bot") == "top" else "munder"
    yield _made(tag, _row(element, "e"), _made("mo", text=_said(element, "chr", "\u23df")))


def _matrix(element: _Element) -> Iterator[_Element]:
    lines = [[_made("mtd", *_parts(cell)) for cell in row.findall(f"{_M}e")] for row in element.findall(f"{_M}mr")]
    yield _made("mtable", *(_made("mtr", *cells) for cells in lines))


def _array(element: _Element) -> Iterator[_Element]:
    lines = [_made("mtd", *_parts(line)) for line in element.findall(f"{_M}e")]
    yield _made("mtable", *(_made("mtr", line) for line in lines))


_WRITERS: dict[str, Callable[[_Element], Iterator[_Element]]] = {
    "r": _run,
    "f": _fraction,
    "rad": _radical,
    "sSub": _scripts("msub", "e", "sub"),
    "sSup": _scripts("msup", "e", "sup"),
    "sSubSup": _scripts("msubsup", "e", "sub", "sup"),
    "sPre": _before,
    "nary": _nary,
    "d": _delimited,
    "func": _function,
    "limLow": _scripts("munder", "e", "lim"),
    "limUpp": _scripts("mover", "e", "lim"),
    "acc": _accent,
    "bar": _bar,
    "groupChr": _group,
    "m": _matrix,
    "eqArr": _array,
}
