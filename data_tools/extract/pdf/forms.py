"""A guard against PDFs whose drawings multiply: a form XObject draws another ten times, which draws another, and so on.

PDFium draws all of them when it loads a page: a file of 2 kB with eight such levels took 17 GB and a minute. So the
forms' own bytes are looked at before. Streams always stand in the file as such, never inside object streams; what is
not plain there (a filter other than Flate, an encrypted stream, a form's resources in an object stream) counts as
drawing each form that its dictionary names once.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

MAX_DRAWN = 100_000
"""A form may come to draw so many forms; an imposed page that places map symbols comes to some thousands."""
MAX_FORMS = 50_000
MAX_DICTIONARY_BYTES, MAX_STREAM_BYTES, MAX_CONTENT_BYTES = 20_000, 4_000_000, 20_000_000
_OBJECT = re.compile(rb"(\d{1,10})\s+\d{1,5}\s+obj\b")
_NAMED = re.compile(rb"/([^\s/\[\]<>(){}%]+)\s+(\d{1,10})\s+\d{1,5}\s+R\b")
_DRAWN = re.compile(rb"/([^\s/\[\]<>(){}%]+)\s+Do\b")
_REFERENCE = re.compile(rb"/(?:Resources|XObject)\s+(\d{1,10})\s+\d{1,5}\s+R\b")


@dataclass(frozen=True)
class _Form:
    names: Mapping[bytes, int]
    """The objects that its resources name."""
    draws: Counter[bytes]
    """How often its content draws each name; empty where the content cannot be read."""


def multiplied_forms(data: bytes) -> int:
    """Return how many forms the form that draws most of them comes to draw, itself among them; 0 without forms.

    Forms that draw themselves count once: PDFium stops there.
    """
    forms = _forms(data)
    totals: dict[int, int] = {}
    for number in forms:
        if number not in totals:
            _count(number, forms, totals)
    return max(totals.values(), default=0)


def _count(start: int, forms: Mapping[int, _Form], totals: dict[int, int]) -> None:
    """Fill ``totals`` for ``start`` and all below it; no recursion, for the chain may be as long as the file."""
    stack, open_forms = [start], {start}
    while stack:
        number = stack[-1]
        form = forms[number]
        children = [child for child in form.names.values() if child in forms and child not in open_forms]
        waiting = next((child for child in children if child not in totals), None)
        if waiting is not None:
            stack.append(waiting)
            open_forms.add(waiting)
            continue
        total = 1
        for name, child in form.names.items():
            total += (form.draws[name] if form.draws else 1) * totals.get(child, 0)
        totals[number] = min(total, MAX_DRAWN + 1)
        open_forms.discard(stack.pop())


def _forms(data: bytes) -> dict[int, _Form]:
    """Return the file's forms by their objects' numbers."""
    dictionaries: dict[int, tuple[bytes, int]] = {}
    place = 0
    while len(dictionaries) < MAX_FORMS and (place := data.find(b"/Form", place)) >= 0:
        begin = data.rfind(b"obj", max(place - MAX_DICTIONARY_BYTES, 0), place)
        head = _OBJECT.search(data, max(begin - 20, 0), begin + 3) if begin >= 0 else None
        end = data.find(b"stream", place, place + MAX_DICTIONARY_BYTES)
        place += len(b"/Form")
        if head is not None and end >= 0:
            dictionaries.setdefault(int(head[1]), (data[head.end() : end], end + len(b"stream")))
    referred = _resources(data, [dictionary for dictionary, _ in dictionaries.values()])
    found, budget = {}, MAX_CONTENT_BYTES
    for number, (dictionary, start) in dictionaries.items():
        written = dictionary + b"".join(referred.get(int(one), b"") for one in _REFERENCE.findall(dictionary)[:2])
        names = {name: int(child) for name, child in _NAMED.findall(written) if int(child) in dictionaries}
        content = _content(data, dictionary, start, budget) if names else b""
        budget -= len(content)
        found[number] = _Form(names, Counter(_DRAWN.findall(content)))
    return found


def _resources(data: bytes, dictionaries: list[bytes]) -> dict[int, bytes]:
    """Return the dictionaries that ``dictionaries`` refer to for their resources, by their objects' numbers."""
    wanted = {int(number) for one in dictionaries for number in _REFERENCE.findall(one)[:2]}
    if not wanted:
        return {}
    found = {}
    for head in _OBJECT.finditer(data):
        if int(head[1]) in wanted:
            end = data.find(b"endobj", head.end(), head.end() + MAX_DICTIONARY_BYTES)
            found[int(head[1])] = data[head.end() : end] if end >= 0 else b""
    return found


def _content(data: bytes, dictionary: bytes, start: int, budget: int) -> bytes:
    """Return a form's content, as far as it is plain or deflated, and no more than ``budget`` bytes."""
    start += len(data[start : start + 2]) - len(data[start : start + 2].lstrip(b"\r\n"))
    end = data.find(b"endstream", start, start + MAX_STREAM_BYTES)
    raw = data[start : end if end >= 0 else start + MAX_STREAM_BYTES]
    if b"/Filter" not in dictionary:
        return raw[: max(budget, 0)]
    try:
        return zlib.decompressobj().decompress(raw, max(min(MAX_STREAM_BYTES, budget), 1))
    except zlib.error:
        return b""
