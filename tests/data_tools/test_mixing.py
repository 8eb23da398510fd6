"""The mixture sampler: exact shares, whole permutations, the same on any number of workers."""

from __future__ import annotations

from collections import Counter

import pytest

from data_tools.errors import DataError
from data_tools.mixing import Mixture, permuted


@pytest.mark.parametrize("share", [0.0, 0.01, 1 / 3, 0.5, 0.9237, 1.0])
def test_the_share_is_exact_within_one_sequence_at_every_position(share: float) -> None:
    mixture = Mixture(share, 40, 70, seed=3)
    domain = 0
    for position in range(2000):
        domain += mixture.draw(position).part == "domain"
        assert domain == mixture.num_domain_before(position + 1)
        assert abs(domain - share * (position + 1)) <= 0.5 + 1e-6


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 65, 1000])
def test_a_permutation_visits_every_place_once(size: int) -> None:
    for key in (0, 1, 2**63 + 5):
        assert sorted(permuted(place, size, key) for place in range(size)) == list(range(size))


def test_an_epoch_reads_every_sequence_once_and_the_next_in_another_order() -> None:
    mixture = Mixture(1.0, 50, 0, seed=9)
    draws = [mixture.draw(position) for position in range(150)]
    orders = [[draw.sequence for draw in draws[start : start + 50]] for start in (0, 50, 100)]
    assert [sorted(order) for order in orders] == [list(range(50))] * 3
    assert len({tuple(order) for order in orders}) == 3
    assert [draw.epoch for draw in draws] == [0] * 50 + [1] * 50 + [2] * 50


def test_orders_look_random() -> None:
    """First and last place of 2000 keyed permutations of 10 are near uniform (chi-squared, 9 degrees of freedom)."""
    for place in (0, 9):
        counts = Counter(permuted(place, 10, key) for key in range(2000))
        assert sum((counts[value] - 200) ** 2 / 200 for value in range(10)) < 28  # p = 0.001


def test_seed_and_part_change_the_order() -> None:
    def order(seed: int, part: str) -> list[int]:
        mixture = Mixture(0.5, 100, 100, seed)
        return [draw.sequence for draw in map(mixture.draw, range(200)) if draw.part == part]

    orders = {tuple(order(seed, part)) for seed in (0, 1, 2) for part in ("domain", "general")}
    assert len(orders) == 6
    assert order(1, "domain") == order(1, "domain")


def test_epochs_are_counted() -> None:
    assert Mixture(0.25, 10, 100, 0).epochs(200) == {"domain": 5.0, "general": 1.5}
    assert Mixture(0.0, 0, 100, 0).epochs(200) == {"domain": 0.0, "general": 2.0}


def test_far_positions_need_no_walk() -> None:
    mixture = Mixture(0.3, 10**12, 10**13, 1)
    draw = mixture.draw(10**14)
    assert 0 <= draw.sequence < 10**13


def test_errors_say_what_to_do() -> None:
    with pytest.raises(DataError, match=r"domain_share must be in 0..1, got 1.5"):
        Mixture(1.5, 10, 10, 0)
    with pytest.raises(
        DataError, match=r"the domain part has no training sequence, but its share is 0.5.*set domain_share to 0"
    ):
        Mixture(0.5, 0, 10, 0)
    with pytest.raises(DataError, match=r"the general part has no training sequence.*set domain_share to 1"):
        Mixture(0.5, 10, 0, 0)
