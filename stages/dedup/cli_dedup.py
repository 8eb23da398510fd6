"""``strata dedup add|query|drop|stats|review``: an index of what was seen, for new data and for second thoughts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import StrataError

if TYPE_CHECKING:
    from data_tools.dedup.collection import Collection
    from data_tools.dedup.versions import Settings
    from stages.dedup.index import Change, Index

HEAD_CHARACTERS = 100
LISTED = 20


def main(argv: Sequence[str]) -> int:
    """Run ``strata dedup``; DataError and StrataError say what is wrong."""
    options = _parser().parse_args(list(argv))
    for line in options.run(options):
        sys.stdout.write(f"{line}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="strata dedup", description="An index of documents and their duplicates.")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)

    def verb(name: str, run: object, text: str) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        one.add_argument("index", help="the index's directory; for reading also a dedup step, such as runs/geo/dedup")
        one.set_defaults(run=run)
        return one

    one = verb("add", _add, "add documents; makes the index where there is none")
    one.add_argument("documents", nargs="+", help="outputs of steps, such as runs/geo/clean_domain")
    one.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", dest="parameters",
                     help="parameters of the dedup step, for a new index: threshold=0.7 num_hashes=112")  # fmt: skip
    one.add_argument("--workers", type=int, default=1, help="processes that sign and pair (default: 1)")
    one = verb("query", _query, "which documents resemble a text, how much, and what became of them")
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("--text", help="the text itself")
    what.add_argument("--file", help="a file that holds it")
    what.add_argument("--id", help="the id of a document of the index")
    one.add_argument("--least", type=float, default=0.5, help="the least Jaccard similarity (default: 0.5)")
    one.add_argument("--json", action="store_true", help="print JSON")
    one = verb("drop", _drop, "withdraw corpora or documents; what they had displaced comes back")
    one.add_argument("names", nargs="+", help="names of corpora, ids of documents")
    one.add_argument("--runs", default="runs", help="where to look for artifacts that hold them (default: runs)")
    one.add_argument("--workers", type=int, default=1)
    verb("stats", _stats, "what is in the index, and how it was made")
    one = verb("review", _review, "the pairs closest to the threshold, to see whether it is right")
    one.add_argument("--num", type=int, default=10, help="pairs on either side (default: 10)")
    return parser


def _add(options: argparse.Namespace) -> Iterator[str]:
    from stages.dedup.index import add

    folders = [Path(folder) for folder in options.documents]
    for folder in folders:
        if not folder.is_dir():
            raise StrataError(f"{folder}: does not exist. Give the output of a step that makes documents")
    change = add(Path(options.index), folders, _settings(options.parameters), options.workers)
    yield f"added {change.num_added:,} documents; the index {options.index} is at version {change.version.number}"
    yield from _changed(change)


def _settings(parameters: Sequence[str]) -> Settings | None:
    import yaml
    from pydantic import ValidationError

    from pipeline.stage import CheckContext
    from stages.dedup.stage import Dedup

    if not parameters:
        return None
    values = {}
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or name not in Dedup.model_fields:
            known = ", ".join(Dedup.model_fields)
            raise StrataError(f"--set: must be NAME=VALUE with a parameter of dedup, got {parameter!r}. Known: {known}")
        values[name] = yaml.safe_load(value)
    try:
        stage = Dedup.model_validate(values)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise StrataError(f"--set {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}, got {wrong['input']!r}") from None
    stage.check(CheckContext("strata dedup add", "", (), ""))
    return stage.settings()


def _changed(change: Change) -> Iterator[str]:
    for ids, what in ((change.came_back, "came back"), (change.displaced, "displaced")):
        if ids:
            more = f", and {len(ids) - LISTED:,} more" if len(ids) > LISTED else ""
            yield f"{what}: {len(ids):,} documents: {', '.join(ids[:LISTED])}{more}"


def _query(options: argparse.Namespace) -> Iterator[str]:
    from stages.dedup.index import Index

    index = Index.open(Path(options.index))
    text = _text(options, index)
    matches = [match for match in index.query(text, options.least) if match.id != options.id]
    if options.json:
        yield json.dumps([vars(match) for match in matches], indent=1)
        return
    if not matches:
        yield f"no document of the index resembles it by {options.least:g} or more"
    for match in matches:
        fate = "kept" if not match.rule else f"{match.rule} of {match.kept}" if match.kept != match.id else match.rule
        head = " ".join(index.text(match.document).split())[:HEAD_CHARACTERS]
        yield f"{match.similarity:.4f}  {match.id}  {match.corpus}  {fate}\n        {head}"


def _text(options: argparse.Namespace, index: Index) -> str:
    if options.text is not None:
        return str(options.text)
    if options.file is not None:
        try:
            return Path(options.file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StrataError(f"{options.file}: cannot be read as UTF-8 text ({error})") from None
    document = index.find(options.id)
    if document is None:
        raise StrataError(f"{options.index}: there is no document {options.id!r}")
    return index.text(document)


def _drop(options: argparse.Namespace) -> Iterator[str]:
    from data_tools.dedup.versions import read_version
    from stages.dedup.index import drop

    root = Path(options.index)
    before = read_version(root).collection(root)
    holders = _holders(before, set(options.names))
    change = drop(root, options.names, options.workers)
    yield f"withdrawn: {', '.join(options.names)}; the index {root} is at version {change.version.number}"
    yield from _changed(change)
    containing = sorted(_made_from(Path(options.runs), holders))
    if containing:
        yield f"artifacts in {options.runs} that were made from it (checkpoints among them keep what they learned):"
        yield from (f"  {line}" for line in containing)
    else:
        yield f"no artifact in {options.runs} was made from it"


def _holders(collection: Collection, names: set[str]) -> set[str]:
    """Return the keys of the artifacts whose texts are withdrawn."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(sorted(names), pa.string())
    keys: set[str] = set()
    for segment in collection.segments:
        held = pc.or_(*(pc.is_in(segment.column(name), wanted) for name in ("id", "corpus")))
        first = 0
        for source in segment.sources:
            if pc.any(held.slice(first, source.num_documents)).as_py():
                keys.add(source.key)
            first += source.num_documents
    return keys


def _made_from(runs: Path, keys: set[str]) -> Iterator[str]:
    """Yield the artifacts of ``runs`` that hold what has one of these keys, or were made from it."""
    manifests = {}
    for path in (runs / "store").glob("*/*/manifest.json"):
        try:
            manifests[path.parent] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
    reached = set(keys)
    while True:
        new = {
            manifest["key"]
            for manifest in manifests.values()
            if manifest["key"] not in reached
            and any(one["key"] in reached for given in manifest.get("inputs", {}).values() for one in given)
        }
        if not new:
            break
        reached |= new
    for folder, manifest in manifests.items():
        if manifest["key"] in reached:
            yield f"{manifest.get('kind', '')}  {folder.relative_to(runs)}  (step {manifest.get('step', '')})"


def _stats(options: argparse.Namespace) -> Iterator[str]:
    import pyarrow as pa

    from stages.dedup.index import Index

    index = Index.open(Path(options.index))
    collection, fates, settings = index.collection(), index.fates(), index.version.settings
    scheme = settings.scheme
    yield f"index    {options.index}, version {index.version.number}, {len(collection.segments)} segments"
    yield (
        f"scheme   shingles of {scheme.shingle_words} words, {scheme.num_hashes} hashes, "
        f"{scheme.bands} bands of {scheme.rows}, seed {scheme.seed}"
    )
    chances = ", ".join(f"{each:g}: {scheme.catch(each):.4f}" for each in (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95))
    yield f"catches  {chances}"
    yield f"limits   duplicates from {settings.limits.threshold:g}, groups from {settings.limits.group_threshold:g}"
    yield f"order    {', '.join(settings.order.by)}, id"
    if index.version.withdrawn:
        yield f"withdrawn  {', '.join(sorted({one.name for one in index.version.withdrawn}))}"
    rows = pa.table({"corpus": collection.column("corpus"), "rule": fates["rule"]}).group_by(["corpus", "rule"])
    counts = {(row["corpus"], row["rule"]): row["count_all"] for row in rows.aggregate([([], "count_all")]).to_pylist()}
    yield f"{'corpus':30} {'documents':>12} {'kept':>12}  gone, by rule"
    for corpus in sorted({name for name, _ in counts}):
        own = {rule: number for (name, rule), number in counts.items() if name == corpus}
        gone = ", ".join(f"{rule} {number:,}" for rule, number in sorted(own.items()) if rule)
        yield f"{corpus:30} {sum(own.values()):>12,} {own.get('', 0):>12,}  {gone}"


def _review(options: argparse.Namespace) -> Iterator[str]:
    from stages.dedup.index import Index

    index = Index.open(Path(options.index))
    threshold = index.version.settings.limits.threshold
    pairs = index.review()
    below = [pair for pair in pairs if pair[2] < threshold][-options.num :]
    above = [pair for pair in pairs if pair[2] >= threshold][: options.num]
    if not pairs:
        yield f"no pair lies near the threshold {threshold:g}"
    for title, shown in ((f"below the threshold {threshold:g}: both stay", below), ("above it: one goes", above)):
        if shown:
            yield title
        for later, earlier, similarity in shown:
            yield f"{similarity:.4f}  {later}  {earlier}"
            numbers = [index.find(id) for id in (later, earlier)]
            texts = [index.text(number) for number in numbers if number is not None]
            yield from _difference(*texts)


def _difference(later: str, earlier: str) -> Iterator[str]:
    """Show where two texts first differ."""
    one, other = later.split(), earlier.split()
    at = next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    for words in (one, other):
        yield f"        ... {' '.join(words[max(at - 4, 0) : at + 14])[:HEAD_CHARACTERS]} ..."
