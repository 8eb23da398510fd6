"""Putting sentences together: one document's page, which avoids repeating itself, and small pieces of English."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from data_tools.worlds.engine import Fact, Relation, article, fill, sentence
from data_tools.worlds.names import words

__all__ = ["Page", "article", "in_words", "listing", "sentence"]

T = TypeVar("T")


class Page:
    """One document being written: draws wordings without repeating them, and keeps the facts that were stated."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.fact_ids: dict[str, None] = {}
        self._used: dict[str, set[object]] = {}

    def pick(self, what: str, options: Sequence[T]) -> T:
        """Draw one of ``options``; under the same name ``what`` none comes twice before all have come."""
        used = self._used.setdefault(what, set())
        left = [i for i in range(len(options)) if i not in used]
        if not left:
            used.clear()
            left = list(range(len(options)))
        chosen = self.rng.choice(left)
        used.add(chosen)
        return options[chosen]

    def state(self, relation: Relation, fact: Fact) -> str:
        """Return a whole sentence that states ``fact``, in a wording not yet used on this page, and note the fact."""
        return sentence(self.clause(relation, fact))

    def clause(self, relation: Relation, fact: Fact) -> str:
        """Return the same as a clause, without capital and full stop, to be built into a longer sentence."""
        self.note(fact)
        return fill(self.pick(f"statement {relation.name}", relation.statements), fact)

    def note(self, *facts: Fact) -> None:
        """Remember that the page states these facts."""
        for fact in facts:
            self.fact_ids[fact.id] = None

    @property
    def facts(self) -> list[str]:
        """The ids of the facts stated so far, for ``Document.meta``."""
        return list(self.fact_ids)


def listing(items: Sequence[str], last: str = "and") -> str:
    """Return ``a``, ``a and b`` or ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


_ONES = words(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = words("zero ten twenty thirty forty fifty sixty seventy eighty ninety")


def in_words(number: int) -> str:
    """Return a whole number from 0 to 999 in words: ``forty-two``, ``one hundred and five``."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_ONES[hundreds]} hundred" + (f" and {in_words(rest)}" if rest else "")
