r"""The files of a LaTeX document: the main file, what it includes, its bibliography; bounded in number, size and place.

A file that the source names is read only where it lies inside the document's root once every link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.latex.source import Stash, prepared
from data_tools.extract.records import ReadOptions, Unreadable
from data_tools.extract.streams import blocks, checked, whole

MAX_FILES = 1000
"""Of one document."""
MAX_DEPTH = 15
"""Of files that include one another; TeX's own limit on open input files is 15."""
_MAX_NAME_CHARACTERS = 300
_MAX_NEIGHBOURS = 2000
"""So many .tex files in one folder are searched for the main file of a part."""
_MAX_LEVELS_UP = 4
_COMPRESSED = ("", ".gz", ".zst")
_ENCODINGS = {
    "latin1": "cp1252", "ansinew": "cp1252", "cp1252": "cp1252", "latin2": "iso8859-2", "cp1250": "cp1250",
    "latin3": "iso8859-3", "latin4": "iso8859-4", "latin5": "iso8859-9", "latin9": "iso8859-15",
    "latin10": "iso8859-16",
    "applemac": "mac_roman", "cp437": "cp437", "cp850": "cp850", "cp852": "cp852", "cp858": "cp858", "cp865": "cp865",
    "cp866": "cp866", "cp1251": "cp1251", "cp1257": "cp1257", "koi8-r": "koi8-r", "koi8-u": "koi8-u",
}  # fmt: skip
"""What the package inputenc calls them, and Python's names."""
_INPUTENC = re.compile(rb"^[^%\n]*\\(?:usepackage|RequirePackage)\s*\[\s*([\w-]+)\s*\]\s*\{inputenc\}", re.MULTILINE)
_OUTSIDE = re.compile(r"[/\\|]|[A-Za-z]:[\\/]")
"""An absolute path, or a program to run."""
_MAIN = re.compile(r"\\(?:begin\s*\{document\}|documentclass\b|documentstyle\b)")
_PART_CLASS = re.compile(r"\\documentclass\s*(?:\[[^\]]*\])?\s*\{(?:subfiles|standalone)\}")
_INCLUDED = re.compile(
    r"\\(?:(?:sub)?import\*?\s*\{(?P<folder>[^{}\n]{0,300})\}\s*\{(?P<imported>[^{}\n]{1,300})\}"
    r"|(?:input|include|subfile|subfileinclude|includestandalone)\b\s*(?:\{(?P<braced>[^{}\n]{1,300})\}|(?P<bare>[\w./-]{1,300})))"
)


class Files:
    """Reads the files of one document and counts what was refused, missing or cut."""

    def __init__(self, main: Path, options: ReadOptions) -> None:
        self.main = main
        self.folder = main.parent.resolve()
        self.root = (options.root or main.parent).resolve()
        self.repaired: dict[str, None] = {}
        self._options = options
        self._left = options.max_document_bytes
        self._declared = ""
        self._num_files = 0

    def read_main(self) -> str:
        """Return the main file's text; Unreadable where it has none."""
        return self._text(self.main)

    def note(self, repair: str) -> None:
        """Count a repair, once for the document."""
        self.repaired[repair] = None

    def find(self, name: str, folders: list[Path], suffix: str, repair: str = "missing input") -> Path | None:
        """Return the file that the source calls ``name``, or None; counted where it is refused or missing."""
        name = name.strip().strip('"').strip()
        refused = _OUTSIDE.match(name) is not None
        if not refused and 0 < len(name) <= _MAX_NAME_CHARACTERS:
            for path in _candidates(name, folders, suffix):
                try:
                    path = path.resolve()
                    if not path.is_relative_to(self.root):
                        refused = True
                    elif path.is_file():
                        return path
                except (OSError, RuntimeError, ValueError):  # a loop of links, a name that no file system takes
                    continue
        if refused or repair:
            self.note("refused input" if refused else repair)
        return None

    def read(self, path: Path) -> str | None:
        """Return the text of a file that ``find`` returned; None, and counted, where it cannot or may not be read."""
        self._num_files += 1
        if self._num_files > MAX_FILES:
            self.note("too many inputs")
            return None
        try:
            return self._text(path)
        except Unreadable as error:
            self.note("input too large" if error.bad.rule == "too_large" else "unreadable input")
        except OSError:
            self.note("unreadable input")
        return None

    def _text(self, path: Path) -> str:
        data = whole(checked(blocks(path, self._options.max_file_bytes)), max(self._left, 0))
        self._left -= len(data)
        if found := _INPUTENC.search(data):
            self._declared = _ENCODINGS.get(found[1].decode("ascii", "replace").lower(), "")
        text, encoding = _decoded(data, self._declared)
        if encoding:
            self.note(f"encoding {encoding}")
        return plain_lines(text)


def _candidates(name: str, folders: list[Path], suffix: str) -> Iterator[Path]:
    names = [name] if name.endswith(suffix) else [name + suffix, name]
    for folder in dict.fromkeys(folders):
        for one in names:
            for compressed in _COMPRESSED:
                yield folder / f"{one}{compressed}"


def _decoded(data: bytes, declared: str) -> tuple[str, str]:
    """Return ``(text, encoding)`` as ``encoding.decode`` does, heeding what the document declares."""
    if declared:
        try:
            return data.decode("utf-8-sig"), ""
        except UnicodeDecodeError:
            pass
        try:
            return data.decode(declared), declared
        except UnicodeDecodeError as error:
            detail = f"declares {declared}, which byte {error.start:,} is not"
            raise Unreadable("unknown_encoding", detail) from None
    return decode(data)


def is_main(source: str) -> bool:
    """Whether a source without comments is a document of its own rather than a part of one."""
    return _MAIN.search(source) is not None and _PART_CLASS.search(source) is None


def main_of(path: Path, options: ReadOptions) -> Path | None:
    """Return a main file that includes ``path``, directly or through others; None where none near it does.

    Looked for in the file's folder and at most four above it, inside the root.
    """
    own = path.resolve()
    root = (options.root or path.parent).resolve()
    folder = own.parent
    for _ in range(_MAX_LEVELS_UP + 1):
        if not folder.is_relative_to(root):
            return None
        if main := _parts_in(folder, root, options.max_document_bytes).get(own):
            return main
        folder = folder.parent
    return None


@lru_cache(maxsize=64)
def _parts_in(folder: Path, root: Path, max_bytes: int) -> dict[Path, Path]:
    """Return each file that a main file in ``folder`` includes, and that main file.

    Kept for the process: a folder with a thousand parts is searched once, not a thousand times.
    """
    parts: dict[Path, Path] = {}
    try:
        mains = sorted(path for path in folder.iterdir() if path.name.lower().endswith((".tex", ".tex.gz", ".tex.zst")))
    except OSError:
        return parts
    options = ReadOptions(root=root, max_document_bytes=max_bytes)
    for main in mains[:_MAX_NEIGHBOURS]:
        files = Files(main, options)
        try:
            source = prepared(files.read_main(), Stash()) if main.is_file() else ""
        except (Unreadable, OSError):
            continue
        if not is_main(source):
            continue
        waiting = [(main.resolve(), source)]
        while waiting:
            path, source = waiting.pop()
            for found in _included(source, path, files):
                if found not in parts and found != main.resolve() and (text := files.read(found)) is not None:
                    parts[found] = main
                    waiting.append((found, prepared(text, Stash())))
    return parts


def _included(source: str, path: Path, files: Files) -> Iterator[Path]:
    for match in _INCLUDED.finditer(source):
        folders = [files.folder, path.parent]
        if match["imported"]:
            folders = [folder / match["folder"] for folder in folders]
        if found := files.find(match["imported"] or match["braced"] or match["bare"], folders, ".tex"):
            yield found
