"""From a group of files to one shard of documents, and one of what was left out and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from data_tools.corpus import Corpus
from data_tools.documents import Document, Dropped, document_id, documents_writer, dropped_writer
from data_tools.extract.archives import Source, sources
from data_tools.extract.records import HEAD_CHARACTERS, Bad, ReadOptions, Record
from data_tools.extract.stated_license import StatedLicense

STAGE = "ingest"


@dataclass
class Tally:
    """What one shard, or a whole step, read and left out."""

    documents: int = 0
    bad: int = 0
    """Files and records that should have given a document and did not."""
    files: int = 0
    """Files that held something good or bad: all but those that were never meant as documents."""
    empty_handed: int = 0
    """Files that held nothing but what is bad."""
    not_selected: int = 0
    bytes_out: int = 0
    """UTF-8 bytes of text."""
    dropped: Counter[str] = field(default_factory=Counter)
    """By rule: the bad ones, and files that were never meant as documents."""
    faults: Counter[str] = field(default_factory=Counter)
    """By rule: the bad ones alone."""
    repaired: Counter[str] = field(default_factory=Counter)
    formats: dict[str, Counter[str]] = field(default_factory=dict)
    """By format: ``files``, ``documents``, ``bad``."""
    examples: dict[str, str] = field(default_factory=dict)
    """By rule: the first source it met, with its detail."""

    def add(self, other: Tally) -> None:
        """Add another shard's figures."""
        for name in ("documents", "bad", "files", "empty_handed", "not_selected", "bytes_out"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.dropped.update(other.dropped)
        self.repaired.update(other.repaired)
        for name, counts in other.formats.items():
            self.formats.setdefault(name, Counter()).update(counts)
        for rule, example in other.examples.items():
            if rule not in self.examples or (other.faults[rule] and not self.faults[rule]):
                self.examples[rule] = example
        self.faults.update(other.faults)

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Tally:
        formats = {name: Counter(counts) for name, counts in values["formats"].items()}
        counters = {name: Counter(values[name]) for name in ("dropped", "faults", "repaired")}
        return cls(**{**values, **counters, "formats": formats})


def collect_files(
    out: Path,
    shard: str,
    corpus: Corpus,
    root: Path,
    files: Iterable[str],
    options: ReadOptions,
) -> Tally:
    """Read ``files`` (names relative to ``root``) in order into ``documents/`` and ``dropped/`` shards of ``out``."""
    tally = Tally()
    license_of = StatedLicense(corpus.license)
    with documents_writer(out, shard) as documents, dropped_writer(out, shard) as dropped:
        for source in chain.from_iterable(sources(root / name, name, options) for name in files):
            counts = tally.formats.setdefault(source.format, Counter())
            counts["files"] += 1
            good, bad = tally.documents + tally.not_selected, tally.bad
            for found in map(license_of.checked, source.found):
                if isinstance(found, Record):
                    document = _document(found, corpus, source)
                    documents.write(document)
                    _count(tally, counts, found, len(document.text.encode("utf-8")))
                elif isinstance(found, Bad):
                    dropped.write(_dropped(found, corpus, source.name))
                    _count_bad(tally, counts, found, source.name)
                else:
                    tally.not_selected += 1
            gave, lacked = tally.documents + tally.not_selected > good, tally.bad > bad
            tally.files += gave or lacked
            tally.empty_handed += lacked and not gave
    return tally


def _count(tally: Tally, counts: Counter[str], record: Record, num_bytes: int) -> None:
    tally.documents += 1
    tally.bytes_out += num_bytes
    counts["documents"] += 1
    tally.repaired.update(record.repaired)


def _count_bad(tally: Tally, counts: Counter[str], bad: Bad, name: str) -> None:
    tally.dropped[bad.rule] += 1
    example = f"{_source(name, bad.position)}: {_shown(bad.detail)}"
    if bad.harmless:
        tally.examples.setdefault(bad.rule, example)
    else:
        if not tally.faults[bad.rule]:
            tally.examples[bad.rule] = example  # a bad one shows more than one that was never meant as a document
        tally.faults[bad.rule] += 1
        tally.bad += 1
        counts["bad"] += 1


def _source(name: str, position: str) -> str:
    name = _shown(name)
    return f"{name}:{position}" if position and not position.startswith("#") else f"{name}{position}"


def _shown(text: str) -> str:
    """Return ``text`` as Parquet can hold it: what is not UTF-8 in a file's name is written as ``\\udce9``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _document(record: Record, corpus: Corpus, source: Source) -> Document:
    stated = {name: getattr(record, name) for name in ("title", "language")}
    meta = {**record.meta, **{name: value for name, value in stated.items() if value}, "format": source.format}
    if corpus.rules:
        meta["rules"] = corpus.rules
    if record.repaired:
        meta["repaired"] = list(record.repaired)
    return Document(
        id=document_id(corpus.name, source.name, record.position),
        text=record.text,
        corpus=corpus.name,
        domain=corpus.domain,
        license=record.license,
        source=_source(source.name, record.position),
        date=record.date,
        meta=json.dumps(meta, ensure_ascii=False, sort_keys=True),
    )


def _dropped(bad: Bad, corpus: Corpus, name: str) -> Dropped:
    return Dropped(
        id=document_id(corpus.name, name, bad.position),
        stage=STAGE,
        rule=bad.rule,
        detail=_shown(bad.detail),
        corpus=corpus.name,
        source=_source(name, bad.position),
        head=bad.head[:HEAD_CHARACTERS],
    )


def collect_world(
    out: Path, shard: str, corpus: Corpus, seed: int, num_tokens: int, index: int, num_shards: int
) -> Tally:
    """Write shard ``index`` of a generated world's documents."""
    from data_tools.worlds.engine import get_world

    tally = Tally()
    counts = tally.formats.setdefault("world", Counter())
    world = get_world(corpus.source.world)  # type: ignore[union-attr]
    with documents_writer(out, shard) as documents, dropped_writer(out, shard):
        for document in world.documents(seed, num_tokens, index, num_shards):
            named = replace(document, corpus=corpus.name, domain=corpus.domain, license=corpus.license)
            documents.write(named)
            _count(tally, counts, Record(named.text), len(named.text.encode("utf-8")))
    return tally
