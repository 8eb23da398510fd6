"""Calibration: distributions per corpus, limits at three standard deviations, and documents on either side."""

from __future__ import annotations

import statistics

import pytest
import yaml

from data_tools.calibration import NUM_BINS, NUM_NEAR, calibrate, limits_yaml
from data_tools.documents import Document
from data_tools.rules import LIMITS, get_rules
from tests.stages.curation_inputs import document, prose

DOCUMENTS = [document(f"p{i}", prose(i, 3 + i % 5), "papers") for i in range(60)] + [
    document("notes", "\n".join(f"- {prose(i, 1)}" for i in range(8)), "notes"),
    document("blank", " \n", "notes"),
]


def text_of(document: Document) -> str:
    return document.text


def test_every_corpus_and_rule_is_measured_with_mean_and_three_sigma() -> None:
    found = calibrate(lambda: DOCUMENTS, text_of, get_rules("geo"))
    assert list(found) == ["notes", "papers"]
    assert [one.rule for one in found["papers"]] == list(LIMITS)
    by_name = {one.rule.name: one for one in found["papers"]}
    sentences = by_name["c4.min_sentences"]
    counts = [3 + i % 5 for i in range(60)]
    assert sentences.mean == pytest.approx(statistics.fmean(counts))
    assert sentences.deviation == pytest.approx(statistics.pstdev(counts))
    assert sentences.proposed == pytest.approx(max(sentences.mean - 3 * sentences.deviation, 0), rel=1e-2)
    assert sentences.beyond == {"published": 24 / 60, "profile": 0.0, "proposed": 0.0}
    assert sum(sentences.histogram[0]) == 60
    assert len(sentences.histogram[1]) == NUM_BINS + 1
    assert by_name["c4.max_curly_brackets"].limit is None
    (bullets,) = [one for one in found["notes"] if one.rule.measure == "bullet_line_share"]
    assert (bullets.mean, bullets.beyond["published"]) == (1.0, 1.0)


def test_documents_nearest_to_a_limit_are_shown_on_both_sides() -> None:
    found = calibrate(lambda: DOCUMENTS, text_of, get_rules("geo", {"c4.min_sentences": 5}))
    (sentences,) = [one for one in found["papers"] if one.rule.name == "c4.min_sentences"]
    near = sentences.near["profile"]
    assert [(one.value, one.is_inside) for one in near] == [(4.0, False)] * NUM_NEAR + [(5.0, True)] * NUM_NEAR
    texts = {one.id: one.text for one in DOCUMENTS}
    assert all(texts[one.id].startswith(one.head) and one.source == f"{one.id}.txt" for one in near)


def test_proposals_can_be_pasted_into_a_recipe() -> None:
    found = calibrate(lambda: DOCUMENTS[:60], text_of, get_rules("geo"))
    limits = yaml.safe_load(limits_yaml(found))["limits"]
    both = calibrate(lambda: DOCUMENTS, text_of, get_rules("geo"))
    assert [list(each) for each in yaml.safe_load_all(limits_yaml(both))] == [["limits"]] * 2  # a document per corpus
    assert list(limits) == [rule.name for rule in LIMITS]
    assert get_rules("geo", limits).limits["c4.min_sentences"] == limits["c4.min_sentences"]


def test_a_proposal_is_rounded_away_from_the_documents() -> None:
    """One document: it is the mean, and lies on the proposal; no limit made from it may take it."""
    for number in range(20):
        found = calibrate(lambda number=number: [document("a", prose(number, 7))], text_of, get_rules("geo"))
        for one in found["rocks"]:
            assert one.beyond["proposed"] == 0.0, one.rule.name
            assert one.num_documents == 1


def test_a_sample_can_be_asked_for_and_nothing_gives_nothing() -> None:
    found = calibrate(lambda: DOCUMENTS, text_of, get_rules("geo"), max_documents=10)
    assert list(found) == ["papers"]
    assert sum(found["papers"][0].histogram[0]) == 10
    assert calibrate(lambda: [], text_of, get_rules("geo")) == {}
