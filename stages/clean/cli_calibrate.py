"""``strata calibrate``: limits for the quality rules from a corpus's own distributions and a page to judge them by."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.rules import PROFILES, get_rules
from pipeline.errors import StrataError

if TYPE_CHECKING:
    from data_tools.calibration import RuleCalibration
    from data_tools.documents import Document

PAGE, LIMITS_FILE, NEAR_FILE = "calibration.html", "limits.yaml", "near_limits.parquet"


def main(argv: Sequence[str]) -> int:
    """Run ``strata calibrate``; StrataError for a source that holds no document."""
    from data_tools.calibration import calibrate, limits_yaml
    from data_tools.cleaning import Cleaner
    from stages.clean.calibration_page import render

    options = _parser().parse_args(list(argv))
    source = Path(options.source).expanduser()
    cleaner = Cleaner(get_rules(options.rules), max_characters=options.max_characters)
    found = calibrate(lambda: _documents(source), cleaner.prepare, get_rules(options.rules), options.max_documents)
    if not found:
        raise StrataError(
            f"{source}: holds no document that can be measured. Give a folder of texts, or a step's output"
        )
    out = Path(options.out) if options.out else source.absolute().with_name(f"{source.name}.calibration")
    out.mkdir(parents=True, exist_ok=True)
    (out / PAGE).write_text(render(found, options.rules), "utf-8")
    (out / LIMITS_FILE).write_text(limits_yaml(found), "utf-8")
    _write_near(out / NEAR_FILE, found)
    for name, rules in found.items():
        sys.stdout.write(f"corpus {name}: {rules[0].num_documents:,} documents\n")
        for one in rules:
            beyond = f"{one.beyond['profile']:7.2%} beyond it, {one.beyond['published']:7.2%} beyond the published"
            limit = "off" if one.limit is None else f"{one.limit:g}"
            sys.stdout.write(
                f"  {one.rule.name:58} {options.rules} {limit:>8} {beyond} {one.rule.published:g}; "
                f"proposed {one.proposed:g} ({one.beyond['proposed']:.2%})\n"
            )
    sys.stdout.write(f"page    {out / PAGE}\nlimits  {out / LIMITS_FILE}\nnear    {out / NEAR_FILE}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="strata calibrate",
        description="Measure what every quality rule measures, and propose limits at mean +- 3 sigma per corpus.",
    )
    parser.add_argument("source", help="a folder of texts, or a step's output such as runs/geo/domain_text")
    parser.add_argument("--rules", choices=sorted(PROFILES), default="general", help="the profile to compare with")
    parser.add_argument("--out", help="folder for the page, the limits and the documents around them")
    parser.add_argument("--max-documents", type=_positive, default=100_000)
    parser.add_argument("--max-characters", type=_positive, default=5_000_000, help="a longer text is not measured")
    return parser


def _positive(given: str) -> int:
    if not given.isdigit() or not int(given):
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, got {given!r}")
    return int(given)


def _documents(source: Path) -> Iterator[Document]:
    """Yield a step's documents, or those of a folder of texts as ingest would read them."""
    from data_tools.documents import read_documents, shards

    if not source.exists():
        raise StrataError(f"{source}: does not exist. Give a folder of texts, or a step's output")
    if shards(source):
        yield from read_documents([source])
        return
    yield from _read_texts(source)


def _read_texts(source: Path) -> Iterator[Document]:
    """Yield the documents of a folder of texts, archives looked into, with ingest's own settings."""
    from data_tools.documents import Document, document_id
    from data_tools.extract.archives import sources
    from data_tools.extract.records import ReadOptions, Record
    from pipeline.identity import visible_files
    from stages.ingest import Ingest

    root = source if source.is_dir() else source.parent
    options = ReadOptions(root=root, exclude=Ingest().exclude)
    for file in visible_files(source):
        for one in sources(file, file.relative_to(root).as_posix(), options):
            for found in one.found:
                if isinstance(found, Record):
                    id = document_id(source.name, one.name, found.position)
                    yield Document(id, found.text, source.name, "", "", f"{one.name}:{found.position}")


def _write_near(path: Path, found: dict[str, list[RuleCalibration]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        {"corpus": corpus, "rule": one.rule.name, "limit": limit, **vars(near)}
        for corpus, rules in found.items()
        for one in rules
        for limit, nears in one.near.items()
        for near in nears
    ]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="zstd")
