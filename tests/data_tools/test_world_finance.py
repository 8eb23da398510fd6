"""The finance world: numbers that add up, and facts that a reader can check."""

from __future__ import annotations

import random
import re

from data_tools.worlds.engine import get_world
from data_tools.worlds.finance import (
    WORLD,
    balance_sheet,
    cash_flow,
    company_report,
    draw_books,
    exercise,
    income_statement,
    worked_ratio,
)


def writer(seed: int):  # type: ignore[no-untyped-def]
    from data_tools.worlds.composing import Writer

    return Writer(WORLD.kinds, WORLD._facts_due(seed * 12), WORLD.voice, random.Random(seed))


def test_at_least_sixty_entities_have_four_relations() -> None:
    entities = [entity for kind in WORLD.kinds.values() for entity in kind.entities]
    assert sum(len(entity.facts) >= 4 for entity in entities) >= 60
    assert get_world("finance") is WORLD


def test_known_facts() -> None:
    known = {(fact.entity, fact.relation): fact.value for fact in WORLD.facts()}
    assert known["Japan", "country_currency"] == "yen"
    assert known["the current ratio", "ratio_bottom"] == "current liabilities"
    assert known["goodwill", "account_group"] == "intangible assets"
    assert known["a treasury bill", "instrument_issuer"] == "government"


def test_books_balance_and_leave_a_profit() -> None:
    for seed in range(300):
        books = draw_books(random.Random(seed))
        assert books.assets == books.payables + books.loans + books.equity
        assert books.equity > 0
        assert books.net_profit > 0
        assert books.revenue - books.cost - books.overheads - books.interest - books.tax == books.net_profit


def test_statements_as_printed_add_up() -> None:
    for seed in range(100):
        books, hand = draw_books(random.Random(seed)), writer(seed)
        together = re.search(r"(\d+) plus (\d+) plus (\d+), which makes (\d+)", " ".join(balance_sheet(hand, books)))
        assert together
        a, b, c, total = map(int, together.groups())
        assert a + b + c == total
        gross = re.search(r"Gross profit was (\d+) less (\d+), or (\d+)", " ".join(income_statement(hand, books)))
        assert gross
        a, b, c = map(int, gross.groups())
        assert a - b == c
        flow = re.search(r"(\d+) plus (\d+) less (\d+) less (\d+), which is (\d+)", " ".join(cash_flow(hand, books)))
        assert flow
        a, b, c, d, e = map(int, flow.groups())
        assert a + b - c - d == e


def test_worked_ratios_are_right_to_the_last_printed_digit() -> None:
    found = 0
    for seed in range(200):
        text = worked_ratio(writer(seed), draw_books(random.Random(seed)))
        numbers = re.search(r"of (\d+)[ ,]+divide(?:d|) (?:it )?by .*?of (\d+)\D.*about ([\d.]+) (times|percent)", text)
        if numbers is None:
            continue
        top, bottom, result = float(numbers[1]), float(numbers[2]), float(numbers[3])
        exact = top / bottom * (100 if numbers[4] == "percent" else 1)
        assert abs(exact - result) <= (0.5 if numbers[4] == "percent" else 0.05) + 1e-9
        found += 1
    assert found >= 50


def test_interest_exercises_are_right() -> None:
    found = 0
    for seed in range(60):
        for text in exercise(writer(seed)).splitlines():
            loan = re.search(
                r"A loan of (\d+) at (\d+) percent .* for (\d+) years\..* cost (\d+), and (\d+) is due", text
            )
            if loan:
                amount, rate, years, cost, total = map(int, loan.groups())
                assert amount * rate * years == 100 * cost
                assert amount + cost == total
                found += 1
    assert found >= 20


def test_a_company_report_notes_its_facts() -> None:
    hand = writer(3)
    text = company_report(hand)
    assert hand.page.facts
    assert len(text.split()) >= 80
