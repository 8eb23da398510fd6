"""What the report shows of deduplication: what overlapped with what, how much, and the largest clusters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_tools.arrays import first_of_runs
from pipeline.stage import Block

if TYPE_CHECKING:
    from data_tools.dedup.fates import Fates
    from pipeline.identity import Json
    from stages.dedup.stage import Dedup

NUM_CLUSTERS = 10
LINE_CHARACTERS = 160
_SIZES = ((1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 64), (65, 1024), (1025, 10**12))


def metrics(fates: Fates, written: Iterable[Mapping[str, Any]]) -> dict[str, Json]:
    """Return the step's figures; ``written`` are the results of ``write_shard``."""
    import numpy as np

    sizes = fates.collection.numbers("num_bytes")[fates.first_own :]
    kept = fates.is_kept[fates.first_own :]
    groups = np.bincount(fates.group[fates.first_own :], minlength=1)
    cut = {name: sum(one[name] for one in written) for name in ("emptied", "cut_documents", "cut_bytes")}
    rules = Counter(filter(None, fates.rules())) + Counter(repeated_parts=cut["emptied"])
    return {
        "documents_in": len(kept),
        "documents_out": int(kept.sum()) - cut["emptied"],
        "bytes_out": int(sizes[kept].sum()) - cut["cut_bytes"],
        "dropped_by_rule": dict(sorted(rules.items())),
        "cut_documents": cut["cut_documents"],
        "cut_bytes": cut["cut_bytes"],
        "groups_of_several": int((groups > 1).sum()),
        "largest_group": int(groups.max()),
        "candidate_pairs": fates.decided.num_candidates,
        "verified_pairs": fates.decided.num_verified,
        "rounds": fates.decided.num_rounds,
    }


def blocks(fates: Fates, stage: Dedup, written: Iterable[Mapping[str, Any]]) -> list[Block]:
    """Return the report's tables and curves."""
    codes, names = _corpora(fates)
    return [
        _overlaps(fates, names, codes),
        _rates(fates, names, codes),
        _cluster_sizes(fates),
        _largest_clusters(fates),
        _chances(stage),
        *([_parts(stage, list(written))] if stage.inside else []),
    ]


def _parts(stage: Dedup, written: Sequence[Mapping[str, Any]]) -> Block:
    labels = {
        "cut_documents": f"kept documents without {stage.inside} that stand in a better one",
        "emptied": "documents that held little else, and went",
        "cut_bytes": "bytes of text that went so",
    }
    rows = [[label, sum(one[name] for one in written)] for name, label in labels.items()]
    return Block(
        "table",
        "Parts that repeat across documents",
        {"columns": ["what", "number"], "rows": rows, "align": ["left", "right"]},
        f"Of parts of {stage.inside_min_words} words and more one copy stays. keep/ names the characters left out.",
    )


def _corpora(fates: Fates) -> tuple[Any, list[str]]:
    """Return the corpus of each document as a number, shape (N,), and the names; those of an index are others."""
    import numpy as np

    codes, names = fates.collection.codes("corpus")
    stands = np.arange(len(codes)) < fates.first_own
    return np.where(stands, codes + len(names), codes), [*names, *(f"index: {name}" for name in names)]


def _in_order(names: list[str], codes: Any) -> list[int]:
    """Return the corpora of some documents, by name; those of an index come last."""
    import numpy as np

    return sorted(np.unique(codes).tolist(), key=lambda code: (code >= len(names) // 2, names[code]))


def _overlaps(fates: Fates, names: list[str], codes: Any) -> Block:
    import numpy as np

    order, own = _in_order(names, codes), _in_order(names, codes[fates.first_own :])
    gone = fates.first_own + np.flatnonzero(~fates.is_kept[fates.first_own :])
    pairs: Counter[tuple[int, int]] = Counter(
        zip(codes[gone].tolist(), codes[fates.kept_copy[gone]].tolist(), strict=True)
    )
    return Block(
        "table",
        "Duplicates across corpora",
        {
            "columns": ["dropped from \\ kept in", *(names[code] for code in order)],
            "rows": [[names[one], *(pairs[one, other] for other in order)] for one in own],
            "align": ["left", *("right" for _ in order)],
        },
        "Documents of the row's corpus that were dropped because the column's corpus holds the kept copy.",
    )


def _rates(fates: Fates, names: list[str], codes: Any) -> Block:
    """What each corpus loses here, and would lose if it were deduplicated alone."""
    import numpy as np

    sizes = fates.collection.numbers("num_bytes").astype(np.float64)
    alone = _gone_alone(fates, codes)
    rows = []
    for code in _in_order(names, codes[fates.first_own :]):
        own = codes == code
        num, num_bytes = int(own.sum()), sizes[own].sum() or 1.0
        gone, gone_alone = own & ~fates.is_kept, own & alone
        rows.append(
            [
                names[code], num, int(gone.sum()), f"{sizes[gone].sum() / num_bytes:.2%}",
                int(gone_alone.sum()), f"{sizes[gone_alone].sum() / num_bytes:.2%}",
            ]
        )  # fmt: skip
    columns = ["corpus", "documents", "dropped", "of its bytes", "dropped alone", "of its bytes"]
    return Block(
        "table",
        "What each corpus loses, together and alone",
        {"columns": columns, "rows": rows, "align": ["left", *("right" for _ in columns[1:])]},
        "Alone: about so many, were each corpus deduplicated by itself, as most pipelines do.",
    )


def _gone_alone(fates: Fates, codes: Any) -> Any:
    """Return which documents would go if pairs of two corpora did not count."""
    import numpy as np

    ranked = fates.ranked
    num = len(codes)
    gone = np.zeros(num, dtype=bool)
    # the best of each corpus among those of one text or work stands for it; the others go
    position = np.where(ranked.rule == 0, -1, np.arange(num))
    order = np.lexsort((position, codes, ranked.follows))
    gone[order[~first_of_runs(ranked.follows[order], codes[order])]] = True
    gone[ranked.document_of[fates.decided.local_gone]] = True
    return gone


def _cluster_sizes(fates: Fates) -> Block:
    counts = _copies(fates)
    sizes = counts[counts > 0]
    rows = []
    for low, high in _SIZES:
        inside = sizes[(sizes >= low) & (sizes <= high)]
        if len(inside):
            label = f"{low}" if low == high else f"{low:,} and more" if high >= 10**12 else f"{low} to {high:,}"
            rows.append([label, len(inside), int(inside.sum())])
    return Block(
        "table",
        "Copies of each kept text",
        {
            "columns": ["copies, itself counted", "kept texts", "documents"],
            "rows": rows,
            "align": ["left", "right", "right"],
        },
    )


def _copies(fates: Fates) -> Any:
    """Return how many own documents are each document, or a copy of it; one of an index that has any counts, too."""
    import numpy as np

    counts = np.bincount(fates.kept_copy[fates.first_own :], minlength=len(fates.kept_copy))
    counts[: fates.first_own] += counts[: fates.first_own] > 0
    return counts


def _largest_clusters(fates: Fates) -> Block:
    import numpy as np

    counts = _copies(fates)
    largest = [int(one) for one in np.argsort(-counts, kind="stable")[:NUM_CLUSTERS] if counts[one] > 1]
    texts = dict(fates.collection.texts(sorted(largest)))
    ids, corpora = fates.collection.column("id"), fates.collection.column("corpus")
    rows = [
        [ids[one].as_py(), corpora[one].as_py(), int(counts[one]), " ".join(texts[one].split())[:LINE_CHARACTERS]]
        for one in largest
    ]
    return Block(
        "table",
        "The largest clusters",
        {
            "columns": ["kept", "corpus", "copies", "begins"],
            "rows": rows,
            "align": ["left", "left", "right", "left"],
        },
        "Look whether these are what should be one text. dropped/ names the kept copy of every other.",
    )


def _chances(stage: Dedup) -> Block:
    scheme = stage.scheme()
    similarities = [step / 100 for step in range(101)]
    shown = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
    chances = ", ".join(f"{each:g}: {scheme.catch(each):.4g}" for each in shown)
    return Block(
        "curves",
        "Chance that the buckets catch a pair",
        {
            "x_label": "Jaccard similarity of shingle sets",
            "y_label": "chance",
            "series": [
                {
                    "name": f"{scheme.bands} bands of {scheme.rows}",
                    "x": similarities,
                    "y": [round(scheme.catch(value), 6) for value in similarities],
                }
            ],
            "marks": [
                {"x": stage.threshold, "label": "duplicate"},
                {"x": stage.group_threshold, "label": "same group"},
            ],
        },
        f"At {chances}. Every pair caught is verified before a document goes.",
    )
