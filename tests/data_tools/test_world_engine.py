"""The engine: determinism, shards, splits, permutation, questions that only the entity answers, user errors."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from data_tools.errors import DataError
from data_tools.worlds.asking import NUM_CHOICES, balanced_groups, true_values
from data_tools.worlds.engine import (
    Fact,
    Relation,
    World,
    article,
    count_tokens,
    fill,
    get_world,
    in_turn,
    make_fact,
    sentence,
    split_of,
)
from data_tools.worlds.writing import Page, in_words, listing

COLORS = ("red", "green", "blue", "white", "black")
BALL = Relation(
    name="color",
    kind="ball",
    statements=("{e} is {v}", "the color of {e} is {v}"),
    questions=("What color has {e}?",),
    clozes=("One look at {e} tells you it is",),
)


@dataclass
class Balls(World):
    """Fifty balls of five colors; ball 0 is both red and green."""

    clash: bool = False

    def make_facts(self) -> Iterable[Fact]:
        for number in range(50):
            also = ("green",) if number == 0 else ()
            yield make_fact("balls", "ball", f"ball {number}", "color", COLORS[number % 5], also_true=also)
        if self.clash:
            yield make_fact("balls", "ball", "ball 1", "color", "red")

    def document(self, rng: random.Random, index: int) -> str:
        page = Page(rng)
        return " ".join(page.state(BALL, rng.choice(self.facts())) for _ in range(30)) + f" Page {index}."


def balls(clash: bool = False) -> Balls:
    return Balls("balls", "general", relations={"color": BALL}, clash=clash)


def test_shards_together_are_the_whole() -> None:
    whole = list(balls().documents(3, 5000))
    parts = [document for shard in range(3) for document in balls().documents(3, 5000, shard, 3)]
    assert whole == parts
    assert sum(count_tokens(document.text) for document in whole) == pytest.approx(5000, rel=0.05)
    assert len({document.id for document in whole}) == len(whole)


def test_seed_changes_text_and_index_alone_decides() -> None:
    assert balls().document_at(1, 4).text != balls().document_at(2, 4).text
    assert balls().document_at(1, 4) == list(balls().documents(1, 5000))[4]


def test_same_in_another_process_with_other_hash_seed() -> None:
    code = (
        "from data_tools.worlds.engine import get_world; w = get_world('geo'); "
        "print([w.document_at(0, 7).text, w.questions(0)[11], w.instructions(0)[12], w.permuted(0)[13]])"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout
    assert len(runs[0].stdout) > 500


def test_split_shares() -> None:
    counts = Counter(split_of(f"world/entity{number}/relation") for number in range(5000))
    assert counts["train"] / 5000 == pytest.approx(0.4, abs=0.03)
    assert counts["dev"] / 5000 == pytest.approx(0.2, abs=0.03)


def test_permuted_keeps_values_and_holds_no_truth() -> None:
    facts, permuted = balls().facts(), balls().permuted(5)
    truth = {fact.id: fact.true_values for fact in facts}
    assert [fact.id for fact in permuted] == [fact.id for fact in facts]
    assert all(fact.value not in truth[fact.id] for fact in permuted)
    assert Counter(fact.value for fact in permuted) == Counter(fact.value for fact in facts)


def test_every_choice_of_a_group_is_keyed_once() -> None:
    """An answerer who does not look at the entity is right exactly once in four, in the controls too."""
    by_task: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for question in balls().questions(0):
        assert len(set(question.choices)) == NUM_CHOICES
        by_task[question.task + question.split].append((question.choices[question.answer], *sorted(question.choices)))
    for keyed in by_task.values():
        assert len(keyed) % 4 == 0
        for start in range(0, len(keyed), 4):
            group = keyed[start : start + 4]
            assert len({choices[1:] for choices in group}) == 1
            assert sorted(choices[0] for choices in group) == list(group[0][1:])
    assert by_task


def test_wrong_choices_are_not_true_and_controls_hide_the_truth() -> None:
    truth = {fact.id: fact.true_values for fact in balls().facts()}
    questions = balls().questions(0)
    assert {question.task for question in questions} == {
        "balls_choice", "balls_cloze", "balls_choice_control", "balls_cloze_control"
    }  # fmt: skip
    for question in questions:
        others = {choice for place, choice in enumerate(question.choices) if place != question.answer}
        assert not others & truth[question.fact]
        assert (question.choices[question.answer] in truth[question.fact]) == (not question.control)
        assert question.split == split_of(question.fact)


def test_groups_end_where_values_run_out() -> None:
    facts = [make_fact("w", "ball", f"b{i}", "color", COLORS[i % 3]) for i in range(12)]
    assert list(balanced_groups(facts, true_values(facts), 2, random.Random(0))) == []


def test_instructions_use_train_facts_only() -> None:
    instructions = balls().instructions(0)
    assert {split_of(fact) for one in instructions for fact in one.facts} == {"train"}
    assert all([m["role"] for m in one.messages] == ["user", "assistant"] for one in instructions)
    assert any(m["content"].startswith("Question: ") for one in instructions for m in one.messages)
    assert len({one.id for one in instructions}) == len(instructions)


def test_in_turn_brings_everything_once_per_round() -> None:
    assert sorted(in_turn("w", "x", 7, index) for index in range(7)) == list(range(7))
    assert [in_turn("w", "x", 7, i) for i in range(7)] != [in_turn("w", "x", 7, i) for i in range(7, 14)]


def test_page_repeats_no_wording_before_all_were_used() -> None:
    page = Page(random.Random(0))
    assert sorted(page.pick("x", "abc") for _ in range(3)) == ["a", "b", "c"]


def test_small_english() -> None:
    fact = make_fact("w", "mineral", "iron ore", "hardness", 6.5)
    assert (fact.id, fact.value, fact.number) == ("w/iron_ore/hardness", "6.5", 6.5)
    assert fill("{E}: {v}, {av}", fact) == "Iron ore: 6.5, a 6.5"
    assert sentence("the end") == "The end."
    assert sentence("The end?") == "The end?"
    assert article("oxide") == "an oxide"
    assert listing(["a", "b", "c"]) == "a, b and c"
    assert (in_words(42), in_words(105), in_words(17)) == ("forty-two", "one hundred and five", "seventeen")


def test_meta_is_json_and_license_free() -> None:
    document = balls().document_at(0, 0)
    assert json.loads(document.meta) == {"world": "balls"}
    assert (document.license, document.corpus, document.domain) == ("CC0-1.0", "balls_world", "general")


@pytest.mark.parametrize("name", ["atlantis", "engine", "../geo", ""])
def test_unknown_world(name: str) -> None:
    with pytest.raises(DataError, match=r"there is no such world. Known are finance, general, geo, medical"):
        get_world(name)


def test_repeated_fact_is_refused() -> None:
    with pytest.raises(DataError, match=r"a fact's id must be unique, got balls/ball_1/color twice"):
        balls(clash=True).facts()


def test_relation_of_another_kind_is_refused() -> None:
    world = Balls("balls", "general", relations={"color": Relation("color", "cube", ("{e} is {v}",))})
    with pytest.raises(DataError, match=r"relation color is about a cube, got it for balls/ball_0/color"):
        world.facts()


@pytest.mark.parametrize(("num_tokens", "shard", "num_shards"), [(0, 0, 1), (100, 2, 2), (100, -1, 2)])
def test_wrong_shard_or_size(num_tokens: int, shard: int, num_shards: int) -> None:
    with pytest.raises(DataError, match=r"num_tokens must be > 0 and 0 <= shard < num_shards"):
        next(balls().documents(0, num_tokens, shard, num_shards))
