"""Clean: repairs, personal data, language and gibberish, then the published quality rules, one shard per task."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from data_tools.errors import DataError
from data_tools.language import LANGUAGES
from data_tools.privacy import KINDS, policy_for
from data_tools.rules import get_rules, profile_of
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.clean.between import (
    CHANGES_COLUMN,
    PARAGRAPHS_COLUMN,
    CorpusCounts,
    find_boilerplate,
    read_repaired,
    read_tables,
    repaired_writer,
)
from stages.ingest import FolderPath

if TYPE_CHECKING:
    from data_tools.cleaning import Cleaned, Cleaner, Repaired
    from data_tools.documents import Document
    from data_tools.privacy import Recogniser
    from data_tools.scoring import Scorer
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output

CHANGES_FOLDER = "changes"
CHARACTERS_PER_SECOND = 2_500_000
"""Measured on one core with books, filings and short notes; used for the plan only."""
SECRET_VARIABLE = "STRATA_PSEUDONYM_SECRET"
MAX_SHOWN = 20
SHOWN_CHARACTERS = 200
"""Boilerplate paragraphs in the report, and how much of each."""


def _flat(limits: Any) -> Any:
    """Take ``{gopher_quality: {min_words: 30}}``, as dotted overrides give it, for ``gopher_quality.min_words: 30``."""
    if not isinstance(limits, Mapping):
        return limits
    nested = {name: value for name, value in limits.items() if isinstance(value, Mapping)}
    inner = {f"{name}.{rule}": limit for name, rules in nested.items() for rule, limit in rules.items()}
    return {**{name: value for name, value in limits.items() if name not in nested}, **inner}


class Clean(Stage):
    """Repair every document, and drop those that the profile's rules refuse, each with the rule and the measured value.

    Two passes: repairs (data_tools/repair.py), in which the paragraphs of each corpus are counted; then size,
    boilerplate, personal data, language, gibberish, fragments, Gopher repetition, Gopher quality, C4, FineWeb
    (FineWeb's order). ``changes/`` says what was changed in which document, and how often. What is learned of a
    document, its language and how sure that is, goes into its ``meta``. See data_tools/rules.py for the profiles and
    data_tools/quality.py for how they are judged.
    """

    name: ClassVar[str] = "clean"
    version: ClassVar[int] = 4
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents"),
        "scorers": need("scorer", many=True, optional=True),
    }
    gives: ClassVar[str] = "documents"

    rules: str = ""
    """Profile of limits: general, geo, finance, medical, or web (FineWeb's published values unchanged). Empty takes
    what each document's corpus declares, else the profile of its domain's name, else general."""
    limits: Annotated[dict[str, float | None], BeforeValidator(_flat)] = Field(default_factory=dict)
    """Limits that replace the profile's, by the rule's name in dropped/: ``gopher_quality.min_words: 30``; null turns
    a rule off."""
    language: str = "en"
    """Declared language (ISO 639-1) of the documents; texts that are mostly in another one are dropped."""
    personal_data: tuple[str, ...] | None = None
    """Kinds of personal data to look for, or None for the profile's own (medical: HIPAA's identifiers)."""
    personal_data_actions: dict[str, str] = Field(default_factory=dict)
    """What is done with single kinds, such as ``{phone: pseudonymise, ssn: drop}``: mask, pseudonymise, generalise or
    drop. Pseudonyms need a secret in the environment variable STRATA_PSEUDONYM_SECRET; it is never written down."""
    max_personal_data: int | None = Field(None, ge=0)
    """A document with more hits than this is dropped; None: no such limit. Dolma took 5."""
    recogniser: FolderPath = ""
    """A local directory with a model that labels names and addresses; they are then replaced too. Empty: none is."""
    boilerplate_documents: int = Field(5, ge=0)
    """A paragraph that at least this many documents of a corpus hold, and at least ``boilerplate_share`` of them, is
    boilerplate: one copy stays, the others are cut out (data_tools/boilerplate.py); 0 leaves all."""
    boilerplate_share: float = Field(0.02, ge=0, le=1)
    """Share (0..1) of a corpus's documents. At 0.02 safe-harbor statements of filings go, and statements of fact stay
    that 1.4 % of 6,000 medical answers repeat."""
    min_scores: dict[str, float] = Field(default_factory=dict)
    """Least score (0..1) by the name of a scorer under ``needs``, such as ``{relevance: 0.5}``; a text under it is
    dropped. Without an entry a score is only written into ``meta``."""
    max_characters: int = Field(5_000_000, ge=1_000)
    """Longest text in characters that is looked at; a longer one is dropped, so that work per document is bounded."""

    def check(self, context: CheckContext) -> None:
        if self._uses_secret() and not os.environ.get(SECRET_VARIABLE):
            raise RecipeError(
                f"{context.where}: personal_data_actions: pseudonymise needs a secret of 16 characters or more. "
                f"Set the environment variable {SECRET_VARIABLE}"
            )
        try:
            get_rules(self.rules or "general", self.limits)
            self._check_personal_data()
        except DataError as error:
            raise RecipeError(f"{context.where}: {error}") from None
        if self.language not in LANGUAGES:
            raise RecipeError(
                f"{context.where}: language: is not known, got {self.language!r}. Use one of {', '.join(LANGUAGES)}"
            )

    def _check_personal_data(self) -> None:
        unknown = sorted(set(self.personal_data or ()) - set(KINDS))
        if unknown:
            raise DataError(f"personal_data: unknown kind, got {unknown[0]!r}. Use some of {', '.join(KINDS)}")
        if self.recogniser and not Path(self.recogniser).is_dir():
            raise DataError(f"recogniser: {self.recogniser} is no directory. Give the directory of a local model")
        policy_for(self.rules or "general", **self._policy_options(_stand_in(self.recogniser)))

    def _uses_secret(self) -> bool:
        return "pseudonymise" in self.personal_data_actions.values()

    def _policy_options(self, recogniser: Recogniser | None) -> dict[str, Any]:
        return {
            "kinds": self.personal_data,
            "actions": self.personal_data_actions,
            "max_hits": self.max_personal_data,
            "secret": os.environ.get(SECRET_VARIABLE) if self._uses_secret() else None,
            "recogniser": recogniser,
        }

    def _check_scores(self, folders: Sequence[str], step: str) -> None:
        names = read_scorers(folders)
        if len(names) < len(folders):
            raise StepError(f"step {step}: two scorers measure the same: {', '.join(names)}. Name one of them")
        for name in self.min_scores:
            if name not in names:
                raise StepError(
                    f"step {step}: min_scores: no scorer measures {name!r}; under needs.scorers there are: "
                    f"{', '.join(names) or 'none'}"
                )

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        """The recogniser's files, and which secret makes the pseudonyms, without telling it."""
        known: dict[str, Json] = {}
        if self.recogniser:
            known["recogniser"] = hasher.folder(Path(self.recogniser))
        if self._uses_secret():
            known["secret"] = policy_for(
                "general", **self._policy_options(_stand_in(self.recogniser))
            ).secret_fingerprint
        return known

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        (documents,) = inputs["documents"]
        if documents.text_bytes is None:
            return Estimate()
        return documents.but(
            seconds=documents.text_bytes / CHARACTERS_PER_SECOND,
            disk_bytes=0.45 * documents.text_bytes,
            gpu_hours=0.0,
            basis="2.5 MB of text per second and core",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import shards

        secret = os.environ.get(SECRET_VARIABLE, "") if self._uses_secret() else ""
        scorers = [str(artifact.path) for artifact in inputs.get("scorers", [])]
        self._check_scores(scorers, out.step)
        options = {**self.model_dump(mode="json"), "secret": secret, "scorers": scorers}
        names = {shard.stem: str(shard) for shard in shards(inputs.one("documents").path)}
        calls = {name: {"shard": shard, "folder": str(out.path), "options": options} for name, shard in names.items()}
        num_documents: Counter[str] = Counter()
        for counted in out.map(repair_shard, calls, name="repair").values():
            num_documents.update(counted)
        if self.boilerplate_documents:
            find_boilerplate(out.path, num_documents, self.boilerplate_documents, self.boilerplate_share)
        totals = _add_up(out.map(clean_shard, calls, name="clean").values())
        for block in _blocks(totals):
            out.block(block)
        del totals["boilerplate"]
        return totals


def read_scorers(folders: Sequence[str]) -> dict[str, Scorer]:
    """Return the scorers by what they measure."""
    from data_tools.scoring import Scorer

    found = [Scorer.load(Path(folder)) for folder in folders]
    return {scorer.settings.name: scorer for scorer in found}


def _stand_in(recogniser: str) -> Recogniser | None:
    """Return a recogniser that finds nothing, for checking a policy: the model is loaded by the workers."""
    return (lambda text, /: ()) if recogniser else None


def repair_shard(shard: str, folder: str, options: Mapping[str, Any]) -> Json:
    """Repair one shard's documents, and count the paragraphs of each corpus in it; return its documents by corpus."""
    from data_tools.boilerplate import find
    from data_tools.documents import Document, read_rows

    path = Path(shard)
    counting = CorpusCounts()
    num_documents: Counter[str] = Counter()
    with repaired_writer(Path(folder), path.stem) as written:
        for document in (Document(**row) for row in read_rows(path)):
            repaired = _cleaner(*_profile(document, options)).repair(document)
            may_stay = len(document.text) <= options["max_characters"]
            paragraphs = find(repaired.document.text if options["boilerplate_documents"] and may_stay else "")
            counting.add(document, paragraphs)
            num_documents[document.corpus] += may_stay
            row = {CHANGES_COLUMN: json.dumps(repaired.changes), PARAGRAPHS_COLUMN: paragraphs.tobytes()}
            written.write({**vars(repaired.document), **row})
    counting.write(Path(folder), path.stem)
    return dict(num_documents)


def clean_shard(shard: str, folder: str, options: Mapping[str, Any]) -> dict[str, Json]:
    """Clean one repaired shard into ``folder``; return its counts."""
    import pyarrow as pa

    from data_tools.documents import ShardWriter, documents_writer, dropped, dropped_writer

    path = Path(shard)
    schema = pa.schema([("id", pa.string()), ("change", pa.string()), ("count", pa.int64())])
    counts: dict[str, Counter[str]] = {"documents": Counter(), "dropped_by_rule": Counter(), "changed": Counter()}
    cut: Counter[tuple[str, int]] = Counter()
    shown: dict[tuple[str, int], str] = {}
    tables = read_tables(folder)
    with (
        documents_writer(Path(folder), path.stem) as kept,
        dropped_writer(Path(folder), path.stem) as refused,
        ShardWriter(Path(folder) / CHANGES_FOLDER / path.name, schema) as changed,
    ):
        for cleaned in _clean_documents(read_repaired(Path(folder), path.stem), folder, options):
            document, verdict = cleaned.document, cleaned.verdict
            counts["documents"].update(["in"])
            for key, paragraph in cleaned.cut:
                if key in tables[document.corpus].most_shared:
                    cut[document.corpus, key] += 1
                    head = paragraph[:SHOWN_CHARACTERS]
                    shown[document.corpus, key] = min(head, shown.get((document.corpus, key), head))
            for change, number in cleaned.changes.items():
                changed.write({"id": document.id, "change": change, "count": number})
                counts["changed"].update([change])
            if verdict.rule:
                counts["dropped_by_rule"].update([verdict.rule])
                refused.write(dropped(document, "clean", verdict.rule, verdict.value, verdict.detail))
            else:
                counts["documents"].update(out=1, bytes=len(verdict.text.encode()))
                kept.write(cleaned.cleaned_document())
    return {
        "documents_in": counts["documents"]["in"],
        "documents_out": counts["documents"]["out"],
        "bytes_out": counts["documents"]["bytes"],
        "dropped_by_rule": dict(counts["dropped_by_rule"]),
        "changed": dict(counts["changed"]),
        "boilerplate": {f"{corpus} {key}": [number, shown[corpus, key]] for (corpus, key), number in cut.items()},
    }


def _clean_documents(documents: Iterable[Repaired], folder: str, options: Mapping[str, Any]) -> Iterator[Cleaned]:
    """Clean neighbouring documents of one profile together, so that texts are judged in batches."""
    for profile, group in groupby(documents, lambda one: _profile(one.document, options)):
        yield from replace(_cleaner(*profile), boilerplate=read_tables(folder)).clean_repaired(group)


def _profile(document: Document, options: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name of the profile for a document, and the options as one string."""
    return str(options["rules"]) or profile_of(document.domain, document.meta), json.dumps(options, sort_keys=True)


@lru_cache(maxsize=8)
def _cleaner(profile: str, options: str) -> Cleaner:
    """Return the cleaner of a profile; a recogniser is loaded once per process, not once per shard."""
    from data_tools.cleaning import Cleaner
    from data_tools.privacy.recogniser import load_recogniser

    given = json.loads(options)
    policy = policy_for(
        profile,
        given["personal_data"],
        given["personal_data_actions"],
        given["max_personal_data"],
        given["secret"] or None,
        load_recogniser(Path(given["recogniser"])) if given["recogniser"] else None,
    )
    return Cleaner(
        get_rules(profile, given["limits"]),
        given["language"],
        policy,
        given["max_characters"],
        scorers=read_scorers(given["scorers"]),
        min_scores=given["min_scores"],
    )


def _add_up(results: Any) -> dict[str, Json]:
    totals: dict[str, Json] = {"documents_in": 0, "documents_out": 0, "bytes_out": 0}
    by_name: dict[str, Counter[str]] = {"dropped_by_rule": Counter(), "changed": Counter()}
    shared: dict[str, tuple[int, str]] = {}
    for result in results:
        for name in totals:
            totals[name] += result[name]
        for name, counter in by_name.items():
            counter.update(result[name])
        for key, (number, head) in result["boilerplate"].items():
            before, shown = shared.get(key, (0, head))
            shared[key] = before + number, min(head, shown)  # of several wordings of one hash, always the same
    counts = {name: dict(sorted(counter.items())) for name, counter in by_name.items()}
    return {**totals, **counts, "boilerplate": sorted(shared.values(), key=lambda item: (-item[0], item[1]))}


def _blocks(totals: Mapping[str, Any]) -> list[Block]:
    num_in = max(totals["documents_in"], 1)
    dropped = sorted(totals["dropped_by_rule"].items(), key=lambda item: (-item[1], item[0]))
    shared = [[head, number] for number, head in totals["boilerplate"][:MAX_SHOWN]]
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
            "Documents in which a repair, a cut or a replacement changed something; changes/ says in which, how often.",
        ),
        Block(
            "table",
            "Boilerplate",
            {
                "columns": ["paragraph", "copies cut out"],
                "rows": shared,
                "align": ["left", "right"],
            },
            "What most documents of a corpus share. One copy of each is left, in the document whose id comes first.",
        ),
    ]


STAGE = Clean
