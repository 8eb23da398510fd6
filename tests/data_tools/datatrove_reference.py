"""datatrove's own four filters, in FineWeb's order, on words that are split as ours are."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from data_tools.measures import count_sentences
from data_tools.word_arrays import split_words

OUR_NAMES = {
    "dup_para_frac": "gopher_repetition.max_duplicate_paragraph_share",
    "dup_para_char_frac": "gopher_repetition.max_duplicate_paragraph_character_share",
    "dup_line_frac": "gopher_repetition.max_duplicate_line_share",
    "dup_line_char_frac": "gopher_repetition.max_duplicate_line_character_share",
    **{f"top_{n}_gram": f"gopher_repetition.max_top_{n}_gram_character_share" for n in (2, 3, 4)},
    **{f"duplicated_{n}_n_grams": f"gopher_repetition.max_duplicate_{n}_gram_character_share" for n in range(5, 11)},
    "gopher_short_doc": "gopher_quality.min_words",
    "gopher_long_doc": "gopher_quality.max_words",
    "gopher_below_avg_threshold": "gopher_quality.min_mean_word_length",
    "gopher_above_avg_threshold": "gopher_quality.max_mean_word_length",
    "gopher_too_many_hashes": "gopher_quality.max_hashes_per_word",
    "gopher_too_many_ellipsis": "gopher_quality.max_ellipses_per_word",
    "gopher_too_many_bullets": "gopher_quality.max_bullet_line_share",
    "gopher_too_many_end_ellipsis": "gopher_quality.max_ellipsis_line_share",
    "gopher_below_alpha_threshold": "gopher_quality.min_alphabetic_word_share",
    "gopher_enough_stop_words": "gopher_quality.min_stop_words",
    "lorem_ipsum": "c4.max_lorem_ipsum",
    "curly_bracket": "c4.max_curly_brackets",
    "too_few_sentences": "c4.min_sentences",
    "line_punct_ratio": "fineweb.min_line_punctuation_share",
    "short_line_ratio": "fineweb.max_short_line_share",
    "char_dup_ratio": "fineweb.max_repeated_line_character_share",
    "list_ratio": "fineweb.max_newlines_per_word",
}
"""datatrove's name of a reason, and ours of the rule."""


@lru_cache(maxsize=2)
def filters(language: Any = None) -> list[Any]:
    """Return the filters as FineWeb set them; ``language`` None splits words and sentences as we do."""
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )
    from datatrove.utils.word_tokenizers import WordTokenizer

    class OurWords(WordTokenizer):
        def word_tokenize(self, text: str) -> list[str]:
            return split_words(text)

        def sent_tokenize(self, text: str) -> list[str]:
            raise NotImplementedError  # datatrove counts spans

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(0, 0)] * count_sentences([text])

    words = language or OurWords("en")
    return [
        GopherRepetitionFilter(language=words),
        GopherQualityFilter(language=words),
        C4QualityFilter(language=words, filter_no_terminal_punct=False),
        FineWebQualityFilter(language=words),
    ]


def judge(text: str, language: Any = None) -> tuple[str, str]:
    """Return (our name of the rule that drops the text, or nothing; the text as the filters leave it)."""
    from datatrove.data import Document

    document = Document(text=text, id="")
    for each in filters(language):
        result = each.filter(document)
        if result is not True:
            return OUR_NAMES[result[1]], document.text
    return "", document.text
