"""The real text with open licences that benchmarks measure on: beside the checkout, not part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.record import ROOT
from data_tools.corpus import Fields
from data_tools.documents import Document, document_id
from data_tools.extract.dispatch import read_file
from data_tools.extract.records import ReadOptions, Record
from pipeline.identity import visible_files

REAL_TEXT = ROOT.parent / "shared" / "data"
_NOT_TEXT = ("SOURCE.txt", "LICENSE*", "README*")


@dataclass(frozen=True)
class Folder:
    """One source of real text."""

    place: str
    """Relative to the folder of all real text."""
    rules: str
    """The cleaning profile that suits it."""
    fields: Fields = field(default_factory=Fields)
    is_textbook: bool = False


FOLDERS = (
    Folder("general/classic_books", "general"),
    Folder("geo/gutenberg", "geo", is_textbook=True),
    Folder("geo/em_textbook", "geo", is_textbook=True),
    Folder("geo/gpg_textbook", "geo", is_textbook=True),
    Folder("geo/openstax_astronomy", "geo", is_textbook=True),
    Folder("finance/sec_filings", "finance"),
    Folder("finance/fomc_minutes", "finance"),
    Folder("finance/openstax_finance", "finance", is_textbook=True),
    Folder("medical/medquad", "medical", Fields(text=("question", "answer"))),
    Folder("medical/mts_dialog", "medical", Fields(text=("dialogue", "section_text"))),
    Folder("medical/openstax_microbiology", "medical", is_textbook=True),
)


def is_there() -> bool:
    return REAL_TEXT.is_dir()


def read_folder(folder: Folder) -> Iterator[Document]:
    """Yield a folder's documents, cut as ingest cuts them."""
    root = REAL_TEXT / folder.place
    corpus = folder.place.replace("/", "_")
    for file in visible_files(root):
        if any(file.match(pattern) for pattern in _NOT_TEXT):
            continue
        name = file.relative_to(root).as_posix()
        for found in read_file(file, ReadOptions(fields=folder.fields, root=root)):
            if isinstance(found, Record):
                id = document_id(corpus, name, found.position)
                source = f"{name}:{found.position}"
                yield Document(id, found.text, corpus, folder.rules, "", source)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder."""
    return (
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
    )
