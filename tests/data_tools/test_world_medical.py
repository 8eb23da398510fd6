"""The medical world: enough of each kind, and laboratory values judged right."""

from __future__ import annotations

import random
import re

from data_tools.worlds.composing import Writer
from data_tools.worlds.engine import get_world
from data_tools.worlds.medical import WORLD, case_note, laboratory_report, laboratory_value


def writer(seed: int) -> Writer:
    return Writer(WORLD.kinds, WORLD._facts_due(seed * 12), WORLD.voice, random.Random(seed))


def test_there_are_enough_drugs_and_tests() -> None:
    assert get_world("medical") is WORLD
    assert len(WORLD.kinds["drug"].entities) >= 70
    assert len(WORLD.kinds["lab"].entities) >= 25
    assert len(WORLD.kinds["organ"].entities) >= 40
    assert all(set(entity.facts) == {"class", "indication", "effect"} for entity in WORLD.kinds["drug"].entities)


def test_known_facts() -> None:
    known = {(fact.entity, fact.relation): fact for fact in WORLD.facts()}
    assert known["lisinopril", "drug_effect"].value == "dry cough"
    assert known["sodium", "lab_range"].value == "135 to 145"
    assert known["vitamin C", "vitamin_deficiency"].value == "scurvy"
    assert known["Vibrio cholerae", "pathogen_disease"].value == "cholera"
    assert "heart failure" in known["lisinopril", "drug_indication"].true_values


def test_every_range_rises_and_has_a_unit() -> None:
    for entity in WORLD.kinds["lab"].entities:
        low, high = map(float, entity.facts["range"].value.split(" to "))
        assert low < high
        assert entity.facts["unit"].value


def test_laboratory_values_are_judged_against_their_range() -> None:
    seen = set()
    for seed in range(400):
        hand = writer(seed)
        text = laboratory_value(hand)
        lab = next(e for e in WORLD.kinds["lab"].entities if e.facts["range"].id in hand.page.facts)
        low, high = map(float, lab.facts["range"].value.split(" to "))
        unit = re.escape(lab.facts["unit"].value)
        value = float(re.search(rf"([\d.]+) {unit}", text)[1])  # type: ignore[index]
        verdict = "too low" if value < low else "too high" if value > high else "normal"
        assert re.search(rf"{verdict}[.,]|is {verdict},", text), text
        seen.add(verdict)
    assert seen == {"too low", "too high", "normal"}


def test_a_case_note_is_about_one_drug_and_its_indication() -> None:
    for seed in range(20):
        text = case_note(writer(seed))
        drug = re.search(r"So the doctor chose (.+?)\. ", text)
        problem = re.search(r"The problem was (.+?)\. ", text)
        assert drug
        assert problem
        entity = WORLD.kinds["drug"].by_name[drug[1]]
        assert entity.facts["indication"].value == problem[1]
    assert laboratory_report(writer(1)).count("\n") >= 3
