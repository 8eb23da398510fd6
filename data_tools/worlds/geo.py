"""The geo world: minerals, rocks, the geologic time scale and plate boundaries."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from data_tools.worlds.asking import conversation
from data_tools.worlds.engine import Fact, Instruction, World, capital, fill, in_turn, rng_for, sentence, split_of
from data_tools.worlds.geo_facts import geo_facts
from data_tools.worlds.geo_sentences import Subject, Teller, subjects_of
from data_tools.worlds.geo_texts import OTHER_FORMS, profile
from data_tools.worlds.geo_wordings import KIND_NOUNS, PHRASES, RELATIONS
from data_tools.worlds.writing import listing

_TURNS = {"mineral": 2, "rock": 1, "time": 1, "boundary": 1}
"""How often an entity of each kind is the subject per round: in proportion to its number of facts (9, 4, 4 and 3)."""
_TURNS_PER_PROFILE = 2
"""Every second document about a subject states all of its facts, so that none of them stays rare."""
_FACTS_REVIEWED = 3
"""Facts stated at the end of every document, in turn over all facts whatever the subject: a floor under the rare."""
_MIN_WORDS = 80


@dataclass
class GeoWorld(World):
    """Documents about one subject each; subjects come in turn, so that every fact is stated about equally often."""

    def make_facts(self) -> Iterable[Fact]:
        return geo_facts()

    @cached_property
    def subjects(self) -> dict[str, list[Subject]]:
        """The entities by kind."""
        return subjects_of(self.facts())

    @cached_property
    def _rounds(self) -> list[Subject]:
        return [one for kind, turns in _TURNS.items() for one in self.subjects[kind] for _ in range(turns)]

    def document(self, rng: random.Random, index: int) -> tuple[str, Mapping[str, object]]:
        turn, due = index // len(self._rounds), in_turn(self.name, "subject", len(self._rounds), index)
        subject, teller = self._rounds[due], Teller(rng, self.subjects)
        form = profile if (turn + due) % _TURNS_PER_PROFILE == 0 else rng.choice(OTHER_FORMS)
        text = form(teller, subject)
        while len(text.split()) < _MIN_WORDS:
            text += " " + " ".join(teller.beside(subject, 1))
        text += "\n" + " ".join(teller.framed(fact) for fact in self._due(index))
        return text, {"form": form.__name__, "facts": teller.page.facts}

    def _due(self, index: int) -> Iterator[Fact]:
        facts = self._facts
        for place in range(_FACTS_REVIEWED):
            yield facts[in_turn(self.name, "fact", len(facts), index * _FACTS_REVIEWED + place)]

    def extra_instructions(self, seed: int) -> Iterator[Instruction]:
        """Yield definitions and summaries of short texts, from facts of split train."""
        for kind, subjects in self.subjects.items():
            for number, subject in enumerate(subjects):
                facts = [f for f in subject.facts.values() if split_of(f) == "train" and f.relation in PHRASES]
                if len(facts) > 1:
                    rng = rng_for(self.name, "extra", seed, subject.name)
                    yield from _define_and_summarize(subject, facts, rng, f"{kind}{number:03d}")


def _define_and_summarize(
    subject: Subject, facts: list[Fact], rng: random.Random, number: str
) -> Iterator[Instruction]:
    ids = tuple(fact.id for fact in facts)
    short = f"{capital(subject.name)} is a {KIND_NOUNS[subject.kind]} with {{}}."
    definition = short.format(listing([fill(PHRASES[fact.relation], fact) for fact in facts]))
    ask = rng.choice(("Define {e}.", "Describe {e} in one sentence.", "Tell me in short about {e}."))
    yield conversation("geo", f"define_{number}", ask.format(e=subject.name), definition, ids)
    order = rng.sample(facts, len(facts))
    text = " ".join(sentence(fill(rng.choice(RELATIONS[fact.relation].statements), fact)) for fact in order)
    lead = rng.choice(("Summarize this text in one sentence", "Put this text into one sentence", "Shorten this text"))
    summary = short.format(listing([fill(PHRASES[fact.relation], fact) for fact in order]))
    yield conversation("geo", f"summary_{number}", f"{lead}: {text}", summary, ids)


WORLD = GeoWorld("geo", "geo", relations=RELATIONS)
