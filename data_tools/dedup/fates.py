"""What becomes of every document: kept, or gone for which rule and which kept copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.dedup.collection import EXACT, FOLLOWING, NO_ONE, Collection, Ranked
from data_tools.dedup.deciding import GONE, Decisions

if TYPE_CHECKING:
    import pyarrow as pa

NEAR, WITHDRAWN = "near_duplicate", "withdrawn"
REVIEW_FILE = "review.parquet"


def fates_schema() -> pa.Schema:
    """The Arrow schema of fates on disk."""
    import pyarrow as pa

    text = [(name, pa.string()) for name in ("id", "rule", "kept")]
    return pa.schema([*text, ("similarity", pa.float64()), ("group", pa.string())])


class Fates:
    """The fate of every document, by its number in the collection; those from ``first_own`` on are decided here."""

    def __init__(self, collection: Collection, ranked: Ranked, decided: Decisions) -> None:
        import numpy as np

        self.collection, self.ranked, self.decided = collection, ranked, decided
        num = collection.num_documents
        self.first_own = collection.first_own
        self.is_present = ranked.follows != NO_ONE
        present = np.flatnonzero(self.is_present)
        own = ranked.rank_of[ranked.follows[present]]
        is_gone = decided.state[own] == GONE
        is_exact = ranked.rule[present] == 1 + FOLLOWING.index(EXACT)
        is_near = is_gone & (is_exact | (ranked.rule[present] == 0))
        self.kept_copy = np.arange(num, dtype=np.uint32)
        """The kept document that each one is, or is a duplicate of."""
        self.kept_copy[present] = ranked.document_of[np.where(is_gone, decided.copy_of[own], own)]
        self.group = np.arange(num, dtype=np.uint32)
        """The best document among each one's relatives."""
        self.group[present] = ranked.document_of[decided.group_of[own]]
        self.is_kept = self.is_present & (self.kept_copy == np.arange(num))
        self.is_near = np.zeros(num, dtype=bool)
        self.is_near[present] = is_near
        self.similarity = np.full(num, np.nan)
        self.similarity[present] = np.where(is_near, decided.similarity[own], np.where(is_exact, 1.0, np.nan))

    def rules(self) -> list[str]:
        """Return why each own document goes; an empty text for the kept ones."""
        import numpy as np

        names = np.array(["", WITHDRAWN, NEAR, *FOLLOWING], dtype=object)
        why = np.where(self.is_near, 2, 2 + self.ranked.rule)
        codes = np.where(self.is_kept, 0, np.where(self.is_present, why, 1))
        found: list[str] = names[codes[self.first_own :]].tolist()
        return found

    def table(self) -> pa.Table:
        """Return a row for each own document: id, rule, the kept copy's id, similarity (null where none), group."""
        import numpy as np
        import pyarrow as pa

        ids = self.collection.column("id").combine_chunks()
        own = slice(self.first_own, None)
        similarity = self.similarity[own]
        return pa.table(
            {
                "id": ids[own],
                "rule": pa.array(self.rules(), pa.string()),
                "kept": ids.take(pa.array(self.kept_copy[own])),
                "similarity": pa.array(similarity, mask=np.isnan(similarity)),
                "group": ids.take(pa.array(self.group[own])),
            }
        )

    def around(self) -> pa.Table:
        """Return the pairs next to the threshold: ids of the later and the earlier document, exact similarity."""
        import pyarrow as pa

        ids = self.collection.column("id")
        named = [
            (*(ids[int(self.ranked.document_of[rank])].as_py() for rank in ranks), similarity)
            for *ranks, similarity in self.decided.around
        ]
        columns = ("later", "earlier", "similarity")
        return pa.table({name: [row[place] for row in named] for place, name in enumerate(columns)})

    def write(self, folder: Path) -> None:
        """Write the rows of each own segment to ``<folder>/<segment>.parquet``, and the pairs to review."""
        import pyarrow.parquet as pq

        folder.mkdir(parents=True, exist_ok=True)
        table = self.table()
        pq.write_table(self.around(), folder / REVIEW_FILE, compression="zstd")
        for number, segment in self.collection.own_segments():
            own = table.slice(self.collection.offset(number) - self.first_own, segment.num_documents)
            pq.write_table(own.cast(fates_schema()), folder / f"{segment.folder.name}.parquet", compression="zstd")
