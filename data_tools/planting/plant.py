"""Choosing documents and planting defects, shard by shard.

Which documents are chosen depends on hashes of (seed, id) alone, so a corpus may be sharded in any way. Two passes: one
over ids (``candidates`` per shard, ``make_plan`` over all), one over texts (``plant_shard`` per shard,
``make_documents`` once). ``plant`` does both in memory.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from data_tools.documents import Document, document_id
from data_tools.errors import DataError
from data_tools.planting import edits, foreign
from data_tools.planting.edits import AskedQuestion
from data_tools.planting.labels import COPIES, IN_PLACE, KINDS, MADE, Label, make_label
from data_tools.worlds.engine import rng_for

MIN_WORDS = 60
"""Shorter documents are left alone: many rules would drop them without any defect."""


@dataclass(frozen=True)
class Plan:
    """Which defect goes where."""

    slots: Mapping[str, tuple[str, int]]
    """By document id: the kind, and the number of this defect among its kind (it picks rate, codec, question)."""
    num_per_kind: Mapping[str, int]
    """How many of each kind, after the cap."""
    cross_ids: tuple[str, ...] = ()
    """Documents of other corpora that are copied into this one."""
    planned: Mapping[str, int] = field(default_factory=dict)
    """How many were asked for."""


def rank(seed: int, id: str) -> int:
    """Return the document's place in the draw: a 64-bit hash."""
    return int.from_bytes(hashlib.blake2b(f"plant\0{seed}\0{id}".encode(), digest_size=8).digest(), "big")


def candidates(
    documents: Iterable[tuple[str, str]], seed: int, num: int, last: bool = False
) -> tuple[list[tuple[int, str]], int]:
    """Return the ``num`` documents of a shard that come first in the draw, as (rank, id), and how many there are.

    ``documents`` are (id, text); those under 60 words are counted but never drawn. With ``last`` those that come last:
    documents to copy from, which are then not the ones that the same seed changes in their own corpus.
    """
    count = 0

    def eligible() -> Iterator[tuple[int, str]]:
        nonlocal count
        for id, text in documents:
            count += 1
            if len(text.split(None, MIN_WORDS)) > MIN_WORDS - 1:
                yield rank(seed, id), id

    return (heapq.nlargest if last else heapq.nsmallest)(num, eligible()), count


def capped(num_per_kind: Mapping[str, int], num_documents: int, max_share: float) -> dict[str, int]:
    """Return the counts, all scaled down alike where they sum to more than ``max_share`` of the documents."""
    unknown = sorted(set(num_per_kind) - set(KINDS))
    if unknown:
        raise DataError(f"planter: unknown kind of defect, got {', '.join(unknown)}. Known are {', '.join(KINDS)}")
    wanted = sum(num_per_kind.values())
    allowed = int(num_documents * max_share)
    if wanted <= allowed:
        return dict(num_per_kind)
    return {kind: num * allowed // wanted for kind, num in num_per_kind.items()}


def make_plan(
    drawn: Iterable[tuple[int, str]],
    num_documents: int,
    num_per_kind: Mapping[str, int],
    max_share: float,
    others: Iterable[tuple[int, str]] = (),
    num_questions: int = 0,
) -> Plan:
    """Deal the documents drawn out to the kinds, one kind per document.

    Without other corpora there are no cross duplicates, without questions no copies of questions.
    """
    asked = {kind: num for kind, num in num_per_kind.items() if kind != "question" or num_questions}
    foreigners = sorted(others, reverse=True)
    if not foreigners:
        asked.pop("cross", None)
    counts = capped(asked, num_documents, max_share)
    here = {kind: counts.get(kind, 0) for kind in (*COPIES, *IN_PLACE)}
    turns = [(kind, number) for number in range(max(here.values(), default=0)) for kind in here if number < here[kind]]
    ids = [id for _, id in sorted(set(drawn))]
    slots = dict(zip(ids, turns, strict=False))
    done = {kind: sum(1 for dealt, _ in slots.values() if dealt == kind) for kind in here}
    cross = tuple(id for _, id in foreigners[: counts.get("cross", 0)])
    done |= {kind: counts.get(kind, 0) for kind in MADE} | {"cross": len(cross)}
    return Plan(slots, {kind: num for kind, num in done.items() if num}, cross, dict(num_per_kind))


def plant_shard(
    documents: Iterable[Document],
    slots: Mapping[str, tuple[str, int]],
    seed: int,
    questions: Sequence[AskedQuestion] = (),
) -> Iterator[tuple[Document, Label | None, bool]]:
    """Yield every document, defective where it has a slot, with its label, and after it its copy where it gets one.

    The last value says whether the document was added (a copy, which may be written to another shard).
    """
    for document in documents:
        if document.id not in slots:
            yield document, None, False
            continue
        kind, number = slots[document.id]
        if kind in COPIES:
            yield document, None, False
            text, detail = _copy_text(document.text, kind, number, seed, document.id)
            copy = _added(document, kind, number, text)
            yield (
                copy,
                make_label(copy.id, kind, edits.shingle_jaccard(document.text, text), document.id, **detail),
                True,
            )
            continue
        if kind == "question":
            changed, label = _with_question(document, questions[number % len(questions)], number, seed)
        else:
            changed, label = _changed(document, kind, number, seed)
        yield changed, label, False


def _copy_text(text: str, kind: str, number: int, seed: int, id: str) -> tuple[str, dict[str, Any]]:
    if kind == "exact":
        return text, {}
    rate = edits.NEAR_RATES[number % len(edits.NEAR_RATES)]
    operation = edits.NEAR_OPERATIONS[number // len(edits.NEAR_RATES) % len(edits.NEAR_OPERATIONS)]
    changed = edits.change_words(text, rate, operation, rng_for("plant", seed, "near", id))
    return changed, {"rate": rate, "operation": operation}


def _added(model: Document, kind: str, number: int, text: str) -> Document:
    """Return a new document that looks like one of ``model``'s corpus."""
    source = f"planted/{kind}/{number}"
    return replace(model, id=document_id(model.corpus, source, model.id), text=text, source=source)


def _changed(document: Document, kind: str, number: int, seed: int) -> tuple[Document, Label]:
    rng = rng_for("plant", seed, kind, document.id)
    text, severity, detail = document.text, 1.0, dict[str, Any]()
    if kind == "boilerplate":
        text, lines = edits.add_boilerplate(text, rng)
        severity, detail = 1 - len(document.text.split()) / len(text.split()), {"planted": lines}
    elif kind == "mojibake":
        codec = edits.MOJIBAKE_CODECS[number % len(edits.MOJIBAKE_CODECS)]
        text, lost = edits.add_mojibake(text, codec, rng)
        severity = sum(not character.isascii() for character in text) / len(text)
        detail = {"codec": codec, "lost": lost[:20]}
    elif kind == "truncation":
        text, severity = edits.truncate(text, rng)
        detail = {"words": len(text.split())}
    elif kind == "hyphenation":
        text, words = edits.break_words(text, rng)
        detail = {"lost": words}
    elif kind in _ADDING:
        text, lines = _ADDING[kind](text, rng)
        detail = {"planted": lines}
    else:
        text, datum = edits.add_personal_data(text, kind, rng)
        detail = {"planted": [datum]}
    return replace(document, text=text), make_label(document.id, kind, severity, **detail)


_ADDING = {"page_furniture": edits.add_page_furniture, "lost_reference": edits.lose_references}


def _with_question(document: Document, asked: AskedQuestion, number: int, seed: int) -> tuple[Document, Label]:
    form = edits.QUESTION_FORMS[number % len(edits.QUESTION_FORMS)]
    rng = rng_for("plant", seed, "question", document.id)
    text = edits.add_question(document.text, asked, form, rng)
    label = make_label(document.id, "question", 1.0, asked.id, form=form, words=len(asked.question.split()))
    return replace(document, text=text), label


def make_documents(
    plan: Plan, seed: int, model: Document, cross: Iterable[Document] = ()
) -> Iterator[tuple[Document, Label]]:
    """Yield the documents that are made of something else: other languages, gibberish, copies of other corpora.

    ``model`` is any document of the corpus: its corpus, domain, licence and date are given to the new ones. Every
    second copy of another corpus is changed a little (1 % of its words).
    """
    for number in range(plan.num_per_kind.get("wrong_language", 0)):
        language = tuple(foreign.LANGUAGES)[number % len(foreign.LANGUAGES)]
        text = foreign.foreign_text(language, rng_for("plant", seed, "wrong_language", number))
        made = _added(model, "wrong_language", number, text)
        yield made, make_label(made.id, "wrong_language", 1.0, language=language)
    for number in range(plan.num_per_kind.get("gibberish", 0)):
        form = foreign.GIBBERISH_FORMS[number % len(foreign.GIBBERISH_FORMS)]
        made = _added(
            model, "gibberish", number, foreign.gibberish(form, model.text, rng_for("plant", seed, form, number))
        )
        yield made, make_label(made.id, "gibberish", 1.0, form=form)
    for number, other in enumerate(cross):
        changed, text = number % 2 == 1, other.text
        if changed:
            text = edits.change_words(text, 0.01, "replace", rng_for("plant", seed, "cross", other.id))
        made = replace(_added(model, "cross", number, text), id=document_id(model.corpus, "planted/cross", other.id))
        similarity = edits.shingle_jaccard(other.text, text)
        yield made, make_label(made.id, "cross", similarity, other.id, corpus=other.corpus, changed=changed)


def plant(
    documents: Sequence[Document],
    num_per_kind: Mapping[str, int] | int,
    seed: int,
    questions: Sequence[AskedQuestion] = (),
    others: Sequence[Document] = (),
    max_share: float = 1.0,
) -> tuple[list[Document], list[Label]]:
    """Plant into documents held in memory; return them with the added ones at the end, and the labels.

    ``num_per_kind`` is a number for every kind, or one for each. DataError where there is no document to begin with.
    """
    if not documents:
        raise DataError("planter: there are no documents, got an empty list. Give it the documents to plant into")
    wanted = dict.fromkeys(KINDS, num_per_kind) if isinstance(num_per_kind, int) else dict(num_per_kind)
    total = sum(wanted.values())
    drawn, count = candidates(((d.id, d.text) for d in documents), seed, total)
    foreign_drawn, _ = candidates(((d.id, d.text) for d in others), seed, total, last=True)
    plan = make_plan(drawn, count, wanted, max_share, foreign_drawn, len(questions))
    kept: list[Document] = []
    added: list[Document] = []
    labels: list[Label] = []
    for document, label, is_added in plant_shard(documents, plan.slots, seed, questions):
        (added if is_added else kept).append(document)
        labels.extend([label] if label else [])
    chosen = {other.id: other for other in others}
    for document, label in make_documents(plan, seed, documents[0], [chosen[id] for id in plan.cross_ids]):
        added.append(document)
        labels.append(label)
    return kept + added, labels
