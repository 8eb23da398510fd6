"""Grade: how much of what was planted each stage caught, and what it dropped besides."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from data_tools.planting.labels import CAUGHT_BY, KINDS, REPAIRED, RESTORED
from pipeline.errors import StepError
from pipeline.stage import Block, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from data_tools.planting.labels import Label
    from pipeline.artifact import Artifact
    from pipeline.identity import Json
    from pipeline.output import Output

GRADES_FILE = "grades.json"
DUPLICATE_KINDS = ("exact", "near", "cross")
BINS = (0.0, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
"""Lower edges of the bins of true Jaccard similarity; the last one holds copies alone."""
HIGH_SIMILARITY = 0.85
"""Near duplicates from this true similarity on should be found."""


class Grade(Stage):
    """Compare what ``plant`` put in with what ``clean``, ``dedup`` and ``decontaminate`` did about it.

    Found means: a bad document (gibberish, another language, a fragment, a test question) is gone; a repairable defect
    (mojibake, web furniture, personal data) is gone from the cleaned text, or the document is; of a duplicate and
    its original at most one is kept. A defect counts only where it reached its stage (``presented``).

    Precision of dedup: the share of its drops whose similarity to the kept copy, computed here again with plain
    sets of words, reaches its threshold. So duplicates that the text had by nature are no false drops. Of clean and
    decontaminate: the share of their drops that were planted; what else they dropped is listed by rule,
    since nobody labelled the rest.
    """

    name: ClassVar[str] = "grade"
    version: ClassVar[int] = 1
    needs: ClassVar[Mapping[str, Need]] = {
        "labels": need("documents", many=True),
        "clean": need("documents", many=True),
        "keep": need("keep", many=True),
    }
    gives: ClassVar[str] = "grades"

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        sizes = [documents.text_bytes for documents in inputs["clean"]]
        if not all(sizes):
            return Estimate()
        return Estimate(seconds=1 + sum(filter(None, sizes)) / 30e6, disk_bytes=1e4, gpu_hours=0.0, basis="30 MB/s")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from pipeline.artifact import write_json

        evidence = Evidence.gather(inputs)
        kinds = {kind: grade_kind(kind, evidence) for kind in KINDS if evidence.labels_of(kind)}
        bins = grade_bins(evidence)
        precision = grade_drops(evidence)
        duplicates = [pair for pair in evidence.pairs() if pair.label.kind != "exact"]
        similar = [pair.found for pair in duplicates if pair.similarity >= HIGH_SIMILARITY]
        grades: dict[str, Json] = {
            "kinds": kinds,
            "near_by_similarity": bins,
            "near_recall_at_0.85": _ratio(sum(similar), len(similar)),
            "near_presented_at_0.85": len(similar),
            "drops": precision,
        }
        write_json(out.path / GRADES_FILE, grades)
        for block in _blocks(grades):
            out.block(block)
        return {
            "recall": {kind: row["recall"] for kind, row in kinds.items()},
            "near_recall_at_0.85": grades["near_recall_at_0.85"],
            "precision": {stage: row["precision"] for stage, row in precision.items()},
        }


@dataclass(frozen=True)
class Pair:
    """A planted duplicate and its original, both of which reached dedup."""

    label: Label
    similarity: float
    """True Jaccard similarity of the cleaned texts."""
    found: bool


@dataclass
class Evidence:
    """What is known after the stages ran; texts only of the documents that are compared."""

    labels: list[Label]
    cleaned: set[str]
    """Ids that clean kept."""
    deduplicated: set[str]
    decontaminated: set[str]
    drops: dict[str, list[dict[str, Any]]]
    """Stage -> rows of its dropped/."""
    texts: dict[str, str]
    """Cleaned texts by id: of labelled documents, of their originals, of what dedup dropped and of the copies kept."""
    planted: set[str]
    num_planted_into: int
    """Documents of the planted corpora, defects included."""
    threshold: float
    """Of dedup."""
    shingle_words: int
    _pairs: list[Pair] = field(default_factory=list)

    @classmethod
    def gather(cls, inputs: Inputs) -> Evidence:
        """Read labels, keep-lists and dropped documents of all inputs."""
        from data_tools.documents import DROPPED_FOLDER, read_rows, shards
        from data_tools.planting.labels import LABELS_FILE, read_labels

        for artifact in inputs["labels"]:
            if not (artifact.path / LABELS_FILE).is_file():
                raise StepError(
                    f"grade: {artifact.path / LABELS_FILE}: there are no labels. Give plant steps under needs.labels"
                )
        labels = [label for artifact in inputs["labels"] for label in read_labels(artifact.path)]
        by_stage = {artifact.stage: artifact for artifact in inputs["keep"]}
        for stage in ("dedup", "decontaminate"):
            if stage not in by_stage:
                raise StepError(f"grade: needs.keep lacks a {stage} step, got {sorted(by_stage)}. Name it there")
        dedup, decontaminate = by_stage["dedup"], by_stage["decontaminate"]
        dropping = {"clean": inputs["clean"], "dedup": [dedup], "decontaminate": [decontaminate]}
        drops = {
            stage: [row for each in artifacts for path in shards(each.path, DROPPED_FOLDER) for row in read_rows(path)]
            for stage, artifacts in dropping.items()
        }
        wanted = {label.id for label in labels} | {label.of for label in labels}
        wanted |= {row[name] for row in drops["dedup"] for name in ("id", "detail")}
        cleaned, texts = _read_texts(inputs["clean"], wanted)
        return cls(
            labels,
            cleaned,
            _kept_ids(dedup),
            _kept_ids(decontaminate),
            drops,
            texts,
            {label.id for label in labels},
            sum(int(artifact.metrics["documents_out"]) for artifact in inputs["labels"]),
            float(dedup.parameters["threshold"]),
            int(dedup.parameters["shingle_words"]),
        )

    def labels_of(self, kind: str) -> list[Label]:
        """Return the labels of one kind."""
        return [label for label in self.labels if label.kind == kind]

    def pairs(self) -> list[Pair]:
        """Return every planted duplicate that reached dedup together with its original."""
        if not self._pairs:
            for label in self.labels:
                if label.kind in DUPLICATE_KINDS and {label.id, label.of} <= self.cleaned:
                    similarity = self.similarity(label.id, label.of)
                    found = not {label.id, label.of} <= self.deduplicated
                    self._pairs.append(Pair(label, similarity, found))
        return self._pairs

    def similarity(self, left: str, right: str) -> float:
        """Return the exact Jaccard similarity of two cleaned documents' shingles, as tuples of words: no hashing."""
        return plain_similarity(self.texts[left], self.texts[right], self.shingle_words)


def plain_similarity(left: str, right: str, shingle_words: int) -> float:
    """Return the Jaccard similarity of the sets of word tuples; texts without words are compared as they are."""
    from data_tools.shingles import normalise, words_of

    sets: list[set[tuple[str, ...]]] = []
    for words in (words_of(left), words_of(right)):
        length = min(shingle_words, len(words))
        starts = range(len(words) - length + 1) if words else ()
        sets.append({tuple(words[start : start + length]) for start in starts})
    if not sets[0] and not sets[1]:
        return float(normalise(left) == normalise(right))
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def _read_texts(artifacts: Iterable[Artifact], wanted: set[str]) -> tuple[set[str], dict[str, str]]:
    from data_tools.documents import read_rows, shards

    ids: set[str] = set()
    texts: dict[str, str] = {}
    for artifact in artifacts:
        for path in shards(artifact.path):
            for row in read_rows(path, ["id", "text"]):
                ids.add(row["id"])
                if row["id"] in wanted:
                    texts[row["id"]] = row["text"]
    return ids, texts


def _kept_ids(artifact: Artifact) -> set[str]:
    from data_tools.documents import read_rows
    from data_tools.keep import KEEP_FOLDER

    paths = sorted((artifact.path / KEEP_FOLDER).glob("*/*.parquet"))
    return {row["id"] for path in paths for row in read_rows(path, ["id"])}


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def grade_kind(kind: str, evidence: Evidence) -> dict[str, Json]:
    """Return planted, presented, found and recall of one kind, for its stage."""
    labels = evidence.labels_of(kind)
    if kind in DUPLICATE_KINDS:
        outcomes = [pair.found for pair in evidence.pairs() if pair.label.kind == kind]
    elif kind == "question":
        presented = [label for label in labels if label.id in evidence.deduplicated]
        outcomes = [label.id not in evidence.decontaminated for label in presented]
    elif kind in REPAIRED:
        outcomes = [
            label.id not in evidence.cleaned or _is_repaired(label, evidence.texts[label.id]) for label in labels
        ]
    else:
        outcomes = [label.id not in evidence.cleaned for label in labels]
    found = sum(outcomes)
    return {
        "stage": CAUGHT_BY[kind],
        "planted": len(labels),
        "presented": len(outcomes),
        "found": found,
        "recall": _ratio(found, len(outcomes)),
    }


def _is_repaired(label: Label, text: str) -> bool:
    """Say whether the cleaned text is rid of the defect: no planted string left, every word that was lost back."""
    detail = json.loads(label.detail)
    if label.kind in RESTORED:
        return all(word in text for word in detail["lost"])
    return not any(planted in text for planted in detail["planted"])


def grade_bins(evidence: Evidence) -> list[dict[str, Json]]:
    """Return planted near duplicates and those found, by bin of true Jaccard similarity (exact copies left out)."""
    presented: Counter[float] = Counter()
    found: Counter[float] = Counter()
    for pair in evidence.pairs():
        if pair.label.kind != "exact":
            lower = max(edge for edge in BINS if edge <= pair.similarity)
            presented[lower] += 1
            found[lower] += pair.found
    return [
        {"from": lower, "presented": presented[lower], "found": found[lower], "recall": _ratio(found[lower], count)}
        for lower, count in sorted(presented.items())
    ]


def grade_drops(evidence: Evidence) -> dict[str, dict[str, Json]]:
    """Return, by stage, its drops, those that were right, precision, and the others by rule."""
    judged: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    others: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for stage, rows in evidence.drops.items():
        for row in rows:
            is_right = _is_right(stage, row, evidence)
            judged[stage][is_right] += 1
            if not is_right:
                others[stage][row["rule"]] += 1
    num_good = max(evidence.num_planted_into - len(evidence.planted), 1)
    return {
        stage: {
            "dropped": judged[stage].total(),
            "right": judged[stage][True],
            "precision": _ratio(judged[stage][True], judged[stage].total()),
            "others_by_rule": dict(sorted(others[stage].items())),
            "others_share_of_good": round(judged[stage][False] / num_good, 6),
        }
        for stage in evidence.drops
    }


def _is_right(stage: str, row: Mapping[str, Any], evidence: Evidence) -> bool:
    if stage == "dedup":
        return evidence.similarity(row["id"], row["detail"]) >= evidence.threshold
    return row["id"] in evidence.planted


def _blocks(grades: Mapping[str, Any]) -> list[Block]:
    kinds = [
        [kind, row["stage"], row["planted"], row["presented"], row["found"], _percent(row["recall"])]
        for kind, row in grades["kinds"].items()
    ]
    bins = [
        [f"from {row['from']:g}", row["presented"], row["found"], _percent(row["recall"])]
        for row in grades["near_by_similarity"]
    ]
    drops = [
        [stage, row["dropped"], row["right"], _percent(row["precision"]), _percent(row["others_share_of_good"])]
        for stage, row in grades["drops"].items()
    ]
    rules = [
        [stage, rule, count]
        for stage, row in grades["drops"].items()
        for rule, count in sorted(row["others_by_rule"].items(), key=lambda item: -item[1])
    ]
    return [
        _table(
            "Planted defects found",
            ["kind", "stage", "planted", "presented", "found", "recall"],
            kinds,
            2,
            "Presented: reached its stage; a duplicate needs its original there too. Found: gone, or repaired.",
        ),
        _table(
            "Near duplicates found, by true similarity",
            ["Jaccard similarity", "presented", "found", "recall"],
            bins,
            1,
            "Similarity of the cleaned texts' shingles, computed without hashing. Dedup promises those at its "
            "threshold and above.",
        ),
        _table(
            "Drops that were right",
            ["stage", "dropped", "right", "precision", "other drops / good documents"],
            drops,
            1,
            "Dedup: similarity to the kept copy computed again. Others: the document was planted. Unlabelled documents "
            "may deserve to go too.",
        ),
        _table("Other drops by rule", ["stage", "rule", "documents"], rules, 2, "Documents without a planted defect."),
    ]


def _table(title: str, columns: list[str], rows: list[list[Json]], num_left: int, note: str) -> Block:
    align = ["left"] * num_left + ["right"] * (len(columns) - num_left)
    return Block("table", title, {"columns": columns, "rows": rows, "align": align}, note)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


STAGE = Grade
