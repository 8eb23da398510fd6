"""Contamination: what counts as a copied question, and what does not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from data_tools.contamination import OVERLAP_RULES, Examined, OverlapRule, QuestionIndex
from data_tools.shingles import words_of
from data_tools.worlds.engine import get_world
from tests.stages.curation_inputs import prose

LONG = "Which of the following minerals scratches fluorite but is itself scratched by a piece of orthoclase feldspar?"
SHORT = "Which mineral scratches orthoclase feldspar?"


def index(
    *questions: Examined, num_words: int = 13, min_question_words: int = 4, min_coverage: float = 0.0
) -> QuestionIndex:
    return QuestionIndex(questions, OverlapRule(num_words, min_coverage, min_question_words))


def examined(id: str, question: str, choices: str = "apatite talc gypsum calcite", fact: str = "") -> Examined:
    return Examined(id, question, f"{question} {choices}", fact)


def within(copied: str) -> str:
    return f"{prose(1, 3)} {copied} {prose(2, 3)}"


def test_a_long_question_is_found_by_its_runs_with_the_share_of_them() -> None:
    built = index(examined("long", LONG))
    num_words = len(words_of(LONG)) + 4
    match = built.find(within(LONG.upper().replace(" ", "\n")))
    assert match is not None
    assert (match.question, match.rule) == ("long", "ngram13")
    assert match.share == pytest.approx(len(words_of(LONG)) / num_words)
    assert match.overlap == " ".join(words_of(LONG))
    thirteen = " ".join(LONG.split()[:13])
    match = built.find(within(thirteen))
    assert match is not None
    assert match.share == pytest.approx(13 / num_words)
    assert match.overlap == thirteen.lower()
    assert built.find(within(" ".join(LONG.split()[:12]))) is None


def test_a_short_question_is_found_whole_or_not_at_all() -> None:
    built = index(examined("short", SHORT, "topaz"))
    match = built.find(within(f"“{SHORT}” Answer: quartz."))
    assert match is not None
    assert (match.question, match.rule, match.share) == ("short", "whole_question", 1.0)
    assert built.find(within("Which mineral scratches orthoclase and feldspar?")) is None
    assert built.find("") is None


def test_tulu_asks_for_more_than_half_of_the_question() -> None:
    words = LONG.split()
    question = Examined("long", LONG, LONG)
    tulu = QuestionIndex([question], OVERLAP_RULES["tulu3"])
    assert tulu.find(within(" ".join(words[:8]))) is None  # 8 of 17 words
    match = tulu.find(within(" ".join(words[3:12])))
    assert match is not None
    assert (match.rule, match.share, match.overlap) == ("ngram8", 9 / 17, " ".join(words_of(LONG)[3:12]))
    apart = tulu.find(f"{' '.join(words[:8])} and so on {' '.join(words[-8:])}")
    assert apart is not None
    assert apart.share == 16 / 17
    assert apart.overlap == " ".join(words_of(LONG)[:8])


def test_deepseekmath_takes_ten_words_and_short_questions_whole() -> None:
    deepseek = QuestionIndex(
        [examined("long", LONG), examined("three", "Is topaz hard?")], OVERLAP_RULES["deepseekmath"]
    )
    assert deepseek.find(within(" ".join(LONG.split()[:9]))) is None
    match = deepseek.find(within(" ".join(LONG.split()[:10])))
    assert match is not None
    assert match.rule == "ngram10"
    match = deepseek.find(within("is topaz hard"))
    assert match is not None
    assert (match.question, match.rule) == ("three", "whole_question")


def test_an_index_is_the_same_when_it_was_saved_and_read(tmp_path: Path) -> None:
    questions = [examined("long", LONG), examined("short", SHORT, "topaz"), examined("tiny", "Why?", "a")]
    built = index(*questions)
    built.save(tmp_path / "index.npz")
    read = QuestionIndex.load(tmp_path / "index.npz")
    texts = [within(LONG), within(SHORT), within("nothing"), "", f"{SHORT} {LONG}"]
    assert [read.find(text) for text in texts] == [built.find(text) for text in texts]
    assert read.num_stems == built.num_stems
    empty = index()
    empty.save(tmp_path / "empty.npz")
    assert QuestionIndex.load(tmp_path / "empty.npz").find(within(LONG)) is None


def test_the_shortest_questions_are_not_looked_for() -> None:
    three = examined("three", "What is rock?", "a b")
    assert index(three).find("What is rock? What is rock?") is None
    assert index(three, min_question_words=3).find("So what is rock") is not None


def test_a_stem_asked_of_many_facts_identifies_nothing() -> None:
    stems = [examined(f"q{i}", "Which of these is true?", f"a{i} b{i}", f"fact{i}") for i in range(3)]
    built = index(*stems)
    assert built.num_stems == 3
    assert built.find("Which of these is true?") is None
    control = [examined("q", SHORT, "a b", "f"), examined("q_control", SHORT, "c d", "f")]
    match = index(*control).find(within(SHORT))
    assert match is not None
    assert match.question == "q"


def test_the_question_with_the_larger_share_is_named_and_ties_go_to_the_first() -> None:
    first, second = examined("first", LONG), examined("second", f"{LONG} Give the name of one that you know.")
    match = index(second, first).find(within(f"{LONG} apatite talc gypsum calcite"))
    assert match is not None
    assert (match.question, match.share) == ("first", 1.0)
    match = index(examined("a", LONG), examined("b", LONG)).find(within(LONG))
    assert match is not None
    assert match.question == "a"


def test_found_exactly_where_a_plain_search_finds_it() -> None:
    rng = random.Random(3)
    questions = []
    for number in range(60):
        words = words_of(prose(number, 2))
        length = rng.choice([4, 6, 9, 12, 13, 16, 20])
        questions.append(examined(f"q{number}", " ".join(words[:length]), "", f"q{number}"))
    built = index(*questions)
    for number in range(60):
        words = words_of(prose(number, 4))
        start, length = rng.randrange(3), rng.choice([5, 8, 12, 13, 14, 20])
        text = " ".join([*words_of(prose(500 + number, 2)), *words[start : start + length]])
        padded = f" {text} "
        expected = False
        for question in questions:
            asked = words_of(question.whole)
            runs = [asked] if len(asked) < 13 else [asked[i : i + 13] for i in range(len(asked) - 12)]
            expected |= any(f" {' '.join(run)} " in padded for run in runs)
        assert (built.find(text) is not None) == expected


@pytest.mark.parametrize("world", ["geo", "general", "finance", "medical"])
def test_worlds_do_not_contain_their_own_questions(world: str) -> None:
    made = get_world(world)
    questions = [
        Examined(
            question.id,
            f"{question.question} {question.choices[question.answer]}"
            if question.kind == "cloze"
            else question.question,
            " ".join([question.question, *question.choices]),
            question.fact,
        )
        for question in made.questions(0)
    ]
    built = QuestionIndex(questions, OVERLAP_RULES["gpt3"])
    documents = list(made.documents(0, 40_000))
    assert [document.id for document in documents if built.find(document.text)] == []
    short = next(question for question in made.questions(0) if 4 <= len(words_of(question.question)) < 13)
    answer = short.choices[short.answer] if short.kind == "cloze" else ""
    assert built.find(within(f"{short.question} {answer}")) is not None
