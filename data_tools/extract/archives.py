"""Archives (.zip, .tar and compressed tar), read in place: each member by the reader of its own format.

A member is unpacked into a temporary folder, read and deleted, before the next one comes. Files that belong together
(the parts of a LaTeX paper, a data set with its description) stay there until the archive ends, and are read then. An
archive in an archive is read too, one in that is not.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path, PurePosixPath

from data_tools.extract.dispatch import read_as, unreadable
from data_tools.extract.identify import Kind, format_of, identify, identify_by, is_told_by
from data_tools.extract.members import FREE_BYTES, MAX_RATIO, Ended, Member, members
from data_tools.extract.records import Bad, Found, ReadOptions, Unreadable
from data_tools.extract.streams import SNIFF_BYTES

_NAMED_BY_OTHERS = (".tex", ".ltx", ".bbl", ".bib", ".cls", ".sty", ".def", ".arrow", ".tikz", ".pgf", ".inc")
_DESCRIBE_OTHERS = ("dataset_info.json",)
_IMPOSSIBLE_NAME = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EILSEQ, errno.EINVAL)
_EXCLUDED = Bad("excluded", "is named by 'exclude'", harmless=True)
_NESTED = Bad("nested_archive", "is an archive in an archive in an archive; unpack the outermost")
MAX_NAME_CHARACTERS = 60
"""Of the temporary file's name: a file system takes 255 bytes."""


@dataclass(frozen=True)
class Source:
    """One file, or one member of an archive, and what it holds."""

    name: str
    """Relative to the corpus; a member's after a colon: ``papers.zip:2019/a.pdf``."""
    format: str
    found: Iterable[Found]
    """To be gone through before the next source is asked for."""


def sources(path: Path, name: str, options: ReadOptions) -> Iterator[Source]:
    """Yield a file, or the members of an archive and then the archive itself, with what is wrong with it."""
    if _is_excluded(path, options):
        yield Source(name, format_of(path), [_EXCLUDED])
        return
    try:
        kind = identify(path)
    except Unreadable as error:
        yield Source(name, format_of(path), [error.bad])
    except OSError as error:
        yield Source(name, format_of(path), [unreadable(error)])
    else:
        if kind.is_archive and kind.problem is None:
            yield from _Archive(path, name, kind, options, _Budget(options)).sources()
        else:
            yield Source(name, kind.format, read_as(kind, path, options))


def _is_excluded(path: PurePosixPath | Path, options: ReadOptions) -> bool:
    return any(path.match(pattern) for pattern in options.exclude)


class _Budget:
    """What an archive, and those in it, may still unpack."""

    def __init__(self, options: ReadOptions) -> None:
        self._max_bytes = options.max_archive_bytes
        self._max_files = options.max_archive_files
        self._num_bytes = self._num_files = 0

    def take_file(self) -> None:
        self._num_files += 1
        if self._num_files > self._max_files:
            limit = f"{self._max_files:,} files (max_archive_files)"
            raise Ended("too_large", f"holds more than {limit}; the rest is left out")

    def take_bytes(self, number: int) -> None:
        self._num_bytes += number
        if self._num_bytes > self._max_bytes:
            limit = f"{self._max_bytes:,} bytes (max_archive_bytes)"
            raise Ended("too_large", f"unpacks to more than {limit}; the rest is left out")


class _Archive:
    """One archive while it is read, and the folder that its members are unpacked into."""

    def __init__(
        self, path: Path, name: str, kind: Kind, options: ReadOptions, budget: _Budget, nested: bool = False
    ) -> None:
        self._path = path
        self._name = name
        self._kind = kind
        self._options = options
        self._budget = budget
        self._nested = nested
        self._seen: set[str] = set()
        self._kept: list[tuple[Path, str]] = []
        self._together = self._alone = Path()

    def sources(self) -> Iterator[Source]:
        problem = None
        with tempfile.TemporaryDirectory(prefix="strata-archive-") as folder:
            self._together, self._alone = Path(folder, "together"), Path(folder, "alone")
            self._together.mkdir()
            self._alone.mkdir()
            options = replace(self._options, root=self._together)
            try:
                for member in members(self._path, self._kind.format, self._options):
                    yield from self._member(member, options)
            except Unreadable as error:
                problem = error.bad
            for target, name in self._kept:
                yield from self._read(target, name, options)
        if not self._seen and problem is None:
            problem = Bad("empty", "holds no file")
        yield Source(self._name, self._kind.format, [problem] if problem else [])

    def _member(self, member: Member, options: ReadOptions) -> Iterator[Source]:
        self._budget.take_file()
        name, path = f"{self._name}:{member.name}", PurePosixPath(member.name)
        problem, repeated = member.problem, member.name in self._seen
        self._seen.add(member.name)
        if repeated:
            problem = Bad("repeated_name", "has the name of an earlier member, which was read")
        elif problem is None and _is_excluded(path, options):
            problem = _EXCLUDED
        if problem:
            yield Source(name, format_of(path), [problem])
            return
        try:
            first = next(member.blocks, b"")
            kind = identify_by(path, first[:SNIFF_BYTES]) if is_told_by(first) else None
            stays = _belongs_to_others(path, kind)
            if kind and kind.problem and not stays:
                raise Unreadable.of(kind.problem)
            target = self._together / path if stays else self._alone / path.name[-MAX_NAME_CHARACTERS:]
            self._unpack(first, member, target)
        except Ended:
            raise
        except Unreadable as error:
            yield Source(name, format_of(path), [error.bad])
            return
        if stays:
            self._kept.append((target, name))
            return
        yield from self._read(target, name, options, kind)
        target.unlink()

    def _unpack(self, first: bytes, member: Member, target: Path) -> None:
        """Write a member's bytes to ``target``; Unreadable where it is damaged or too large, and then nothing stays."""
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:
                for block in chain([first], member.blocks):
                    self._budget.take_bytes(len(block))
                    self._check_size(out.tell() + len(block), member.packed_bytes)
                    out.write(block)
        except OSError as error:
            if error.errno not in _IMPOSSIBLE_NAME:
                raise
            raise Unreadable.of(unreadable(error)) from None
        except Unreadable:
            target.unlink()
            raise

    def _check_size(self, num_bytes: int, packed_bytes: int) -> None:
        if num_bytes > self._options.max_file_bytes:
            raise Unreadable("too_large", f"is larger than {self._options.max_file_bytes:,} bytes once unpacked")
        if packed_bytes and num_bytes > FREE_BYTES and num_bytes > MAX_RATIO * packed_bytes:
            raise Unreadable("too_large", f"unpacks to more than {MAX_RATIO} times its {packed_bytes:,} packed bytes")

    def _read(self, target: Path, name: str, options: ReadOptions, kind: Kind | None = None) -> Iterator[Source]:
        try:
            if kind is None or kind.is_archive:
                kind = identify(target)
        except Unreadable as error:
            yield Source(name, format_of(target), [error.bad])
            return
        if not kind.is_archive or kind.problem:
            yield Source(name, kind.format, read_as(kind, target, options))
        elif self._nested:
            yield Source(name, kind.format, [_NESTED])
        else:
            yield from _Archive(target, name, kind, self._options, self._budget, nested=True).sources()


def _belongs_to_others(path: PurePosixPath, kind: Kind | None) -> bool:
    """Whether other members may ask for this one, or it for them."""
    named = path.suffix.lower() in _NAMED_BY_OTHERS or path.name in _DESCRIBE_OTHERS
    return named or (kind is not None and kind.format in ("latex", "arrow"))
