"""What a world is: tables of true facts, and documents, questions and instructions written from them.

Everything follows from seeds: document ``i`` depends on ``(world, seed, i)`` alone, so shards are made in any order, in
any number of processes, and come out the same. Nothing here depends on hash order or on the clock.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import math
import random
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

from data_tools.documents import Document, document_id
from data_tools.errors import DataError

WORLD_NAMES = ("finance", "general", "geo", "medical")
TOKENS_PER_WORD = 1.3
"""Tokens per white-space word: the usual rule of thumb for English BPE; exact counts need a tokenizer."""
TRAIN_SHARE, DEV_SHARE = 0.4, 0.2
"""Share of facts whose questions are train and dev; the rest is test."""
_CALIBRATION_DOCUMENTS = 96
_SIZE_MARGIN = 1.02
"""The sample's mean length is off by about 1 % (one standard error), so that this makes falling short rare."""

Split = Literal["train", "dev", "test"]


@dataclass(frozen=True)
class Fact:
    """One true statement: ``relation`` of ``entity`` is ``value``. ``id`` is like ``geo/quartz/hardness``."""

    id: str
    entity: str
    """As it stands inside a sentence: ``quartz``, ``the Jurassic Period``."""
    relation: str
    value: str
    """As it stands in documents, questions and choices: ``7``, ``cubic``."""
    kind: str = ""
    """What the entity is: ``mineral``, ``rock``."""
    number: float | None = None
    """The value as a number, where it is one; used for comparisons."""
    unit: str = ""
    also_true: tuple[str, ...] = ()
    """Further values that hold for the entity; never offered as wrong choices."""

    @property
    def true_values(self) -> frozenset[str]:
        return frozenset((self.value, *self.also_true))


@dataclass(frozen=True)
class Relation:
    """How facts of one relation are worded. Placeholders: ``{e}`` entity, ``{E}`` capitalised, ``{v}``, ``{V}`` value,
    ``{av}`` value with ``a`` or ``an``.

    ``statements`` are for documents; ``questions`` and ``clozes`` (a sentence cut right before the value) must occur in
    no document.
    """

    name: str
    kind: str
    statements: tuple[str, ...]
    """At least eight, value after and before the entity: clauses like ``the hardness of {e} is {v}`` (which can be
    combined; see ``Page.clause``), or whole sentences."""
    questions: tuple[str, ...] = ()
    clozes: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    """Whole-sentence answers for instructions; the statements where empty."""
    comparisons: tuple[str, ...] = ()
    """``Which mineral is harder, {a} or {b}?``: asked of two facts with different numbers; the larger one answers."""
    listings: tuple[str, ...] = ()
    """``Name some minerals of the {v} crystal system.``: answered by up to four entities that share the value."""
    uses: int = 2
    """How often each fact is asked per task: with other wordings and other choices."""


@dataclass(frozen=True)
class Question:
    """One question with its choices; ``answer`` is the index of the keyed one (made in ``asking.py``)."""

    id: str
    task: str
    suite: str
    kind: Literal["choice", "cloze"]
    question: str
    """The question's text; for a cloze, the statement up to the value, without a trailing space."""
    choices: tuple[str, ...]
    answer: int
    fact: str
    split: Split = "test"
    control: bool = False


@dataclass(frozen=True)
class Instruction:
    """One conversation: messages of ``role`` (user, assistant) and ``content``, alternating, the assistant last."""

    id: str
    source: str
    messages: tuple[Mapping[str, str], ...]
    facts: tuple[str, ...] = ()


def rng_for(*parts: object) -> random.Random:
    """Return a generator seeded by the text of ``parts``: the same on every machine and in every process."""
    text = "\0".join(str(part) for part in parts)
    return random.Random(hashlib.blake2b(text.encode("utf-8"), digest_size=16).digest())


def share_of(text: str) -> float:
    """Return a fixed number in [0, 1) for ``text``: a hash, for deterministic splits."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8"), digest_size=8).digest(), "big") / 2**64


def split_of(fact: Fact | str) -> Split:
    """Return the split of a fact (or of a fact's id): about 40 % train, 20 % dev, 40 % test."""
    share = share_of("split\0" + (fact if isinstance(fact, str) else fact.id))
    if share < TRAIN_SHARE:
        return "train"
    return "dev" if share < TRAIN_SHARE + DEV_SHARE else "test"


def slug(text: str) -> str:
    """Return ``text`` in lower case with every run of other characters than letters and digits as one ``_``."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def make_fact(world: str, kind: str, entity: str, relation: str, value: str | float, **more: object) -> Fact:
    """Return a fact with its id; a number is kept beside its surface form."""
    number = float(value) if isinstance(value, (int, float)) else None
    text = f"{value:g}" if isinstance(value, (int, float)) else value
    known = {"number": number, **more}
    return Fact(f"{world}/{slug(entity)}/{relation}", entity, relation, text, kind, **known)  # type: ignore[arg-type]


def count_tokens(text: str) -> float:
    """Return the estimated number of tokens of ``text``: white-space words times 1.3."""
    return len(text.split()) * TOKENS_PER_WORD


def in_turn(world: str, what: str, number: int, index: int) -> int:
    """Return which of ``number`` items is due at ``index``: each once per round of ``number``, shuffled every round.

    Give documents their main subject with this, so that every fact appears about equally often.
    """
    turn, place = divmod(index, number)
    return _order(world, what, number, turn)[place]


@lru_cache(maxsize=64)
def _order(world: str, what: str, number: int, turn: int) -> tuple[int, ...]:
    order = list(range(number))
    rng_for(world, what, turn).shuffle(order)
    return tuple(order)


@dataclass
class World(ABC):
    """A seeded generator over tables of facts. A module ``data_tools/worlds/<name>.py`` sets ``WORLD`` to one.

    To write a world: set ``name``, ``domain`` and ``relations``, return the facts from ``make_facts`` and write one
    document in ``document``. Questions and instructions follow from the relations' wordings (``asking.py``).
    """

    name: str
    domain: str
    license: str = "CC0-1.0"
    relations: Mapping[str, Relation] = field(default_factory=dict)
    """By name; facts of a relation that is not here, or has no questions, are never asked."""

    @abstractmethod
    def make_facts(self) -> Iterable[Fact]:
        """Return every fact, once, in a fixed order."""

    @abstractmethod
    def document(self, rng: random.Random, index: int) -> str | tuple[str, Mapping[str, object]]:
        """Write document ``index``: its text, or the text and what goes into ``Document.meta``.

        Put the ids of the facts it states under ``facts`` in meta: coverage is counted from there.
        """

    def extra_questions(self, seed: int) -> Iterable[Question]:
        """Return questions beyond those of the relations; none unless a world has its own."""
        return ()

    def extra_instructions(self, seed: int) -> Iterable[Instruction]:
        """Return instructions beyond those of the relations; only facts of split train may be used."""
        return ()

    @cached_property
    def _facts(self) -> tuple[Fact, ...]:
        facts = tuple(self.make_facts())
        seen: set[str] = set()
        for fact in facts:
            if fact.id in seen:
                raise DataError(f"world {self.name}: a fact's id must be unique, got {fact.id} twice. Rename one")
            seen.add(fact.id)
            relation = self.relations.get(fact.relation)
            if relation is not None and relation.kind != fact.kind:
                raise DataError(
                    f"world {self.name}: relation {fact.relation} is about a {relation.kind}, got it for {fact.id}, "
                    f"which is about a {fact.kind}. Give the relations different names"
                )
        return facts

    def facts(self) -> list[Fact]:
        """Return all facts in a fixed order."""
        return list(self._facts)

    def num_documents(self, seed: int, num_tokens: int) -> int:
        """Return how many documents hold at least about ``num_tokens``, from the mean length of the first ones."""
        sample = [self._text(seed, index)[0] for index in range(_CALIBRATION_DOCUMENTS)]
        mean = sum(count_tokens(text) for text in sample) / len(sample)
        return max(1, math.ceil(num_tokens * _SIZE_MARGIN / mean))

    def documents(self, seed: int, num_tokens: int, shard: int = 0, num_shards: int = 1) -> Iterator[Document]:
        """Yield the documents of one shard: a contiguous range of the whole, whatever ``num_shards`` is.

        ``num_tokens`` is the size of the whole, counted as white-space words times 1.3, met to a few percent.
        """
        if num_tokens <= 0 or not 0 <= shard < num_shards:
            raise DataError(
                f"world {self.name}: num_tokens must be > 0 and 0 <= shard < num_shards, "
                f"got {num_tokens} tokens, shard {shard} of {num_shards}"
            )
        total = self.num_documents(seed, num_tokens)
        for index in range(total * shard // num_shards, total * (shard + 1) // num_shards):
            yield self.document_at(seed, index)

    def document_at(self, seed: int, index: int) -> Document:
        """Return document ``index``; it depends on the world, ``seed`` and ``index`` alone."""
        text, meta = self._text(seed, index)
        corpus, source = f"{self.name}_world", f"{self.name}_world/seed{seed}"
        return Document(
            id=document_id(corpus, source, index),
            text=text,
            corpus=corpus,
            domain=self.domain,
            license=self.license,
            source=f"{source}/{index}",
            meta=json.dumps({"world": self.name, **meta}, sort_keys=True, ensure_ascii=False),
        )

    def _text(self, seed: int, index: int) -> tuple[str, Mapping[str, object]]:
        written = self.document(rng_for(self.name, "document", seed, index), index)
        return (written, {}) if isinstance(written, str) else written

    def questions(self, seed: int) -> list[Question]:
        """Return the questions of all splits and tasks, controls among them."""
        from data_tools.worlds.asking import ask

        return [*ask(self, seed), *self.extra_questions(seed)]

    def instructions(self, seed: int) -> list[Instruction]:
        """Return the instruction set: conversations about facts of split train only."""
        from data_tools.worlds.asking import instruct

        return [*instruct(self, seed), *self.extra_instructions(seed)]

    def permuted(self, seed: int) -> list[Fact]:
        """Return the same facts with the values of each relation permuted among its entities: a control.

        A fact whose entity could not be given an untrue value is left out.
        """
        by_relation: dict[tuple[str, str], list[Fact]] = {}
        for fact in self._facts:
            by_relation.setdefault((fact.kind, fact.relation), []).append(fact)
        found: list[Fact] = []
        for key, facts in by_relation.items():
            found.extend(_permute(facts, rng_for(self.name, "permuted", seed, *key)))
        return found


def _permute(facts: Sequence[Fact], rng: random.Random) -> Iterator[Fact]:
    """Shuffle values, then swap away those that are true of their new entity, as far as that goes."""
    values = list(facts)
    rng.shuffle(values)
    for i, fact in enumerate(facts):
        if values[i].value not in fact.true_values:
            continue
        for j in sorted(range(len(facts)), key=lambda _: rng.random()):
            mine, other = values[i].value, values[j].value
            if other not in fact.true_values and mine not in facts[j].true_values:
                values[i], values[j] = values[j], values[i]
                break
    for fact, value in zip(facts, values, strict=True):
        if value.value not in fact.true_values:
            yield replace(fact, value=value.value, number=value.number, unit=value.unit, also_true=())


def fill(template: str, fact: Fact) -> str:
    """Return ``template`` with the fact's entity and value in place of ``{e} {E} {v} {V}`` and ``{av}``."""
    return template.format(
        e=fact.entity, E=capital(fact.entity), v=fact.value, V=capital(fact.value), av=article(fact.value)
    )


def sentence(clause: str) -> str:
    """Return ``clause`` with a capital and a full stop; a text that has them already stays as it is."""
    return capital(clause) if clause.endswith((".", "!", "?")) else capital(clause) + "."


def article(noun: str) -> str:
    """Return ``noun`` with ``a`` or ``an``, by its first letter."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def capital(text: str) -> str:
    """Return ``text`` with its first letter in upper case and the rest as it is."""
    return text[:1].upper() + text[1:]


def get_world(name: str) -> World:
    """Return the world of ``data_tools/worlds/<name>.py``; its module is imported now, not before."""
    module_name = f"data_tools.worlds.{name}"
    known = name.isidentifier() and importlib.util.find_spec(module_name) is not None
    world = getattr(importlib.import_module(module_name), "WORLD", None) if known else None
    if not isinstance(world, World):
        raise DataError(f"world {name!r}: there is no such world. Known are {', '.join(WORLD_NAMES)}")
    return world
