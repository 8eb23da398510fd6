"""Training a scorer from seed documents: logistic regression on hashed words and pairs, calibrated on unseen seeds.

What keeps it from learning the wrong thing: a chunk counts by the shares of its features, so length says nothing; a
document gives at most ``MAX_CHUNKS`` chunks, so that a book is no thousand notes; a text that occurs twice is used
once; and data_tools/scorer_fitting.py leaves out features that belong to one corpus.

Calibration, threshold and every figure come from cross-validation: a seed is scored by weights that were fitted
without its file, and a positive one without its whole corpus where there are several. For that is what a scorer is
for: to find in other places what is like the seeds. The scorer itself is fitted on all seeds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from data_tools.errors import DataError
from data_tools.scorer_evidence import area_under_curve, choose_threshold
from data_tools.scorer_fitting import MAX_ITERATIONS, Fitted, Side, count_features, fit
from data_tools.scoring import Scorer, Settings, buckets, chunk_edges
from data_tools.shingles import WordHashes, exact_digest, words_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_DOCUMENTS = 50
"""Fewer different seed documents on a side are refused."""
MIN_WORDS = 20
"""Shorter seeds are skipped."""
MAX_CHUNKS = 8
"""Chunks per document at most, spread evenly over it."""
NUM_FOLDS = 3
"""Parts that are left out in turn."""
NUM_TELLING = 20
"""Features shown per side."""


@dataclass(frozen=True)
class Seed:
    """A seed document."""

    text: str
    corpus: str
    group: str
    """What is left out as a whole: the file that the text is a part of."""


@dataclass(frozen=True)
class TrainingOptions:
    """How a scorer is trained."""

    name: str = "relevance"
    chunk_words: int = 500
    num_buckets: int = 1 << 20
    seed: int = 0
    """Chooses which files are left out together."""
    wanted_recall: float | None = 0.95
    wanted_precision: float | None = None
    """What the threshold must reach on left-out seeds, 0..1; exactly one of the two."""


@dataclass(frozen=True)
class Telling:
    """A feature and what it says."""

    words: str
    """The word or pair that is met most often in its bucket."""
    contribution: float
    """How much it adds to the difference of the sides' mean log-odds; below 0 where it speaks for the negative one."""
    share_positive: float
    """Share of the positive chunks that hold it, 0..1."""
    share_negative: float


@dataclass(frozen=True)
class Trained:
    """A scorer and the evidence for it: the scores of all seeds, each by weights that had not seen it."""

    scorer: Scorer
    positive_scores: NDArray[np.float64]
    """Of the positive documents, shape (P,)."""
    negative_scores: NDArray[np.float64]
    """Of the negative documents, shape (N,)."""
    corpora: tuple[Sequence[str], Sequence[str]]
    """By side, the corpus of each document."""
    by_corpus: bool
    """Whether positives were scored without their whole corpus, not only without their file."""
    auc: float
    """Chance that a left-out positive document scores higher than a left-out negative one."""
    telling: Sequence[Telling]
    """The most telling features, from the most positive to the most negative."""
    counts: dict[str, int]
    """By side: documents used, documents skipped (short, repeated), chunks; and features with a weight."""


def train(positives: Iterable[Seed], negatives: Iterable[Seed], options: TrainingOptions) -> Trained:
    """Train, calibrate and measure a scorer; deterministic.

    A text that is on both sides is a positive seed. Raises DataError for too few seeds, and where left-out ones are
    not told apart.
    """
    import numpy as np

    if (options.wanted_recall is None) == (options.wanted_precision is None):
        raise DataError(
            "scorer: exactly one of wanted_recall and wanted_precision must be given, got "
            f"{options.wanted_recall} and {options.wanted_precision}"
        )
    names: dict[int, str] = {}
    seen: set[str] = set()
    sides = [_read(seeds, seen, names, options.chunk_words) for seeds in (positives, negatives)]
    _check_sizes(sides)
    rows = [count_features(side.chunks, options.num_buckets) for side in sides]
    folds, by_corpus = _choose_folds(sides, options.seed)
    log_odds = _left_out_log_odds(sides, rows, folds)
    slope, offset = _calibrate(log_odds)
    fitted = fit(sides, rows, [np.ones(len(side.groups), dtype=bool) for side in sides])
    settings = Settings(options.name, options.chunk_words, fitted.bias, slope, offset, 0.5)
    scorer = Scorer(settings, fitted.weights)
    scores = [_document_scores(scorer, side, values) for side, values in zip(sides, log_odds, strict=True)]
    threshold = choose_threshold(scores[0], scores[1], options.wanted_recall, options.wanted_precision)
    counts = {"features": int((fitted.weights != 0).sum())}
    for name, side in zip(("positive", "negative"), sides, strict=True):
        counts |= {f"{name}_documents": len(side.groups), f"{name}_chunks": len(side.chunks)}
        counts[f"{name}_skipped"] = side.num_skipped
    return Trained(
        Scorer(replace(settings, threshold=threshold), fitted.weights),
        scores[0],
        scores[1],
        (sides[0].corpora, sides[1].corpora),
        by_corpus,
        area_under_curve(scores[0], scores[1]),
        _telling(fitted, sides, names),
        counts,
    )


def _read(seeds: Iterable[Seed], seen: set[str], names: dict[int, str], chunk_words: int) -> Side:
    """Return the chunks of the seeds that are long enough and not ``seen``; add their words to ``names``."""
    side, hashes = Side(), WordHashes()
    for seed in seeds:
        words, digest = words_of(seed.text), exact_digest(seed.text)
        if len(words) < MIN_WORDS or digest in seen:
            side.num_skipped += 1
            continue
        seen.add(digest)
        distinct = sorted(set(words))
        names.update(zip(hashes.array(distinct).tolist(), distinct, strict=True))
        array = hashes.array(words)
        edges = chunk_edges(len(array), chunk_words)
        last = len(edges) - 2
        places = range(last + 1) if last < MAX_CHUNKS else [k * last // (MAX_CHUNKS - 1) for k in range(MAX_CHUNKS)]
        side.chunks += [array[edges[place] : edges[place + 1]] for place in places]
        side.document_of += [len(side.groups)] * len(places)
        side.corpora.append(seed.corpus)
        side.groups.append(seed.group)
    return side


def _check_sizes(sides: Sequence[Side]) -> None:
    found = [len(side.groups) for side in sides]
    if min(found) < MIN_DOCUMENTS:
        raise DataError(
            f"scorer: too few seed documents: {found[0]} positive and {found[1]} negative ones that differ and have "
            f"{MIN_WORDS} words or more. Give at least {MIN_DOCUMENTS} of each"
        )
    files = [len(set(side.groups)) for side in sides]
    if min(files) < NUM_FOLDS:
        raise DataError(
            f"scorer: the seeds come from {files[0]} positive and {files[1]} negative files, and parts of one file are "
            f"left out together. Give at least {NUM_FOLDS} files on each side"
        )


def _folds(groups: Sequence[str], num_folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold of every document, shape (documents,).

    Whole groups, the largest first and equal ones in the order of a hash, go to the smallest fold in turn.
    """
    import numpy as np
    from xxhash import xxh3_64_intdigest

    sizes = Counter(groups)
    order = sorted(sizes, key=lambda group: (xxh3_64_intdigest(group.encode("utf-8", "surrogatepass"), seed), group))
    order.sort(key=lambda group: -sizes[group])
    totals = [0] * num_folds
    fold_of = {}
    for group in order:
        fold_of[group] = totals.index(min(totals))
        totals[fold_of[group]] += sizes[group]
    return np.array([fold_of[group] for group in groups])


def _choose_folds(sides: Sequence[Side], seed: int) -> tuple[list[NDArray[np.int64]], bool]:
    """Return the folds by side, and whether those of the positives are corpora: where enough is left to learn from."""
    import numpy as np

    num_corpora = min(NUM_FOLDS, len(set(sides[0].corpora)))
    if num_corpora > 1:
        positives = _folds(sides[0].corpora, num_corpora, seed)
        if len(positives) - np.bincount(positives).max() >= MIN_DOCUMENTS:
            return [positives, _folds(sides[1].groups, num_corpora, seed)], True
    return [_folds(side.groups, NUM_FOLDS, seed) for side in sides], False


def _left_out_log_odds(
    sides: Sequence[Side], rows: Sequence[Any], folds: Sequence[NDArray[np.int64]]
) -> list[NDArray[np.float64]]:
    """Return by side the log-odds of every chunk, each by weights fitted without its fold, shape (chunks,)."""
    import numpy as np

    log_odds = [np.zeros(len(side.chunks)) for side in sides]
    for fold in range(int(folds[0].max()) + 1):
        fitted = fit(sides, rows, [mine != fold for mine in folds])
        for side, mine, counts, found in zip(sides, folds, rows, log_odds, strict=True):
            chosen = side.chunks_of(mine == fold)
            found[chosen] = fitted.log_odds(counts[chosen])
    return log_odds


def _calibrate(log_odds: Sequence[NDArray[np.float64]]) -> tuple[float, float]:
    """Return slope and offset of Platt's scaling (Platt 1999, section 2.2); both sides weigh the same."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    # Each chunk is counted as both labels, by Platt's targets, which keep the slope finite where nothing overlaps.
    inputs, labels, weights = [], [], []
    for label, values in zip((1, 0), log_odds, strict=True):
        target = (len(values) + 1) / (len(values) + 2)
        inputs += [values, values]
        labels += [np.full(len(values), label), np.full(len(values), 1 - label)]
        weights += [np.full(len(values), target / len(values)), np.full(len(values), (1 - target) / len(values))]
    model = LogisticRegression(C=np.inf, max_iter=MAX_ITERATIONS)
    model.fit(np.concatenate(inputs)[:, None], np.concatenate(labels), sample_weight=1e3 * np.concatenate(weights))
    slope, offset = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:
        raise DataError(
            f"scorer: left-out positive seeds do not score higher than negative ones (slope {slope:.3g}). The two "
            "sides do not differ in their words, or the positive corpora have nothing in common: give other seeds"
        )
    return slope, offset


def _document_scores(scorer: Scorer, side: Side, log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the scores of all documents: the mean probability of their chunks, shape (documents,)."""
    import numpy as np

    sums = np.bincount(side.document_of, scorer.probability(log_odds))
    scores: NDArray[np.float64] = sums / np.bincount(side.document_of)
    return scores


def _telling(fitted: Fitted, sides: Sequence[Side], names: dict[int, str]) -> list[Telling]:
    """Return the features that part the two sides most, under the words met in their buckets."""
    import numpy as np

    parting = fitted.weights * fitted.difference
    signs = np.sign(fitted.weights)
    order = np.argsort(-parting, kind="stable")
    chosen = np.concatenate([order[signs[order] == sign][:NUM_TELLING] for sign in (1, -1)])
    words = _words_in(chosen, sides, names, len(fitted.weights))
    found = [
        Telling(
            words[bucket],
            float(signs[bucket] * parting[bucket]),
            float(fitted.shares[0][bucket]),
            float(fitted.shares[1][bucket]),
        )
        for bucket in chosen.tolist()
    ]
    return sorted(found, key=lambda feature: -feature.contribution)


def _words_in(
    wanted: NDArray[np.int64], sides: Sequence[Side], names: dict[int, str], num_buckets: int
) -> dict[int, str]:
    """Return for each wanted bucket the word or pair that the chunks put into it most often."""
    import numpy as np

    is_wanted = np.zeros(num_buckets, dtype=bool)
    is_wanted[wanted] = True
    met: dict[int, Counter[str]] = {}
    for chunk in (chunk for side in sides for chunk in side.chunks):
        for num_words in (1, 2):
            found = buckets(chunk, num_words, num_buckets)
            for start in np.flatnonzero(is_wanted[found]).tolist():
                gram = " ".join(names[value] for value in chunk[start : start + num_words].tolist())
                met.setdefault(int(found[start]), Counter())[gram] += 1
    return {bucket: grams.most_common(1)[0][0] for bucket, grams in met.items()}
