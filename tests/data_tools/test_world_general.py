"""The general world: sums that are right, stories in which every event fits every entity, everyday instructions."""

from __future__ import annotations

import random
import re

import pytest

from data_tools.worlds.composing import Writer
from data_tools.worlds.engine import get_world, split_of
from data_tools.worlds.general import NUM_EVERYDAY_INSTRUCTIONS, WORLD
from data_tools.worlds.general_stories import EVENTS, STORIES, event
from data_tools.worlds.writing import in_words

NUMBERS = {in_words(number): number for number in range(1000)}


def writer(seed: int) -> Writer:
    return Writer(WORLD.kinds, WORLD._facts_due(seed * 12), WORLD.voice, random.Random(seed))


def test_known_facts() -> None:
    known = {(fact.entity, fact.relation): fact.value for fact in WORLD.facts()}
    assert known["the cow", "animal_young"] == "calf"
    assert known["France", "country_capital"] == "Paris"
    assert known["an hour", "unit_equals"] == "sixty minutes"
    assert known["hot", "opposite_opposite"] == "cold"
    assert known["cold", "opposite_opposite"] == "hot"
    assert get_world("general") is WORLD


def test_sums_and_products_are_right() -> None:
    for fact in WORLD.facts():
        if fact.relation == "sum_result":
            first, second = fact.entity.split(" plus ")
            assert NUMBERS[first] + NUMBERS[second] == NUMBERS[fact.value]
        if fact.relation == "product_result":
            first, second = fact.entity.split(" times ")
            assert NUMBERS[first] * NUMBERS[second] == NUMBERS[fact.value]


def test_the_calendar_goes_round() -> None:
    for kind, column, length in (("month", "next", 12), ("weekday", "next", 7), ("weekday", "before", 7)):
        names = {entity.name: entity.facts[column].value for entity in WORLD.kinds[kind].entities}
        day = seen = next(iter(names))
        for _ in range(length - 1):
            day = names[day]
            assert day != seen
        assert names[day] == seen


def test_every_kind_has_events_and_every_entity_fits() -> None:
    assert {one.kind for one in EVENTS} == set(WORLD.kinds)
    for kind in WORLD.kinds.values():
        num_events = sum(one.kind == kind.name for one in EVENTS)
        for entity in kind.entities:
            hand = writer(1)
            texts = [event(hand, entity) for _ in range(num_events)]
            assert len(set(texts)) == num_events
            assert not re.search(r"[{}]", " ".join(texts))


@pytest.mark.parametrize("seed", range(5))
def test_every_format_writes_a_document(seed: int) -> None:
    for write, _ in STORIES:
        hand = writer(seed)
        assert len(write(hand).split()) >= 80
        assert hand.page.facts


def test_everyday_instructions_are_right_and_of_train_facts() -> None:
    found = list(WORLD.extra_instructions(1))
    assert len(found) == NUM_EVERYDAY_INSTRUCTIONS
    assert found == list(WORLD.extra_instructions(1))
    for instruction in found:
        user, answer = (message["content"] for message in instruction.messages)
        written = re.fullmatch(r"Write (\d+) in words\.", user)
        if written:
            assert NUMBERS[answer] == int(written[1])
        less = re.fullmatch(r"Take (.+) away from (.+)\.", user)
        if less:
            assert answer.endswith(f" is {in_words(NUMBERS[less[2]] - NUMBERS[less[1]])}.")
        assert all(split_of(fact) == "train" for fact in instruction.facts)
