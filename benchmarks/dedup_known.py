"""Pairs that are known to be in the real text: a book in two formats, copies of minutes, filings of one company."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.real_text import REAL_TEXT
from data_tools.documents import Document, documents_writer
from data_tools.extract.dispatch import read_file
from data_tools.extract.records import ReadOptions, Record

LEAST = 0.2
_LYELL = "geo/gutenberg/lyell_students_elements_1871"


def known_pairs() -> list[list[str | float]]:
    """Return [one, other, exact similarity] of every pair of whole works of at least 0.2, the most similar first."""
    from stages.dedup.index import Index, add
    from stages.dedup.stage import Dedup

    with tempfile.TemporaryDirectory(prefix="strata-dedup-") as name:
        place = Path(name)
        with documents_writer(place / "given", 0) as writer:
            for id, text in _works():
                writer.write(Document(id, text, "real", "general", "CC0-1.0", id))
        settings = Dedup.model_validate({"group_threshold": LEAST, "prefer": ()}).settings()
        add(place / "index", [place / "given"], settings)
        index = Index.open(place / "index")
        found: dict[tuple[str, str], float] = {}
        for number, id in enumerate(index.collection().column("id").to_pylist()):
            for match in index.query(index.text(number), LEAST):
                if match.id != id:
                    found[min(id, match.id), max(id, match.id)] = round(match.similarity, 4)
    pairs: list[list[str | float]] = [[*pair, similarity] for pair, similarity in found.items()]
    return sorted(pairs, key=lambda row: (-float(row[2]), str(row[0]), str(row[1])))


def _works() -> Iterator[tuple[str, str]]:
    yield "lyell.txt", _text(REAL_TEXT / _LYELL / "3772-8.txt")
    pages = (REAL_TEXT / _LYELL / "3772-h").rglob("ch*.html")
    ordered = sorted(pages, key=lambda page: int(re.sub(r"\D", "", page.stem) or 0))
    yield "lyell.html", "\n\n".join(map(_text, ordered))
    for folder in ("finance/fomc_minutes", "finance/sec_filings"):
        for file in sorted((REAL_TEXT / folder).glob("*.txt")):
            if file.name != "SOURCE.txt":
                yield file.stem, _text(file)
    for file in sorted((REAL_TEXT / "raw" / "sec_html").glob("*.htm*")):
        yield file.name, _text(file)


def _text(file: Path) -> str:
    options = ReadOptions(root=file.parent, max_document_characters=10**9)
    return "\n\n".join(found.text for found in read_file(file, options) if isinstance(found, Record))
