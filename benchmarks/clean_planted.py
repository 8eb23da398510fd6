"""Planted defects in world text and in real text: how many cleaning finds, and how often it is right.

Recall: planted defects that are gone (each broken word, line or datum; the document where it is bad as a whole).
Precision, per kind: of the documents that a kind's repair or rule touched and that it did not touch before anything was
planted, the share in which it was planted. So what the text had by nature counts for neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.real_text import FOLDERS, read_folder
from data_tools.cleaning import Cleaned, Cleaner
from data_tools.documents import Document
from data_tools.planting.labels import PERSONAL, REPAIRED, RESTORED, Label
from data_tools.planting.plant import plant
from data_tools.rules import get_rules
from data_tools.worlds.engine import get_world

NUM_PER_KIND = 300
SEED = 11
WORLD_TOKENS = 1_600_000
DROPPED = ("gibberish", "wrong_language", "truncation")
TOUCHED_BY: Mapping[str, tuple[str, ...]] = {
    **{kind: (kind,) for kind in PERSONAL},
    "boilerplate": ("site_furniture",),
    "mojibake": ("mojibake",),
    "hyphenation": ("hyphens",),
    "page_furniture": ("page_furniture",),
    "lost_reference": ("lost_references",),
}
"""By kind: the changes that its repair reports."""


def measure_planted() -> dict[str, Any]:
    """Return recall and precision by kind, for the geo world and for real text of every profile together."""
    world = list(get_world("geo").documents(0, WORLD_TOKENS))
    real = [document for folder in FOLDERS for document in read_folder(folder)]
    return {"planted_world": grade(world), "planted_real": grade(real)}


def grade(documents: Sequence[Document]) -> dict[str, Any]:
    """Plant 300 of every kind into ``documents``, clean both, and compare."""
    kinds = dict.fromkeys((*REPAIRED, *DROPPED), NUM_PER_KIND)
    planted, labels = plant(documents, kinds, SEED)
    before, after = _clean(documents), _clean(planted)
    by_id = {label.id: label for label in labels}
    return {kind: _grade_kind(kind, by_id, before, after) for kind in kinds}


def _clean(documents: Sequence[Document]) -> dict[str, Cleaned]:
    cleaners = {profile: Cleaner(get_rules(profile)) for profile in ("geo", "finance", "medical", "general")}
    found: dict[str, Cleaned] = {}
    for profile, cleaner in cleaners.items():
        own = [document for document in documents if document.domain == profile]
        found |= {one.document.id: one for one in cleaner.clean_all(own)}
    return found


def _grade_kind(
    kind: str, labels: Mapping[str, Label], before: Mapping[str, Cleaned], after: Mapping[str, Cleaned]
) -> dict[str, Any]:
    own = [label for label in labels.values() if label.kind == kind]
    outcomes = [outcome for label in own for outcome in _outcomes(label, after[label.id])]
    touched = [id for id, one in after.items() if _is_touched(kind, one)]
    new = [id for id in touched if id not in before or not _is_touched(kind, before[id])]
    right = sum(id in labels and labels[id].kind == (kind if kind not in DROPPED else labels[id].kind) for id in new)
    return {
        "planted": len(own),
        "defects": len(outcomes),
        "recall": round(sum(outcomes) / len(outcomes), 4) if outcomes else None,
        "touched": len(new),
        "precision": round(right / len(new), 4) if new else None,
    }


def _is_touched(kind: str, one: Cleaned) -> bool:
    if kind in DROPPED:
        return bool(one.verdict.rule)
    return any(one.changes.get(name) for name in TOUCHED_BY[kind])


def _outcomes(label: Label, one: Cleaned) -> list[bool]:
    """Return, for each defect of a label, whether it is gone: a broken word, a line, a datum, or the whole document."""
    detail = json.loads(label.detail)
    if one.verdict.rule or label.kind in DROPPED:
        return [bool(one.verdict.rule)] * len(detail.get("lost") or detail.get("planted") or [label])
    if label.kind in RESTORED:
        return [word in one.verdict.text for word in detail["lost"]]
    return [datum not in one.verdict.text for datum in detail["planted"]]
