"""Formats of the general world: stories in which people act, a day's diary, shopping sums, recipes, journeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from data_tools.worlds.composing import DAYS, Entity, Writer, article
from data_tools.worlds.engine import capital
from data_tools.worlds.formats import paragraphs, target
from data_tools.worlds.writing import in_words, listing


class Event(NamedTuple):
    """A sentence or two that use the facts of one entity of ``kind``: its columns are placeholders."""

    kind: str
    text: str


EVENTS = (
    Event("object", "{p} looked for {e} in the {room}, since {e} is kept in the {room}."),
    Event("object", '"We need {e} for {use}," said {q}, and {p} ran to the {room}.'),
    Event("object", "{p} bought {e} of {material} from {P} and paid {n} coins."),
    Event("object", "In the {room} of {P} there was {e} made of {material}, and {p} borrowed it for {use}."),
    Event("object", "For {use} they had only {e}, {n} years old and made of {material}."),
    Event("object", "{q} found {e} in the {room} and used it for {use} until {day}."),
    Event("object", "{P} of {place} made {e} out of {material}, and {q} took it home."),
    Event("object", "Without {e}, {use} was hard, so {p} asked {P} for help."),
    Event("animal", "Near {place} they saw {e} in the {home}, and it was eating {food}."),
    Event("animal", "{p} gave {food} to {e}, because {e} eats {food}."),
    Event("animal", "{q} heard a sound in the {home}: it was {e} with its young, {a_young}."),
    Event("animal", '"Is {e} {a_class}?" asked {q}. "Yes, {e} is {a_class}," said {p}.'),
    Event("animal", "The {young} followed its mother, {e}, back to the {home} near {place}."),
    Event("animal", "{P} wrote a song about {e}, {a_class} that lives in the {home}."),
    Event("animal", "For {n} minutes {p} watched {e}, which was looking for {food}."),
    Event("food", "{p} ate {e} and said it was {taste}."),
    Event("food", "On the table of {P} lay {e}, {colour} in colour and {taste} to the tongue."),
    Event("food", "{q} likes what is {taste}, so {p} bought {e} in {place} for {n} coins."),
    Event("food", "The market in {place} had every {kind}, and {q} chose {e} for its {colour} colour."),
    Event("food", "{P} made lunch for {n} people with {e}, which tastes {taste}."),
    Event("job", "They met {e} from {place} who {task} and is never without {a_tool}."),
    Event("job", "{P} is {e} and works in the {place_of_work} of {place}."),
    Event("job", '"I want to be {e}," said {q}, "for {e} {task}."'),
    Event("job", "{p} went to the {place_of_work} in {place} and spoke with {e} for {n} minutes."),
    Event("job", "The father of {q} was {e}, and his {tool} hung on the wall in {place}."),
    Event("country", "A letter came from {capital}, the capital of {e}, for {P}."),
    Event("country", "{q} has a friend in {e}, a country of {continent}, who writes every {day}."),
    Event("country", "{p} dreamed of a journey to {capital}, for {capital} is the capital of {e}."),
    Event("country", "The uncle of {P} sailed to {e} in {continent} and came back after {n} months."),
    Event("month", "It was {e}, and after {e} comes {next}, so they had {n} days left."),
    Event("month", "In {e} the people of {place} celebrate {holiday}, and {p} baked {n} cakes."),
    Event("month", "The month was {e}, a month of {season}, and {P} wore a coat to match."),
    Event("weekday", "They agreed to meet on {e}, the day before {next}, in {place}."),
    Event("thing", "{p} saw something {colour} near {place} and thought of {e}, which is {colour}."),
    Event("thing", "The door of {P} was as {colour} as {e}."),
    Event("opposite", "{q} said {e}, but {p} wanted the opposite, {opposite}."),
    Event("opposite", "In the game of {place} one says {e} and the others must shout {opposite}."),
    Event("unit", "{p} waited for {e}, that is {equals}, but {P} did not come."),
    Event("unit", '"{E} is {equals}," said {q} to {P} of {place}.'),
    Event("kin", "{P} came for a visit: {e}, or in one word, the {word} of {q}."),
    Event("sum", "{q} counted the eggs: {e} is {result}, and {P} took them all."),
    Event("product", "{p} set the chairs in rows, {e}, which makes {result}."),
)

_BEGINNINGS = (
    "{p} and {q} lived in {place}, in a house with {n} windows.",
    "Once there was a child called {p}, who lived near {place} with a friend named {q}.",
    "On a {day} morning {p} left {place} with {q} and {n} coins.",
    "{p} had been in {place} for {n} weeks when {q} knocked at the door.",
    "In {place} everyone knew {p}, and everyone knew {q}, but nobody knew what happened on {day}.",
    "{q} was {n} years old and {p} was {m}, yet they were friends.",
    "It was raining in {place} when {p} found a letter from {q}.",
    "Long ago, {p} of {place} made a promise to {q}.",
)
_ENDINGS = (
    "In the end {p} and {q} sat by the fire and were glad.",
    "After {n} hours they were home in {place} again.",
    "{q} never forgot that {day}.",
    "So {p} kept the promise, and {q} slept well.",
    "And that is how {p} came to stay in {place}.",
    "From then on {q} visited {p} every {day}.",
    "{p} told the story {m} times, and each time {q} smiled.",
)


def event(writer: Writer, entity: Entity | None = None) -> str:
    """Return an event around ``entity``, or around the one that is due."""
    entity = entity or writer.entity()
    fitting = [one for one in EVENTS if one.kind == entity.kind]
    chosen = writer.page.pick(f"events {entity.kind}", fitting)
    values = {"e": entity.name, "E": capital(entity.name)}
    for column, fact in entity.facts.items():
        # ``place`` is the scene's invented place
        name = "place_of_work" if column == "place" else column
        if f"{{{name}}}" in chosen.text or f"{{a_{name}}}" in chosen.text:
            writer.page.note(fact)
        values[name], values[f"a_{name}"] = fact.value, article(fact.value)
    return capital(writer.scene(chosen.text, **values))


def story(writer: Writer) -> str:
    """A small story: people, events that lean on true facts, and what was said."""
    rng = writer.rng
    body = []
    words_left = target(writer)
    while words_left > 0:
        block = []
        for _ in range(rng.randint(3, 5)):
            block.append(writer.aside() if rng.random() < 0.15 else event(writer))
            if rng.random() < 0.25:
                block.append(writer.sentence(writer.entity()))
        words_left -= sum(len(sentence.split()) for sentence in block)
        body.append(" ".join(block))
    beginning, ending = writer.scene(rng.choice(_BEGINNINGS)), writer.scene(rng.choice(_ENDINGS))
    return f"{beginning} " + "\n\n".join(body) + f" {ending}"


def diary(writer: Writer) -> str:
    """Some days of somebody's diary."""
    rng = writer.rng
    start, blocks = rng.randrange(7), []
    for step in range(rng.randint(3, 6)):
        name = DAYS[(start + step) % 7]
        line = [rng.choice((f"{name} was a good day.", f"{name} began early.", f"This was {name}.", f"It is {name}."))]
        line += [event(writer) if rng.random() < 0.6 else writer.sentence(writer.entity()) for _ in range(3)]
        blocks.append(" ".join(line))
    return "\n\n".join(blocks)


def shopping(writer: Writer) -> str:
    """Sums in words with goods and coins, and facts about the goods."""
    rng = writer.rng
    lines = [writer.scene("{P} sent {p} and {q} to the market in {place} on {day} with a purse of coins.")]
    for _ in range(rng.randint(4, 7)):
        food = writer.entity("food")
        count, price = rng.randint(2, 9), rng.randint(2, 11)
        one, other = rng.randint(2, 30), rng.randint(2, 30)
        lines.append(
            rng.choice(
                (
                    f"{writer.people[0]} paid {in_words(price)} coins for a piece of {food.name} and bought "
                    f"{in_words(count)}; {in_words(count)} times {in_words(price)} is {in_words(count * price)}.",
                    f"First they spent {in_words(one)} coins and then {in_words(other)} more for {food.name}, "
                    f"so {in_words(one)} plus {in_words(other)}, which is {in_words(one + other)}, were gone.",
                    f"{writer.people[1]} had {in_words(one + other)} coins, gave {in_words(other)} for {food.name}, "
                    f"and kept {in_words(one)}.",
                )
            )
            + f" {writer.sentence(food)}"
        )
        if rng.random() < 0.5:
            lines.append(f"{event(writer)} {writer.sentence(writer.entity())}")
    return "\n".join([*lines, writer.closer(writer.entity("food"))])


def recipe(writer: Writer) -> str:
    """A dish step by step, with what is known of its parts."""
    rng = writer.rng
    parts = rng.sample(writer.kinds["food"].entities, 4)
    names = [part.name for part in parts]
    lines = [
        writer.scene("This is the {day} dish of {P} from {place}.") + f" It needs {listing(names)}.",
        f"{writer.sentence(parts[0])} {writer.sentence(parts[1])}",
    ]
    verbs = ("wash", "cut", "stir", "warm", "taste", "add", "cover", "pour", "mix", "bring")
    for number, part in enumerate(parts, start=1):
        minutes = in_words(rng.randint(2, 40))
        verb = rng.choice(verbs)
        lines.append(f"Step {in_words(number)}: {verb} {part.name} and wait {minutes} minutes. {writer.sentence(part)}")
    tool = writer.entity("object")
    lines.append(f"{event(writer, tool)} {writer.sentence(tool)} {writer.sentence(writer.entity())}")
    lines.append(writer.scene("The dish is enough for {n} guests, and {q} of {place} likes it very much."))
    return "\n".join(lines)


def journey(writer: Writer) -> str:
    """A trip through countries, with animals, food and people on the way."""
    rng = writer.rng
    stops = rng.sample(writer.kinds["country"].entities, rng.randint(3, 4))

    blocks = [writer.scene("{P} packed a bag in {place} on {day} and left for {n} weeks.")]
    for stop in stops:
        capital_fact = stop.facts["capital"]
        writer.page.note(capital_fact)
        arrival = rng.choice(
            (
                f"The ship reached {stop.name}, and from the harbor a train went to {capital_fact.value}, the capital.",
                f"In {capital_fact.value}, the capital of {stop.name}, it was {rng.choice(_WEATHER)}.",
                f"From there the road led to {stop.name}, whose capital is {capital_fact.value}.",
                f"A friend was waiting in {stop.name}, not far from {capital_fact.value}, the capital of the country.",
            )
        )
        blocks.append(" ".join([arrival, writer.sentence(stop), event(writer), writer.sentence(writer.entity())]))
    return "\n\n".join([*blocks, writer.scene("After {m} days the traveller was back in {place} and slept.")])


_WEATHER: Sequence[str] = ("warm and dry", "cold and wet", "windy", "hot", "raining", "snowing", "bright and clear")


def school_day(writer: Writer) -> str:
    """A class that counts, names opposites, months and kin, and tells what it knows."""
    rng = writer.rng
    kinds = ("sum", "product", "opposite", "weekday", "month", "unit", "kin", "thing")

    def sentences() -> Iterator[str]:
        yield writer.scene(
            "In the school of {place} the {day} began with {n} questions, and {P} wrote the answers down."
        )
        while True:
            kind = rng.choice(kinds)
            first = writer.entity(kind)
            yield rng.choice((writer.single, writer.contrast, writer.unlike, writer.reported))(first)
            if rng.random() < 0.4:
                yield writer.sentence(writer.entity())
            if rng.random() < 0.2:
                yield event(writer)

    return paragraphs(writer, sentences(), target(writer))


STORIES: tuple[tuple[Callable[[Writer], str], int], ...] = (
    (story, 10),
    (diary, 4),
    (shopping, 3),
    (recipe, 2),
    (journey, 3),
    (school_day, 4),
)
