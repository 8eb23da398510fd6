"""``strata trace step N`` and ``strata trace document ID``: what a training read when."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import StrataError


def main(argv: Sequence[str]) -> int:
    """Run ``strata trace``; StrataError says what is wrong."""
    options = _parser().parse_args(list(argv))
    folder = Path(options.training) if options.training else newest_training(Path(options.runs))
    for line in options.run(options, folder):
        sys.stdout.write(f"{line}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="strata trace", description="What a training read, and when.")
    verbs = parser.add_subparsers(metavar="COMMAND", required=True)
    step = verbs.add_parser("step", help="the documents that an update read", description="The documents of an update.")
    step.add_argument("number", type=int, help="the update, 1 is the first, as in metrics.jsonl and the report")
    step.set_defaults(run=_step)
    document = verbs.add_parser(
        "document", help="the updates that read a document", description="The updates that read a document."
    )
    document.add_argument("id", help="the document's id")
    document.set_defaults(run=_document)
    for one in (step, document):
        one.add_argument("--training", help="the step's directory, such as runs/geo/cpt (default: the newest)")
        one.add_argument("--runs", default="runs", help="directory of all artifacts (default: runs)")
    return parser


def newest_training(runs: Path) -> Path:
    """Return the directory of the training that was at work last, finished or not."""
    from stages.cpt.place import PLACE_FILE

    found = [path for pattern in ("*", ".*.work") for path in (runs / "store").glob(f"*/{pattern}/{PLACE_FILE}")]
    if not found:
        raise StrataError(f"{runs}: holds no training. Give one with --training, such as runs/geo/cpt")
    return max(found, key=lambda path: path.stat().st_mtime).parent


def _step(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    from stages.cpt.place import Place, documents_of_step

    documents = documents_of_step(folder, options.number)
    skipped = ", and was not applied, an outlier" if options.number in Place.read(folder).not_applied else ""
    yield f"update {options.number} of {folder} read {len(documents)} documents{skipped} (part, corpus, id):"
    for part, corpus, name in documents:
        yield f"{part}\t{corpus}\t{name}"


def _document(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    from stages.cpt.checkpoints import step_of
    from stages.cpt.place import CHECKPOINTS_FOLDER, Place, steps_of_document, updates_done

    steps = steps_of_document(folder, options.id)
    if not steps:
        yield f"document {options.id} was not read by {folder}"
        return
    done, skipped = updates_done(folder), set(Place.read(folder).not_applied)
    for what, some in (
        ("was read", [step for step in steps if step <= done and step not in skipped]),
        ("was read and not applied, as an outlier,", [step for step in steps if step in skipped]),
        ("will be read", [step for step in steps if step > done]),
    ):
        if some:
            yield f"document {options.id} {what} by {folder} in {len(some)} updates: {', '.join(map(str, some))}"
    for path in sorted(folder.glob(f"{CHECKPOINTS_FOLDER}/step-*")):
        saved = step_of(path)
        seen = sum(step <= saved and step not in skipped for step in steps)
        yield f"checkpoint {path.name}: has learned from it {seen} times"
