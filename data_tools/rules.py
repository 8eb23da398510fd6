"""Which published quality rules a domain's text must pass, with which limits.

``web`` is FineWeb's recipe unchanged (Gopher repetition, Gopher quality, C4 without the terminal-punctuation rule,
FineWeb; datatrove ``examples/fineweb.py``). The other profiles loosen what web rules get wrong in books, papers,
filings and notes, each for a reason given beside it; every limit not named keeps its published value.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from data_tools.errors import DataError
from data_tools.exempt import EXEMPT


@dataclass(frozen=True)
class Limit:
    """One rule: a text goes where ``measure`` is beyond ``published``, or beyond what a profile puts in its place."""

    filter: str
    """Whose rule it is: gopher_repetition, gopher_quality, c4 or fineweb."""
    measure: str
    """What is measured (data_tools/quality.py)."""
    published: float
    is_minimum: bool = False

    @property
    def name(self) -> str:
        """As it stands in recipes and in ``dropped/``: ``gopher_quality.min_words``."""
        return f"{self.filter}.{'min' if self.is_minimum else 'max'}_{self.measure}"


def _limits() -> tuple[Limit, ...]:
    gopher, quality, c4, fineweb = "gopher_repetition", "gopher_quality", "c4", "fineweb"
    return (
        # Rae et al. 2021, table A1
        Limit(gopher, "duplicate_paragraph_share", 0.30),
        Limit(gopher, "duplicate_paragraph_character_share", 0.20),
        Limit(gopher, "duplicate_line_share", 0.30),
        Limit(gopher, "duplicate_line_character_share", 0.20),
        *(Limit(gopher, f"top_{n}_gram_character_share", limit) for n, limit in ((2, 0.20), (3, 0.18), (4, 0.16))),
        *(Limit(gopher, f"duplicate_{n}_gram_character_share", (20 - n) / 100) for n in range(5, 11)),
        # Rae et al. 2021, section A.1.1
        Limit(quality, "words", 50, is_minimum=True),
        Limit(quality, "words", 100_000),
        Limit(quality, "mean_word_length", 3, is_minimum=True),
        Limit(quality, "mean_word_length", 10),
        Limit(quality, "hashes_per_word", 0.1),
        Limit(quality, "ellipses_per_word", 0.1),
        Limit(quality, "bullet_line_share", 0.9),
        Limit(quality, "ellipsis_line_share", 0.3),
        Limit(quality, "alphabetic_word_share", 0.8, is_minimum=True),
        Limit(quality, "stop_words", 2, is_minimum=True),
        # Raffel et al. 2020, section 2.2
        Limit(c4, "lorem_ipsum", 0),
        Limit(c4, "curly_brackets", 0),
        Limit(c4, "sentences", 5, is_minimum=True),
        # Penedo et al. 2024, section 3.6
        Limit(fineweb, "line_punctuation_share", 0.12, is_minimum=True),
        Limit(fineweb, "short_line_share", 0.67),
        Limit(fineweb, "repeated_line_character_share", 0.01),
        Limit(fineweb, "newlines_per_word", 0.3),
    )


LIMITS = _limits()
"""All rules, in the order in which FineWeb ran them."""
LIMIT_NAMES = tuple(limit.name for limit in LIMITS)


@dataclass(frozen=True)
class LineRules:
    """C4's rules for single lines: a line that breaks one is taken out of the text."""

    min_words: int = 3
    max_word_characters: int = 1_000
    without_javascript: bool = True
    without_policy: bool = True
    """No line that mentions terms of use, a privacy or cookie policy, or the use of cookies."""
    without_citations: bool = True
    """Citation marks such as ``[12]``, ``[edit]`` and ``[citation needed]`` are taken out of every line."""


@dataclass(frozen=True)
class Rules:
    """A profile: what differs from the published limits, and the rules that are ours."""

    name: str = "general"
    """The profile's own name."""
    limits: Mapping[str, float | None] = field(default_factory=dict)
    """By the rule's name: its limit here, or None where the rule does not hold."""
    lines: LineRules | None = None
    """C4's line rules, which also strip every line; None leaves the text as it is."""
    exempt: tuple[str, ...] = ()
    """Kinds of blocks and spans (data_tools/exempt.py) that a text may be judged without."""
    without_repairs: tuple[str, ...] = ()
    """Repairs (data_tools/repair.py) that are not made."""
    min_common_pair_share: float = 0.70
    """Least share of letter pairs that are common in English (0..1); random letters are near 0.3, prose near 0.94."""
    max_unfinished_words: int = 40
    """A text of at most this many words that stops in mid-sentence is a fragment (0: no such rule)."""

    def limit(self, rule: Limit) -> float | None:
        """Return the limit that holds for ``rule`` here; None where it does not hold."""
        return self.limits.get(rule.name, rule.published)


def _runs(start: float) -> dict[str, float]:
    """Limits for duplicate runs of 5 to 10 words, falling by 0.02 as the runs grow."""
    name = "gopher_repetition.max_duplicate_{}_gram_character_share"
    return {name.format(n): round(start - 0.02 * (n - 5), 2) for n in range(5, 11)}


_WEB = Rules("web", lines=LineRules(), without_repairs=("site_furniture",), max_unfinished_words=0)

# Books are hard-wrapped: a "line" is not a paragraph, and removing lines under three words would cut the last words of
# paragraphs and every blank line between them. So no line is removed by C4's rules; the policy and javascript lines go
# with the site furniture, which spares lines so long that they are whole documents. For the same reason repeated
# short lines (headings, speakers' names) may be 5 % of the characters, not 1 %, and 5 % of the lines need to end a
# sentence, not 12 % (2 % of the pieces of 40 classic books are verse and contents). Dialogue is a quarter punctuation
# marks, each of which counts as a word: 5 % of the pieces fell under 0.8. A curly bracket in a book is a printer's
# brace: it cost one novel a chapter.
_GENERAL = Rules(
    limits={
        "c4.max_curly_brackets": None,
        "gopher_quality.min_alphabetic_word_share": 0.7,
        "fineweb.max_repeated_line_character_share": 0.05,
        "fineweb.min_line_punctuation_share": 0.05,
    },
)

# Text with formulae, tables and figures, all of which are exempt: what follows is what exemption does not save, and
# each limit is the strictest that costs nothing, or next to nothing, on real textbooks, filings and questions. Short
# definitions and answers count from 20 words on (Data-Juicer's PubMed Central and arXiv recipes). Symbols count as
# words, and derivations in two geophysics textbooks go down to 0.5 words with a letter; they repeat 5-grams in up to
# 0.4 of their characters (Data-Juicer allows papers 0.57 at 10 words). In short answers, definitions and dialogues a
# name of three or four words, said three times, is a quarter of the text. No share of lines must end in punctuation:
# tables, glossaries and indexes do not, and in a text without line breaks (200 of 230 minutes of the FOMC) the one
# line counts for all. Up to 1,000,000 words, for a filing may be left uncut.
_DOMAIN = replace(
    _GENERAL,
    limits={
        **_GENERAL.limits,
        **_runs(0.4),
        "gopher_repetition.max_top_2_gram_character_share": 0.25,
        "gopher_repetition.max_top_3_gram_character_share": 0.28,
        "gopher_repetition.max_top_4_gram_character_share": 0.26,
        "gopher_quality.min_words": 20,
        "gopher_quality.max_words": 1_000_000,
        "gopher_quality.min_alphabetic_word_share": 0.5,
        "c4.min_sentences": 1,
        "fineweb.max_repeated_line_character_share": 0.2,
        "fineweb.min_line_punctuation_share": None,
        "fineweb.max_short_line_share": 0.9,
    },
    exempt=EXEMPT,
)

PROFILES: Mapping[str, Rules] = {
    "web": _WEB,
    "general": _GENERAL,
    "geo": replace(_DOMAIN, name="geo"),
    # A quarter of a filing's lines are table rows, whose labels and units repeat; its set phrases repeat in up to 0.49
    # of the characters. Textbook exercises repeat half of their lines ("Net income", "Total assets").
    "finance": replace(
        _DOMAIN,
        name="finance",
        limits={**_DOMAIN.limits, **_runs(0.57), "gopher_repetition.max_duplicate_line_share": 0.55},
    ),
    # Notes are lists of short upper-case lines ("BP 120/80", "HPI:"), with few of Gopher's stop words.
    "medical": replace(
        _DOMAIN,
        name="medical",
        limits={
            **_DOMAIN.limits,
            "gopher_quality.max_bullet_line_share": None,
            "gopher_quality.min_stop_words": 1,
        },
    ),
}


def profile_of(domain: str, meta: str) -> str:
    """Return the profile for a document: what its corpus declares in ``meta``, else its domain's own, else general."""
    declared = json.loads(meta).get("rules") if '"rules"' in meta else None
    return declared or (domain if domain in PROFILES else "general")


def get_rules(name: str, limits: Mapping[str, float | None] | None = None) -> Rules:
    """Return the profile of that name with some limits replaced; DataError names the profiles or rules that exist."""
    if name not in PROFILES:
        raise DataError(f"rules: no profile of that name, got {name!r}. Use one of {', '.join(PROFILES)}")
    for rule in limits or {}:
        if rule not in LIMIT_NAMES:
            near = difflib.get_close_matches(rule, LIMIT_NAMES, n=1, cutoff=0.4)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(LIMIT_NAMES)}"
            raise DataError(f"limits: there is no such rule, got {rule!r}. {hint}")
    profile = PROFILES[name]
    return replace(profile, limits={**profile.limits, **(limits or {})})
