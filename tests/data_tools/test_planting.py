"""The planter: every defect is what its label says, whatever the sharding, and never too many."""

from __future__ import annotations

import ipaddress
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from data_tools.documents import Document
from data_tools.errors import DataError
from data_tools.planting import edits, foreign
from data_tools.planting.edits import AskedQuestion, shingle_jaccard
from data_tools.planting.labels import CAUGHT_BY, IN_PLACE, KINDS, PERSONAL, Label, labels_writer, read_labels
from data_tools.planting.plant import candidates, capped, make_plan, plant, plant_shard
from data_tools.worlds.engine import get_world

QUESTIONS = [
    AskedQuestion("q0", "What is the hardness of quartz?", ("7", "3", "1", "10"), 0),
    AskedQuestion("q1", "The hardness number of talc is", ("7", "3", "1", "10"), 2, cloze=True),
]
Planted = tuple[list[Document], list[Label], dict[str, Document]]


def corpus(num_tokens: int = 60_000, world: str = "geo", seed: int = 0) -> list[Document]:
    return list(get_world(world).documents(seed, num_tokens))


@pytest.fixture(scope="module")
def planted() -> Planted:
    originals = corpus()
    documents, labels = plant(originals, 12, 7, QUESTIONS, corpus(20_000, seed=9))
    return documents, labels, {document.id: document for document in originals}


def of_kind(planted: Planted, kind: str) -> list[tuple[Document, Label]]:
    by_id = {document.id: document for document in planted[0]}
    found = [(by_id[label.id], label) for label in planted[1] if label.kind == kind]
    assert len(found) == 12
    return found


def test_every_kind_as_often_as_asked_and_ids_stay_unique(planted: Planted) -> None:
    documents, labels, originals = planted
    assert Counter(label.kind for label in labels) == dict.fromkeys(KINDS, 12)
    assert len({document.id for document in documents}) == len(documents) == len(originals) + 12 * 5
    assert len({label.id for label in labels}) == len(labels)
    assert all(label.stage == CAUGHT_BY[label.kind] for label in labels)


def test_all_else_is_untouched(planted: Planted) -> None:
    documents, labels, originals = planted
    changed = {label.id for label in labels}
    assert all(document == originals[document.id] for document in documents if document.id not in changed)
    in_place = {label.id for label in labels if label.kind in IN_PLACE}
    assert all(id in originals for id in in_place)


def test_exact(planted: Planted) -> None:
    for document, label in of_kind(planted, "exact"):
        assert document.text == planted[2][label.of].text
        assert label.severity == 1.0


def test_near_carries_its_exact_similarity(planted: Planted) -> None:
    similarities = []
    for document, label in of_kind(planted, "near"):
        assert document.text != planted[2][label.of].text
        assert label.severity == pytest.approx(shingle_jaccard(document.text, planted[2][label.of].text), abs=1e-6)
        similarities.append(label.severity)
        assert json.loads(label.detail)["rate"] in edits.NEAR_RATES
    assert max(similarities) > 0.9
    assert min(similarities) < 0.2


def test_cross_copies_another_corpus(planted: Planted) -> None:
    others = {document.id: document for document in corpus(20_000, seed=9)}
    similar = []
    for document, label in of_kind(planted, "cross"):
        assert label.severity == pytest.approx(shingle_jaccard(document.text, others[label.of].text), abs=1e-6)
        assert document.source.startswith("planted/cross")
        similar.append(label.severity)
    assert similar.count(1.0) == 6
    assert min(similar) > 0.5


def test_mojibake_is_repaired_by_ftfy(planted: Planted) -> None:
    from ftfy import fix_encoding

    for document, label in of_kind(planted, "mojibake"):
        detail = json.loads(label.detail)
        assert "Ã" in document.text or "â" in document.text
        assert not any(word in document.text for word in detail["lost"])
        repaired = "\n".join(fix_encoding(line) for line in document.text.split("\n"))
        assert sum(word in repaired for word in detail["lost"]) >= 0.8 * len(detail["lost"])
        assert 0 < label.severity < 0.5


def test_truncation_ends_inside_a_sentence(planted: Planted) -> None:
    for document, label in of_kind(planted, "truncation"):
        original = planted[2][document.id].text
        assert " ".join(original.split()).startswith(document.text)
        assert not document.text.endswith((".", "!", "?"))
        assert edits.MIN_WORDS_LEFT - 3 <= len(document.text.split()) <= edits.MAX_WORDS_LEFT
        assert label.severity == pytest.approx(len(document.text.split()) / len(original.split()), abs=1e-6)


def test_personal_data_is_in_the_text_and_invented(planted: Planted) -> None:
    for kind in PERSONAL:
        for document, label in of_kind(planted, kind):
            (datum,) = json.loads(label.detail)["planted"]
            assert datum in document.text
            assert datum not in planted[2][document.id].text
            if kind == "email":
                assert datum.endswith(".example")
            elif kind == "phone":
                assert "555" in datum
            elif kind == "ssn":
                assert re.fullmatch(r"[1-5]\d\d-\d\d-\d{4}", datum)
            elif kind == "card":
                digits = [int(digit) for digit in datum if digit.isdigit()]
                assert len(digits) == 16
                assert sum(sum(divmod(digit * 2, 10)) for digit in digits[::2]) % 10 == -sum(digits[1::2]) % 10
            elif kind == "iban":
                plain = datum.replace(" ", "")
                assert int("".join(str(int(character, 36)) for character in plain[4:] + plain[:4])) % 97 == 1
            else:
                assert ipaddress.ip_address(datum).is_global


def test_boilerplate_surrounds_the_text(planted: Planted) -> None:
    for document, label in of_kind(planted, "boilerplate"):
        lines = json.loads(label.detail)["planted"]
        assert document.text == "\n".join([*lines[:2], planted[2][document.id].text, *lines[2:]])
        assert 0 < label.severity < 0.5


def test_words_are_broken_over_lines(planted: Planted) -> None:
    for document, label in of_kind(planted, "hyphenation"):
        lost = json.loads(label.detail)["lost"]
        assert 1 <= len(lost) <= 5
        assert not any(word in document.text for word in lost)
        assert document.text.replace("-\n", "").split() == planted[2][document.id].text.split()


def test_in_a_text_set_in_lines_words_are_broken_at_line_ends() -> None:
    words = [f"w{number}" if number % 3 else f"sedimentary{chr(97 + number // 26)}{chr(97 + number % 26)}"
             for number in range(600)]  # fmt: skip
    text = "\n".join(" ".join(words[begin : begin + 6]) for begin in range(0, 600, 6))
    text = text.replace("w5\n", "wa\n").replace("\nsed", " and\nsed")
    broken, lost = edits.break_words(text, random.Random(0))
    assert len(lost) == 99 // 12
    assert not any(word in broken for word in lost)
    assert broken.count("\n") == text.count("\n")
    assert all(
        any(line.endswith(f" {word[:i]}-") for i in range(3, 11) for line in broken.split("\n")) for word in lost
    )


def test_pages_have_a_running_title_and_numbers_that_rise(planted: Planted) -> None:
    for document, label in of_kind(planted, "page_furniture"):
        title, *numbers = json.loads(label.detail)["planted"]
        lines = document.text.split("\n")
        assert lines.count(title) == len(numbers) >= 4
        assert [line for line in lines if line in numbers] == numbers
        own = " ".join(line for line in lines if line not in (title, *numbers))
        assert own.split() == planted[2][document.id].text.split()


def test_lost_references_are_put_before_full_stops(planted: Planted) -> None:
    for document, label in of_kind(planted, "lost_reference"):
        text = document.text
        stumps = json.loads(label.detail)["planted"]
        assert 1 <= len(stumps) <= 3
        for stump in stumps:
            assert f" {stump}." in text
            text = text.replace(f" {stump}.", ".", 1)
        assert text == planted[2][document.id].text


def test_questions_are_copied_with_their_answers(planted: Planted) -> None:
    asked = {question.id: question for question in QUESTIONS}
    for document, label in of_kind(planted, "question"):
        question = asked[label.of]
        assert question.question in document.text
        assert question.choices[question.answer] in document.text[document.text.index(question.question) :]


def test_wrong_language_and_gibberish_are_no_english(planted: Planted) -> None:
    from data_tools.language import common_pair_share, identify

    languages = set()
    for document, label in of_kind(planted, "wrong_language"):
        language = json.loads(label.detail)["language"]
        assert identify(document.text).is_other_than("en")
        languages.add(language)
    assert languages == set(foreign.LANGUAGES)
    for document, label in of_kind(planted, "gibberish"):
        assert len(document.text.split()) >= 80
        if json.loads(label.detail)["form"] != "symbols":
            assert common_pair_share(document.text.split()) < 0.7


@pytest.mark.parametrize("operation", ["replace", "drop", "swap"])
def test_rate_is_the_share_of_changed_words(operation: str) -> None:
    text = " ".join(f"word{number}" for number in range(400))
    changed = edits.change_words(text, 0.05, operation, random.Random(0))
    words = changed.split()
    if operation == "drop":
        assert len(words) == 380
    else:
        differing = sum(a != b for a, b in zip(text.split(), words, strict=True))
        assert differing == 20 if operation == "replace" else 20 < differing <= 40


def test_jaccard_by_hand() -> None:
    """Six words against six with another last one: one shared shingle of three."""
    assert shingle_jaccard("a b c d e f", "a b c d e g") == pytest.approx(1 / 3)
    assert shingle_jaccard("A, b.", "a b") == 1.0
    assert shingle_jaccard("", "") == 0.0


def test_same_whatever_the_sharding(planted: Planted) -> None:
    originals = list(planted[2].values())
    drawn = [candidates([(d.id, d.text) for d in part], 7, 500)[0] for part in (originals[:100], originals[100:])]
    plan = make_plan([pair for part in drawn for pair in part], len(originals), dict.fromkeys(KINDS, 12), 1.0, [], 2)
    sharded = [
        (document, label)
        for part in (originals[100:], originals[:100])
        for document, label, _ in plant_shard(part, plan.slots, 7, QUESTIONS)
    ]
    labels = {label for _, label in sharded if label}
    own = {label for label in planted[1] if label.kind not in ("cross", "gibberish", "wrong_language")}
    assert labels == own
    by_id = {document.id: document for document in planted[0]}
    assert all(by_id[document.id] == document for document, _ in sharded)


def test_cross_copies_what_the_same_seed_leaves_alone_elsewhere() -> None:
    """The original of a cross duplicate must not be truncated or otherwise changed by its own corpus's planting."""
    geo, medical = corpus(20_000), corpus(60_000, "medical")
    copied = {label.of for label in plant(geo, {"cross": 20}, 3, others=medical)[1]}
    changed = {label.id for label in plant(medical, dict.fromkeys(IN_PLACE, 5), 3)[1]}
    assert len(copied) == 20
    assert not copied & changed


def test_seed_changes_the_choice() -> None:
    documents = corpus(20_000)
    chosen = [{label.id for label in plant(documents, {"truncation": 5}, seed)[1]} for seed in (0, 1)]
    assert chosen[0] != chosen[1]


def test_cap_shrinks_every_kind_alike() -> None:
    assert capped({"exact": 300, "near": 100}, 1000, 0.2) == {"exact": 150, "near": 50}
    assert capped({"exact": 3}, 1000, 0.2) == {"exact": 3}
    documents = corpus(20_000)
    labels = plant(documents, 40, 0, QUESTIONS, max_share=0.2)[1]
    assert 0 < len(labels) <= 0.2 * len(documents)


def test_short_documents_are_left_alone_and_missing_inputs_plant_nothing() -> None:
    short = [Document(str(i), "A short text of a few words.", "c", "general") for i in range(50)]
    labels = plant(short, 2, 0)[1]
    assert {label.kind for label in labels} == {"gibberish", "wrong_language"}


def test_labels_survive_the_disk(planted: Planted, tmp_path: Path) -> None:
    with labels_writer(tmp_path) as writer:
        for label in planted[1]:
            writer.write(label)
    assert list(read_labels(tmp_path)) == planted[1]


def test_errors() -> None:
    with pytest.raises(DataError, match="there are no documents, got an empty list"):
        plant([], 3, 0)
    with pytest.raises(DataError, match=r"unknown kind of defect, got typos\. Known are exact, near"):
        plant(corpus(5000), {"typos": 3}, 0)
