"""Kinds of planted defects, and the label that says where one is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.documents import ShardWriter, read_rows

if TYPE_CHECKING:
    import pyarrow as pa

LABELS_FILE = Path("labels") / "labels.parquet"

CAUGHT_BY = {
    "exact": "dedup",
    "near": "dedup",
    "cross": "dedup",
    "boilerplate": "clean",
    "mojibake": "clean",
    "gibberish": "clean",
    "wrong_language": "clean",
    "truncation": "clean",
    "email": "clean",
    "phone": "clean",
    "ip": "clean",
    "ssn": "clean",
    "card": "clean",
    "iban": "clean",
    "hyphenation": "clean",
    "page_furniture": "clean",
    "lost_reference": "clean",
    "question": "decontaminate",
}
"""Which stage should catch each kind."""
KINDS = tuple(CAUGHT_BY)
PERSONAL = ("email", "phone", "ip", "ssn", "card", "iban")
REPAIRED = ("boilerplate", "mojibake", "hyphenation", "page_furniture", "lost_reference", *PERSONAL)
"""Kinds whose documents are good but for a part: repairing that part is as right as dropping the document."""
RESTORED = ("mojibake", "hyphenation")
"""Kinds that are repaired when the words that were lost are back."""
IN_PLACE = (*REPAIRED, "truncation", "question")
"""Kinds that change a document where it stands, so that no good copy of it is left for dedup to compare with."""
COPIES = ("exact", "near")
MADE = ("cross", "gibberish", "wrong_language")
"""Kinds that add documents made of something else than the corpus."""


@dataclass(frozen=True)
class Label:
    """One planted defect."""

    id: str
    """The document that carries it."""
    kind: str
    severity: float
    """exact, near, cross: Jaccard similarity with the original (sets of 5-word shingles, ``shingles.words_of``).
    truncation: share of the words left. boilerplate: share of the words that are the block. mojibake: share of the
    characters that are not ASCII. Others: 1."""
    of: str = ""
    """The original's id (exact, near, cross), the question's id (question), else empty."""
    stage: str = ""
    """The stage that should catch it."""
    detail: str = "{}"
    """A JSON object, by kind: ``rate`` and ``operation`` of near duplicates, ``planted`` strings of personal data,
    boilerplate, pages and lost references, ``codec`` of mojibake, the words ``lost`` by it and by hyphens,
    ``language``, ``form``."""


def make_label(id: str, kind: str, severity: float, of: str = "", **detail: object) -> Label:
    """Return the label of one defect, with the stage that should catch it."""
    return Label(
        id, kind, round(severity, 6), of, CAUGHT_BY[kind], json.dumps(detail, sort_keys=True, ensure_ascii=False)
    )


def labels_schema() -> pa.Schema:
    """The Arrow schema of the labels file."""
    import pyarrow as pa

    return pa.schema([(n, pa.float64() if n == "severity" else pa.string()) for n in Label.__dataclass_fields__])


def labels_writer(folder: Path) -> ShardWriter:
    """Write ``<folder>/labels/labels.parquet``."""
    return ShardWriter(folder / LABELS_FILE, labels_schema())


def read_labels(folder: Path) -> Iterator[Label]:
    """Yield the labels of a ``plant`` artifact."""
    for row in read_rows(folder / LABELS_FILE):
        yield Label(**row)
