"""The forms of the geo world's documents: profiles, comparisons, field notes, tables, dialogues, exercises, logs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from data_tools.worlds.engine import Fact, capital
from data_tools.worlds.geo_sentences import Subject, Teller
from data_tools.worlds.geo_wordings import KIND_NOUNS, PHRASES
from data_tools.worlds.names import person, place
from data_tools.worlds.writing import sentence

Form = Callable[[Teller, Subject], str]


def profile(teller: Teller, subject: Subject) -> str:
    """Everything about one entity, then others beside it."""
    opening = teller.scene(
        teller.rng.choice(
            (
                "This page from {place} is about {e}.",
                "{person} keeps a card on {e}.",
                "Here is what {name} knows of {e}.",
                "Chapter {number} of the guide treats {e}.",
                "{E} deserves a closer look, says {person}.",
            )
        ),
        e=subject.name,
        E=capital(subject.name),
    )
    body = teller.tell(subject)
    near = teller.beside(subject, teller.rng.randint(2, 4))
    again = [teller.alike(subject, teller.relation(subject)) for _ in range(2)]
    return _paragraphs([opening, *body], near + again)


def comparison(teller: Teller, subject: Subject) -> str:
    """Two entities, relation by relation, and a third at the end."""
    second = teller.other(subject)
    opening = teller.scene(
        teller.rng.choice(
            (
                "{name} compared {a} and {b} in {place}.",
                "How {a} and {b} differ was the topic of lesson {number}.",
                "{person} put {a} beside {b}.",
                "Two entries of the guide, {a} and {b}, are set side by side here.",
            )
        ),
        a=subject.name,
        b=second.name,
    )
    shared = [name for name in subject.facts if name in second.facts]
    teller.rng.shuffle(shared)
    body = [teller.contrast(subject, second, name) for name in shared[:6]]
    third = teller.other(subject)
    return _paragraphs([opening, *body], [*teller.tell(third, list(third.facts)[:4]), *teller.beside(second, 2)])


def field_notes(teller: Teller, subject: Subject) -> str:
    """A day outdoors: what was seen where, and what is known of it."""
    rng = teller.rng
    lines = [
        f"Field notes of {person(rng)}, day {rng.randint(1, 60)}, {place(rng)}.",
        teller.scene(
            rng.choice(
                (
                    "The morning was {weather} and the path was {path}.",
                    "We left {place} early on a {weather} day.",
                    "{name} carried the bags and {name2} kept the list.",
                )
            ),
            weather=rng.choice(("cold", "bright", "windy", "wet", "warm", "gray")),
            path=rng.choice(("steep", "dry", "muddy", "long", "rough", "easy")),
        ),
    ]
    for stop in range(1, rng.randint(3, 5)):
        one = subject if stop == 1 else teller.other(subject)
        where = teller.scene(
            rng.choice(
                (
                    "Stop {n} near {place} was about {e}.",
                    "At stop {n} {name} spoke about {e}.",
                    "At stop {n} by {place} the talk came to {e}.",
                )
            ),
            n=str(stop),
            e=one.name,
        )
        lines.append(" ".join([where, *teller.tell(one, _some(teller, one, 4))]))
    lines.append(" ".join(teller.beside(subject, 2)))
    return "\n".join(lines)


def table(teller: Teller, subject: Subject) -> str:
    """Rows of values inside prose; every row is a line that reads as a sentence."""
    rng = teller.rng
    columns = [name for name in subject.facts if name in PHRASES]
    columns = rng.sample(columns, min(len(columns), rng.choice((3, 4))))
    rows = [subject]
    while len(rows) < rng.randint(4, 6):
        one = teller.other(subject)
        if one not in rows and all(name in one.facts for name in columns):
            rows.append(one)
        elif len(rows) > 3:
            break
    rng.shuffle(rows)
    head = teller.scene(
        rng.choice(
            (
                "{person} drew up this table in {place}.",
                "Table {number} was copied by {name} from the wall.",
                "The rows below were checked by {person}.",
                "Plate {number} of the guide holds these rows.",
            )
        ),
    )
    lines = [head]
    for one in rows:
        lines.append(f"{capital(one.name)}: {', '.join(teller.phrase(one.facts[name]) for name in columns)}.")
    after = [teller.contrast(rows[0], one, rng.choice(columns)) for one in rows[1:3]]
    after += teller.tell(subject, _some(teller, subject, 5))
    return "\n".join([*lines, " ".join(after)])


def dialogue(teller: Teller, subject: Subject) -> str:
    """A teacher and a pupil; requests are put in words that no test question uses."""
    rng = teller.rng
    first, second = teller.people
    asks = (
        "Please tell me about {e}.",
        "Say something on {e}.",
        "Now it is the turn of {e}.",
        "Let us hear about {e}.",
        "Go on with {e}.",
        "I forgot the page on {e}.",
    )
    replies = ("Gladly.", "Yes, of course.", "That is easy.", "I wrote it down.", "Let me think.", "I looked it up.")
    lines = [f"{first} and {second} talk in the library of {place(rng)}."]
    one = subject
    for turn in range(rng.randint(3, 5)):
        asked = teller.page.pick("asks", asks).format(e=one.name)
        reply = teller.page.pick("replies", replies)
        lines.append(f'{first} said to {second}: "{asked}"')
        told = teller.tell(one, _some(teller, one, 3 if turn else 5))
        lines.append(f'{second} answered: "{reply} {" ".join(told)}"')
        one = teller.other(subject)
    lines.append(f"Then {first} wrote this down. {' '.join(teller.beside(subject, 2))}")
    return "\n".join(lines)


def glossary(teller: Teller, subject: Subject) -> str:
    """Entries of several entities, a line each."""
    lines = [teller.scene("{person} wrote the glossary of the {place} guide, part {number}.")]
    entries = [subject]
    for _ in range(teller.rng.randint(3, 5)):
        one = teller.other(subject)
        if one not in entries:
            entries.append(one)
    for one in sorted(entries, key=lambda entry: entry.name):
        lines.append(f"{capital(one.name)}: {' '.join(teller.tell(one, _some(teller, one, 4)))}")
    return "\n".join(lines)


def riddle(teller: Teller, subject: Subject) -> str:
    """Values first, the name after them; then how the wrong guesses were ruled out."""
    rng, noun = teller.rng, KIND_NOUNS[subject.kind]
    facts = [fact for name, fact in subject.facts.items() if name in PHRASES]
    rng.shuffle(facts)
    lines = [teller.scene("{person} of {place} set riddle {number} for the class.")]
    lead = ("The first clue was", "Then came", "The next clue was", "It also had", "The last clue was")
    lines.extend(f"{words} {teller.phrase(fact)}." for words, fact in zip(lead, facts, strict=False))
    lines.append(f"The {noun} was {subject.name}.")
    wrong = []
    for _ in range(rng.randint(2, 3)):
        relation = teller.relation(subject)
        one = teller.other(subject, relation)
        if one.facts[relation].value != subject.facts[relation].value:
            wrong.append(f"{rng.choice(teller.people)} had guessed {one.name}.")
            wrong.append(teller.contrast(one, subject, relation))
    return _paragraphs(lines, [*wrong, *teller.tell(subject, _some(teller, subject, 5))])


def lists(teller: Teller, subject: Subject) -> str:
    """Entities gathered by a shared value, several times over."""
    lines = [teller.scene("{person} sorted the {what} collection of {place}.", what=KIND_NOUNS[subject.kind])]
    one = subject
    for _ in range(teller.rng.randint(4, 6)):
        lines.append(teller.alike(one, teller.relation(one)))
        lines.append(teller.framed(one.facts[teller.relation(one)]))
        one = teller.other(subject)
    return _paragraphs(lines, teller.tell(subject, _some(teller, subject, 6)))


def log(teller: Teller, subject: Subject) -> str:
    """Entries of a laboratory or office book, by number."""
    rng = teller.rng
    number = rng.randint(100, 900)
    lines = [f"Log book of {person(rng)}, {place(rng)}, pages {number} and after."]
    one = subject
    for _ in range(rng.randint(4, 6)):
        number += rng.randint(1, 9)
        lines.append(f"Entry {number} on {one.name}. {' '.join(teller.tell(one, _some(teller, one, 3)))}")
        one = teller.other(subject)
    return "\n".join([*lines, " ".join(teller.beside(subject, 2))])


def exercise(teller: Teller, subject: Subject) -> str:
    """Exercises with their solutions: sums for numbers, then facts to learn."""
    lines = [teller.scene("Exercise sheet {number} by {person} for the school of {place}.")]
    one = subject
    for turn in range(teller.rng.randint(3, 4)):
        solution = _solution(teller, one)
        lines.append(
            f"Task {turn + 1} is on {one.name}. {solution} {' '.join(teller.tell(one, _some(teller, one, 3)))}"
        )
        one = teller.other(subject)
    return "\n".join(lines)


def _solution(teller: Teller, subject: Subject) -> str:
    if "density" in subject.facts:
        return _mass(teller, subject.facts["density"])
    if "start" in subject.facts and "end" in subject.facts:
        return _duration(teller, subject.facts["start"], subject.facts["end"])
    return " ".join(teller.beside(subject, 1))


def _mass(teller: Teller, density: Fact) -> str:
    volume = teller.rng.randint(2, 40)
    mass = round((density.number or 0) * volume, 2)
    teller.page.note(density)
    return (
        f"A piece of {density.entity} has a volume of {volume} cubic centimeters. {sentence(teller.clause(density))} "
        f"So the mass is {density.value} times {volume}, which is {mass:g} grams."
    )


def _duration(teller: Teller, start: Fact, end: Fact) -> str:
    years = round((start.number or 0) - (end.number or 0), 2)
    return (
        f"{sentence(teller.clause(start))} {sentence(teller.clause(end))} "
        f"So it lasted {start.value} minus {end.value}, which is {years:g} million years."
    )


def scratch_test(teller: Teller, subject: Subject) -> str:
    """Which mineral scratches which: hardness worked out step by step."""
    if subject.kind != "mineral" or "hardness" not in subject.facts:
        return comparison(teller, subject)
    rng, mine = teller.rng, subject.facts["hardness"]
    lines = [teller.scene("{name} tested {e} with the hardness kit of {place}.", e=subject.name)]
    for _ in range(rng.randint(4, 6)):
        other = teller.other(subject, "hardness").facts["hardness"]
        if (other.number or 0) == (mine.number or 0):
            continue
        hard, soft = (mine, other) if (mine.number or 0) > (other.number or 0) else (other, mine)
        template = teller.page.pick(
            "scratch",
            (
                "{h} with a hardness of {x} scratched {s} with a hardness of {y}",
                "{s} was scratched by {h}, {y} against {x}",
                "{h} left a mark on {s}, since {c}, while {d}",
                "{h} cut {s}, because {c} and {d}",
            ),
        )
        teller.page.note(hard, soft)
        words = {"h": hard.entity, "s": soft.entity, "x": hard.value, "y": soft.value}
        lines.append(sentence(template.format(**words, c=teller.clause(hard), d=teller.clause(soft))))
    return _paragraphs(lines, teller.tell(subject, _some(teller, subject, 6)))


def _some(teller: Teller, subject: Subject, count: int) -> list[str]:
    """Draw ``count`` relations, those first that this page has not yet told of the entity."""
    names = list(subject.facts)
    return [teller.page.pick(f"told {subject.name}", names) for _ in range(min(count, len(names)))]


def _paragraphs(*groups: Sequence[str]) -> str:
    return "\n".join(" ".join(group) for group in groups if group)


OTHER_FORMS: tuple[Form, ...] = (
    comparison,
    field_notes,
    table,
    dialogue,
    glossary,
    riddle,
    lists,
    log,
    exercise,
    scratch_test,
)
"""Beside ``profile``, which states everything about its subject: drawn with equal weight."""
