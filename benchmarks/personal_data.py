"""Personal data, measured: is what is labelled found, is what is no one's left alone, and how fast.

``python -m benchmarks.personal_data`` prints all figures (two minutes on one core); ``... hits`` lists every hit in the
drawn sentences with its neighbourhood, to be judged by eye.

* *Found*: the 3,709 labelled texts of presidio-research (MIT) without their exact repeats, halved by a hash of the
  text. Rules were made on half "a" alone. A found span counts for a labelled one of the same kind if it covers at least
  90 % of its characters and is at most 1.5 times as long; the strict figure asks for the same two ends. No label is
  corrected or left out.
* *Left alone*: 10,000 sentences, half of geoscience, half of finance, half of each with digits. A hit is false until
  someone has judged it true: ``TRUE_HITS`` holds what was judged so, as hashes, because no text of the corpora belongs
  in this project. Of 10,000 sentences of medicine the hits are only counted: nearly all are dates of patients.
* *Speed*: the best of several runs over whole documents, as megabytes of UTF-8 per second on one core.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.record import ROOT
from data_tools.privacy import GENERAL_KINDS, Policy, Span, find_personal_data, policy_for, replace_personal_data

REAL_TEXT = ROOT.parent / "shared" / "data"
"""Real text with open licences beside the checkout; not part of it."""
LABELLED = REAL_TEXT / "labels" / "pii_presidio_synth"
LABELLED_FILES = ("generated_small.json", "generated_large.json", "synth_dataset_v2.json")
KIND_OF_LABEL = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card", "US_SSN": "ssn", "IP_ADDRESS": "ip",
    "IBAN_CODE": "iban",
}  # fmt: skip
MIN_COVERED = 0.9
MAX_LENGTH_RATIO = 1.5
SEED = 13
NUM_SENTENCES = 10_000
MIN_SENTENCE_CHARACTERS = 20
DOMAINS = {
    "geo": ("geo/em_textbook", "geo/gpg_textbook", "geo/gutenberg", "geo/openstax_astronomy"),
    "finance": ("finance/sec_filings", "finance/fomc_minutes", "finance/openstax_finance"),
    "medical": ("medical/medquad", "medical/mts_dialog", "medical/openstax_microbiology"),
}
JUDGED_DOMAINS = ("geo", "finance")
NOT_TEXT = ("SOURCE.txt", "LICENSE.LICENSE.txt", "LICENSE.LICENSE.txt.txt")
_SENTENCE = re.compile(r"[^\n]+?(?:[.!?](?=\s+[A-Z\"“(])|$)", re.MULTILINE)
TRUE_HITS: frozenset[str] = frozenset({
    "02c1e8753f2e", "049f8bca1e4a", "0567617637ff", "060dba6aa0b3", "23eb3aa4aa01", "2a16aad732ed", "2b413ccc9e38",
    "418d59198a6f", "5971b6cbc0a9", "629055d2e7ae", "8c6bd8a2aeae", "931906f8fb15", "9cef1505499b", "aa5f0ecdd827",
    "abb4c715b998", "b8bc23d76bc0", "b8bcf6a5df7b", "bde53085bc30", "cdc82afda3d8", "e8be79be664c", "f9f027eef985",
})  # fmt: skip
"""Telephone numbers and addresses of companies and editors in the whole of geo and finance, judged by eye."""


@dataclass(frozen=True)
class Labelled:
    """A labelled text; ``half`` is "a" (rules were made on it) or "b" (only measured)."""

    text: str
    spans: tuple[Span, ...]
    half: str


class Sentence(NamedTuple):
    """A sentence in its document."""

    document: str
    begin: int
    end: int


def labelled_texts() -> tuple[list[Labelled], dict[str, int]]:
    """Return the labelled texts without exact repeats, and how many texts, repeats and wrong offsets there were."""
    texts: dict[str, Labelled] = {}
    counts: Counter[str] = Counter()
    for name in LABELLED_FILES:
        for row in json.loads((LABELLED / name).read_text("utf-8")):
            text, rows = row["full_text"], row["spans"]
            counts.update(texts=1, repeats=int(text in texts))
            counts["wrong_offsets"] += sum(
                text[span["start_position"] : span["end_position"]] != span["entity_value"] for span in rows
            )
            spans = tuple(
                Span(span["start_position"], span["end_position"], KIND_OF_LABEL[span["entity_type"]])
                for span in rows
                if span["entity_type"] in KIND_OF_LABEL
            )
            half = "ab"[hashlib.sha256(text.encode()).digest()[0] & 1]
            texts.setdefault(text, Labelled(text, spans, half))
    return list(texts.values()), dict(counts)


def agreement(texts: Iterable[Labelled], strict: bool) -> dict[str, float]:
    """Return F1 by kind; a kind with no label is left out. See the module's text for what counts as found."""
    right, labelled, found = Counter[str](), Counter[str](), Counter[str]()
    for text in texts:
        spans = find_personal_data(text.text, GENERAL_KINDS)
        labelled.update(span.kind for span in text.spans)
        found.update(span.kind for span in spans)
        right.update(label.kind for label in text.spans if any(_agree(label, span, strict) for span in spans))
    return {kind: 2 * right[kind] / (labelled[kind] + found[kind]) for kind in labelled}


def _agree(label: Span, span: Span, strict: bool) -> bool:
    if strict or label.kind != span.kind:
        return label == span
    covered = min(label.end, span.end) - max(label.begin, span.begin)
    length = label.end - label.begin
    return covered >= MIN_COVERED * length and span.end - span.begin <= MAX_LENGTH_RATIO * length


def documents(folders: Sequence[str]) -> Iterator[str]:
    """Yield the texts of ``folders`` in a fixed order: whole files, but each row's fields of JSON lines and CSV."""
    for folder in folders:
        for path in sorted((REAL_TEXT / folder).rglob("*")):
            if (
                not path.is_file()
                or path.name in NOT_TEXT
                or path.suffix not in {".txt", ".rst", ".md", ".jsonl", ".csv"}
            ):
                continue
            text = path.read_text("utf-8", errors="replace")
            if path.suffix == ".jsonl":
                yield from ("{question}\n{answer}".format(**json.loads(line)) for line in text.splitlines())
            elif path.suffix == ".csv":
                rows = csv.DictReader(text.splitlines(keepends=True))
                yield from (f"{row['section_text']}\n{row['dialogue']}" for row in rows)
            else:
                yield text


def draw_sentences(domain: str, number: int, seed: int = SEED) -> list[Sentence]:
    """Return ``number`` sentences of ``domain`` by a seeded draw, half of them with digits.

    A line ends a sentence too, so a row of a table is one.
    """
    with_digits: list[Sentence] = []
    without: list[Sentence] = []
    for document in documents(DOMAINS[domain]):
        for match in _SENTENCE.finditer(document):
            if len(match.group().strip()) >= MIN_SENTENCE_CHARACTERS:
                (with_digits if re.search(r"[0-9]", match.group()) else without).append(
                    Sentence(document, *match.span())
                )
    draw = random.Random(seed)
    return draw.sample(with_digits, number - number // 2) + draw.sample(without, number // 2)


def hits(sentences: Iterable[Sentence], policy: Policy, alone: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what is found in ``sentences``: kind, hash of the kind and the sentence, the hit in its neighbourhood.

    Each sentence is read in its document, or ``alone``, as if it were one.
    """
    cache: dict[int, list[Span]] = {}
    for document, begin, end in sentences:
        if alone:
            spans = [
                Span(a + begin, b + begin, kind) for a, b, kind in find_personal_data(document[begin:end], policy.kinds)
            ]
        else:
            if id(document) not in cache:
                cache[id(document)] = find_personal_data(document, policy.kinds)
            spans = [span for span in cache[id(document)] if span.begin < end and begin < span.end]
        for span in spans:
            found = document[span.begin : span.end]
            mark = hashlib.sha256(f"{span.kind}\0{found}".encode()).hexdigest()[:12]
            head, tail = document[max(0, span.begin - 70) : span.begin], document[span.end : span.end + 30]
            yield span.kind, mark, f"{head}<<{found}>>{tail}".replace("\n", "⏎")


def masks(sentences: Iterable[Sentence], policy: Policy, alone: bool) -> tuple[int, int]:
    """Return how many hits ``sentences`` have, and how many of them are false."""
    marks = [mark for _, mark, _ in hits(sentences, policy, alone)]
    return len(marks), sum(mark not in TRUE_HITS for mark in marks)


def whole_documents(domain: str) -> list[Sentence]:
    """Return all documents of ``domain``, as if each were one sentence."""
    return [Sentence(document, 0, len(document)) for document in documents(DOMAINS[domain])]


def megabytes_per_second(texts: Sequence[str], policy: Policy, repeats: int = 5) -> float:
    """Return the best speed of ``repeats`` runs over ``texts``, in megabytes of UTF-8 per second."""
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for text in texts:
            replace_personal_data(text, policy)
        best = min(best, time.perf_counter() - started)
    return megabytes / best


def figures() -> dict[str, float]:
    """Return all figures by name; needs ``REAL_TEXT``."""
    texts, counts = labelled_texts()
    found: dict[str, float] = {f"labelled_{name}": count for name, count in counts.items()}
    for half in ("a", "b", "ab"):
        chosen = [text for text in texts if text.half in half]
        for rule, strict in (("covered", False), ("strict", True)):
            for kind, value in agreement(chosen, strict).items():
                found[f"f1_{kind}_{rule}_{half}"] = round(value, 4)
    found |= _left_alone()
    for name, folders in (("books", ("general/classic_books",)), ("filings", ("finance/sec_filings",))):
        for policy in ("general", "medical"):
            found[f"megabytes_per_second_{name}_{policy}"] = round(
                megabytes_per_second(list(documents(folders)), policy_for(policy)), 1
            )
    return found


def _left_alone() -> dict[str, float]:
    """Hits and false masks per 1,000 sentences: sentences in their documents, each alone, and all documents whole."""
    found: dict[str, float] = {}
    for place, alone in (("in_document", False), ("alone", True)):
        total = 0
        for domain in JUDGED_DOMAINS:
            found[f"hits_{domain}_{place}"], false = masks(_drawn(domain), policy_for(domain), alone)
            total += false
        found[f"false_masks_per_thousand_{place}"] = round(1_000 * total / NUM_SENTENCES, 3)
        found[f"hits_medical_{place}"], _ = masks(_drawn("medical"), policy_for("medical"), alone)
    for domain in JUDGED_DOMAINS:
        found[f"hits_{domain}_all"], found[f"false_masks_{domain}_all"] = masks(
            whole_documents(domain), policy_for(domain), alone=False
        )
    return found


def _drawn(domain: str) -> list[Sentence]:
    return draw_sentences(domain, NUM_SENTENCES // 2 if domain in JUDGED_DOMAINS else NUM_SENTENCES)


def _print_hits() -> None:
    for domain in DOMAINS:
        drawn = {"in document": (_drawn(domain), False), "alone": (_drawn(domain), True)}
        if domain in JUDGED_DOMAINS:
            drawn["all"] = (whole_documents(domain), False)
        for place, (sentences, alone) in drawn.items():
            for kind, mark, line in hits(sentences, policy_for(domain), alone):
                judged = "true" if mark in TRUE_HITS else "not judged"
                print(domain, place, judged, mark, kind, line, sep="\t")


def _print_figures(values: Mapping[str, float]) -> None:
    width = max(map(len, values))
    for name, value in values.items():
        print(f"{name.ljust(width)}  {value}")


if __name__ == "__main__":
    if not LABELLED.is_dir():
        sys.exit(f"{LABELLED} is absent: the figures need the real text beside the checkout")
    _print_hits() if sys.argv[1:] == ["hits"] else _print_figures(figures())
