"""Scorer: learns from seed documents what belongs to a domain, or what is good, so that clean can score every text."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.scorer_training import Seed, Trained
    from pipeline.artifact import Artifact
    from pipeline.identity import Json
    from pipeline.output import Output

NUM_BINS = 20
READING_BYTES_PER_SECOND = 50e6
SECONDS_PER_DOCUMENT = 2e-3
"""Two sides of 5,000 documents take 20 s on one core of a laptop; used for the plan only."""
_PART = re.compile(r"#\d+\Z")
"""What a source ends with where a long text was cut into documents: the parts are left out together."""


class ScorerStage(Stage):
    """Train a small linear classifier on seed documents of two sides, calibrated and measured on left-out ones.

    For relevance the positives are texts of the domain and the negatives general text, best of the very kind that is
    to be sorted (DeepSeekMath's way, see data_tools/scoring.py). For quality there is no default: what good text is,
    the positives say, and a scorer prefers their genre along with their quality; the report shows by which words. See
    benchmarks/classifiers.py for how far a scorer carries beyond the corpora that it has seen.
    """

    name: ClassVar[str] = "scorer"
    version: ClassVar[int] = 2
    needs: ClassVar[Mapping[str, Need]] = {
        "positives": need("documents", many=True),
        "negatives": need("documents", many=True),
    }
    gives: ClassVar[str] = "scorer"

    measures: str = Field("relevance", pattern=r"^[a-z][a-z0-9_]*$")
    """What the score is called where it is written: ``relevance``, ``quality`` or another plain name."""
    max_documents: int = Field(5_000, ge=100)
    """Seed documents per side at most, shared evenly among its steps and chosen by a hash of their ids."""
    chunk_words: int = Field(500, ge=50, le=10_000)
    """Longest chunk that is judged as one, in words; a text's score is the mean over its chunks."""
    bucket_bits: int = Field(20, ge=12, le=24)
    """Words and pairs are hashed into 2 to this power weights (4 MiB at 20)."""
    seed: int = Field(0, ge=0)
    """Chooses the documents, and which of them are left out together in cross-validation."""
    wanted_recall: float | None = Field(0.95, gt=0, le=1)
    """The threshold keeps this share of the left-out positives, 0..1; null where ``wanted_precision`` is given."""
    wanted_precision: float | None = Field(None, gt=0, le=1)
    """Of what the threshold keeps this share is positive, 0..1, were both sides as large."""

    def check(self, context: CheckContext) -> None:
        if (self.wanted_recall is None) == (self.wanted_precision is None):
            raise RecipeError(
                f"{context.where}: exactly one of wanted_recall and wanted_precision must be given, got "
                f"{self.wanted_recall} and {self.wanted_precision}. Set the other one to null"
            )

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        given = [each for side in inputs.values() for each in side]
        sizes = [each.text_bytes for each in given]
        if not given or any(size is None for size in sizes):
            return Estimate()
        seconds = sum(filter(None, sizes)) / READING_BYTES_PER_SECOND + 2 * self.max_documents * SECONDS_PER_DOCUMENT
        return Estimate(seconds=seconds, disk_bytes=4.0 * 2**self.bucket_bits, gpu_hours=0.0, basis="reads at 50 MB/s")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.errors import DataError
        from data_tools.scorer_evidence import operating_points, rates
        from data_tools.scorer_training import TrainingOptions, train

        _refuse_the_same(inputs, out.step)
        options = TrainingOptions(
            name=self.measures,
            chunk_words=self.chunk_words,
            num_buckets=1 << self.bucket_bits,
            seed=self.seed,
            wanted_recall=self.wanted_recall,
            wanted_precision=self.wanted_precision,
        )
        try:
            trained = train(self._seeds(inputs["positives"]), self._seeds(inputs["negatives"]), options)
        except DataError as error:
            raise StepError(f"step {out.step}: {error}") from None
        trained.scorer.save(out.path)
        scores = trained.positive_scores, trained.negative_scores
        points = operating_points(*scores)
        for block in _blocks(self.measures, trained, points):
            out.block(block)
        return {
            "measures": self.measures,
            "auc": round(trained.auc, 6),
            "at_threshold": rates(*scores, trained.scorer.threshold),
            "operating_points": points,
            "by_corpus": _by_corpus(trained),
            "left_out_by_corpus": trained.by_corpus,
            "counts": trained.counts,
            "telling": [[feature.words, round(feature.contribution, 6)] for feature in trained.telling],
        }

    def _seeds(self, artifacts: Sequence[Artifact]) -> Iterator[Seed]:
        """Yield the chosen documents of one side; which they are depends neither on shards nor on order."""
        from xxhash import xxh3_64_intdigest

        from data_tools.documents import read_documents
        from data_tools.scorer_training import Seed

        share = max(1, self.max_documents // len(artifacts))
        for artifact in artifacts:
            ranked = (
                (xxh3_64_intdigest(document.id.encode(), self.seed), document.id, document)
                for document in read_documents([artifact.path])
            )
            for _, _, document in heapq.nsmallest(share, ranked, key=lambda entry: entry[:2]):
                yield Seed(document.text, document.corpus, f"{document.corpus}/{_PART.sub('', document.source)}")


def _refuse_the_same(inputs: Inputs, step: str) -> None:
    both = {artifact.key for artifact in inputs["positives"]} & {artifact.key for artifact in inputs["negatives"]}
    if both:
        raise StepError(
            f"step {step}: the same artifact is given as positives and as negatives: {', '.join(sorted(both))}. "
            "Name different steps under needs.positives and needs.negatives"
        )


def _blocks(measures: str, trained: Trained, points: Sequence[Mapping[str, float]]) -> list[Block]:
    left_out = "file and corpus" if trained.by_corpus else "file"
    sizes = f"{len(trained.positive_scores)} positive and {len(trained.negative_scores)} negative documents"
    threshold = trained.scorer.threshold
    return [
        Block(
            "curves",
            f"Scores of left-out seeds: {measures}",
            {
                "x_label": "score",
                "y_label": "share of the side's documents",
                "series": [
                    _histogram("positives", trained.positive_scores),
                    _histogram("negatives", trained.negative_scores),
                ],
                "marks": [{"x": threshold, "label": f"threshold {threshold:.3f}"}],
            },
            f"{sizes}, the positive ones scored without their {left_out}. Area under the ROC curve: {trained.auc:.4f}.",
        ),
        Block(
            "table",
            f"What a threshold keeps: {measures}",
            {
                "columns": ["threshold", "recall", "negatives kept", "precision"],
                "rows": [
                    [f"{point['threshold']:.3f}"]
                    + [f"{point[name]:.1%}" for name in ("recall", "false_positive_rate", "precision")]
                    for point in points
                ],
                "align": ["right"] * 4,
            },
            "Of left-out seeds; precision as if both sides were as large. In a pile of which one part in a hundred is "
            "positive, the negatives kept weigh a hundred times as much.",
        ),
        Block(
            "table",
            f"Left-out seeds by corpus: {measures}",
            {
                "columns": ["corpus", "side", "documents", "mean score", "kept"],
                "rows": [
                    [row["corpus"], row["side"], row["documents"], f"{row['mean_score']:.3f}", f"{row['kept']:.1%}"]
                    for row in _by_corpus(trained)
                ],
                "align": ["left", "left", "right", "right", "right"],
            },
            f"Positive documents were scored without their {left_out}: what a corpus that was never seen may expect."
            if trained.by_corpus
            else "There are too few positive corpora to leave one out: of a corpus never seen, fewer will be kept.",
        ),
        _telling_block(measures, trained),
    ]


def _by_corpus(trained: Trained) -> list[dict[str, Any]]:
    """Return for each side and corpus the documents, their mean score and the share that the threshold keeps."""
    import numpy as np

    rows = []
    sides = ("positive", "negative"), (trained.positive_scores, trained.negative_scores), trained.corpora
    for side, scores, corpora in zip(*sides, strict=True):
        for corpus in sorted(set(corpora)):
            mine = scores[np.array(corpora) == corpus]
            rows.append(
                {
                    "corpus": corpus,
                    "side": side,
                    "documents": len(mine),
                    "mean_score": float(mine.mean()),
                    "kept": float((mine >= trained.scorer.threshold).mean()),
                }
            )
    return rows


def _histogram(name: str, scores: NDArray[np.float64]) -> dict[str, Any]:
    import numpy as np

    found, edges = np.histogram(scores, bins=NUM_BINS, range=(0.0, 1.0))
    return {"name": name, "x": ((edges[:-1] + edges[1:]) / 2).tolist(), "y": (found / len(scores)).tolist()}


def _telling_block(measures: str, trained: Trained) -> Block:
    rows = [
        [
            feature.words,
            f"{feature.contribution:+.3f}",
            f"{feature.share_positive:.1%}",
            f"{feature.share_negative:.1%}",
        ]
        for feature in trained.telling
    ]
    return Block(
        "table",
        f"The words that tell most: {measures}",
        {
            "columns": ["words", "log-odds", "positive chunks", "negative chunks"],
            "rows": rows,
            "align": ["left", "right", "right", "right"],
        },
        "How much a word or pair adds to the distance between the two sides, and the share of chunks that hold it. "
        "Names, page headers or markup here mean that the scorer learned a corpus, not a subject: clean the seeds.",
    )


STAGE = ScorerStage
