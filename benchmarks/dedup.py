"""Deduplication, measured: signatures, the whole against datatrove and datasketch, known pairs, memory, kills.

``make bench only=dedup`` runs every part in turn (about half an hour on two cores); ``python -m benchmarks.dedup
signatures`` runs one. Real text is read from ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pool
from pathlib import Path
from typing import Any

from benchmarks.dedup_rivals import by_datasketch, by_datatrove, signatures_by_datasketch, signatures_by_rensa
from benchmarks.dedup_texts import Variant, many_texts, pieces, variants, write_documents
from benchmarks.real_text import REAL_TEXT, is_there
from benchmarks.record import ROOT, run_measured, run_parts
from data_tools.shingles import lower, shingle_texts
from data_tools.signatures import Signer

HASHES, THRESHOLD = 112, 0.8
SETTINGS = (f"num_hashes={HASHES}", f"threshold={THRESHOLD}", f"group_threshold={THRESHOLD}")
ROUNDS = 3
SIGNED_TEXTS, WHOLE_PAIRS = 4_000, 3_000
SIZES = (10_000, 100_000, 2_000_000)
KILLS, KILLED_TEXTS = 20, 30_000
EXACT_COPIES, NEAR_COPIES = 10_000_000, 1_000_000
TEMPLATE_PAGES = (500, 1_000, 2_000)
GROWN, GROWS_BY = 1_000_000, 10_000


def signatures() -> dict[str, Any]:
    """Text per second and core, from text to signature, and how far estimates are off the exact similarity."""
    import numpy as np

    texts = random.Random(1).sample(pieces(), SIGNED_TEXTS)
    size = sum(len(text.encode()) for text in texts) / 1e6
    signer = Signer(HASHES, 1)

    def sign(own: Sequence[str]) -> Any:
        batches = [shingle_texts(map(lower, own[start : start + 64]), 5) for start in range(0, len(own), 64)]
        return np.concatenate([signer.sign_all(*batch) for batch in batches])

    contenders: dict[str, Callable[[Sequence[str]], Any]] = {
        "strata": sign,
        "datasketch": lambda own: signatures_by_datasketch(own, HASHES),
        "rensa": lambda own: signatures_by_rensa(own, HASHES),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender(texts[:50])
    for _ in range(ROUNDS):
        for name, contender in contenders.items():
            started = time.process_time()
            contender(texts)
            seconds[name].append(time.process_time() - started)
    pairs = variants(2_000, seed=5)
    one, other = sign([pair.original for pair in pairs]), sign([pair.copy for pair in pairs])
    errors = (one == other).mean(axis=1) - np.array([pair.similarity for pair in pairs])
    figures: dict[str, Any] = {
        f"signatures_{name}_mb_per_second": round(size / statistics.median(own), 2) for name, own in seconds.items()
    }
    return figures | {
        "signatures_mean_error": round(float(errors.mean()), 5),
        "signatures_error_of_the_mean": round(float(errors.std() / len(errors) ** 0.5), 5),
    }


def whole() -> dict[str, Any]:
    """Near-duplicates among pairs of known similarity: speed and F1, all contenders on the same documents."""
    pairs = variants(WHOLE_PAIRS)
    names = [(f"o{n:05d}", pair.original) for n, pair in enumerate(pairs)]
    names += [(f"v{n:05d}", pair.copy) for n, pair in enumerate(pairs)]
    random.Random(2).shuffle(names)
    size = sum(len(text.encode()) for _, text in names) / 1e6
    figures: dict[str, Any] = {"whole_documents": len(names), "whole_mb": round(size, 2)}
    contenders = {"strata": by_strata, "datasketch": by_datasketch, "datatrove": by_datatrove}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(ROUNDS):
        for name, contender in contenders.items():
            if name == "datatrove" and turn:
                continue  # a minute and a half: once is enough for a ratio of fifty
            with tempfile.TemporaryDirectory(prefix="strata-dedup-") as place:
                elapsed, gone = contender(Path(place), names, HASHES)
            seconds[name].append(elapsed)
            figures |= {f"whole_{name}_{what}": value for what, value in quality(pairs, gone).items()}
    medians = {name: statistics.median(own) for name, own in seconds.items()}
    for name, own in medians.items():
        figures[f"whole_{name}_mb_per_second"] = round(size / own, 3)
        if name != "strata":
            figures[f"whole_times_{name}"] = round(own / medians["strata"], 1)
    bins = [sum(low <= pair.similarity < low + 0.1 for pair in pairs) for low in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9)]
    return {**figures, "whole_pairs_from_0_50_60_70_80_90": bins}


def by_strata(place: Path, named: Sequence[tuple[str, str]], num_hashes: int) -> tuple[float, set[str]]:
    """Return seconds from documents on disk to the keep-list, and the ids that go. Here, in one process."""
    from pipeline.artifact import Artifact
    from pipeline.output import InlineFanout, Output
    from pipeline.stage import Inputs, Resources
    from stages.dedup.stage import Dedup

    write_documents(place / "given", iter(named))
    stage = Dedup.model_validate(
        {"num_hashes": num_hashes, "threshold": THRESHOLD, "group_threshold": THRESHOLD, "prefer": ()}
    )
    inputs = Inputs({"documents": [Artifact(place / "given", {"key": "given"})]})
    started = time.monotonic()
    stage.run(inputs, Output(place / "out", Resources(), InlineFanout(), "dedup"))
    elapsed = time.monotonic() - started
    return elapsed, dropped_ids(place / "out")


def dropped_ids(folder: Path) -> set[str]:
    from data_tools.documents import DROPPED_FOLDER, read_rows, shards

    return {row["id"] for shard in shards(folder, DROPPED_FOLDER) for row in read_rows(shard, ["id"])}


def quality(pairs: Sequence[Variant], gone: set[str]) -> dict[str, float]:
    """Compare what went with the truth: one of a pair of exact similarity 0.8 or more."""
    found = [f"o{n:05d}" in gone or f"v{n:05d}" in gone for n in range(len(pairs))]
    true = [pair.similarity >= THRESHOLD for pair in pairs]
    both = sum(a and b for a, b in zip(found, true, strict=True))
    sure = [hit for hit, pair in zip(found, pairs, strict=True) if pair.similarity >= 0.85]
    precision, recall = both / max(sum(found), 1), both / max(sum(true), 1)
    return {
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "recall_from_85": round(sum(sure) / max(len(sure), 1), 4),
    }


def known() -> dict[str, Any]:
    """Pairs that are known to be in the real text: are they found, and how similar are they?"""
    from benchmarks.dedup_known import known_pairs

    return {"known_pairs": known_pairs()}


def memory() -> dict[str, Any]:
    """Peak of all processes, seconds and disk of ``strata dedup add`` with two workers, by number of 2 kB documents."""
    figures: dict[str, Any] = {}
    for num in SIZES:
        with tempfile.TemporaryDirectory(prefix="strata-dedup-") as name:
            place = Path(name)
            num_bytes = write_many(place / "given", num)
            measured = _add(place, place / "given")
            disk = sum(file.stat().st_size for file in (place / "index").rglob("*") if file.is_file())
            kept = _kept(place / "index")
        figures |= {
            f"memory_{num}_peak_gb": round(measured.peak_gb, 3),
            f"memory_{num}_seconds": round(measured.seconds, 1),
            f"memory_{num}_mb_per_second": round(num_bytes / 1e6 / measured.seconds, 2),
            f"memory_{num}_index_bytes_per_document": round(disk / num),
            f"memory_{num}_kept": kept,
        }
    return figures


def extremes() -> dict[str, Any]:
    """Ten million exact and a million near copies of one text, documents of 100 MB, pages made from one template."""
    base = pieces()[5][:900]
    text = " ".join(pieces())
    long = (text * (10**8 // len(text) + 1))[: 10**8]
    cases: dict[str, Iterator[tuple[str, str]]] = {
        "exact_copies": ((f"e{n:07d}", base) for n in range(EXACT_COPIES)),
        "near_copies": ((f"c{n:07d}", f"{base} Number {n:07d} is here.") for n in range(NEAR_COPIES)),
        "100_mb_documents": iter([("long", long), ("longer", f"{long} The end."), ("word", "One."), ("empty", "")]),
        **{f"pages_of_one_template_{num}": _pages(num) for num in TEMPLATE_PAGES},
    }
    figures: dict[str, Any] = {}
    for name, texts in cases.items():
        with tempfile.TemporaryDirectory(prefix="strata-dedup-") as folder:
            place = Path(folder)
            write_documents(place / "given", texts)
            measured = _add(place, place / "given", settings=() if name.startswith("pages") else SETTINGS)
            figures |= {
                f"extremes_{name}_kept": _kept(place / "index"),
                f"extremes_{name}_seconds": round(measured.seconds, 1),
                f"extremes_{name}_peak_gb": round(measured.peak_gb, 2),
            }
    return figures


def _pages(num: int) -> Iterator[tuple[str, str]]:
    """Pages that are alike by some 0.65, above the limit of relatives (0.5) and below that of duplicates (0.8)."""
    words = " ".join(pieces()).split()
    shared = words[:300]
    for page in range(num):
        own = random.Random(page).sample(words, 60)
        yield f"page{page:05d}", " ".join([*shared[:150], *own, *shared[150:]])


def growing() -> dict[str, Any]:
    """Seconds that an index of a million documents takes, and then ten thousand more."""
    with tempfile.TemporaryDirectory(prefix="strata-dedup-") as name:
        place = Path(name)
        write_many(place / "given", GROWN)
        write_documents(place / "more", many_texts(GROWS_BY, 1_000))
        first, more = _add(place, place / "given"), _add(place, place / "more")
    return {
        "growing_first_documents": GROWN, "growing_first_seconds": round(first.seconds, 1),
        "growing_more_documents": GROWS_BY, "growing_more_seconds": round(more.seconds, 1),
    }  # fmt: skip


def _add(place: Path, *folders: Path, settings: Sequence[str] = SETTINGS) -> Any:
    command = [sys.executable, "-m", "pipeline", "dedup", "add", str(place / "index"), *map(str, folders)]
    given = ["--set", *settings] if settings else []
    measured = run_measured([*command, "--workers", "2", *given], ROOT, place / "add.log")
    if measured.code:
        raise SystemExit(f"dedup: {measured.output[-2000:]}")
    return measured


def _kept(index: Path) -> int:
    from stages.dedup.index import Index

    return sum(not rule for rule in Index.open(index).fates()["rule"].to_pylist())


def write_many(folder: Path, num: int) -> int:
    """Write ``num`` documents in parts, two at a time; return the bytes of text."""
    part = min(num, 100_000)
    parts = [(folder, seed, part) for seed in range(-(-num // part))]
    with Pool(2) as pool:
        return sum(pool.starmap(_write_part, parts))


def _write_part(folder: Path, seed: int, num: int) -> int:
    own = folder.with_name(f"part{seed}")
    size = write_documents(own, many_texts(num, seed))
    (folder / "documents").mkdir(parents=True, exist_ok=True)
    for shard in sorted((own / "documents").iterdir()):
        shard.rename(folder / "documents" / f"{seed:03d}-{shard.name}")
    shutil.rmtree(own)
    return size


def kills() -> dict[str, Any]:
    """``kill -9`` during ``add``, again and again: is the index in the end the one of an undisturbed run?"""
    with tempfile.TemporaryDirectory(prefix="strata-dedup-") as name:
        place = Path(name)
        for part in (0, 1):
            write_many(place / f"given{part}", KILLED_TEXTS) if not part else _write_as(place / "given1", 7)
        (place / "calm").mkdir()
        started = time.monotonic()
        _add(place / "calm", place / "given0", place / "given1")
        elapsed = time.monotonic() - started
        command = [
            sys.executable, "-m", "pipeline", "dedup", "add", str(place / "index"), str(place / "given0"),
            str(place / "given1"), "--workers", "2", "--set", *SETTINGS,
        ]  # fmt: skip
        rng = random.Random(0)
        num_kills = 0
        while num_kills < KILLS:
            writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.3, 0.9 * elapsed))
            if writer.poll() is None:
                num_kills += 1
                writer.send_signal(signal.SIGKILL)
            writer.wait()
            if (place / "index" / "CURRENT").exists():
                shutil.rmtree(place / "index")  # it was done: begin again
        if not (place / "index" / "CURRENT").exists():
            _add(place, place / "given0", place / "given1")
        same = _contents(place / "index") == _contents(place / "calm" / "index")
    return {"kills": num_kills, "kills_same_index": same}


def _write_as(folder: Path, seed: int) -> None:
    _write_part(folder, seed, KILLED_TEXTS)


def _contents(index: Path) -> dict[str, str]:
    from data_tools.dedup.segment import file_hash

    files = [path for path in index.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {
        str(path.relative_to(index)): file_hash(path) for path in files if path.name not in ("segment.json", "CURRENT")
    }


def order() -> dict[str, Any]:
    """Corpora added one by one, shards shuffled, 1, 2 and 4 processes: is the same set kept?"""
    from stages.dedup.index import add, drop

    with tempfile.TemporaryDirectory(prefix="strata-dedup-") as name:
        place = Path(name)
        folders = []
        rows = list(many_texts(12_000, 3)) + [(f"x{id}", f"{text} So.") for id, text in many_texts(3_000, 3)]
        random.Random(1).shuffle(rows)
        for part in range(4):
            folders.append(place / f"given{part}")
            write_documents(folders[-1], _part(rows, part), f"corpus{part}")
        kept = []
        for workers in (1, 2, 4):
            add(place / f"workers{workers}", folders, None, workers)
            kept.append(_fates(place / f"workers{workers}"))
        for number, sequence in enumerate(([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0])):
            for part in sequence:
                add(place / f"order{number}", [folders[part]], None, 2)
            kept.append(_fates(place / f"order{number}"))
        shuffled = place / "shuffled"
        write_documents(
            shuffled, iter(random.Random(9).sample(rows, len(rows))), "corpus0"
        )  # one corpus: order is length, id
        dropped = []
        for part in range(4):
            add(place / f"drop{part}", folders, None, 2)
            drop(place / f"drop{part}", [f"corpus{part}"], 2)
            add(place / f"without{part}", [one for n, one in enumerate(folders) if n != part], None, 2)
            dropped.append(_fates(place / f"drop{part}") == _fates(place / f"without{part}"))
        add(place / "again", [shuffled], None, 2)
        again = _fates(place / "again")
        same_kept, shuffled_kept = ({id for id, fate in one.items() if not fate["rule"]} for one in (kept[0], again))
    return {
        "order_documents": len(rows),
        "order_kept": len(same_kept),
        "order_same_for_1_2_4_workers_and_3_orders": all(one == kept[0] for one in kept),
        "order_same_for_shuffled_shards": same_kept == shuffled_kept,
        "order_dropped_as_if_never_there": all(dropped),
    }


def _part(rows: Sequence[tuple[str, str]], part: int) -> Iterator[tuple[str, str]]:
    yield from rows[part::4]


def _fates(root: Path) -> dict[str, dict[str, Any]]:
    from stages.dedup.index import Index

    return {row["id"]: row for row in Index.open(root).fates().to_pylist()}


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "signatures": signatures,
    "whole": whole,
    "known": known,
    "order": order,
    "kills": kills,
    "extremes": extremes,
    "growing": growing,
    "memory": memory,
}


def main() -> None:
    """Run the parts named on the command line, or all; keep the figures of each as it ends."""
    if not is_there():
        raise SystemExit(f"dedup: {REAL_TEXT} is absent: real text is not part of the project")
    run_parts("dedup", PARTS)


if __name__ == "__main__":
    main()
