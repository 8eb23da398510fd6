"""Bytes out of gzip, bzip2, xz and zstd, in bounded memory whatever the ratio.

gzip, bzip2 and xz by Python's own decoders, zstd by Arrow's. Members in a row are one text, zeros after the last are
padding (tapes, tar), and what else follows it is damage. xz is refused above ``XZ_MEMORY_BYTES`` of dictionary.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\0", "bz2": b"BZh"}
SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".xz": "xz", ".bz2": "bz2"}
XZ_MEMORY_BYTES = 512 * 2**20
"""``xz -9`` needs 65 MiB."""
_INPUT_BYTES = 1 << 16
_BZ2_BLOCKS = (b"1A", b"\x17r")
"""How the first block, or the end of an empty file, begins."""


class Damaged(Exception):
    """The compressed data cannot be read on; ``truncated`` where it only ends too early."""

    def __init__(self, reason: str, truncated: bool = False) -> None:
        super().__init__(reason)
        self.truncated = truncated


def compression_in(head: bytes) -> str:
    """Return ``gzip``, ``zstd``, ``xz``, ``bz2`` or an empty string, by the first six bytes."""
    found = next((name for name, magic in MAGIC.items() if head.startswith(magic)), "")
    return "" if found == "bz2" and head[4:6] not in _BZ2_BLOCKS else found


class Decompressed:
    """A compressed file, read as what is in it. ``read`` raises Damaged; use it as a context manager."""

    def __init__(self, path: Path, compression: str) -> None:
        self._source: Any = _zstd(path) if compression == "zstd" else _Members(path.open("rb"), compression)

    def __enter__(self) -> Decompressed:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        import lzma
        import zlib

        try:
            found: bytes = self._source.read(size)
        except (OSError, zlib.error, lzma.LZMAError) as error:
            raise Damaged(str(error), "Truncated" in str(error)) from None
        return found


def _zstd(path: Path) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(os.fsencode(path)), "zstd")


class _Gzip:
    """zlib's decoder with the interface of those of ``bz2`` and ``lzma``."""

    def __init__(self) -> None:
        import zlib

        self._decoder = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._decoder.decompress(data or self._decoder.unconsumed_tail, max_length)


def _decoder(compression: str) -> Any:
    import bz2
    import lzma

    if compression == "gzip":
        return _Gzip()
    return bz2.BZ2Decompressor() if compression == "bz2" else lzma.LZMADecompressor(memlimit=XZ_MEMORY_BYTES)


class _Members:
    """The members of one file, one decoder after the other."""

    def __init__(self, stream: BinaryIO, compression: str) -> None:
        self._stream = stream
        self._compression = compression
        self._decoder = _decoder(compression)
        self._held = b""

    def close(self) -> None:
        self._stream.close()

    def read(self, size: int) -> bytes:
        while True:
            if self._decoder.eof and not self._next_member():
                return b""
            wants = self._decoder.needs_input
            data = self._take() if wants else b""
            if found := self._decoder.decompress(data, size):
                return bytes(found)
            if wants and not data and not self._decoder.eof:
                raise OSError("Truncated compressed stream")

    def _take(self) -> bytes:
        data, self._held = self._held or self._stream.read(_INPUT_BYTES), b""
        return data

    def _next_member(self) -> bool:
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest and (block := self._stream.read(_INPUT_BYTES)):
            rest = block.lstrip(b"\0")
        if not rest:
            return False
        if len(rest) < len(MAGIC["xz"]):
            rest += self._stream.read(_INPUT_BYTES)
        if compression_in(rest) != self._compression:
            raise OSError(f"what follows its end is no {self._compression} data")
        self._held = rest
        self._decoder = _decoder(self._compression)
        return True
