"""Assignment of documents to train, dev and test so that no near-duplicate and no source straddles two of them."""

from __future__ import annotations

import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from data_tools.components import Components
from data_tools.errors import DataError
from data_tools.keep import SPLITS

PARTS = ("general", "domain")
STRADDLES = "split_straddles"
MAX_OVERSHOOT = 1.5
"""A unit goes to dev or test only where this does not become larger than 1.5 times its target."""
MAX_SHARE_OF_ONE_UNIT = {"source": 0.1, "document": 0.34}
"""Where no unit is small enough for the target, the smallest is taken, unless it is more than this of the part."""

Unit = Literal["source", "document"]


@dataclass(frozen=True)
class Piece:
    """What the assignment needs to know of one document."""

    id: str
    part: str
    """``general`` or ``domain``."""
    group: str
    """Near-duplicate cluster."""
    source: str
    """The file or record it is part of, unique over corpora."""
    num_bytes: int


@dataclass(frozen=True)
class Targets:
    """How much of each part is held out: a share (0..1) of its bytes and documents, at most a number of either."""

    share: float
    max_bytes: int
    max_documents: int


@dataclass
class Assignment:
    """Where each document goes."""

    splits: dict[str, str]
    """Document id -> split; STRADDLES where it is near-duplicate of fixed documents in several splits."""
    units: dict[str, Unit]
    """Part -> what was kept whole there."""


def part_of(domain: str) -> str:
    """Return the part of a document: ``general``, or ``domain`` for every other domain."""
    return "general" if domain == "general" else "domain"


def assign(
    pieces: Sequence[Piece],
    fixed: Mapping[str, str],
    targets: Mapping[str, Targets],
    unit: Literal["source", "document", "source_or_document"],
    seed: int,
) -> Assignment:
    """Assign every piece to a split.

    ``fixed`` gives the split of documents that have one already (id -> split): they keep it, and other documents of
    their near-duplicate groups take it. All other documents go in units: the near-duplicate group, joined with its
    source where a part's unit is ``source``. Units are visited in the order of hash(seed, smallest document id), and
    fill test, then dev, up to ``targets`` of the part; the rest is train. ``source_or_document`` takes ``source``, and
    ``document`` in those parts where a split would be empty. DataError, with counts, where one is empty after that.
    """
    parts = sorted({piece.part for piece in pieces}, key=PARTS.index)
    units: dict[str, Unit] = dict.fromkeys(parts, "document" if unit == "document" else "source")
    splits = _assign(pieces, fixed, targets, units, seed)
    lacking = _lacking(pieces, splits)
    if lacking and unit == "source_or_document":
        units |= {part: "document" for part, _ in lacking}
        splits = _assign(pieces, fixed, targets, units, seed)
        lacking = _lacking(pieces, splits)
    if lacking:
        raise DataError(_explain(pieces, splits, lacking, units))
    return Assignment(splits, units)


def _assign(
    pieces: Sequence[Piece],
    fixed: Mapping[str, str],
    targets: Mapping[str, Targets],
    units: Mapping[str, Unit],
    seed: int,
) -> dict[str, str]:
    splits = {piece.id: fixed[piece.id] for piece in pieces if piece.id in fixed}
    of_group: defaultdict[str, set[str]] = defaultdict(set)
    for piece in pieces:
        if piece.id in fixed:
            of_group[piece.group].add(fixed[piece.id])
    free: list[Piece] = []
    for piece in pieces:
        if piece.id in fixed:
            continue
        found = of_group.get(piece.group, set())
        if len(found) == 1:
            splits[piece.id] = next(iter(found))
        elif found:
            splits[piece.id] = STRADDLES
        else:
            free.append(piece)
    _fill(free, _make_units(free, units, seed), targets, pieces, splits, units)
    return splits


def _make_units(free: Sequence[Piece], units: Mapping[str, Unit], seed: int) -> list[list[int]]:
    """Return the places of the pieces of each unit, in the order of the unit's hash."""
    components = Components.of(len(free))
    first: dict[tuple[str, str], int] = {}
    for place, piece in enumerate(free):
        components.join(place, first.setdefault(("group", piece.group), place))
        if units[piece.part] == "source":
            components.join(place, first.setdefault(("source", piece.source), place))
    members: defaultdict[int, list[int]] = defaultdict(list)
    for place in range(len(free)):
        members[components.find(place)].append(place)

    def hashed(places: list[int]) -> bytes:
        smallest = min(free[place].id for place in places)
        return hashlib.blake2b(f"{seed}\0{smallest}".encode(), digest_size=16).digest()

    return sorted(members.values(), key=hashed)


def _fill(
    free: Sequence[Piece],
    members: Sequence[list[int]],
    targets: Mapping[str, Targets],
    pieces: Sequence[Piece],
    splits: dict[str, str],
    units: Mapping[str, Unit],
) -> None:
    """Give every unit a split, in order; then a unit each to the splits that are still empty."""
    total = Counter[str]()
    for piece in pieces:
        total[piece.part] += piece.num_bytes
    held = _Held(total, Counter(piece.part for piece in pieces), targets)
    for piece in pieces:
        if splits.get(piece.id) in targets:
            held.add([piece], splits[piece.id])
    waiting: list[list[Piece]] = []
    for places in members:
        unit = [free[place] for place in places]
        split = next((name for name in ("test", "dev") if held.takes(unit, name)), "train")
        if split == "train":
            waiting.append(unit)
        else:
            held.add(unit, split)
        splits |= {piece.id: split for piece in unit}
    for part in total:
        for split in ("test", "dev"):
            if not held.num_documents[part, split]:
                most = MAX_SHARE_OF_ONE_UNIT[units[part]] * total[part]
                _take_smallest(waiting, part, split, most, held, splits)


def _take_smallest(
    waiting: list[list[Piece]], part: str, split: str, most_bytes: float, held: _Held, splits: dict[str, str]
) -> None:
    """Move the smallest unit of ``part`` alone from train to ``split``; leave train one at least."""
    own = [unit for unit in waiting if {piece.part for piece in unit} == {part}]
    if len(own) < 2:
        return
    smallest = min(own, key=lambda unit: sum(piece.num_bytes for piece in unit))
    if sum(piece.num_bytes for piece in smallest) <= most_bytes:
        waiting.remove(smallest)
        held.add(smallest, split)
        splits |= {piece.id: split for piece in smallest}


class _Held:
    """How much each held-out split of each part holds, and may hold."""

    def __init__(
        self, total: Mapping[str, int], num_documents: Mapping[str, int], targets: Mapping[str, Targets]
    ) -> None:
        self._most_bytes = {
            (part, split): min(target.share * size, target.max_bytes)
            for part, size in total.items()
            for split, target in targets.items()
        }
        # A share of the bytes alone would give every small document away where one is larger than all others together.
        self._most_documents = {
            (part, split): min(math.ceil(MAX_OVERSHOOT * target.share * count), target.max_documents)
            for part, count in num_documents.items()
            for split, target in targets.items()
        }
        self.num_bytes: Counter[tuple[str, str]] = Counter()
        self.num_documents: Counter[tuple[str, str]] = Counter()

    def add(self, unit: Sequence[Piece], split: str) -> None:
        """Count a unit's documents."""
        for piece in unit:
            self.num_bytes[piece.part, split] += piece.num_bytes
            self.num_documents[piece.part, split] += 1

    def takes(self, unit: Sequence[Piece], split: str) -> bool:
        """Say whether ``split`` is below its target in each part of the unit, and would not overshoot by it."""
        sizes: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        for piece in unit:
            sizes[piece.part] += piece.num_bytes
            counts[piece.part] += 1
        return all(
            self.num_bytes[part, split] < self._most_bytes[part, split]
            and self.num_bytes[part, split] + size <= MAX_OVERSHOOT * self._most_bytes[part, split]
            and self.num_documents[part, split] + counts[part] <= self._most_documents[part, split]
            for part, size in sizes.items()
        )


def _lacking(pieces: Sequence[Piece], splits: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (part, split) for every split that a part lacks."""
    found = {(piece.part, splits[piece.id]) for piece in pieces}
    parts = sorted({piece.part for piece in pieces}, key=PARTS.index)
    return [(part, split) for part in parts for split in SPLITS if (part, split) not in found]


def _explain(
    pieces: Sequence[Piece],
    splits: Mapping[str, str],
    lacking: Sequence[tuple[str, str]],
    units: Mapping[str, Unit],
) -> str:
    part, split = lacking[0]
    own = [piece for piece in pieces if piece.part == part]
    counts = Counter(splits[piece.id] for piece in own)
    told = ", ".join(f"{name} {counts[name]}" for name in SPLITS)
    groups, sources = len({piece.group for piece in own}), len({piece.source for piece in own})
    remedy = (
        "Use unit=source_or_document, which splits sources where there are too few"
        if units[part] == "source"
        else "Give more text: at least three documents that are not near-duplicates of each other"
    )
    return (
        f"split: the {part} part would have no {split} documents: {len(own)} documents in {groups} near-duplicate "
        f"groups from {sources} sources, whole by {units[part]}, give {told}. {remedy}"
    )
