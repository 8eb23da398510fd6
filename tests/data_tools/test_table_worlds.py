"""What the general, finance and medical worlds promise alike: facts, documents, questions, controls, instructions."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache

import pytest

from data_tools.documents import Document
from data_tools.errors import DataError
from data_tools.worlds.asking import true_values
from data_tools.worlds.composing import TableWorld, article, make_kind, parse_table, parse_wordings
from data_tools.worlds.engine import Question, get_world, split_of

NAMES = ("general", "finance", "medical")
SEED = 5
SAMPLE_TOKENS = 100_000


def world_of(name: str) -> TableWorld:
    world = get_world(name)
    assert isinstance(world, TableWorld)
    return world


@cache
def corpus(name: str, num_tokens: int = SAMPLE_TOKENS) -> tuple[Document, ...]:
    return tuple(world_of(name).documents(SEED, num_tokens))


@cache
def questions(name: str) -> tuple[Question, ...]:
    return tuple(world_of(name).questions(SEED))


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.lower())


def shingles(text: str) -> set[tuple[str, ...]]:
    found = re.findall(r"\w+", text.lower())
    return {tuple(found[i : i + 5]) for i in range(len(found) - 4)}


@pytest.mark.parametrize("name", NAMES)
def test_documents_depend_on_seed_and_index_alone(name: str) -> None:
    world = world_of(name)
    parts = [d for shard in range(3) for d in world.documents(SEED, 20_000, shard, 3)]
    assert parts == list(world.documents(SEED, 20_000))
    assert world.document_at(SEED, 7) == parts[7]
    assert world.document_at(SEED + 1, 7).text != parts[7].text


@pytest.mark.parametrize("name", NAMES)
def test_documents_have_the_promised_length_and_license(name: str) -> None:
    lengths = [len(document.text.split()) for document in corpus(name)]
    assert min(lengths) >= 80
    assert sum(length <= 400 for length in lengths) >= 0.99 * len(lengths)
    assert SAMPLE_TOKENS * 0.97 <= sum(lengths) * 1.3 <= SAMPLE_TOKENS * 1.1
    assert {document.license for document in corpus(name)} == {"CC0-1.0"}
    assert all(document.text.rstrip()[-1] in '.!?"' for document in corpus(name))


@pytest.mark.parametrize("name", NAMES)
def test_no_placeholder_and_no_double_space_is_left(name: str) -> None:
    for document in corpus(name):
        assert not re.search(r"[{}]| {2}|\.\.|,\.|\ba [aeio]", document.text), document.text


@pytest.mark.parametrize("name", NAMES)
def test_sentences_are_mostly_distinct(name: str) -> None:
    sentences = [s for d in corpus(name) for s in re.split(r'(?<=[.!?])["”]?\s+', d.text) if len(s.split()) > 2]
    assert len(set(sentences)) >= 0.75 * len(sentences)


@pytest.mark.parametrize("name", NAMES)
def test_near_duplicates_are_rare(name: str) -> None:
    sets = [shingles(document.text) for document in corpus(name)]
    holders: dict[tuple[str, ...], list[int]] = {}
    for i, mine in enumerate(sets):
        for shingle in mine:
            holders.setdefault(shingle, []).append(i)
    shared = Counter((a, b) for own in holders.values() for i, b in enumerate(own) for a in own[:i])
    near = {i for (a, b), n in shared.items() if n >= 0.5 * (len(sets[a]) + len(sets[b]) - n) for i in (a, b)}
    assert len(near) < 0.01 * len(sets)


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_appears_often(name: str) -> None:
    """At least 15 mentions in 0.4 M tokens of a domain; the general world has more facts and 1.0 M tokens."""
    documents = corpus(name, 1_000_000 if name == "general" else 400_000)
    mentions = Counter(fact for document in documents for fact in json.loads(document.meta)["facts"])
    rare = {fact.id: mentions[fact.id] for fact in world_of(name).facts() if mentions[fact.id] < 15}
    assert not rare


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_in_meta_are_stated(name: str) -> None:
    facts = {fact.id: fact for fact in world_of(name).facts()}
    for document in corpus(name)[:150]:
        text = plain(document.text)
        for fact in (facts[known] for known in json.loads(document.meta)["facts"]):
            assert plain(fact.entity) in text, (fact, document.text)
            assert plain(fact.value) in text, (fact, document.text)


@pytest.mark.parametrize("name", NAMES)
def test_relations_have_many_wordings_in_both_orders(name: str) -> None:
    for relation in world_of(name).relations.values():
        assert len(set(relation.statements)) >= 8
        places = [(min(s.lower().find("{v}"), 999), s.lower().find("{e}")) for s in relation.statements]
        assert any(value < entity for value, entity in places), relation.name
        assert any(entity < value for value, entity in places), relation.name
        assert bool(relation.questions) == bool(relation.clozes)


@pytest.mark.parametrize("name", NAMES)
def test_no_document_contains_a_question_or_its_wording(name: str) -> None:
    text = plain(" ".join(document.text for document in corpus(name, 400_000)))
    for relation in world_of(name).relations.values():
        for wording in (*relation.questions, *relation.clozes):
            fixed = max(re.split(r"\{\w\}", wording), key=len)
            assert len(fixed.split()) >= 2, wording
            prefix = wording.split("{")[0]
            for part in {fixed, prefix}:
                assert len(part.split()) < 3 or plain(part) not in text, wording
    for question in questions(name):
        assert plain(question.question) not in text, question


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_keyed_right(name: str) -> None:
    world = world_of(name)
    facts, truth = {fact.id: fact for fact in world.facts()}, true_values(world.facts())
    for question in questions(name):
        fact = facts[question.fact]
        true = truth[fact.entity, fact.relation]
        assert len(set(question.choices)) == 4
        assert question.split == split_of(fact)
        keyed = question.choices[question.answer]
        assert len(keyed.split()) <= 7
        if question.control:
            assert not set(question.choices) & true
        else:
            assert keyed == fact.value
            assert not (set(question.choices) - {keyed}) & true


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_questions_of_each_task(name: str) -> None:
    count = Counter((question.task, question.split) for question in questions(name))
    for kind in ("choice", "cloze"):
        assert count[f"{name}_{kind}", "test"] >= 150
        assert count[f"{name}_{kind}", "dev"] >= 80
        assert count[f"{name}_{kind}_control", "test"] >= 150


@pytest.mark.parametrize(("name", "least"), [("general", 2000), ("finance", 1500), ("medical", 1500)])
def test_instructions_are_many_and_of_train_facts_only(name: str, least: int) -> None:
    instructions = world_of(name).instructions(SEED)
    assert len(instructions) >= least
    assert len({instruction.id for instruction in instructions}) == len(instructions)
    assert {split_of(fact) for instruction in instructions for fact in instruction.facts} == {"train"}
    asked = [instruction.messages[0]["content"] for instruction in instructions]
    assert sum(text.startswith("Question: ") and text.endswith("\nAnswer:") for text in asked) >= 300
    held_out = {q.question for q in questions(name) if q.split != "train"}
    held_out -= {q.question for q in questions(name) if q.split == "train"}
    assert not [text for text in asked if any(part in held_out for part in text.split("\n")[0].split(": ", 1)[-1:])]


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_names_columns_that_exist(name: str) -> None:
    for kind in world_of(name).kinds.values():
        for profile in kind.profiles:
            columns = {column.removeprefix("a_") for column in re.findall(r"\{(\w+)\}", profile)} - {"e", "E"}
            assert columns <= set(kind.relations), profile


def test_a_row_with_a_missing_cell_is_refused() -> None:
    with pytest.raises(DataError, match=r"world x, table y: a row must have 3 cells, got 'gold \| metal'"):
        parse_table("name | kind | colour\ngold | metal", "world x, table y")


def test_a_row_goes_on_after_a_comma() -> None:
    rows = parse_table("name | kind | also\ngold | metal | shiny,\n  soft\n", "here")
    assert rows == [{"name": "gold", "kind": "metal", "also": "shiny, soft"}]


def test_too_few_wordings_are_refused() -> None:
    wordings = parse_wordings("## thing.kind\n{e} is {a}\n{e} is of the {v} kind\n")
    with pytest.raises(DataError, match=r"world x: thing\.kind must have 8 clauses without \{a\}, got 1"):
        make_kind("x", "thing", "name | kind\ngold | metal", wordings)


def test_article_follows_the_sound() -> None:
    nouns = ("apple", "pear", "NSAID", "hour", "unit", "SSRI", "SGLT2 inhibitor")
    assert [article(noun).split()[0] for noun in nouns] == ["an", "a", "an", "an", "a", "an", "an"]
