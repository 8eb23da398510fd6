"""Questions, their controls, and instructions, made from a world's facts and its relations' wordings.

Questions come in groups of four that share one set of four choices, each choice keyed exactly once. Whoever looks at
the choices and the relation but not at the entity is right once in four, however uneven the values are: chance is
exactly 25 %, for a model that learned which values are frequent too.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from data_tools.worlds.engine import (
    Fact,
    Instruction,
    Question,
    Relation,
    Split,
    World,
    capital,
    fill,
    rng_for,
    sentence,
    split_of,
)

NUM_CHOICES = 4
SPLITS: tuple[Split, ...] = ("train", "dev", "test")
Message = Mapping[str, str]


def ask(world: World, seed: int) -> list[Question]:
    """Return the questions of tasks ``<world>_choice``, ``<world>_cloze`` and their ``_control`` forms, all splits."""
    truth = true_values(world.facts())
    found: list[Question] = []
    for control in (False, True):
        facts = world.permuted(seed) if control else world.facts()
        for kind in ("choice", "cloze"):
            task = f"{world.name}_{kind}" + ("_control" if control else "")
            for split in SPLITS:
                groups = _groups_of_split(world, [f for f in facts if split_of(f) == split], truth, (seed, task, split))
                for relation, group in groups:
                    rng = rng_for(world.name, seed, task, *(fact.id for fact in group))
                    wordings = relation.questions if kind == "choice" else relation.clozes
                    found.extend(_group_questions(group, wordings, task, world.name, split, rng, len(found)))
    return found


def true_values(facts: Iterable[Fact]) -> dict[tuple[str, str], frozenset[str]]:
    """Return every true value of each (entity, relation)."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for fact in facts:
        key = (fact.entity, fact.relation)
        found[key] = found.get(key, frozenset()) | fact.true_values
    return found


def _groups_of_split(
    world: World, facts: Sequence[Fact], truth: Mapping[tuple[str, str], frozenset[str]], salt: tuple[object, ...]
) -> list[tuple[Relation, list[Fact]]]:
    """Return groups of all relations, shuffled, so that the first N questions of a task are a fair sample."""
    groups: list[tuple[Relation, list[Fact]]] = []
    for relation in world.relations.values():
        if relation.questions and relation.clozes:
            mine = [fact for fact in facts if fact.relation == relation.name and fact.kind == relation.kind]
            rng = rng_for(world.name, "groups", *salt, relation.kind, relation.name)
            groups.extend((relation, group) for group in balanced_groups(mine, truth, relation.uses, rng))
    rng_for(world.name, "order", *salt).shuffle(groups)
    return groups


def balanced_groups(
    facts: Sequence[Fact], truth: Mapping[tuple[str, str], frozenset[str]], uses: int, rng: random.Random
) -> Iterator[list[Fact]]:
    """Yield groups of four facts with four different values, none true of another member's entity.

    Every fact is used about ``uses`` times; those with a frequent value less often where the others run out.
    """
    used = [0] * len(facts)
    hopeless: set[int] = set()
    while True:
        order = sorted(range(len(facts)), key=lambda i: (used[i], rng.random()))
        first = next((i for i in order if i not in hopeless), None)
        if first is None or used[first] >= uses:
            return
        chosen = [first]
        for i in order:
            if len(chosen) < NUM_CHOICES and used[i] < 2 * uses and _compatible(facts, [*chosen, i], truth):
                chosen.append(i)
        if len(chosen) < NUM_CHOICES:
            hopeless.add(first)
            continue
        for i in chosen:
            used[i] += 1
        yield [facts[i] for i in chosen]


def _compatible(facts: Sequence[Fact], chosen: Sequence[int], truth: Mapping[tuple[str, str], frozenset[str]]) -> bool:
    values = {facts[i].value for i in chosen}
    entities = {facts[i].entity for i in chosen}
    if len(values) < len(chosen) or len(entities) < len(chosen):
        return False
    return all(not (values - {facts[i].value}) & truth[facts[i].entity, facts[i].relation] for i in chosen)


def _group_questions(
    group: Sequence[Fact],
    wordings: Sequence[str],
    task: str,
    suite: str,
    split: Split,
    rng: random.Random,
    start: int,
) -> Iterator[Question]:
    choices = [fact.value for fact in group]
    for offset, fact in enumerate(group):
        order = list(choices)
        rng.shuffle(order)
        yield Question(
            id=f"{task}/{start + offset:05d}",
            task=task,
            suite=suite,
            kind="cloze" if "cloze" in task else "choice",
            question=fill(rng.choice(wordings), fact),
            choices=tuple(order),
            answer=order.index(fact.value),
            fact=fact.id,
            split=split,
            control=task.endswith("_control"),
        )


def instruct(world: World, seed: int) -> list[Instruction]:
    """Return conversations about the facts of split train: open, multiple choice, cloze, comparisons and lists.

    ``Question: ...\\nAnswer:`` is the form in which evaluation asks; the answer is then the bare choice.
    """
    facts = [fact for fact in world.facts() if split_of(fact) == "train" and fact.relation in world.relations]
    pairs: list[tuple[str, str, tuple[str, ...]]] = []
    for fact in facts:
        pairs.extend(_about_one(world.relations[fact.relation], fact, rng_for(world.name, "instruct", seed, fact.id)))
    for question in ask(world, seed):
        if question.split == "train" and not question.control:
            pairs.extend(_about_choice(question, rng_for(world.name, "choice", seed, question.id)))
    for relation in world.relations.values():
        mine = [fact for fact in facts if fact.relation == relation.name and fact.kind == relation.kind]
        rng = rng_for(world.name, "instruct", seed, relation.kind, relation.name)
        pairs.extend(_comparisons(relation, mine, rng))
        pairs.extend(_listings(relation, mine, rng))
    once = {(user, answer): ids for user, answer, ids in pairs}
    return [conversation(world.name, i, user, answer, ids) for i, ((user, answer), ids) in enumerate(once.items())]


def conversation(world: str, index: int | str, user: str, answer: str, facts: tuple[str, ...] = ()) -> Instruction:
    """Return one question and one answer as an instruction."""
    messages = ({"role": "user", "content": user}, {"role": "assistant", "content": answer})
    number = f"{index:05d}" if isinstance(index, int) else index
    return Instruction(f"{world}/instruction/{number}", f"{world}_world", messages, facts)


def _about_one(relation: Relation, fact: Fact, rng: random.Random) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    answers = relation.answers or relation.statements
    for wording in relation.questions:
        question = fill(wording, fact)
        if rng.random() < 0.5:
            yield question, sentence(fill(rng.choice(answers), fact)), (fact.id,)
        else:
            yield f"Question: {question}\nAnswer:", fact.value, (fact.id,)
    for wording in relation.clozes:
        cloze = fill(wording, fact)
        yield f"Complete the sentence: {cloze} ...", f"{cloze} {fact.value}.", (fact.id,)


def _about_choice(question: Question, rng: random.Random) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    options = ", ".join(question.choices[:-1]) + f" or {question.choices[-1]}"
    answer = question.choices[question.answer]
    if question.kind == "cloze":
        lead = rng.choice(("Choose the right ending", "Which ending is true", "Finish with one of these"))
        yield f"{lead}: {options}. {question.question} ...", answer, (question.fact,)
        return
    yield f"{question.question} Choose one: {options}.", answer, (question.fact,)
    yield f"Question: {question.question}\nAnswer:", answer, (question.fact,)


def _comparisons(
    relation: Relation, facts: Sequence[Fact], rng: random.Random
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    known = [fact for fact in facts if fact.number is not None]
    if not relation.comparisons or len(known) < 2:
        return
    for _ in range(2 * len(known)):
        first, second = rng.sample(known, 2)
        if first.number == second.number:
            continue
        larger = max(first, second, key=lambda fact: fact.number or 0.0)
        user = rng.choice(relation.comparisons).format(a=first.entity, b=second.entity)
        answer = (relation.answers or relation.statements)[0]
        because = " ".join(sentence(fill(answer, fact)) for fact in (first, second))
        yield user, f"{capital(larger.entity)}. {because}", (first.id, second.id)


def _listings(
    relation: Relation, facts: Sequence[Fact], rng: random.Random
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    by_value: dict[str, list[Fact]] = {}
    for fact in facts:
        by_value.setdefault(fact.value, []).append(fact)
    for value, mine in by_value.items():
        for wording in relation.listings:
            some = rng.sample(mine, min(len(mine), 4))
            if len(some) > 1:
                names = [fact.entity for fact in some]
                answer = f"{capital(', '.join(names[:-1]))} and {names[-1]}."
                yield wording.format(v=value), answer, tuple(fact.id for fact in some)
