"""Near duplicates: buckets, pairs and decisions against the definition."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from data_tools.components import Components
from data_tools.dedup import candidates, comparing, deciding
from data_tools.dedup.candidates import PAIR, Buckets, key_ranges, spanning_forest
from data_tools.dedup.collection import Order
from data_tools.dedup.comparing import Limits
from data_tools.dedup.scheme import Scheme
from data_tools.dedup.segment import band_keys
from data_tools.documents import Document
from data_tools.errors import DataError
from data_tools.signatures import Signer, catch_probability
from tests.data_tools.dedup_inputs import changed, defined, outcome, plain_jaccard, segments_of
from tests.stages.curation_inputs import document, prose


def families(num: int, rates: tuple[float, ...] = (0, 0.01, 0.02, 0.03, 0.05, 0.08), seed: int = 5) -> list[Document]:
    made = [
        document(f"f{family:03}r{place}", f"{changed(prose(family, 8), rate, family)} end {place}")
        for family in range(num)
        for place, rate in enumerate(rates)
    ]
    random.Random(seed).shuffle(made)
    return made


def test_decisions_equal_the_definition(tmp_path: Path) -> None:
    documents = families(25)
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    gone, _ = defined(documents)
    assert {id: copy for id, (copy, _) in found.copies.items()} == {id: copy for id, (copy, _) in gone.items()}
    assert 25 < len(gone) < 125
    for id, (_, similarity) in found.copies.items():
        assert similarity == pytest.approx(gone[id][1])


def test_relatives_share_a_group(tmp_path: Path) -> None:
    """Links are estimates: those well above the limit are there, those well below it are not."""
    documents = families(25, (0, 0.03, 0.08, 0.12, 0.16))
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents)).groups
    _, sure = defined(documents, group_threshold=0.62)
    _, possible = defined(documents, group_threshold=0.38)
    for one, other in itertools.combinations(sorted(found), 2):
        if sure[one] == sure[other]:
            assert found[one] == found[other]
        if found[one] == found[other]:
            assert possible[one] == possible[other]
    assert len(set(possible.values())) < len(set(found.values())) < len(set(sure.values()))


@pytest.mark.parametrize("seed", range(4))
def test_nothing_depends_on_shards_segments_ranges_rounds_or_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    documents = families(12)
    expected = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    random.Random(seed).shuffle(documents)
    monkeypatch.setattr(candidates, "FULL_SIZE", 2 + seed)
    monkeypatch.setattr(candidates, "PAIRS_AT_ONCE", 5)
    monkeypatch.setattr(candidates, "CODES_AT_ONCE", 7)
    monkeypatch.setattr(comparing, "TEXT_BYTES_AT_ONCE", 3_000)
    monkeypatch.setattr(deciding, "DOCUMENTS_PER_RANGE", 10 + seed)
    monkeypatch.setattr(deciding, "BANDS_PER_TASK", 1 + seed)
    segments = segments_of(tmp_path / "other", documents, num_shards=5, num_segments=1 + seed)
    found = outcome(tmp_path / "other_work", segments)
    assert (found.copies, found.groups, found.kept) == (expected.copies, expected.groups, expected.kept)


def test_there_is_no_chaining(tmp_path: Path) -> None:
    """B resembles A, C resembles B but not A: B goes, C stays."""
    a = prose(1, 20).split()
    b = a[26:] + prose(2, 2).split()
    c = b[26:] + prose(3, 2).split()
    texts = [" ".join(words) for words in (a, b, c)]
    assert plain_jaccard(texts[0], texts[1]) >= 0.8 > plain_jaccard(texts[0], texts[2])
    assert plain_jaccard(texts[1], texts[2]) >= 0.8
    documents = [document(name, text, name) for name, text in zip("abc", texts, strict=True)]
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents), Order(("a", "b", "c")))
    assert {id: copy for id, (copy, _) in found.copies.items()} == {"b": "a"}
    assert found.groups == {"a": "a", "b": "a", "c": "a"}


def test_copies_cost_a_few_pairs_each_not_all_pairs(tmp_path: Path) -> None:
    """Two thousand copies, each with a number of its own: one stays, after a pair or less for each band and copy."""
    text = prose(1, 30)
    documents = [document(f"c{number:04}", f"{text} Number {number:04} here.") for number in range(2_000)]
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents, num_shards=2))
    assert found.kept == {"c0000"}
    assert {copy for copy, _ in found.copies.values()} == {"c0000"}
    assert found.decided.num_candidates < 25 * len(documents)  # and not a thousand times as many


def test_a_large_bucket_of_texts_that_are_no_copies_is_compared_whole(tmp_path: Path) -> None:
    """Forty texts share half of their words, and so many buckets; none is a copy of another, and four copies are."""
    shared = prose(1, 8)
    documents = [document(f"t{number:02}", f"{shared} {prose(100 + number, 8)}") for number in range(40)]
    documents += [document(f"copy{number}", f"{documents[number * 9].text} So.") for number in range(4)]
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    gone, _ = defined(documents)
    assert {id: copy for id, (copy, _) in found.copies.items()} == {id: copy for id, (copy, _) in gone.items()}
    assert len(gone) == 4
    assert found.decided.num_rounds >= 3


def test_pages_of_one_template_are_linked_by_few_pairs(tmp_path: Path) -> None:
    """A hundred pages of one template share a group; not 4,950 pairs but one a page and task hold it together."""
    template = prose(1, 12)
    documents = [document(f"t{number:03}", f"{template} {prose(100 + number, 4)}") for number in range(100)]
    documents.append(document("copy", f"{documents[7].text} So."))
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    assert {id: copy for id, (copy, _) in found.copies.items()} == {"t007": "copy"}
    assert len(set(found.groups.values())) == 1
    pairs = [len(np.load(path)) for path in (tmp_path / "work").glob("round*/*.pairs.npy")]
    assert found.decided.num_candidates > 4_950
    assert sum(pairs) < 4_950
    assert max(pairs) < 130


def test_a_spanning_forest_links_the_same_documents_by_the_most_similar_pairs() -> None:
    rng = np.random.default_rng(2)
    pairs = np.zeros(3_000, dtype=list(PAIR))
    pairs["earlier"] = rng.integers(0, 900, 3_000)
    pairs["later"] = pairs["earlier"] + rng.integers(1, 40, 3_000)
    pairs["estimate"] = rng.uniform(0.5, 0.7, 3_000)
    pairs = pairs[np.unique(pairs[["later", "earlier"]], return_index=True)[1]]
    forest = spanning_forest(np.concatenate([pairs, pairs[:100]]))
    whole, few = Components.of(1_000), Components.of(1_000)
    best = 0.0
    for later, earlier, estimate in sorted(pairs.tolist(), key=lambda row: -row[2]):
        if whole.find(later) != whole.find(earlier):
            whole.join(later, earlier)
            best += estimate
    for row in forest.tolist():
        assert few.find(row[0]) != few.find(row[1])
        few.join(row[0], row[1])
    assert list(map(whole.find, range(1_000))) == list(map(few.find, range(1_000)))
    assert forest["estimate"].sum() == pytest.approx(best)
    known = {(later, earlier): estimate for later, earlier, estimate in pairs.tolist()}
    assert all(known[later, earlier] == pytest.approx(estimate) for later, earlier, estimate in forest.tolist())
    assert len(spanning_forest(pairs[:0])) == 0


def test_an_estimate_that_was_too_high_costs_no_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a margin many pairs are taken for duplicates that are none: the exact similarity brings them back.

    In large buckets, too, which are paired round by round, and where what goes is not paired any more.
    """
    documents = []
    for family, own in itertools.product(range(20), range(8)):
        text = changed(prose(family, 8), 0.0115, 100 * family + own)
        documents.append(document(f"one{family:02}{own}", f"{text} and so on"))
        documents.append(document(f"two{family:02}{own}", changed(text, 0.015, 9_000 + 100 * family + own)))
    monkeypatch.setattr(comparing, "DEVIATIONS", 0.0)
    segments = segments_of(tmp_path, documents, scheme=Scheme(num_hashes=64, bands=2, rows=1))
    texts = {one.id: one.text for one in documents}
    results = []
    for full_size in (1_000, 17, 1):
        monkeypatch.setattr(candidates, "FULL_SIZE", full_size)
        results.append(outcome(tmp_path / f"work{full_size}", segments))
    for found in results:
        assert found.kept == results[0].kept
        assert 100 < len(found.copies) < 150
        for id, (copy, similarity) in found.copies.items():
            assert similarity == pytest.approx(plain_jaccard(texts[id], texts[copy]))
            assert similarity >= 0.8
    assert [found.decided.num_rounds for found in results] == [1, 4, 4]


def test_texts_without_words_share_no_bucket(tmp_path: Path) -> None:
    documents = [document(f"d{mark}", mark * 9) for mark in ".!?-"] + [document("word", "Rock"), document("none", "")]
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    assert len(found.kept) == 6
    assert found.decided.num_candidates == 0


def test_nothing_and_a_single_document(tmp_path: Path) -> None:
    assert outcome(tmp_path / "w0", segments_of(tmp_path / "none", [])).kept == set()
    assert outcome(tmp_path / "w1", segments_of(tmp_path / "one", [document("a", prose(1))])).kept == {"a"}


def test_local_decisions_do_not_see_other_corpora(tmp_path: Path) -> None:
    text = prose(1, 12)
    documents = [
        document("a1", f"{text} One.", "a"), document("a2", f"{text} Two.", "a"),
        document("b1", f"{text} Six.", "b"), document("c1", prose(5, 12), "c"),
    ]  # fmt: skip
    found = outcome(tmp_path / "work", segments_of(tmp_path, documents))
    assert found.kept == {"a1", "c1"}
    alone = {id for id, gone in zip(found.by_rank(), found.decided.local_gone.tolist(), strict=True) if gone}
    assert alone == {"a2"}


def test_limits_of_estimates() -> None:
    limits = Limits(0.8, 0.5)
    assert limits.margin(256) == pytest.approx(0.1)
    assert limits.least(256) == 0.5
    assert Limits(0.8, 0.8).least(256) == pytest.approx(0.7)


def test_buckets_are_shared_exactly_where_a_band_agrees() -> None:
    signatures = np.random.default_rng(3).integers(0, 3, (60, 12), dtype=np.uint32)
    scheme = Scheme(num_hashes=12, bands=4, rows=3)
    for band in range(4):
        keys = band_keys(signatures, scheme, band)
        own = signatures[:, 3 * band : 3 * band + 3]
        for left, right in itertools.combinations(range(60), 2):
            assert bool((own[left] == own[right]).all()) == bool(keys[left] == keys[right])


def test_pairs_of_buckets() -> None:
    keys = np.array([7, 5, 7, 9, 5, 7], dtype=np.uint64)
    ranks = np.array([3, 1, 0, 2, 4, 5], dtype=np.uint32)
    buckets = Buckets.of(keys, ranks)
    assert (buckets.ranks.tolist(), buckets.sizes.tolist()) == ([1, 4, 0, 3, 5], [2, 3])
    codes, left = buckets.pairs(1, 0)
    found = {(code >> 32, code & 0xFFFFFFFF) for each in codes for code in each.tolist()}
    assert found == {(1, 4), (0, 3), (0, 5), (3, 5)}
    assert len(left.ranks) == 0
    gone = np.zeros(6, dtype=bool)
    gone[[3, 4]] = True
    assert (buckets.without(gone).ranks.tolist(), buckets.without(gone).sizes.tolist()) == ([0, 5], [2])


def test_ranges_of_keys_cover_all_once() -> None:
    ranges = key_ranges(3)
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 1 << 64
    assert all(one[1] == other[0] for one, other in itertools.pairwise(ranges))


@pytest.mark.parametrize(
    ("num_hashes", "similarity", "catch", "bands", "rows"),
    [(256, 0.5, 0.98, 64, 4), (112, 0.8, 0.98, 18, 6), (256, 0.8, 0.98, 28, 9), (128, 1.0, 0.5, 1, 128)],
)
def test_bands_and_rows_follow_from_what_must_be_caught(
    num_hashes: int, similarity: float, catch: float, bands: int, rows: int
) -> None:
    scheme = Scheme.of(5, num_hashes, 1, similarity, catch)
    assert (scheme.bands, scheme.rows) == (bands, rows)
    assert scheme.catch(similarity) >= catch
    if rows < num_hashes:
        assert catch_probability(similarity, num_hashes // (rows + 1), rows + 1) < catch


def test_too_few_hashes_are_told() -> None:
    with pytest.raises(
        DataError,
        match=r"num_hashes: 2 hashes catch a pair of similarity 0\.5 with a chance of at most 0\.7500, less than 0\.98"
        r"\. Take more hashes, or ask for less",
    ):
        Scheme.of(5, 2, 1, 0.5, 0.98)


@pytest.mark.parametrize(("similarity", "caught"), [(0.5, 0.873), (0.6, 0.988), (0.85, 1.0)])
def test_buckets_catch_pairs_as_often_as_the_formula_says(similarity: float, caught: float) -> None:
    scheme = Scheme(num_hashes=128, bands=32, rows=4)
    assert scheme.catch(similarity) == pytest.approx(caught, abs=1e-3)
    rng = np.random.default_rng(7)
    signer = Signer(128, 1)
    hits, tries = 0, 200
    for _ in range(tries):
        size = round(100 * (1 - similarity) / (1 + similarity) * 2)
        shared, left, right = (
            rng.integers(0, 2**64, n, dtype=np.uint64) for n in (100 - size // 2, size // 2, size // 2)
        )
        pair = np.stack([signer.sign(np.concatenate([shared, own])) for own in (left, right)])
        keys = [band_keys(pair, scheme, band) for band in range(32)]
        hits += any(one == other for one, other in keys)
    assert hits / tries == pytest.approx(caught, abs=0.08)
