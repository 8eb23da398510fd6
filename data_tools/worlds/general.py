"""The general world: everyday things, animals, food, work, countries, calendar, numbers, small stories about people.

It writes the text that a base model learns general English from, so it has the most kinds of facts and of documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from data_tools.worlds import general_counting, general_texts
from data_tools.worlds import general_facts as tables
from data_tools.worlds.asking import conversation
from data_tools.worlds.composing import DAYS, TableWorld
from data_tools.worlds.engine import Instruction, rng_for, split_of
from data_tools.worlds.formats import FORMATS
from data_tools.worlds.general_stories import STORIES
from data_tools.worlds.names import FIRST_NAMES, person, place
from data_tools.worlds.writing import in_words, listing

NUM_EVERYDAY_INSTRUCTIONS = 800


@dataclass
class GeneralWorld(TableWorld):
    """The general world: a table world with everyday instructions beside those about its facts."""

    def extra_instructions(self, seed: int) -> Iterator[Instruction]:
        """Yield simple tasks: put in capitals, count, order, pick out, answer politely, use an opposite."""
        rng = rng_for(self.name, "everyday", seed)
        opposites = [
            fact for fact in self.facts() if fact.relation == "opposite_opposite" and split_of(fact) == "train"
        ]
        seen: set[str] = set()
        while len(seen) < NUM_EVERYDAY_INSTRUCTIONS:
            who, where, day = person(rng), place(rng), rng.choice(DAYS)
            number, less = rng.randint(12, 99), rng.randint(2, 11)
            some, fact = rng.sample(FIRST_NAMES, 3), rng.choice(opposites)
            thing = f"{who} came to {where} on {day}."
            user, answer = rng.choice(
                (
                    (f"Who came, and where? {thing}", f"{who} came to {where}."),
                    (f"On which day did it happen? {thing}", f"It happened on {day}."),
                    (f"Write this in the future tense: {thing}", f"{who} will come to {where} on {day}."),
                    (f"Make this a negative sentence: {thing}", f"{who} did not come to {where} on {day}."),
                    (
                        f"Turn this into a polite request: {some[0]}, open the door!",
                        f"Please open the door, {some[0]}.",
                    ),
                    (f"Sort these names by the alphabet: {', '.join(some)}.", f"{listing(sorted(some))}."),
                    (f"How many names are there: {listing(some)}?", "There are three names."),
                    (f"Write {number} in words.", f"{in_words(number)}"),
                    (f"Write {in_words(number)} as a number.", f"{number}"),
                    (
                        f"Take {in_words(less)} away from {in_words(number)}.",
                        f"{in_words(number)} less {in_words(less)} is {in_words(number - less)}.",
                    ),
                    (f"Thank {who} for the visit to {where}.", f"Dear {who}, thank you for your visit to {where}."),
                    (
                        f"{some[0]} said {fact.entity}. Answer with the opposite for {some[1]}.",
                        f"{some[1]} says {fact.value}.",
                    ),
                )
            )
            if user not in seen:
                seen.add(user)
                facts = (fact.id,) if "opposite" in user else ()
                yield conversation(self.name, f"everyday/{len(seen):05d}", user, answer, facts)


WORLD = GeneralWorld(
    name="general",
    domain="general",
    tables={
        "animal": tables.ANIMALS,
        "object": tables.OBJECTS,
        "food": tables.FOODS,
        "job": tables.JOBS,
        "country": tables.COUNTRIES,
        "month": tables.MONTHS,
        "weekday": tables.WEEKDAYS,
        "unit": tables.UNITS,
        "kin": tables.KIN,
        "thing": tables.THINGS,
        "opposite": tables.opposites_table(),
        "sum": tables.sums_table(),
        "product": tables.products_table(),
    },
    wordings=(*general_texts.WORDINGS, *general_counting.WORDINGS),
    voice=general_counting.VOICE,
    formats=(*FORMATS, *STORIES),
)
