"""Which published quality rules a domain's text must pass, with which thresholds.

``web`` is FineWeb's recipe unchanged (Gopher repetition, Gopher quality, C4 without the terminal-punctuation rule,
FineWeb; datatrove ``examples/fineweb.py``). The other profiles loosen what web rules get wrong in books, papers,
filings and notes, each for a reason given beside it; everything not named keeps its published value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data_tools.errors import DataError
from data_tools.privacy import KINDS


@dataclass(frozen=True)
class Rules:
    """Arguments for datatrove's four filters, by their own names, and the thresholds of the rules that are ours."""

    gopher_repetition: Mapping[str, Any] = field(default_factory=dict)
    gopher_quality: Mapping[str, Any] = field(default_factory=dict)
    c4: Mapping[str, Any] = field(default_factory=dict)
    fineweb: Mapping[str, Any] = field(default_factory=dict)
    strip_boilerplate: bool = True
    """Remove short lines that hold one of C4's policy phrases or "javascript", before the rules."""
    min_common_pair_share: float = 0.70
    """Least share of letter pairs that are common in English (0..1); random letters are near 0.3, prose near 0.94."""
    max_unfinished_words: int = 40
    """A text of at most this many words that stops in mid-sentence is a fragment (0: no such rule)."""
    personal_data: tuple[str, ...] = ("email", "phone", "ip", "ssn")
    """Kinds of personal data that are replaced (data_tools/privacy.py)."""


_WEB = Rules(c4={"filter_no_terminal_punct": False}, strip_boilerplate=False, max_unfinished_words=0)

# Books are hard-wrapped: a "line" is not a paragraph, and removing lines under three words would cut the last words of
# paragraphs and every blank line between them. So no line is removed by length; the policy and javascript lines go
# by ``strip_boilerplate``, which spares lines so long that they are whole documents. For the same reason repeated
# short lines (headings, speakers' names) may be 10 % of the characters, not 1 %, and 5 % of the lines need to end a
# sentence, not 12 %. Dialogue is a quarter punctuation marks, each of which counts as a word: 5 % of the pieces of 40
# classic books fell under 0.8. A curly bracket in a book is a printer's brace: it cost one novel a chapter.
_GENERAL = Rules(
    c4={
        "filter_no_terminal_punct": False,
        "min_words_per_line": -1,
        "filter_javascript": False,
        "filter_policy": False,
        "filter_curly_bracket": False,
    },
    gopher_quality={"max_non_alpha_words_ratio": 0.7},
    fineweb={"char_duplicates_ratio": 0.1, "new_line_ratio": 0.4, "line_punct_thr": 0.05},
)

# Text with formulae, tables and figures. Short definitions and answers count from 20 words on (Data-Juicer's PubMed
# Central and arXiv recipes). Symbols and numbers count as words: derivations of Maxwell's equations in two geophysics
# textbooks go down to 0.44 words with a letter, their tables of rock densities to 0.30; and the derivations repeat
# 5-grams in up to 0.43 of their characters (Data-Juicer allows papers 0.57 at 10 words). No share of lines must end in
# punctuation: tables, glossaries and indexes do not, and in a text without line breaks (200 of 230 minutes of the
# FOMC) the one line counts for all. The mean word may be 12 letters long (names of minerals, drugs and instruments).
_DOMAIN = replace(
    _GENERAL,
    gopher_repetition={
        "dup_line_frac": 0.4,
        "dup_line_char_frac": 0.3,
        "top_n_grams": ((2, 0.30), (3, 0.28), (4, 0.26)),
        "dup_n_grams": ((5, 0.45), (6, 0.43), (7, 0.41), (8, 0.39), (9, 0.37), (10, 0.35)),
    },
    gopher_quality={
        "min_doc_words": 20,
        "max_doc_words": 1_000_000,
        "max_avg_word_length": 12,
        "max_non_alpha_words_ratio": 0.25,
    },
    c4={**_GENERAL.c4, "min_num_sentences": 1, "remove_citations": False},
    fineweb={"char_duplicates_ratio": 0.2, "new_line_ratio": 0.5, "line_punct_thr": 0.0, "short_line_thr": 0.9},
)

PROFILES: Mapping[str, Rules] = {
    "web": _WEB,
    "general": _GENERAL,
    "geo": _DOMAIN,
    # A quarter of a filing's lines are table rows, whose labels and units repeat; its set phrases repeat in up to 0.49
    # of the characters.
    "finance": replace(
        _DOMAIN,
        gopher_repetition={
            **_DOMAIN.gopher_repetition,
            "dup_line_frac": 0.55,
            "dup_line_char_frac": 0.35,
            "dup_n_grams": ((5, 0.57), (6, 0.55), (7, 0.53), (8, 0.51), (9, 0.49), (10, 0.47)),
        },
        gopher_quality={**_DOMAIN.gopher_quality, "min_avg_word_length": 2.5},
    ),
    # Notes are lists of short upper-case lines ("BP 120/80", "HPI:"), with few of Gopher's stop words.
    "medical": replace(
        _DOMAIN,
        gopher_quality={**_DOMAIN.gopher_quality, "max_bullet_lines_ratio": 1.0, "min_stop_words": 1},
        personal_data=KINDS,
    ),
}


def get_rules(name: str) -> Rules:
    """Return the profile of that name; DataError names those that exist."""
    try:
        return PROFILES[name]
    except KeyError:
        raise DataError(f"rules: no profile of that name, got {name!r}. Use one of {', '.join(PROFILES)}") from None
