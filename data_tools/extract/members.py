"""The members of zip and tar archives, one after the other, as streams of bytes.

tar is read as it comes, so that a compressed one is decompressed once and a broken one gives what came before. A zip
file is read by the directory at its end; where that is lost, its members are found one by one from the front. Nothing
is written here, and a name that points out of the archive is told, not followed.
"""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from data_tools.extract.records import Bad, ReadOptions, Unreadable
from data_tools.extract.streams import BLOCK_BYTES, blocks

MAX_RATIO = 200
"""An archive or a member that grows more than this many times, beyond ``FREE_BYTES``, is taken for a bomb: text
shrinks to a third or a tenth, tables of numbers to a thirtieth."""
FREE_BYTES = 16 * 2**20
MAX_HEADER_BYTES = 1 << 20
"""A tar header that says it is larger (long names, pax) is no header."""
DIRECTORY_BYTES_PER_FILE = 400
"""What a zip file's directory may hold for each file that is allowed, on average; a longer one is not read."""
_SMALL_BLOCK_BYTES = 4096
"""Read at a time where ``zipfile`` decompresses all that it reads (bzip2, LZMA)."""
_EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
             tarfile.GNUTYPE_LONGLINK)  # fmt: skip
_LINK = Bad("unsafe_path", "is a link, and links in archives are not followed", harmless=True)
_ZIP_FAILURES = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)


class Ended(Unreadable):
    """Raised where nothing more of a whole archive can be read."""


@dataclass(frozen=True)
class Member:
    """One file in an archive."""

    name: str
    """With ``/`` between its parts, and neither ``..`` nor ``.`` among them unless there is a problem."""
    blocks: Iterator[bytes]
    """Its bytes; Unreadable where they are damaged."""
    packed_bytes: int = 0
    """Its size in the archive; 0 where that is not known."""
    problem: Bad | None = None


def members(path: Path, format_name: str, options: ReadOptions) -> Iterator[Member]:
    """Yield the files in an archive, hidden ones left out. Unreadable where the rest of it cannot be read."""
    found = _tar_members(path, options) if format_name == "tar" else _zip_members(path, options)
    for member in found:
        checked = _with_safe_name(member)
        parts = checked.name.split("/")
        if parts[-1] and not any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in parts):
            yield checked


def _with_safe_name(member: Member) -> Member:
    name = member.name
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if "\0" in name:
        problem = Bad("unsafe_path", "has a NUL character in its name")
    elif name.startswith("/") or ".." in parts or name[1:3] in (":/", ":"):
        problem = Bad("unsafe_path", "has a name that points out of the archive")
    else:
        return replace(member, name="/".join(parts))
    return replace(member, name=name.replace("\0", ""), problem=problem)


def _zip_members(path: Path, options: ReadOptions) -> Iterator[Member]:
    try:
        _refuse_long_directory(path, options.max_archive_files)
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield from _found_from_the_front(path)
        raise Unreadable(
            "broken_zip", f"its directory cannot be read ({error}): it was cut off or damaged; what was found is kept"
        ) from None
    with archive:
        for info in archive.infolist():
            if not info.orig_filename.endswith(("/", "\\")):
                yield _zip_member(archive, info)


def _refuse_long_directory(path: Path, max_files: int) -> None:
    """Unreadable where the directory, which ``zipfile`` holds in memory, is longer than ``max_files`` can need."""
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 65_557))
        tail = stream.read()
    place = tail.rfind(b"PK\x05\x06")
    length = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if length == 0xFFFFFFFF:  # zip64: its own record lies before
        place = tail.rfind(b"PK\x06\x06", 0, place)
        length = int.from_bytes(tail[place + 40 : place + 48], "little") if place >= 0 else size
    if length > max_files * DIRECTORY_BYTES_PER_FILE:
        raise Unreadable("too_large", f"holds more than {max_files:,} files (max_archive_files), by its directory")


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Member:
    name = _zip_name(info.orig_filename, bool(info.flag_bits & 0x800))
    if stat.S_ISLNK(info.external_attr >> 16):
        return Member(name, iter(()), problem=_LINK)
    if info.flag_bits & 1:
        return Member(name, iter(()), problem=Bad("encrypted", "is encrypted; unpack the archive with its password"))
    return Member(name, _zip_blocks(archive, info), max(info.compress_size, 1))


def _zip_name(name: str, is_utf8: bool) -> str:
    r"""Return a member's name: many programs write UTF-8 without saying so, and some ``\`` for ``/``."""
    if not is_utf8 and not name.isascii():
        with suppress(UnicodeError):  # then it is in cp437, as the format has it
            name = name.encode("cp437").decode("utf-8")
    return name if "/" in name else name.replace("\\", "/")


def _zip_blocks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    size = BLOCK_BYTES if plain else _SMALL_BLOCK_BYTES
    try:
        with archive.open(info) as stream:
            while block := stream.read(size):
                yield block
    except NotImplementedError:
        method = f"method {info.compress_type}"
        raise Unreadable("broken_zip", f"is packed with {method}, which cannot be unpacked here") from None
    except _ZIP_FAILURES as error:
        raise Unreadable("broken_zip", f"cannot be unpacked: {error or type(error).__name__}") from None


def _found_from_the_front(path: Path) -> Iterator[Member]:
    """Yield the members of a zip file without its directory, by the headers before each of them.

    It ends at the first that is encrypted, packed in a rare way or does not say where it ends.
    """
    with path.open("rb") as stream:
        while (head := stream.read(30)).startswith(b"PK\x03\x04") and len(head) == 30:
            flags, method = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
            name = stream.read(int.from_bytes(head[26:28], "little"))
            stream.seek(int.from_bytes(head[28:30], "little"), 1)
            size = int.from_bytes(head[18:22], "little")
            decoded = name.decode("utf-8" if flags & 0x800 else "cp437", "replace")
            if flags & 1 or method not in (0, 8) or size == 0xFFFFFFFF or (method == 0 and flags & 8):
                return
            start = stream.tell()
            raw = _Raw(stream, None if flags & 8 else size, method == 8)
            if not decoded.endswith("/"):
                yield Member(_zip_name(decoded, bool(flags & 0x800)), raw.blocks())
            stream.seek(start)
            if not raw.skip():
                return


class _Raw:
    """The bytes of one member, read from the front of the archive."""

    def __init__(self, stream: BinaryIO, size: int | None, deflated: bool) -> None:
        self._stream = stream
        self._size = size
        self._deflated = deflated

    def blocks(self) -> Iterator[bytes]:
        """Yield its bytes; Unreadable where they break off."""
        decoder = zlib.decompressobj(-zlib.MAX_WBITS)
        left = self._size
        try:
            while left is None or left > 0:
                data = self._stream.read(BLOCK_BYTES if left is None else min(left, BLOCK_BYTES))
                if not data:
                    raise Unreadable("broken_zip", "breaks off inside")
                left = None if left is None else left - len(data)
                while data and self._deflated:
                    yield decoder.decompress(data, BLOCK_BYTES)
                    data = decoder.unconsumed_tail
                if decoder.eof:
                    self._stream.seek(-len(decoder.unused_data), 1)
                    return
                if not self._deflated:
                    yield data
        except zlib.error as error:
            raise Unreadable("broken_zip", f"cannot be unpacked: {error}") from None

    def skip(self) -> bool:
        """Go to what follows it; False where that cannot be found."""
        if self._size is not None:
            self._stream.seek(self._size, 1)
            return True
        try:
            for _ in self.blocks():
                pass
        except Unreadable:
            return False
        follows = self._stream.read(24)  # the size stands after the data: with or without a mark, in 4 or 8 bytes
        place = follows.find(b"PK\x03\x04")
        self._stream.seek(place - len(follows) if place >= 0 else 0, 1)
        return place >= 0


class _Header(tarfile.TarInfo):
    """A member's header, refused where it would take memory without bound or lead nowhere."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Any:
        """Return the header in 512 bytes, as the base class does; Unreadable where it is damaged."""
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if not buf.strip(b"\0"):  # the end of the archive, as the caller knows it
                raise
            raise Ended("broken_tar", f"a header is damaged: {error}; the rest is left out") from None
        if header.size < 0 or (header.type in _EXTENDED and header.size > MAX_HEADER_BYTES):
            raise Ended("broken_tar", f"a header is damaged: it says {header.size:,} bytes; the rest is left out")
        return header


def _tar_members(path: Path, options: ReadOptions) -> Iterator[Member]:
    most = min(options.max_archive_bytes, FREE_BYTES + MAX_RATIO * path.stat().st_size)
    source: Any = _Joined(blocks(path, most))
    try:
        with tarfile.open(fileobj=source, mode="r|", bufsize=BLOCK_BYTES, tarinfo=_Header) as archive:
            while (info := archive.next()) is not None:
                if info.size < 0:  # as a pax header may say
                    raise Ended("broken_tar", "a header says a negative size; the rest is left out")
                archive.members.clear()  # type: ignore[attr-defined]  # it keeps every header that it has seen
                if info.isreg():
                    yield Member(info.name, _tar_blocks(archive, info))
                elif not info.isdir():
                    what = _LINK if info.issym() or info.islnk() else Bad("unsafe_path", "is a device, not a file")
                    yield Member(info.name, iter(()), problem=what)
    except (tarfile.TarError, EOFError, OverflowError, RecursionError, ValueError) as error:
        raise Ended("broken_tar", f"cannot be read to the end: {error}; the rest is left out") from None


def _tar_blocks(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Iterator[bytes]:
    try:
        with archive.extractfile(info) as stream:  # type: ignore[union-attr]
            while block := stream.read(BLOCK_BYTES):
                yield block
    except tarfile.ReadError as error:
        raise Ended("truncated", f"breaks off in {info.name}: {error}") from None


class _Joined:
    """Blocks as a file to read from. What ends them ends the archive: Ended, once all before it has been read."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._held = b""
        self._end: Ended | None = None

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer at the end."""
        try:
            while len(self._held) < size and (block := next(self._source, b"")):
                self._held += block
        except Unreadable as error:
            self._end = Ended.of(error.bad)
        if self._end and not self._held:
            raise self._end
        found, self._held = self._held[:size], self._held[size:]
        return found
