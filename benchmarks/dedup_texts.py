"""Texts for measuring deduplication: real ones, changed to a known degree, and as many as are wanted."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.real_text import FOLDERS, read_folder
from data_tools.documents import Document, documents_writer
from data_tools.shingles import jaccard, lower, shingle_texts

PIECE_CHARACTERS = 2_000
DOCUMENTS_PER_SHARD = 10_000
COPY_SHARE = 0.2
"""Of the many texts, so many are changed copies of an earlier one."""


@cache
def pieces() -> tuple[str, ...]:
    """Return real text in pieces of about 2,000 characters, each once."""
    found: dict[str, None] = {}
    for folder in FOLDERS:
        for document in read_folder(folder):
            paragraphs, held = document.text.split("\n"), ""
            for paragraph in paragraphs:
                held = f"{held}\n{paragraph}" if held else paragraph
                if len(held) >= PIECE_CHARACTERS:
                    found[held[: 2 * PIECE_CHARACTERS]] = None
                    held = ""
    return tuple(found)


@dataclass(frozen=True)
class Variant:
    """A text, a changed copy of it, and the exact Jaccard similarity of their shingles of five words."""

    original: str
    copy: str
    similarity: float


def variants(num: int, seed: int = 0) -> list[Variant]:
    """Return ``num`` pairs of real text: words replaced, dropped, swapped or paragraphs cut, 0 to 50 % of them."""
    import numpy as np

    rng = random.Random(seed)
    originals = rng.sample(pieces(), num)
    vocabulary = " ".join(originals[:200]).split()
    made = []
    for number, original in enumerate(originals):
        rate = 0.5 * rng.random() ** 3
        copy = CHANGES[number % len(CHANGES)](original, rate, rng, vocabulary)
        sets = [np.unique(shingle_texts([lower(text)], 5)[0]) for text in (original, copy)]
        made.append(Variant(original, copy, jaccard(*sets)))
    return made


def _replace(text: str, rate: float, rng: random.Random, vocabulary: list[str]) -> str:
    return re.sub(r"\S+", lambda word: rng.choice(vocabulary) if rng.random() < rate else word[0], text)


def _drop(text: str, rate: float, rng: random.Random, vocabulary: list[str]) -> str:
    return re.sub(r"\S+\s?", lambda word: "" if rng.random() < rate else word[0], text)


def _swap(text: str, rate: float, rng: random.Random, vocabulary: list[str]) -> str:
    words = text.split(" ")
    for place in range(len(words) - 1):
        if rng.random() < rate / 2:
            words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def _cut(text: str, rate: float, rng: random.Random, vocabulary: list[str]) -> str:
    length = int(rate * len(text))
    start = rng.randint(0, len(text) - length)
    return text[:start] + text[start + length :]


CHANGES = (_replace, _drop, _swap, _cut)


def write_documents(folder: Path, texts: Iterator[tuple[str, str]], corpus: str = "real") -> int:
    """Write (id, text) pairs as shards of documents; return the bytes of text."""
    num_bytes = number = shard = 0
    texts = iter(texts)
    done = False
    while not done:
        with documents_writer(folder, shard) as writer:
            for _ in range(DOCUMENTS_PER_SHARD):
                pair = next(texts, None)
                if pair is None:
                    done = True
                    break
                writer.write(Document(pair[0], pair[1], corpus, "general", "CC0-1.0", f"{number}.txt"))
                num_bytes += len(pair[1].encode())
                number += 1
        shard += 1
    return num_bytes


@cache
def _sentences() -> tuple[str, ...]:
    text = " ".join(pieces()[:8_000])
    return tuple(sentence for sentence in re.split(r"(?<=[.!?])\s+", text) if 60 <= len(sentence) <= 300)


def many_texts(num: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield (id, text of about 2 kB): real sentences drawn anew, a fifth of them changed copies of an earlier text."""
    sentences = _sentences()
    for number in range(num):
        rng = random.Random(seed * 10**9 + number)
        source = rng.randrange(number) if number and rng.random() < COPY_SHARE else number
        own = random.Random(seed * 10**9 + source)
        own.random()
        length, parts = 0, []
        while length < PIECE_CHARACTERS:
            parts.append(own.choice(sentences))
            length += len(parts[-1])
        if source != number:
            parts[rng.randrange(len(parts))] = rng.choice(sentences)
        yield f"{seed:02d}{number:014d}", " ".join(parts)
