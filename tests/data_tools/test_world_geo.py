"""The geo world: what its documents must be, and that its questions are asked in words of their own."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict

import pytest

from data_tools.documents import Document
from data_tools.planting.edits import shingle_jaccard
from data_tools.worlds.engine import Question, count_tokens, get_world, split_of
from data_tools.worlds.geo_facts import MINERALS
from data_tools.worlds.geo_wordings import RELATIONS

NUM_TOKENS = 400_000


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """The whole corpus: it is written in about half a second."""
    return list(get_world("geo").documents(0, NUM_TOKENS))


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return get_world("geo").questions(0)


def test_size_and_length(documents: list[Document]) -> None:
    assert sum(count_tokens(document.text) for document in documents) >= NUM_TOKENS
    lengths = [len(document.text.split()) for document in documents]
    assert min(lengths) >= 80
    assert max(lengths) <= 420


def test_most_sentences_are_distinct(documents: list[Document]) -> None:
    sentences = [one for document in documents for one in re.split(r"(?<=[.!?])\"?\s+", document.text)]
    assert len(set(sentences)) / len(sentences) >= 0.8


def test_natural_near_duplicates_are_rare(documents: list[Document]) -> None:
    """Pairs are found by a shared rare shingle; no pair may reach a Jaccard similarity of 0.5."""
    texts = [document.text for document in documents[:600]]
    places: dict[str, set[int]] = defaultdict(set)
    for place, text in enumerate(texts):
        words = text.lower().split()
        for start in range(len(words) - 4):
            places[" ".join(words[start : start + 5])].add(place)
    shared: Counter[tuple[int, int]] = Counter()
    for found in places.values():
        if 1 < len(found) <= 10:
            shared.update((a, b) for a in found for b in found if a < b)
    most = [shingle_jaccard(texts[a], texts[b]) for (a, b), _ in shared.most_common(50)]
    assert max(most) < 0.5


def test_every_fact_is_in_fifteen_documents(documents: list[Document]) -> None:
    counts = Counter(id for document in documents for id in json.loads(document.meta)["facts"])
    facts = get_world("geo").facts()
    assert min(counts[fact.id] for fact in facts) >= 15
    assert set(counts) == {fact.id for fact in facts}


def test_noted_facts_are_in_the_text(documents: list[Document]) -> None:
    facts = {fact.id: fact for fact in get_world("geo").facts()}
    for document in documents[:200]:
        text = document.text.lower()
        for id in json.loads(document.meta)["facts"]:
            assert facts[id].entity.lower() in text
            assert facts[id].value.lower() in text


def test_tables_hold_what_was_asked_for() -> None:
    assert len(MINERALS.strip().splitlines()) >= 60
    facts = get_world("geo").facts()
    kinds = Counter(fact.kind for fact in facts)
    assert set(kinds) == {"mineral", "rock", "time", "boundary"}
    known = {(fact.entity, fact.relation): fact.value for fact in facts}
    assert known["quartz", "hardness"] == "7"
    assert known["halite", "crystal_system"] == "cubic"
    assert known["the Jurassic Period", "start"] == "201.4"
    assert known["the San Andreas Fault", "boundary_type"] == "transform fault"


def test_time_scale_is_consistent() -> None:
    facts = {(fact.entity, fact.relation): fact for fact in get_world("geo").facts() if fact.kind == "time"}
    number = {key: fact.number or 0.0 for key, fact in facts.items() if key[1] in ("start", "end")}
    for (entity, relation), fact in facts.items():
        if relation == "part_of":
            outer = fact.value
            assert number[outer, "start"] >= number[entity, "start"]
            assert number.get((outer, "end"), 0.0) <= number.get((entity, "end"), 0.0)
        if relation == "end":
            assert number[entity, "start"] > number[entity, "end"]


def test_at_least_eight_wordings_with_the_value_on_either_side() -> None:
    for relation in RELATIONS.values():
        assert len(set(relation.statements)) >= 8, relation.name
        before = [one for one in relation.statements if re.search(r"\{a?v\}.*\{e\}", one)]
        assert 1 <= len(before) < len(relation.statements), relation.name


def test_questions_are_many_and_split_by_fact(questions: list[Question]) -> None:
    counts = Counter((question.task, question.split) for question in questions)
    for task in ("geo_choice", "geo_cloze", "geo_choice_control", "geo_cloze_control"):
        assert counts[task, "test"] >= 150
        assert counts[task, "dev"] >= 80
    assert all(question.split == split_of(question.fact) for question in questions)
    assert all(len(choice.split()) <= 10 for question in questions for choice in question.choices)


def test_no_document_asks_or_completes_a_question(documents: list[Document], questions: list[Question]) -> None:
    """Neither a question's text nor a 13-gram of it with any choice is in a document."""
    corpus = "\n".join(document.text.lower() for document in documents)
    assert not [question.question for question in questions if question.question.lower() in corpus]
    grams = set()
    for document in documents:
        words = re.findall(r"[a-z0-9.]+", document.text.lower())
        grams.update(tuple(words[start : start + 13]) for start in range(len(words) - 12))
    for question in questions:
        for choice in question.choices:
            words = re.findall(r"[a-z0-9.]+", f"{question.question} {choice}".lower())
            assert not any(tuple(words[start : start + 13]) in grams for start in range(len(words) - 12))


def test_no_document_uses_a_question_template(documents: list[Document]) -> None:
    corpus = "\n".join(document.text for document in documents)
    for relation in RELATIONS.values():
        for template in (*relation.questions, *relation.clozes):
            pattern = re.escape(template).replace(re.escape("{e}"), r"(the )?[\w -]{3,40}?")
            assert not re.search(pattern, corpus), template


def test_instructions(questions: list[Question]) -> None:
    instructions = get_world("geo").instructions(0)
    assert len(instructions) >= 1500
    assert {split_of(fact) for one in instructions for fact in one.facts} == {"train"}
    asked = [one.messages[0]["content"] for one in instructions]
    for lead in ("Question: ", "Complete the sentence", "Which mineral is harder", "Name some", "Define", "Summarize"):
        assert any(text.startswith(lead) for text in asked), lead
    held_out = {question.question for question in questions if question.split == "test"}
    assert not any(text in held_out for text in asked)


def test_published_rules_keep_the_documents(documents: list[Document]) -> None:
    from data_tools.quality import QualityRules
    from data_tools.rules import get_rules

    sample = documents[:150]
    for profile, least in (("geo", 0.98), ("web", 0.75)):
        rules = QualityRules(get_rules(profile))
        kept = [document for document in sample if not rules.judge(document.text).rule]
        assert len(kept) / len(sample) >= least, profile
