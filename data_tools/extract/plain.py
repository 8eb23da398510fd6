"""Plain text (.txt, .text): a file is one document, or several where it is as long as a book."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from data_tools.extract.cutting import cut
from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, checked, whole


def read_plain(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record, cut where it is long. A file above ``max_document_bytes`` is cut as it is read."""
    try:
        text, encoding = decode(whole(checked(blocks(path, options.max_file_bytes)), options.max_document_bytes))
    except Unreadable as error:
        if error.bad.rule != "too_large":
            raise
        yield from _as_it_comes(path, options)
        return
    yield Record(plain_lines(text), repaired=(f"encoding {encoding}",) if encoding else ())


def _as_it_comes(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield the parts of a file that is too large to hold; it must be UTF-8."""
    pieces = _decoded(checked(blocks(path, options.max_file_bytes)))
    for number, text in enumerate(cut(pieces, options.max_document_characters, options.split_characters), start=1):
        yield Record(text, position=f"#{number}", meta={"part": number})


def _decoded(source: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    offset = 0
    held = ""
    for block in source:
        try:
            held += decoder.decode(block)
        except UnicodeDecodeError as error:
            place = offset + error.start
            raise Unreadable("invalid_utf8", f"is not UTF-8 near byte {place:,}; the rest is left out") from None
        offset += len(block)
        kept = "\r" if held.endswith("\r") else ""  # its \n may come with the next block
        yield plain_lines(held[: len(held) - len(kept)])
        held = kept
    if held or decoder.getstate()[0]:
        yield plain_lines(held)
