"""A large XML file cut into its records, so that each is parsed by itself: bounded memory, and damage stays in one.

The cut is made at tags, before any parsing: files of PubMed's baseline hold 30,000 citations in 200 MB, and one that is
not well-formed must not end the file. A start tag written inside a comment or a CDATA section would be taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from data_tools.extract.records import Unreadable

_LONGEST_TAG = 64
"""Bytes kept of a block without a start tag, in which one may begin."""


@dataclass(frozen=True)
class XmlRecord:
    data: bytes
    """From its start tag to its end tag; empty where it is too large."""
    line: int
    """Where it begins, from 1."""


def xml_records(source: Iterable[bytes], names: Sequence[str], root: str, max_bytes: int) -> Iterator[XmlRecord]:
    """Yield the outermost elements of these ``names`` in a file whose root element is ``root``.

    Unreadable with the rule ``truncated`` where the file ends inside a record or before its root does.
    """
    cutter = _Cutter(names, max_bytes)
    for block in source:
        yield from cutter.records(block)
    if cutter.end_tag:
        detail = f"ends inside the record that begins in line {cutter.line:,}, which is left out"
        raise Unreadable("truncated", detail)
    end_of_root = rb"</(?:[\w.-]+:)?%s\s*>\s*\Z" % re.escape(root).encode()
    if root not in names and not re.search(end_of_root, cutter.held):
        raise Unreadable("truncated", f"ends without </{root}>: records after the last one may be missing")


class _Cutter:
    """Holds what was read since the last record ended."""

    def __init__(self, names: Sequence[str], max_bytes: int) -> None:
        self.held = bytearray()
        self.line = 1
        """The line in which ``held`` begins."""
        self.end_tag = b""
        """What ends the record that ``held`` begins with; empty between records."""
        self._start = re.compile(rb"<((?:[\w.-]+:)?(?:%s))(?=[\s>])" % "|".join(map(re.escape, names)).encode())
        self._max_bytes = max_bytes
        self._searched = 0
        self._skipping = False

    def records(self, block: bytes) -> Iterator[XmlRecord]:
        """Yield the records that end in the next block of the file."""
        self.held += block
        while self.end_tag or self._begins():
            place = self.held.find(self.end_tag, self._searched)
            if place < 0:
                self._searched = max(0, len(self.held) - len(self.end_tag))
                if len(self.held) > self._max_bytes:
                    if not self._skipping:
                        yield XmlRecord(b"", self.line)
                    self._skipping = True
                    self._drop(self._searched)
                return
            end = place + len(self.end_tag)
            if not self._skipping:
                yield XmlRecord(bytes(self.held[:end]) if end <= self._max_bytes else b"", self.line)
            self._drop(end)
            self.end_tag, self._skipping = b"", False

    def _begins(self) -> bool:
        """Go to where the next record begins, if it does in what is held."""
        found = self._start.search(self.held)
        if found is None:
            self._drop(max(0, len(self.held) - _LONGEST_TAG))
            return False
        self.end_tag = b"</%s>" % found[1]
        self._drop(found.start())
        return True

    def _drop(self, count: int) -> None:
        self.line += self.held.count(b"\n", 0, count)
        del self.held[:count]
        self._searched = 0
