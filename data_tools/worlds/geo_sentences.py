"""Sentences of the geo world: one fact framed by a scene, several facts of one entity, two entities side by side."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data_tools.worlds.engine import Fact, capital, fill
from data_tools.worlds.geo_wordings import COMPARATIVES, KIND_NOUNS, PHRASES, RELATIONS
from data_tools.worlds.names import FIRST_NAMES, person, place
from data_tools.worlds.writing import Page, listing, sentence

_FRAMES = (
    "{person} noted that {clause}",
    "{person} wrote that {clause}",
    "at {place} we saw again that {clause}",
    "the guide to {place} says that {clause}",
    "sample {number} from {place} showed that {clause}",
    "on page {number} {name} read that {clause}",
    "the label on box {number} says that {clause}",
    "{name} and {name2} agreed that {clause}",
    "{name} learned at {place} that {clause}",
    "note {number} says that {clause}",
    "the museum of {place} explains that {clause}",
    "{name} told the class that {clause}",
    "it helps to know that {clause}",
    "for {name} it was new that {clause}",
    "a sign near {place} says that {clause}",
    "{person} taught us that {clause}",
)
_PLAIN_SHARE = 0.6
"""Share of single facts stated without a scene around them; the rest makes sentences distinct."""
_LINKS = (", and", ", and we also know that", "; besides,", ", and in the same way")
_CONTRASTS = (", while", ", but", "; in contrast,", ", whereas", ", and on the other side")
_MANY = (
    "{E} has {list}",
    "{e} shows {list}",
    "with {list}, {e} is easy to describe",
    "the marks of {e} are {list}",
    "look for {list} and you may have {e}",
    "a {noun} with {list} could be {e}",
    "{list} together point to {e}",
    "note {number} on {e} lists {list}",
    "{name} describes {e} by {list}",
)


_BOTH = ("both {a} and {b} have {p}", "{a} and {b} share {p}", "{p} joins {a} and {b}")
_COMPARED = (
    "{a} is {word} than {b}, {x} against {y}",
    "{x} for {a} and {y} for {b} make {a} the {word} one",
    "{a} with {x} is {word} than {b} with {y}",
    "since {a} has {noun} {x} and {b} has {noun} {y}, {a} is {word}",
)
_ALIKE = (
    "{p} can be read beside {names}",
    "{p} is shared by {names}",
    "a list of {noun}s with {p} holds {names}",
    "{name} sorted {names} into one tray because of {p}",
    "the drawer for {p} holds {names}",
)


@dataclass(frozen=True)
class Subject:
    """One entity with its facts by relation."""

    name: str
    kind: str
    facts: Mapping[str, Fact]


def subjects_of(facts: Sequence[Fact]) -> dict[str, list[Subject]]:
    """Return the entities of each kind with their facts, in the order of the tables."""
    gathered: dict[tuple[str, str], dict[str, Fact]] = {}
    for fact in facts:
        gathered.setdefault((fact.kind, fact.entity), {})[fact.relation] = fact
    found: dict[str, list[Subject]] = {}
    for (kind, name), mine in gathered.items():
        found.setdefault(kind, []).append(Subject(name, kind, mine))
    return found


class Teller:
    """Writes sentences onto one page, with one cast of people and places."""

    def __init__(self, rng: random.Random, subjects: Mapping[str, Sequence[Subject]]) -> None:
        self.rng = rng
        self.page = Page(rng)
        self.subjects = subjects
        self.people = rng.sample(FIRST_NAMES, 2)

    def scene(self, template: str, **more: str) -> str:
        """Return ``template`` with names, places and numbers of this page."""
        names = self.rng.sample(self.people, 2)
        return template.format(
            person=person(self.rng),
            place=place(self.rng),
            number=self.rng.randint(2, 99),
            name=names[0],
            name2=names[1],
            **more,
        )

    def clause(self, fact: Fact) -> str:
        """Return a clause that states ``fact``."""
        return self.page.clause(RELATIONS[fact.relation], fact)

    def framed(self, fact: Fact) -> str:
        """Return one fact as a sentence, on its own or as somebody says it."""
        clause = self.clause(fact)
        if self.rng.random() < _PLAIN_SHARE:
            return sentence(clause)
        return sentence(self.scene(self.page.pick("frames", _FRAMES), clause=clause))

    def phrase(self, fact: Fact) -> str:
        """Return ``a hardness of 7``: what stands after ``has`` or ``with``."""
        self.page.note(fact)
        return fill(PHRASES[fact.relation], fact)

    def many(self, facts: Sequence[Fact]) -> str:
        """Return several facts of one entity as one sentence."""
        if len(facts) == 2 and self.rng.random() < 0.5:
            first, second = facts
            return sentence(f"{self.clause(first)}{self.rng.choice(_LINKS)} {self.clause(second)}")
        template = self.page.pick("many", _MANY)
        phrases = listing([self.phrase(fact) for fact in facts])
        known = {"e": facts[0].entity, "E": capital(facts[0].entity), "noun": KIND_NOUNS[facts[0].kind]}
        return sentence(self.scene(template, list=phrases, **known))

    def tell(self, subject: Subject, relations: Sequence[str] | None = None) -> list[str]:
        """Return sentences that state the given facts of ``subject`` (all, where None), each once, in random order."""
        left = [subject.facts[name] for name in (relations or subject.facts) if name in subject.facts]
        self.rng.shuffle(left)
        said: list[str] = []
        while left:
            size = min(len(left), self.rng.choice((1, 1, 2, 2, 3)))
            taken = [left.pop() for _ in range(size)]
            short = [fact for fact in taken if fact.relation in PHRASES]
            said.extend(self.framed(fact) for fact in taken if fact.relation not in PHRASES)
            if len(short) > 1:
                said.append(self.many(short))
            else:
                said.extend(self.framed(fact) for fact in short)
        self.rng.shuffle(said)
        return said

    def contrast(self, first: Subject, second: Subject, relation: str) -> str:
        """Return one sentence on the same relation of two entities."""
        a, b = first.facts[relation], second.facts[relation]
        if a.value == b.value and relation in PHRASES:
            self.page.note(a, b)
            both = self.page.pick("both", _BOTH)
            return sentence(both.format(a=a.entity, b=b.entity, p=self.phrase(a)))
        if relation in COMPARATIVES and a.number is not None and b.number is not None and self.rng.random() < 0.6:
            return self.compared(a, b)
        link = self.rng.choice(_CONTRASTS)
        if a.value == b.value:
            link = ", and"
        return sentence(f"{self.clause(a)}{link} {self.clause(b)}")

    def compared(self, a: Fact, b: Fact) -> str:
        """Return which of two different numbers is larger, with both numbers."""
        more, less = COMPARATIVES[a.relation]
        self.page.note(a, b)
        word = more if (a.number or 0) > (b.number or 0) else less
        unit = " million years" if a.kind == "time" else ""
        template = self.page.pick("compared", _COMPARED)
        noun = "a start of" if a.kind == "time" else f"a {a.relation} of"
        x, y = f"{a.value}{unit}", f"{b.value}{unit}"
        return sentence(template.format(a=a.entity, b=b.entity, x=x, y=y, word=word, noun=noun))

    def other(self, subject: Subject, relation: str = "") -> Subject:
        """Draw another entity of the same kind that has ``relation``."""
        others = [s for s in self.subjects[subject.kind] if s is not subject and (not relation or relation in s.facts)]
        return self.page.pick(f"others {subject.name} {relation}", others)

    def relation(self, subject: Subject) -> str:
        """Draw a relation of ``subject`` that the page has not drawn yet for this kind."""
        return self.page.pick(f"relations {subject.kind}", tuple(subject.facts))

    def beside(self, subject: Subject, count: int) -> list[str]:
        """Return ``count`` sentences that set ``subject`` beside other entities."""
        said = []
        for _ in range(count):
            relation = self.relation(subject)
            said.append(self.contrast(subject, self.other(subject, relation), relation))
        return said

    def alike(self, subject: Subject, relation: str) -> str:
        """Return a sentence that lists entities with the same value of ``relation``, or the fact alone."""
        fact = subject.facts[relation]
        same = [s for s in self.subjects[subject.kind] if relation in s.facts and s.facts[relation].value == fact.value]
        same = [s for s in same if s is not subject]
        if not same or relation not in PHRASES:
            return self.framed(fact)
        some = [subject, *self.rng.sample(same, min(len(same), self.rng.randint(1, 3)))]
        self.rng.shuffle(some)
        self.page.note(*(s.facts[relation] for s in some))
        names = listing([s.name for s in some])
        template = self.page.pick("alike", _ALIKE)
        noun = "span" if subject.kind == "time" else KIND_NOUNS[subject.kind]
        if subject.kind in ("time", "boundary"):
            template = template.replace("tray", "group").replace("drawer", "chapter")
        return sentence(self.scene(template, names=names, p=self.phrase(fact), noun=noun))
