"""Bytes from plain and compressed files (gzip, bzip2, xz, zstd), read in place in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from data_tools.extract.decompression import Damaged, Decompressed, compression_in
from data_tools.extract.records import Unreadable

BLOCK_BYTES = 1 << 16
SNIFF_BYTES = 8192
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def compression_of(path: Path) -> str:
    """Return ``gzip``, ``bz2``, ``xz``, ``zstd`` or an empty string, by the file's first bytes, whatever its name."""
    with path.open("rb") as stream:
        return compression_in(stream.read(6))


def blocks(path: Path, max_bytes: int) -> Iterator[bytes]:
    """Yield a file's bytes, decompressed. Unreadable where it is truncated, damaged or longer than ``max_bytes``.

    Everything up to the point of damage is yielded first.
    """
    compression = compression_of(path)
    total = 0
    try:
        for block in _decompressed(path, compression) if compression else _plain(path):
            total += len(block)
            if total > max_bytes:
                raise Unreadable(
                    "too_large", f"is larger than {max_bytes:,} bytes once decompressed; the rest is left out"
                )
            yield block
    except Damaged as error:
        yield from _rest(path, compression, total)
        rule = "truncated" if error.truncated else f"broken_{compression}"
        raise Unreadable(rule, f"its {compression} data cannot be read to the end: {error}") from None


def _plain(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _decompressed(path: Path, compression: str) -> Iterator[bytes]:
    with Decompressed(path, compression) as stream:
        while block := stream.read(BLOCK_BYTES):
            yield block


def _rest(path: Path, compression: str, skip: int) -> Iterator[bytes]:
    """Yield what the failed read had already decompressed: less than one block, byte by byte."""
    found = bytearray()
    with Decompressed(path, compression) as stream:
        try:
            while skip:
                skip -= len(stream.read(min(skip, BLOCK_BYTES)))
            while byte := stream.read(1):
                found += byte
        except Damaged:
            if found:
                yield bytes(found)


def seekable(path: Path, max_bytes: int) -> BinaryIO:
    """Return an open file for readers that jump about in it; a compressed one stands in memory, up to ``max_bytes``."""
    if compression_of(path):
        return BytesIO(whole(blocks(path, max_bytes + BLOCK_BYTES), max_bytes))
    return path.open("rb")


def refuse_binary(head: bytes) -> None:
    """Unreadable where a file's first bytes are not text: a NUL (outside UTF-16) or mostly control characters."""
    if head.startswith(_UTF16):
        return
    controls = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    if b"\0" in head or controls > len(head) * 0.05:
        raise Unreadable("binary", "holds binary data, not text")


def checked(source: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``source`` on, after its first bytes were found to be text."""
    first = True
    for block in source:
        if first:
            refuse_binary(block[:SNIFF_BYTES])
            first = False
        yield block


def whole(source: Iterable[bytes], max_bytes: int) -> bytes:
    """Return all bytes; Unreadable above ``max_bytes``."""
    found = bytearray()
    for block in source:
        found += block
        if len(found) > max_bytes:
            raise Unreadable("too_large", f"is larger than {max_bytes:,} bytes")
    return bytes(found)


def lines(source: Iterable[bytes], max_bytes: int) -> Iterator[tuple[int, bytes | None]]:
    r"""Yield ``(number from 1, line without its \n)``; None in place of a line longer than ``max_bytes``."""
    number, held, dropping = 1, bytearray(), False
    for block in source:
        *ended, rest = block.split(b"\n")
        for piece in ended:
            held += piece
            yield number, None if dropping or len(held) > max_bytes else bytes(held)
            number, dropping = number + 1, False
            held.clear()
        held += rest
        if len(held) > max_bytes:
            dropping = True
            held.clear()
    if held or dropping:
        yield number, None if dropping else bytes(held)
