"""All repairs inside one document, in a fixed order: what decoders, typesetters, web sites and converters left in it.

Each repair lives in ``data_tools/repairs/``, takes a text and returns it with the number of places that it changed. It
looks for a cheap trigger first, so that a clean text costs little. The order matters: a wrongly decoded letter can hold
a line end (U+0085); headers go before words and sentences are joined over them; words before lines are joined.

Repairs go round until none of them finds anything any more: so a repaired text is never repaired further.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import chain, repeat

from data_tools.errors import DataError
from data_tools.repairs.characters import (
    compose,
    one_kind_of_line_end,
    remove_controls,
    tidy_white_space,
    undo_mojibake,
)
from data_tools.repairs.gutenberg import remove_gutenberg_licence
from data_tools.repairs.hard_wraps import join_hard_wraps
from data_tools.repairs.hyphens import join_broken_words
from data_tools.repairs.lost_references import smooth_lost_references
from data_tools.repairs.page_furniture import remove_page_furniture
from data_tools.repairs.rounds import MAX_ROUNDS, Repair
from data_tools.repairs.site_furniture import remove_site_furniture

_FUNCTIONS: dict[str, Repair] = {
    "mojibake": undo_mojibake,
    "line_ends": one_kind_of_line_end,
    "unicode_form": compose,
    "control_characters": remove_controls,
    "white_space": tidy_white_space,
    "gutenberg_licence": remove_gutenberg_licence,
    "site_furniture": remove_site_furniture,
    "page_furniture": remove_page_furniture,
    "hyphens": join_broken_words,
    "hard_wraps": join_hard_wraps,
    "lost_references": smooth_lost_references,
}
REPAIRS = tuple(_FUNCTIONS)
"""The names of all repairs, in order."""


def repair(text: str, without: Collection[str] = ()) -> tuple[str, dict[str, int]]:
    """Return the repaired text, and by name of repair how many places it changed (0 is left out).

    A place is a line (mojibake, Unicode form, headers), a line end, a word, a sentence, a bracket or a character,
    as each repair counts. Repairs named in ``without`` are left out; DataError where there is none of that name.
    """
    unknown = sorted(set(without) - set(REPAIRS))
    if unknown:
        raise DataError(f"without: there is no such repair, got {unknown[0]!r}. Use some of {', '.join(REPAIRS)}")
    functions = [(name, function) for name, function in _FUNCTIONS.items() if name not in without]
    num_places: Counter[str] = Counter()
    num_quiet = 0  # repairs in a row that found nothing; when all have, the text is done
    for name, function in chain.from_iterable(repeat(functions, MAX_ROUNDS)):
        repaired, num = function(text)
        num_quiet = num_quiet + 1 if repaired == text else 0
        if num_quiet == len(functions):
            break
        text = repaired
        num_places[name] += num
    return text, {name: num_places[name] for name in REPAIRS if num_places[name]}
