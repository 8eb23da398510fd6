"""datatrove's published quality rules on single texts: the verdict of its filters, and the value that each one
measured.

The filters are datatrove 0.10.1's own, called one text at a time; its executors are not used. Two things are added.

Words: for English, datatrove splits words with spaCy, which is slow and no dependency of ours. Its filters take a
tokenizer object where they take a language, and get ``PlainWords``: one regular expression in the manner of spaCy's
English rules (punctuation apart, decimals whole, hyphenated words split; but "don't" is one word here and two there).
A document near a threshold can so fall on its other side. The split is cached per text: the filters share it.

Values: datatrove returns the rule's name alone. ``_MEASURES`` computes the measured value again, for dropped texts
only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from data_tools.rules import Rules

if TYPE_CHECKING:
    from datatrove.utils.word_tokenizers import WordTokenizer

_WORD = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:['’]\w+)*|([^\w\s])\1*")
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")
_BOILERPLATE = (
    "javascript", "terms of use", "terms of service", "privacy policy", "cookie policy", "uses cookies",
    "use of cookies", "use cookies", "accept cookies", "all rights reserved", "to our newsletter", "for our newsletter",
    "follow us on", "share this page", "share this article", "skip to content", "skip to main content", "click here to",
)  # fmt: skip
_BOILERPLATE_PATTERN = re.compile("|".join(map(re.escape, _BOILERPLATE)), re.IGNORECASE)
MAX_BOILERPLATE_WORDS = 40
"""A longer line is text that mentions a policy (a filing's paragraph, a one-line document), and stays."""


@dataclass(frozen=True)
class Verdict:
    """What the rules say of one text: kept with its (possibly shortened) text, or dropped by ``rule`` at ``value``."""

    text: str
    rule: str = ""
    value: float | None = None
    detail: str = ""


def split_words(text: str) -> list[str]:
    """Split ``text`` into words and runs of punctuation, as every rule here counts them."""
    return [match.group() for match in _WORD.finditer(text)]


@lru_cache(maxsize=2)
def cached_words(text: str) -> list[str]:
    """Return ``split_words(text)``, remembered for the last two texts. Do not change the list."""
    return split_words(text)


@lru_cache(maxsize=1)
def plain_words() -> WordTokenizer:
    """Return the word and sentence splitter handed to datatrove in place of a language."""
    from datatrove.utils.word_tokenizers import WordTokenizer

    class PlainWords(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return cached_words(text)

        def sent_tokenize(self, text: str) -> list[str]:
            return [text[begin:end].strip() for begin, end in self.span_tokenize(text)]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            ends = [match.end() for match in _SENTENCE_END.finditer(text)]
            if not ends or text[ends[-1] :].strip():
                ends.append(len(text))
            return list(zip([0, *ends[:-1]], ends, strict=True))

    return PlainWords("en")


def strip_boilerplate(text: str) -> tuple[str, int]:
    """Remove lines of at most 40 words that hold a phrase of web furniture; return the text and how many lines went.

    The phrases are C4's policy phrases and "javascript", and a dozen of the same kind.
    """
    if not _BOILERPLATE_PATTERN.search(text):
        return text, 0
    lines = text.split("\n")
    kept = [
        line for line in lines if not _BOILERPLATE_PATTERN.search(line) or len(line.split()) > MAX_BOILERPLATE_WORDS
    ]
    num_removed = len(lines) - len(kept)
    return ("\n".join(kept).strip(), num_removed) if num_removed else (text, 0)


class QualityRules:
    """The four published filters with one profile's thresholds, in FineWeb's order. Cheap to call, slow to build."""

    def __init__(self, rules: Rules) -> None:
        from datatrove.pipeline.filters import (
            C4QualityFilter,
            FineWebQualityFilter,
            GopherQualityFilter,
            GopherRepetitionFilter,
        )

        words = plain_words()
        self._filters: list[tuple[str, Any]] = [
            ("gopher_repetition", GopherRepetitionFilter(language=words, **rules.gopher_repetition)),
            ("gopher_quality", GopherQualityFilter(language=words, **rules.gopher_quality)),
            ("c4", C4QualityFilter(language=words, **rules.c4)),
            ("fineweb", FineWebQualityFilter(language=words, **rules.fineweb)),
        ]

    def judge(self, text: str) -> Verdict:
        """Return the verdict on ``text``. C4 may shorten the text that a kept verdict carries (``web`` only)."""
        from datatrove.data import Document

        if not text.strip():
            return Verdict(text, "empty", 0.0)
        document = Document(text=text, id="")
        for name, rule in self._filters:
            before = document.text
            result = rule.filter(document)
            if result is not True:
                reason = result[1]
                return Verdict(before, f"{name}.{reason}", measure(reason, before, rule))
        return Verdict(document.text)


def measure(reason: str, text: str, rule: Any) -> float:
    """Return the value that datatrove's filter ``rule`` compared when it dropped ``text`` for ``reason``."""
    gram = re.fullmatch(r"(top|duplicated)_(\d+)(?:_n)?_grams?", reason)
    if gram:
        return _measure_gram(gram[1], int(gram[2]), text)
    if reason == "too_few_sentences":
        return float(_count_sentences(text, rule))
    return float(_MEASURES[reason](text, split_words(text)))


def _measure_gram(kind: str, n: int, text: str) -> float:
    from datatrove.pipeline.filters import gopher_repetition_filter as gopher

    words = split_words(text)
    if kind == "top":
        return float(gopher.find_top_duplicate(gopher.get_n_grams(words, n)) / len(text))
    return float(gopher.find_all_duplicate(words, n) / len(text))


def _count_sentences(text: str, rule: Any) -> int:
    """Count sentences in the lines that C4 counts: with its limits on words per line and on word length."""
    words = plain_words()
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if len(line.split()) >= max(rule.min_words_per_line, 0)]
    return sum(len(words.span_tokenize(line)) for line in kept)


def _word_like(words: Sequence[str]) -> list[str]:
    from datatrove.utils.text import PUNCTUATION_SET

    return [word for word in words if any(character not in PUNCTUATION_SET for character in word)]


def _mean_length(words: Sequence[str]) -> float:
    lengths = [len(word) for word in _word_like(words)]
    return sum(lengths) / max(len(lengths), 1)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / max(len(flags), 1)


def _duplicates(parts: Sequence[str]) -> tuple[int, int]:
    from datatrove.pipeline.filters.gopher_repetition_filter import find_duplicates

    num_elements, num_characters = find_duplicates(list(parts))
    return num_elements, num_characters


def _paragraphs(text: str) -> list[str]:
    return re.split(r"\n{2,}", text.strip())


def _lines(text: str) -> list[str]:
    return re.split(r"\n+", text)


def _filled_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.strip()]


def _ends_sentence(line: str) -> bool:
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    return line.endswith(tuple(TERMINAL_PUNCTUATION))


def _num_stop_words(words: Sequence[str]) -> int:
    from datatrove.pipeline.filters.gopher_quality_filter import STOP_WORDS

    return len(set(STOP_WORDS) & set(words))


_MEASURES: dict[str, Callable[[str, list[str]], float]] = {
    "empty": lambda text, words: 0.0,
    "dup_para_frac": lambda text, words: _duplicates(_paragraphs(text))[0] / len(_paragraphs(text)),
    "dup_para_char_frac": lambda text, words: _duplicates(_paragraphs(text))[1] / len(text),
    "dup_line_frac": lambda text, words: _duplicates(_lines(text))[0] / len(_lines(text)),
    "dup_line_char_frac": lambda text, words: _duplicates(_lines(text))[1] / len(text),
    "gopher_short_doc": lambda text, words: len(_word_like(words)),
    "gopher_long_doc": lambda text, words: len(_word_like(words)),
    "gopher_below_avg_threshold": lambda text, words: _mean_length(words),
    "gopher_above_avg_threshold": lambda text, words: _mean_length(words),
    "gopher_too_many_hashes": lambda text, words: text.count("#") / len(words),
    "gopher_too_many_ellipsis": lambda text, words: (text.count("...") + text.count("…")) / len(words),
    "gopher_too_many_bullets": lambda text, words: _share(
        [line.lstrip().startswith(("•", "-")) for line in text.splitlines()]
    ),
    "gopher_too_many_end_ellipsis": lambda text, words: _share(
        [line.rstrip().endswith(("...", "…")) for line in text.splitlines()]
    ),
    "gopher_below_alpha_threshold": lambda text, words: _share([any(map(str.isalpha, word)) for word in words]),
    "gopher_enough_stop_words": lambda text, words: _num_stop_words(words),
    "lorem_ipsum": lambda text, words: text.lower().count("lorem ipsum"),
    "curly_bracket": lambda text, words: text.count("{"),
    "line_punct_ratio": lambda text, words: _share([_ends_sentence(line) for line in _filled_lines(text)]),
    "short_line_ratio": lambda text, words: _share([len(line) <= 30 for line in _filled_lines(text)]),
    "char_dup_ratio": lambda text, words: _duplicates(_filled_lines(text))[1] / len(text.replace("\n", "")),
    "list_ratio": lambda text, words: text.count("\n") / len(words),
}
