"""An index that lasts: corpora are added, asked about and withdrawn, and what is kept is what one run would keep.

Signing is done once per shard. After every change all fates are decided anew from the signatures, so that the order in
which corpora came does not matter: deciding costs some microseconds a document and band, signing a text some fifty.
One writer at a time (``flock``); readers see the last whole version. A writer that is killed leaves the version before;
what it had signed is found again by its name.
"""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from data_tools.dedup.collection import Collection, Withdrawal, rank_documents
from data_tools.dedup.deciding import decide
from data_tools.dedup.fates import WITHDRAWN, Fates
from data_tools.dedup.segment import Segment, Source, build_segment, file_hash, grouped
from data_tools.dedup.signing import sign_documents
from data_tools.dedup.versions import (
    CURRENT_FILE,
    FATES_FOLDER,
    SEGMENTS_FOLDER,
    Settings,
    Version,
    named_segments,
    read_fates,
    read_version,
    write_version,
)
from data_tools.documents import shards
from data_tools.errors import DataError
from pipeline.artifact import lease
from pipeline.errors import is_no_space

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from data_tools.dedup.scheme import Scheme

LOCK_FILE, SIGNED_FOLDER, WORK_FOLDER = ".lock", ".signed", ".work"
KEPT_VERSIONS = 2
"""Versions that stay readable: the current one, and the one before, which a reader may still have open."""


@dataclass(frozen=True)
class Change:
    """What a change of the index did."""

    version: Version
    num_added: int
    came_back: list[str]
    """Ids of documents that were gone before and are kept now."""
    displaced: list[str]
    """Ids of documents that were kept before and are gone now, but for the withdrawn ones."""


@dataclass(frozen=True)
class Match:
    """A document that resembles a text."""

    document: int
    id: str
    corpus: str
    similarity: float
    """Exact Jaccard similarity of the shingle sets."""
    rule: str
    """Why it is gone; empty where it is kept."""
    kept: str
    """The id of the copy that is kept."""


class Index:
    """An index in a directory, or the output of a dedup step, which can be read in the same way."""

    def __init__(self, root: Path, version: Version) -> None:
        self.root, self.version = root, version

    @classmethod
    def open(cls, root: Path) -> Index:
        """Open the current version; DataError where there is none."""
        return cls(root, read_version(root))

    def collection(self) -> Collection:
        """Return the documents of this version."""
        return self._collection

    def fates(self) -> pa.Table:
        """Return what becomes of each document, in the same order."""
        return self._fates

    @cached_property
    def _collection(self) -> Collection:
        return self.version.collection(self.root)

    @cached_property
    def _fates(self) -> pa.Table:
        return read_fates(self.root, self.version)

    def query(self, text: str, least: float = 0.5) -> list[Match]:
        """Return the documents whose similarity to ``text`` is at least ``least``, the most similar first.

        Those below the index's ``group_threshold`` may be missed: the buckets are not made for them.
        """
        import numpy as np

        from data_tools.dedup.comparing import DEVIATIONS, shingle_sets
        from data_tools.shingles import jaccard, lower, shingle_texts
        from data_tools.signatures import Signer

        scheme = self.version.settings.scheme
        own, _ = shingle_texts([lower(text)], scheme.shingle_words)
        signature = Signer(scheme.num_hashes, scheme.seed).sign(own)
        collection = self.collection()
        found = _candidates(collection, signature)
        if not len(found):
            return []
        estimates = (collection.signatures(found) == signature).mean(axis=1)
        found = np.sort(found[estimates >= least - DEVIATIONS * 0.5 / np.sqrt(scheme.num_hashes)])
        shingles = np.unique(own)
        similar = {document: jaccard(shingles, other) for document, other in shingle_sets(collection, found).items()}
        fates, corpora = self.fates(), collection.column("corpus")
        matches = [
            Match(
                document, fates["id"][document].as_py(), corpora[document].as_py(), similarity,
                fates["rule"][document].as_py(), fates["kept"][document].as_py(),
            )
            for document, similarity in similar.items()
            if similarity >= least
        ]  # fmt: skip
        return sorted(matches, key=lambda match: (-match.similarity, match.id))

    def review(self) -> list[tuple[str, str, float]]:
        """Return (later id, earlier id, similarity) of the pairs closest to the threshold, least similar first."""
        import pyarrow.parquet as pq

        from data_tools.dedup.fates import REVIEW_FILE

        rows = pq.read_table(self.root / FATES_FOLDER / str(self.version.number) / REVIEW_FILE).to_pylist()
        return sorted(((row["later"], row["earlier"], row["similarity"]) for row in rows), key=lambda row: row[2])

    def find(self, id: str) -> int | None:
        """Return the number of the document with this id that is not withdrawn, or None."""
        import numpy as np
        import pyarrow.compute as pc

        fates = self.fates()
        there = pc.and_(pc.equal(fates["id"], id), pc.not_equal(fates["rule"], WITHDRAWN))
        places = np.flatnonzero(there.to_numpy())
        return int(places[0]) if len(places) else None

    def text(self, document: int) -> str:
        """Return a document's text."""
        ((_, text),) = self.collection().texts([document])
        return text


def _candidates(collection: Collection, signature: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the documents that share a bucket with a signature: a search by bisection in every band."""
    import numpy as np

    from data_tools.dedup.segment import KEYS_FILE, ROWS_FILE, band_keys
    from data_tools.signatures import EMPTY

    if (signature == EMPTY).all():
        return np.empty(0, dtype=np.int64)
    found = [np.empty(0, dtype=np.int64)]
    schemes = [segment.scheme for segment in collection.segments[:1]]
    wanted = [band_keys(signature[None, :], scheme, band)[0] for scheme in schemes for band in range(scheme.bands)]
    for number, segment in enumerate(collection.segments):
        keys, rows = segment.array(KEYS_FILE), segment.array(ROWS_FILE)
        for band, key in enumerate(wanted):
            low, high = np.searchsorted(keys[band], key, "left"), np.searchsorted(keys[band], key, "right")
            found.append(rows[band][low:high].astype(np.int64) + collection.offset(number))
    return np.unique(np.concatenate(found))


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Hold the right to change the index; BusyError where another process has it."""
    with lease(root / LOCK_FILE, f"the index {root}"):
        shutil.rmtree(root / WORK_FOLDER, ignore_errors=True)
        try:
            yield
        except OSError as error:
            if not is_no_space(error) or error.filename:
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root / CURRENT_FILE)) from None  # says where


def add(root: Path, folders: Sequence[Path], settings: Settings | None, workers: int = 1) -> Change:
    """Add the documents of artifacts or folders of shards, making the index where there is none.

    ``settings`` must be those of the index, or None for these. DataError for documents that it has already.
    """
    with writing(root), _tasks(workers) as run:
        before = _begin(root, settings)
        names, num_added = [], 0
        for folder in folders:
            paths = shards(folder) or sorted(folder.glob("*.parquet"))
            if not paths:
                raise DataError(f"{folder}: holds no documents. Give the output of a step that makes documents")
            for name, group in _groups(paths, before.settings):
                if name in before.segments or name in names:
                    raise DataError(f"{folder}: the index {root} has these documents already")
                _make_segment(root, name, group, before.settings, run)
                names.append(name)
                num_added += sum(source.num_documents for _, source in group)
        after = replace(before, number=before.number + 1, segments=(*before.segments, *names))
        return _commit(root, before, after, run, num_added)


def drop(root: Path, names: Sequence[str], workers: int = 1) -> Change:
    """Withdraw corpora or single documents; what they had displaced comes back. DataError for unknown names."""
    with writing(root), _tasks(workers) as run:
        before = read_version(root)
        new = _withdrawals(root, before, names)
        withdrawn = set(before.withdrawn) | new
        left = tuple(
            segment.folder.name
            for segment in before.collection(root).segments
            if not {Withdrawal(segment.folder.name, "corpus", corpus) for corpus in segment.corpora} <= withdrawn
        )
        still = tuple(sorted(one for one in withdrawn if one.segment in left))
        after = replace(before, number=before.number + 1, segments=left, withdrawn=still)
        return _commit(root, before, after, run, 0)


def _withdrawals(root: Path, version: Version, names: Sequence[str]) -> set[Withdrawal]:
    """Return what is withdrawn with names of corpora or documents; DataError for one that is neither, or both."""
    import pyarrow as pa
    import pyarrow.compute as pc

    collection, fates = version.collection(root), read_fates(root, version)
    wanted = pa.array(sorted(set(names)), pa.string())
    found: dict[str, set[Withdrawal]] = {}
    there: set[str] = set()
    for number, segment in enumerate(collection.segments):
        own = fates.slice(collection.offset(number), segment.num_documents)
        is_there = pc.not_equal(own["rule"], WITHDRAWN)
        corpora = pc.unique(segment.column("corpus").filter(is_there))
        ids = own["id"].filter(pc.and_(is_there, pc.is_in(own["id"], wanted)))
        there.update(corpora.to_pylist())
        kinds: dict[Literal["corpus", "id"], list[str]] = {
            "corpus": corpora.filter(pc.is_in(corpora, wanted)).to_pylist(), "id": ids.to_pylist()
        }  # fmt: skip
        for kind, known_names in kinds.items():
            for name in known_names:
                found.setdefault(name, set()).add(Withdrawal(segment.folder.name, kind, name))
    for name in wanted.to_pylist():
        if name not in found:
            known = ", ".join(sorted(there)) or "none"
            raise DataError(f"{root}: there is no corpus and no document {name!r}. Corpora: {known}")
        if len({one.kind for one in found[name]}) > 1:
            raise DataError(
                f"{root}: {name!r} names a corpus and a document. Withdraw the corpus's documents by their ids"
            )
    return set().union(*found.values())


def _begin(root: Path, settings: Settings | None) -> Version:
    try:
        found = read_version(root)
    except DataError:
        if (root / CURRENT_FILE).exists():
            raise
        return Version(0, settings or default_settings())
    if settings is not None:
        found.settings.check_same(settings, str(root))
    return found


def default_settings() -> Settings:
    """Return the settings of an index for which nothing was asked: those of the dedup step."""
    from stages.dedup.stage import Dedup

    return Dedup.model_validate({}).settings()


def _groups(paths: Sequence[Path], settings: Settings) -> Iterator[tuple[str, list[tuple[Path, Source]]]]:
    """Yield (name, shards) of the segments that shards make; the name is of content."""
    import pyarrow.parquet as pq

    key = paths[0].parent.parent.resolve().name
    sources = [(path, Source(str(path), key, pq.ParquetFile(path).metadata.num_rows)) for path in paths]
    for group in grouped([one for one in sources if one[1].num_documents]):
        named = "\n".join(
            [f"{settings.scheme.header()} {settings.order.score}", *(file_hash(path) for path, _ in group)]
        )
        name = blake2b(named.encode(), digest_size=10).hexdigest()
        yield name, group


def _make_segment(
    root: Path, name: str, group: Sequence[tuple[Path, Source]], settings: Settings, run: Callable[..., Any]
) -> None:
    """Sign a segment's shards and make it, unless a killed writer had come so far."""
    folder = root / SEGMENTS_FOLDER / name
    if _is_made(folder, [path for path, _ in group]):
        return
    signed = root / SIGNED_FOLDER / name
    shared = {"scheme": settings.scheme, "score": settings.order.score}
    calls = {path.stem: {"path": str(path), "prefix": str(signed / path.stem), **shared} for path, _ in group}
    run("sign", _sign, calls)
    build_segment(folder, settings.scheme, [signed / path.stem for path, _ in group], [one for _, one in group])


def _is_made(folder: Path, paths: Sequence[Path]) -> bool:
    """Whether a segment is there and whole, and its texts lie where these shards do; else it is made anew."""
    try:
        found = Segment(folder)
        found.verify()
    except DataError:
        return False
    return [Path(source.shard) for source in found.sources] == [path.resolve() for path in paths]


def _sign(path: str, prefix: str, scheme: Scheme, score: str) -> int:
    if Path(f"{prefix}.signatures.npy").exists():
        return 0  # by a writer that was killed; this file comes last and whole
    return sign_documents(Path(path), Path(prefix), scheme, score)


@contextmanager
def _tasks(workers: int) -> Iterator[Callable[..., Any]]:
    """Give a function that runs named calls: here, or in processes."""
    from data_tools.dedup.deciding import run_here

    if workers <= 1:
        yield run_here
        return
    # spawned, not forked: a forked worker would hold the lock of a writer that was killed
    with ProcessPoolExecutor(workers, get_context("spawn"), _die_with_parent) as pool:

        def run(name: str, function: Callable[..., Any], calls: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
            waiting = {call: pool.submit(function, **arguments) for call, arguments in calls.items()}
            return {call: future.result() for call, future in waiting.items()}

        yield run


def _die_with_parent() -> None:
    """End this worker when the writer that started it is gone: it must not go on beside the next one."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _commit(root: Path, before: Version, after: Version, run: Callable[..., Any], num_added: int) -> Change:
    """Decide the fates of a new version and make it the current one."""
    collection = after.collection(root)
    for segment in collection.segments:
        if segment.folder.name not in before.segments:
            segment.verify()
    ranked = rank_documents(collection, after.settings.order)
    decided = decide(collection, ranked, after.settings.limits, root / WORK_FOLDER, run)
    fates = Fates(collection, ranked, decided)
    was = read_fates(root, before).select(["id", "rule"]) if before.number else None
    write_version(root, after, fates)
    shutil.rmtree(root / WORK_FOLDER, ignore_errors=True)
    came_back, displaced = _turned(was, fates) if was is not None and was.num_rows else ([], [])
    _forget(root, after)
    return Change(after, num_added, came_back, displaced)


def _turned(was: pa.Table, fates: Fates) -> tuple[list[str], list[str]]:
    """Return the ids that were gone and are kept, and those that were kept and are gone without being withdrawn."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = fates.collection.column("id")
    places = pc.index_in(ids, value_set=was["id"].cast(pa.large_string()).combine_chunks())
    known = np.flatnonzero(pc.is_valid(places).to_numpy())
    was_kept = pc.equal(was["rule"], "").to_numpy()[places.to_numpy()[known].astype(np.int64)]
    is_kept = fates.is_kept[known]
    turned = (known[is_kept & ~was_kept], known[~is_kept & was_kept & fates.is_present[known]])
    return tuple(sorted(ids.take(pa.array(one)).to_pylist()) for one in turned)  # type: ignore[return-value]


def _forget(root: Path, version: Version) -> None:
    """Delete fates and segments of versions that no reader has open any more, and what a killed writer signed."""
    shutil.rmtree(root / SIGNED_FOLDER, ignore_errors=True)
    for folder in (root / FATES_FOLDER).iterdir():
        if folder.name.isdigit() and int(folder.name) <= version.number - KEPT_VERSIONS:
            shutil.rmtree(folder)
    used = set(version.segments).union(*(named_segments(root, version.number - n) for n in range(1, KEPT_VERSIONS)))
    for folder in (root / SEGMENTS_FOLDER).iterdir():
        if folder.name not in used:
            shutil.rmtree(folder)
