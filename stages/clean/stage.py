"""Clean: repairs, personal data, language and gibberish, then the published quality rules, one shard per task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from data_tools.errors import DataError
from data_tools.language import LANGUAGES
from data_tools.privacy import KINDS
from data_tools.rules import get_rules
from pipeline.errors import RecipeError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from pipeline.identity import Json
    from pipeline.output import Output

CHANGES_FOLDER = "changes"
CHARACTERS_PER_SECOND = 600_000
"""Measured on one core of a laptop with books and textbooks; used for the plan only."""


class Clean(Stage):
    """Repair every document, and drop those that the profile's rules refuse, each with the rule and the measured value.

    Order: size, line ends, mojibake, Unicode form, control characters, white space; web furniture; personal data;
    language; gibberish; fragments; Gopher repetition, Gopher quality, C4, FineWeb (FineWeb's order). ``changes/``
    says what was changed in which document. See data_tools/rules.py for the profiles and data_tools/quality.py for
    how words are counted.
    """

    name: ClassVar[str] = "clean"
    version: ClassVar[int] = 2
    needs: ClassVar[Mapping[str, Need]] = {"documents": need("documents")}
    gives: ClassVar[str] = "documents"

    rules: str = ""
    """Profile of limits: general, geo, finance, medical, or web (FineWeb's published values unchanged). Empty takes what
    each document's corpus declares, else the profile of its domain's name, else general."""
    limits: dict[str, float | None] = Field(default_factory=dict)
    """Limits that replace the profile's, by the rule's name in dropped/: ``gopher_quality.min_words: 30``; null turns
    a rule off."""
    language: str = "en"
    """Declared language (ISO 639-1) of the documents; texts in another one are dropped. One of the nine known ones."""
    personal_data: tuple[str, ...] | None = None
    """Kinds of personal data to replace, or None for the profile's own (medical adds record numbers)."""
    max_characters: int = Field(5_000_000, ge=1_000)
    """Longest text in characters that is looked at; a longer one is dropped, so that work per document is bounded."""

    def check(self, context: CheckContext) -> None:
        try:
            get_rules(self.rules or "general", self.limits)
        except DataError as error:
            raise RecipeError(f"{context.where}: {error}") from None
        if self.language not in LANGUAGES:
            raise RecipeError(
                f"{context.where}: language: is not known, got {self.language!r}. Use one of {', '.join(LANGUAGES)}"
            )
        unknown = sorted(set(self.personal_data or ()) - set(KINDS))
        if unknown:
            raise RecipeError(
                f"{context.where}: personal_data: unknown kind, got {unknown[0]!r}. Use some of {', '.join(KINDS)}"
            )

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        (documents,) = inputs["documents"]
        if documents.text_bytes is None:
            return Estimate()
        return documents.but(
            seconds=documents.text_bytes / CHARACTERS_PER_SECOND,
            disk_bytes=0.45 * documents.text_bytes,
            gpu_hours=0.0,
            basis="0.6 MB of text per second and core",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import shards

        documents = inputs.one("documents")
        calls = {
            shard.stem: {"shard": str(shard), "folder": str(out.path), **self.model_dump(mode="json")}
            for shard in shards(documents.path)
        }
        results = out.map(clean_shard, calls, name="clean")
        totals = _add_up(results.values())
        for block in _blocks(totals):
            out.block(block)
        return totals


def clean_shard(
    shard: str,
    folder: str,
    rules: str,
    limits: Mapping[str, float | None],
    language: str,
    personal_data: Sequence[str] | None,
    max_characters: int,
) -> dict[str, Json]:
    """Clean one shard of documents into ``folder``; return its counts."""
    import pyarrow as pa

    from data_tools.cleaning import Cleaner
    from data_tools.documents import Document, ShardWriter, documents_writer, dropped, dropped_writer, read_rows

    path = Path(shard)
    schema = pa.schema([("id", pa.string()), ("change", pa.string()), ("count", pa.int64())])
    cleaner = Cleaner(get_rules(rules, limits), language, personal_data, max_characters)
    counts: dict[str, Counter[str]] = {"documents": Counter(), "dropped_by_rule": Counter(), "changed": Counter()}
    with (
        documents_writer(Path(folder), path.stem) as kept,
        dropped_writer(Path(folder), path.stem) as refused,
        ShardWriter(Path(folder) / CHANGES_FOLDER / path.name, schema) as changed,
    ):
        for cleaned in cleaner.clean_all(Document(**row) for row in read_rows(path)):
            document, verdict = cleaned.document, cleaned.verdict
            counts["documents"].update(["in"])
            for change, count in cleaned.changes.items():
                changed.write({"id": document.id, "change": change, "count": count})
                counts["changed"].update([change])
            if verdict.rule:
                counts["dropped_by_rule"].update([verdict.rule])
                refused.write(dropped(document, "clean", verdict.rule, verdict.value, verdict.detail))
            else:
                counts["documents"].update(out=1, bytes=len(verdict.text.encode()))
                kept.write({**vars(document), "text": verdict.text})
    return {
        "documents_in": counts["documents"]["in"],
        "documents_out": counts["documents"]["out"],
        "bytes_out": counts["documents"]["bytes"],
        "dropped_by_rule": dict(counts["dropped_by_rule"]),
        "changed": dict(counts["changed"]),
    }


def _add_up(results: Any) -> dict[str, Json]:
    totals: dict[str, Json] = {"documents_in": 0, "documents_out": 0, "bytes_out": 0}
    by_name: dict[str, Counter[str]] = {"dropped_by_rule": Counter(), "changed": Counter()}
    for result in results:
        for name in totals:
            totals[name] += result[name]
        for name, counter in by_name.items():
            counter.update(result[name])
    return {**totals, **{name: dict(sorted(counter.items())) for name, counter in by_name.items()}}


def _blocks(totals: Mapping[str, Any]) -> list[Block]:
    num_in = max(totals["documents_in"], 1)
    dropped = sorted(totals["dropped_by_rule"].items(), key=lambda item: (-item[1], item[0]))
    rows = [["in", totals["documents_in"], "100.0 %"]]
    rows += [[f"dropped: {rule}", count, f"{count / num_in:.1%}"] for rule, count in dropped]
    rows += [["out", totals["documents_out"], f"{totals['documents_out'] / num_in:.1%}"]]
    return [
        Block(
            "table",
            "Documents in and out, by rule",
            {"columns": ["documents", "count", "share"], "rows": rows, "align": ["left", "right", "right"]},
            "The first rule that refuses a document drops it; dropped/ holds its id, the measured value and its head.",
        ),
        Block(
            "table",
            "Repairs and replacements",
            {
                "columns": ["change", "documents changed"],
                "rows": [list(item) for item in totals["changed"].items()],
                "align": ["left", "right"],
            },
            "Documents in which a repair, the removal of web furniture, or a replacement changed something.",
        ),
    ]


STAGE = Clean
