"""Which documents a training read at which step, and the other way round: from a few numbers kept beside the model."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.artifact import write_json
from pipeline.errors import StrataError
from stages.cpt.data import TrainingData
from stages.cpt.guard import Watch
from stages.cpt.records import METRICS_FILE, read

PLACE_FILE = "place.json"
CHECKPOINTS_FOLDER = ".checkpoints"


@dataclass(frozen=True)
class Place:
    """All that decides what a training reads, but for the tokens themselves."""

    tokens: str
    """The directory of the tokens artifact, relative to the training's own."""
    domain_share: float
    seed: int
    batch_sequences: int
    text_share: float
    num_steps: int
    left_out: Sequence[Sequence[int]] = ()
    """Batches that a rollback left out, as (first, last)."""
    not_applied: Sequence[int] = ()
    """Updates (1 is the first) that were read and then skipped as outliers."""

    def write(self, work: Path) -> None:
        """Keep it in the directory of the training."""
        write_json(work / PLACE_FILE, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Place:
        """Return what a training keeps; StrataError where ``folder`` is no training's."""
        path = folder / PLACE_FILE
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            raise StrataError(
                f"{path}: is missing, so {folder} is no training. Give the directory of a cpt or pretrain step, such "
                "as runs/geo/cpt"
            ) from None

    def data(self, folder: Path) -> TrainingData:
        """Return the training's data as one worker would read them."""
        tokens = Path(os.path.normpath(folder.resolve() / self.tokens))
        return TrainingData(tokens, self.domain_share, self.seed, self.batch_sequences, 1, 0, 1, self.text_share)

    @property
    def watch(self) -> Watch:
        """What tells steps from batches of the data."""
        return Watch(left_out=[(first, last) for first, last in self.left_out])


def updates_done(folder: Path) -> int:
    """Return the last update of which a training's metrics tell."""
    return max((record["step"] for record in read(folder / METRICS_FILE) if "loss" in record), default=0)


def relative_tokens(work: Path, tokens: Path) -> str:
    """Return the tokens' directory as seen from the training's, so that both may move together."""
    return os.path.relpath(tokens.resolve(), work.resolve())


def documents_of_step(folder: Path, update: int) -> list[tuple[str, str, str]]:
    """Return (part, corpus, document) of what update ``update`` (1 is the first) read, in the order read."""
    place = Place.read(folder)
    if not 1 <= update <= place.num_steps:
        raise StrataError(f"{folder}: has updates 1 to {place.num_steps}, got {update}")
    return place.data(folder).documents(place.watch.batch_of(update - 1))


def steps_of_document(folder: Path, name: str) -> list[int]:
    """Return the updates (1 is the first) that read a document; StrataError where no part holds it."""
    place = Place.read(folder)
    data = place.data(folder)
    left_out = sum(last - first + 1 for first, last in place.left_out)
    num_positions = (place.num_steps + left_out) * place.batch_sequences
    found, known = set(), False
    for part, packed in data.parts.items():
        for sequence in packed.sequences_of(name):
            known = True
            positions = data.positions_of(part, sequence, num_positions)
            found |= {place.watch.step_of(position // place.batch_sequences) for position in positions}
    if not known:
        raise StrataError(
            f"{folder}: no document {name!r} was packed for training. Give an id as strata trace prints it"
        )
    return sorted(step + 1 for step in found if step is not None and step < place.num_steps)
