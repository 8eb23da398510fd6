"""Language and seed classifiers, measured on real text: the part ``classifiers`` of ``make bench only=clean``.

``python -m benchmarks.classifiers [FOLDER ...]`` prints all figures (ten minutes on one core) and every English text
that would be lost, and keeps none. The folders hold gettext catalogues (``<language>/LC_MESSAGES/*.mo``) for the
languages that the project has no text of; without any, those of ``/usr/share/locale``.

* *English kept*: every text of ``../shared/data`` and every 2,000-character piece of the longer ones, declared ``en``.
  Files are read as ``ingest`` reads them; of JSON and CSV every record, of exam answers every string.
* *Others found*: translated messages of 60 characters or more, joined to 200, 600 and 2,000 characters; those equal to
  the English ones, or full of its function words, are not translated and left out.
* *Mixed*: ten paragraphs, some of them in another language; the measured share against the true one.
* *Relevance*: for every corpus of a domain, a scorer trained on its other corpora, tested on this one. Negatives are
  books and Wikipedia, and in the harder case the other domains too; half of them, by file, train, the others test.
* *Quality*: textbooks against themselves damaged, tested on another textbook and on kinds of damage not trained on.
"""

from __future__ import annotations

import csv
import json
import random
import re
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.record import ROOT
from data_tools.extract.dispatch import format_of, read_file
from data_tools.extract.records import ReadOptions, Record
from data_tools.language import LANGUAGES, NO_LANGUAGE, UNDETERMINED, WINDOW_CHARACTERS, common_pair_share, identify
from data_tools.planting.foreign import LANGUAGES as PLANTED
from data_tools.planting.foreign import foreign_text
from data_tools.scorer_evidence import area_under_curve, rates
from data_tools.scorer_training import Seed, Trained, TrainingOptions, train
from data_tools.shingles import words_of

REAL_TEXT = ROOT.parent / "shared" / "data"
CATALOGUES = (Path("/usr/share/locale"),)
PIECE_CHARACTERS = 2_000
MESSAGE_CHARACTERS = 60
TARGETS = (200, 600, 2_000)
TEXTS_PER_LANGUAGE = 40
CONFIDENCES = (0.5, 0.65, 0.8, 0.9, 0.99, 1.01)
NUM_PARAGRAPHS = 10
_ENGLISH_WORDS = frozenset(
    {"the", "of", "and", "to", "in", "is", "that", "for", "with", "this", "you", "are", "be", "not"}
)
_MARKUP = re.compile(r"<[^>]*>|%\([^)]*\)\w|%[\w.-]+|\$\w+|\\[nt]|https?://\S+")

CORPORA: Mapping[str, tuple[str, str]] = {
    "em": ("geo/em_textbook", "*.rst"),
    "gpg": ("geo/gpg_textbook", "*.rst"),
    "old_geology": ("geo/gutenberg", "*.txt"),
    "astronomy": ("geo/openstax_astronomy", "*.txt"),
    "filings": ("finance/sec_filings", "*.txt"),
    "fomc": ("finance/fomc_minutes", "*.txt"),
    "finance_textbook": ("finance/openstax_finance", "*.txt"),
    "microbiology": ("medical/openstax_microbiology", "*.txt"),
    "medquad": ("medical/medquad", "*.jsonl"),
    "dialogues": ("medical/mts_dialog", "Main-Dataset__*.csv"),
    "books": ("general/classic_books", "*.md"),
    "wikipedia": ("general/wikitext2", "*.txt"),
}
DOMAINS: Mapping[str, tuple[str, ...]] = {
    "geo": ("em", "gpg", "old_geology", "astronomy"),
    "finance": ("filings", "fomc", "finance_textbook"),
    "medical": ("microbiology", "medquad", "dialogues"),
}
GENERAL = ("books", "wikipedia")


def texts_of(path: Path, max_characters: int = 60_000) -> Iterator[tuple[str, str]]:
    """Yield (position, text) of one file, as ``ingest`` reads it; of JSON and CSV the strings of each record."""
    if path.suffix in (".json", ".jsonl"):
        lines = [path.read_text("utf-8")] if path.suffix == ".json" else path.read_text("utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        records = (
            found if path.suffix == ".jsonl" else list(found[0].values() if isinstance(found[0], dict) else found[0])
        )
        for number, record in enumerate(records):
            record = record.get("full_text", record) if isinstance(record, dict) else record
            strings = list(_strings(record))
            for part, text in enumerate(strings if "geobench" in path.name else ["\n".join(strings)]):
                yield f":{number}.{part}", text
    elif path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as stream:
            for number, row in enumerate(csv.DictReader(stream)):
                yield f":{number}.note", row["section_text"]
                yield f":{number}.dialogue", row["dialogue"]
    elif format_of(path) != "unsupported":
        for found_one in read_file(path, ReadOptions(max_document_characters=max_characters, root=REAL_TEXT)):
            if isinstance(found_one, Record):
                yield found_one.position, found_one.text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _strings(each)


@cache
def corpus(name: str) -> tuple[Seed, ...]:
    """Return the texts of one corpus that are longer than a line."""
    folder, pattern = CORPORA[name]
    files = [
        path for path in sorted((REAL_TEXT / folder).rglob(pattern)) if not path.name.startswith(("SOURCE", "LICENSE"))
    ]
    return tuple(
        Seed(text, name, path.name + (position if path.suffix in (".jsonl", ".csv") else ""))
        for path in files
        for position, text in texts_of(path)
        if len(text) >= PIECE_CHARACTERS / 10
    )


def measure_english() -> dict[str, Any]:
    """Count the English texts and pieces that would be lost; name all of them."""
    lost: list[str] = []
    counts = dict.fromkeys(("documents", "documents_lost", "pieces", "pieces_lost", "labelled_en", "undetermined"), 0)
    for path in sorted(path for path in REAL_TEXT.rglob("*") if path.is_file()):
        for position, text in texts_of(path, max_characters=10**9):
            starts = range(0, len(text), PIECE_CHARACTERS) if len(text) > PIECE_CHARACTERS else ()
            for kind, part in (("documents", text), *(("pieces", text[at : at + PIECE_CHARACTERS]) for at in starts)):
                found = identify(part)
                counts[kind] += 1
                if kind == "documents":
                    counts["labelled_en"] += found.code == "en"
                    counts["undetermined"] += found.code in (UNDETERMINED, NO_LANGUAGE)
                if found.is_other_than("en"):
                    counts[f"{kind}_lost"] += 1
                    lost.append(f"{path.relative_to(REAL_TEXT)}{position} {kind} {found.code}: {part[:70]!r}")
    return {**counts, "lost": lost}


def foreign_documents(folders: Sequence[Path]) -> dict[str, dict[int, list[str]]]:
    """Return by ISO 639-1 code and length texts of translated messages."""
    messages: dict[str, dict[str, None]] = {}
    for file in sorted(file for folder in folders for file in folder.rglob("LC_MESSAGES/*.mo")):
        code = re.split(r"[_@.]", file.parts[-3])[0].lower()
        code = {"nb": "no"}.get(code, code)
        if code == "en" or code not in LANGUAGES:
            continue
        for source, message in messages_of(file):
            plain = " ".join(_MARKUP.sub(" ", message).split())
            words = plain.lower().split()
            untranslated = sum(word in _ENGLISH_WORDS for word in words) > 0.15 * len(words)
            if len(plain.encode()) >= MESSAGE_CHARACTERS and message != source and not untranslated:
                messages.setdefault(code, {})[plain] = None
    return {code: {size: _joined(list(found), size) for size in TARGETS} for code, found in sorted(messages.items())}


def messages_of(file: Path) -> Iterator[tuple[str, str]]:
    """Yield (source, translation) of a compiled catalogue. The standard library's reader refuses some plural rules."""
    data = file.read_bytes()
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    _, count, sources, translations = struct.unpack_from(f"{order}4I", data, 4)
    for number in range(count):
        pair = []
        for table in (sources, translations):
            length, offset = struct.unpack_from(f"{order}2I", data, table + 8 * number)
            pair.append(data[offset : offset + length].split(b"\0")[0].decode("utf-8", "replace"))
        if pair[0]:  # the empty source's translation is the catalogue's header
            yield pair[0], pair[1]


def _joined(messages: list[str], size: int) -> list[str]:
    random.Random(0).shuffle(messages)
    texts, held = [], ""
    for message in messages:
        held = f"{held}\n{message}" if held else message
        if len(held.encode()) >= size:
            texts.append(held)
            held = ""
    return texts[:TEXTS_PER_LANGUAGE]


def measure_foreign(folders: Sequence[Path]) -> dict[str, Any]:
    """Return by length the share of other-language texts that would be dropped as such, and named right."""
    found = foreign_documents(folders)
    result: dict[str, Any] = {"languages": len(found)}
    for size in TARGETS:
        judged = [(code, identify(text)) for code, texts in found.items() for text in texts[size]]
        if judged:
            result[f"texts_{size}"] = len(judged)
            result[f"caught_{size}"] = sum(language.is_other_than("en") for _, language in judged) / len(judged)
            result[f"named_right_{size}"] = sum(language.share_of(code) >= 0.5 for code, language in judged) / len(
                judged
            )
    planted = [(code, identify(foreign_text(code, random.Random(seed)))) for code in PLANTED for seed in range(50)]
    result["planted_named_right"] = sum(language.code == code for code, language in planted) / len(planted)
    return result


def measure_calibration(folders: Sequence[Path]) -> dict[str, float]:
    """Return by confidence of a single window how many windows there were, and which share of them was named right."""
    found = foreign_documents(folders)
    single = [(code, identify(text[:WINDOW_CHARACTERS])) for code, texts in found.items() for text in texts[TARGETS[1]]]
    result: dict[str, float] = {}
    for low, high in pairwise(CONFIDENCES):
        inside = [language.share_of(code) >= 0.5 for code, language in single if low <= language.confidence < high]
        result[f"windows_from_{low}"] = len(inside)
        result[f"named_right_from_{low}"] = sum(inside) / max(len(inside), 1)
    return result


def measure_mixed() -> dict[str, float]:
    """Return, by the number of foreign ones among ten paragraphs, the mean measured share and the share dropped."""
    english = [text for seed in corpus("astronomy") for text in seed.text.split("\n") if 300 <= len(text) <= 900]
    known = set(english)
    rng = random.Random(0)
    result = {}
    for num_foreign in range(0, NUM_PARAGRAPHS + 1, 2):
        shares, dropped = [], 0
        for _ in range(100):
            code = rng.choice([code for code in PLANTED if code != "ru"])
            paragraphs = rng.sample(english, NUM_PARAGRAPHS)
            for place in rng.sample(range(NUM_PARAGRAPHS), num_foreign):
                size = len(paragraphs[place])
                paragraphs[place] = " ".join(foreign_text(code, rng) for _ in range(3))[:size]
            others = sum(len(text) for text in paragraphs if text not in known)
            found = identify("\n\n".join(paragraphs))
            shares.append(1 - found.share_of("en") - others / sum(map(len, paragraphs)))
            dropped += found.is_other_than("en")
        result[f"share_error_{num_foreign}"] = sum(map(abs, shares)) / len(shares)
        result[f"dropped_{num_foreign}"] = dropped / len(shares)
    return result


def measure_speed() -> dict[str, float]:
    """Return microseconds per text and megabytes per second by length of text, on one core."""
    whole = [seed.text for name in CORPORA for seed in corpus(name)]
    result: dict[str, float] = {}
    for size in (300, 2_000, 20_000):
        texts = [text[:size] for text in whole if len(text) >= size][:400]
        for name, function in (("identify", identify), ("common_pair_share", common_pair_share)):
            seconds = best_seconds(function, texts) / len(texts)
            result[f"{name}_us_{size}"] = seconds * 1e6
            result[f"{name}_mb_per_s_{size}"] = size / seconds / 1e6
    return result


def best_seconds(function: Callable[[Any], Any], inputs: Sequence[Any], repeats: int = 5) -> float:
    """Return the least processor time of several runs over all inputs."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        for each in inputs:
            function(each)
        times.append(time.process_time() - started)
    return min(times)


def halves(names: Iterable[str]) -> tuple[list[Seed], list[Seed]]:
    """Return the texts of some corpora in two halves, by file."""
    seeds = [seed for name in names for seed in corpus(name)]
    groups = sorted({seed.group for seed in seeds})
    random.Random(0).shuffle(groups)
    first = set(groups[::2])
    return [seed for seed in seeds if seed.group in first], [seed for seed in seeds if seed.group not in first]


def measure_relevance(hard: bool, options: TrainingOptions | None = None) -> dict[str, float]:
    """Return AUC and F1 at the scorer's own threshold on every corpus, trained on the others of its domain."""
    result = {}
    for domain, names in DOMAINS.items():
        others = [name for other, each in DOMAINS.items() if other != domain for name in each] if hard else []
        training, testing = halves([*GENERAL, *others])
        negatives = [words_of(seed.text) for seed in testing]
        for left_out in names:
            positives = [seed for name in names if name != left_out for seed in corpus(name)]
            trained = train(positives, training, options or TrainingOptions())
            texts = [words_of(seed.text) for seed in corpus(left_out)]
            result |= {f"{name}_{left_out}": value for name, value in _tested(trained, texts, negatives).items()}
            result[f"cross_validated_auc_without_{left_out}"] = trained.auc
    return result


def _tested(trained: Trained, positives: Sequence[list[str]], negatives: Sequence[list[str]]) -> dict[str, float]:
    import numpy as np

    scorer = trained.scorer
    found = [np.array([scorer.score(words) for words in side]) for side in (positives, negatives)]
    point = rates(found[0], found[1], scorer.threshold)
    f1 = 2 * point["precision"] * point["recall"] / max(point["precision"] + point["recall"], 1e-9)
    return {
        "auc": area_under_curve(found[0], found[1]),
        "f1": f1,
        "recall": point["recall"],
        "passed": point["false_positive_rate"],
    }


def measure_lengths() -> dict[str, float]:
    """Return AUC and mean scores where one side is cut to few words, and the speed of scoring."""
    import numpy as np

    training, testing = halves(GENERAL)
    first, second = halves(DOMAINS["geo"])
    scorer = train(first, training, TrainingOptions()).scorer
    sides = [[words_of(seed.text) for seed in side if len(seed.text) > 3_000] for side in (second, testing)]
    result: dict[str, float] = {}
    for num_words in (30, 100, 500, 100_000):
        for name, side in zip(("positive", "negative"), sides, strict=True):
            scores = np.array([scorer.score(words[:num_words]) for words in side])
            result[f"mean_{name}_{num_words}_words"] = float(scores.mean())
            opposite = np.array([scorer.score(words) for words in sides[name == "positive"]])
            pair = (scores, opposite) if name == "positive" else (opposite, scores)
            result[f"auc_{name}_of_{num_words}_words"] = area_under_curve(*pair)
    words = [words for side in sides for words in side]
    result["score_mb_per_s"] = sum(len(" ".join(each)) for each in words) / best_seconds(scorer.score, words) / 1e6
    return result


DAMAGE = ("words", "sentences", "ocr", "furniture")


def damaged(text: str, kind: str, rng: random.Random) -> str:
    """Return ``text`` with its words or sentences in another order, misread letters, or lines of a web page's frame."""
    if kind == "words":
        words = text.split()
        rng.shuffle(words)
        return " ".join(words)
    if kind == "sentences":
        sentences = re.split(r"(?<=[.!?])\s+", text)
        rng.shuffle(sentences)
        return " ".join(sentences)
    if kind == "ocr":
        likeness = {"e": "c", "l": "1", "o": "0", "m": "rn", "i": "l", "s": "5", "n": "ri", "h": "b"}
        return "".join(likeness.get(each, each) if rng.random() < 0.1 else each for each in text)
    frame = ("Log in | Sign up", "Share this page", "Previous Next", "Add to cart", "Accept all cookies", "Read more")
    return "\n".join(part for line in text.split("\n") for part in (line, rng.choice(frame)))


def measure_quality() -> dict[str, float]:
    """Return how well a scorer trained on damage tells damage, seen and unseen, and what it makes of sound text."""
    import numpy as np

    rng = random.Random(0)
    # One corpus: with two, each is scored without the other, and its subject outweighs the damage.
    good = [Seed(seed.text, "textbooks", seed.group) for seed in (*corpus("astronomy"), *corpus("finance_textbook"))]
    result = {}
    unseen = corpus("microbiology")
    for left_out in (*DAMAGE, "none"):
        kinds = [kind for kind in DAMAGE if kind != left_out]
        bad = [Seed(damaged(seed.text, kind, rng), kind, seed.group) for seed, kind in _paired(good, kinds)]
        scorer = train(good, bad, TrainingOptions(name="quality")).scorer
        sound = np.array([scorer.score(words_of(seed.text)) for seed in unseen])
        for kind in DAMAGE if left_out == "none" else (left_out,):
            scores = np.array([scorer.score(words_of(damaged(seed.text, kind, rng))) for seed in unseen])
            result[f"auc_{kind}_{'trained' if left_out == 'none' else 'not_trained'}"] = area_under_curve(sound, scores)
        if left_out == "none":
            for name in CORPORA:
                texts = corpus(name)[:200]
                passed = [scorer.score(words_of(seed.text)) >= scorer.threshold for seed in texts]
                result[f"sound_text_passed_{name}"] = sum(passed) / len(passed)
    return result


def _paired(seeds: Sequence[Seed], kinds: Sequence[str]) -> Iterator[tuple[Seed, str]]:
    for number, seed in enumerate(seeds):
        yield seed, kinds[number % len(kinds)]


def figures(folders: Sequence[Path] = CATALOGUES) -> dict[str, Any]:
    """Return all figures, each named after its part; print the English texts that would be lost."""
    english = measure_english()
    for line in english.pop("lost"):
        print(f"  lost: {line}")
    parts: Mapping[str, Mapping[str, Any]] = {
        "english": english,
        "foreign": measure_foreign(folders),
        "confidence": measure_calibration(folders),
        "mixed": measure_mixed(),
        "classifier_speed": measure_speed(),
        "relevance": measure_relevance(hard=False),
        "relevance_hard": measure_relevance(hard=True),
        "lengths": measure_lengths(),
        "quality": measure_quality(),
    }
    return {
        f"{part}_{name}": round(value, 4) if isinstance(value, float) else value
        for part, found in parts.items()
        for name, value in found.items()
    }


if __name__ == "__main__":
    for name, value in figures([Path(argument) for argument in sys.argv[1:]] or CATALOGUES).items():
        print(f"{name:<60}{value:>12}")
