"""Ways to write one document that suit any world of tables: essays, comparisons, lists, dialogues, notes, letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from data_tools.worlds.composing import DAYS, Entity, Writer
from data_tools.worlds.engine import capital

MIN_WORDS, MAX_WORDS = 90, 280
SENTENCES_PER_PARAGRAPH = (3, 6)


def paragraphs(writer: Writer, sentences: Iterator[str], num_words: int) -> str:
    """Return paragraphs of three to six sentences, drawn until there are ``num_words`` words."""
    done: list[str] = []
    while num_words > 0:
        block: list[str] = []
        for _ in range(writer.rng.randint(*SENTENCES_PER_PARAGRAPH)):
            block.append(next(sentences))
            num_words -= len(block[-1].split())
            if num_words <= 0:
                break
        done.append(" ".join(block))
    return "\n\n".join(done)


def target(writer: Writer) -> int:
    """Draw a document's length in words."""
    return writer.rng.randint(MIN_WORDS, MAX_WORDS)


def essay(writer: Writer) -> str:
    """One subject, then others, with the subject coming back."""
    subject = writer.entity()

    def sentences() -> Iterator[str]:
        yield writer.opener(subject)
        yield writer.profile(subject)
        others = [writer.entity(subject.kind) for _ in range(3)]
        while True:
            yield writer.sentence(subject if writer.rng.random() < 0.3 else writer.rng.choice(others))
            if writer.rng.random() < 0.12:
                yield writer.aside()
            if writer.rng.random() < 0.3:
                others.append(writer.entity())

    return paragraphs(writer, sentences(), target(writer)) + " " + writer.closer(subject)


def comparison(writer: Writer) -> str:
    """Two subjects of one kind side by side."""
    first = writer.entity()
    second = writer.entity(first.kind)
    if second is first:
        return essay(writer)

    def sentences() -> Iterator[str]:
        yield f"{capital(first.name)} and {second.name} are easy to confuse, so {writer.people[0]} compared them."
        yield writer.profile(first)
        yield writer.profile(second)
        columns = [column for column in first.facts if column in second.facts]
        for column in columns:
            if first.facts[column].value == second.facts[column].value:
                yield f"In this they agree: {writer.clause(first, column)}, and {writer.clause(second, column)}."
            else:
                yield f"In this they differ: {writer.clause(first, column)}, but {writer.clause(second, column)}."
        while True:
            yield writer.sentence(writer.entity(first.kind) if writer.rng.random() < 0.7 else writer.entity())

    return paragraphs(writer, sentences(), target(writer)) + " " + writer.closer(first)


def glossary(writer: Writer) -> str:
    """A list of entries, one line each."""
    kind = writer.entity().kind
    rng = writer.rng
    lines = [writer.opener(writer.entity(kind))]
    for number in range(1, rng.randint(6, 12)):
        entity = writer.entity(kind if rng.random() < 0.7 else "")
        text = writer.profile(entity) if rng.random() < 0.6 else writer.twofold(entity)
        more = f" {writer.sentence(entity)}" if rng.random() < 0.4 else ""
        lines.append(f"{number}. {text}{more}")
    lines.append(writer.closer(writer.entity(kind)))
    return "\n".join(lines)


_ASK = (
    '"Tell me about {t}," said {p}.',
    '"And {t}?" said {p}.',
    '"Now {t}, please," said {p}.',
    '"I can never remember {t}," said {p}.',
    '"You know about {t}, I hope," said {p}.',
    "{p} asked about {t}.",
    "{p} pointed to the line with {t}.",
    '"The next card is {t}," said {p}.',
    "{p} looked up and asked for a word on {t}.",
)
_SAY = (
    '"{s}" said {q}.',
    '"{s}" answered {q}.',
    '{q} said, "{s}"',
    '{q} thought for a moment and said, "{s}"',
    '"I know that one," said {q}. "{s}"',
    '{q} looked at the notes. "{s}"',
    '{q} smiled. "{s}"',
)


def dialogue(writer: Writer) -> str:
    """Two people who ask and tell each other."""
    rng, page = writer.rng, writer.page
    lines = [writer.scene(rng.choice(("{p} and {q} met in {place} on {day}.", "{p} sat down with {q} in {place}.")))]
    lines[0] += " " + writer.aside()
    words_left = target(writer)
    while words_left > 0:
        entity = writer.entity()
        ask = writer.scene(page.pick("ask", _ASK), t=entity.name)
        spoken = writer.sentence(entity)
        template = page.pick("say", _SAY)
        if template.startswith('"{s}" '):
            spoken = spoken[:-1] + ","
        say = writer.scene(template, s=spoken)
        if rng.random() < 0.4:
            say += f' "{writer.sentence(entity)}"'
        lines += [capital(ask), capital(say)]
        words_left -= len(ask.split()) + len(say.split())
        if rng.random() < 0.3:
            writer.people = (writer.people[1], writer.people[0])
    lines.append(
        writer.scene(rng.choice(("Then {p} thanked {q} and went back to {place}.", "They went on until {day}.")))
    )
    return "\n".join(lines)


def notes(writer: Writer) -> str:
    """A learner's notes, day by day."""
    rng = writer.rng
    start = rng.randrange(7)
    blocks = []
    for step in range(rng.randint(3, 6)):
        subject = writer.entity()
        block = [f"{DAYS[(start + step) % 7]}, {writer.scene('page {n}')}: the subject was {subject.name}."]
        block += [writer.sentence(subject if rng.random() < 0.5 else writer.entity()) for _ in range(rng.randint(2, 4))]
        if rng.random() < 0.3:
            block.append(writer.aside())
        blocks.append(" ".join(block))
    return "\n\n".join(blocks)


def letter(writer: Writer) -> str:
    """A letter from one person to another."""
    subject = writer.entity()
    greeting = writer.scene("Dear {q}, it is {day} and I am writing to you from {place}.")

    def sentences() -> Iterator[str]:
        yield f"You wanted to know more about {subject.name}, and I have found it out."
        while True:
            yield writer.sentence(subject if writer.rng.random() < 0.4 else writer.entity())
            if writer.rng.random() < 0.15:
                yield writer.aside()

    body = paragraphs(writer, sentences(), target(writer))
    return f"{greeting}\n\n{body}\n\n{writer.scene('Please write to me before {day}. Your friend, {p}.')}"


def review(writer: Writer) -> str:
    """Statements that a class checks, right ones and wrong ones put right."""
    rng = writer.rng
    lines = [writer.scene("{P} read {n} sentences to the class in {place}, and the class had to say what was right.")]
    for _ in range(rng.randint(6, 10)):
        entity = writer.entity()
        column = writer.column(entity)
        other = rng.choice(writer.kinds[entity.kind].entities)
        if column in other.facts and other.facts[column].value not in entity.facts[column].true_values:
            right = writer.clause(entity, column)
            value = other.facts[column].value
            lines.append(f"{rng.choice(DENIALS).format(v=value, e=entity.name)} The truth is that {right}.")
        else:
            lines.append(f"{rng.choice(AGREEMENTS)} {writer.clause(entity, column)}.")
        if rng.random() < 0.5:
            lines[-1] += " " + writer.sentence(entity)
    return "\n".join(lines)


DENIALS = (
    "One pupil said {v} for {e}, which was wrong.",
    "For {e} somebody wrote {v}, and that was a mistake.",
    "The answer {v} is not right for {e}.",
    "To put {v} beside {e} is an error.",
)
AGREEMENTS = (
    "All agreed on this one:",
    "Nobody doubted the next:",
    "This one was easy:",
    "The class was sure:",
    "This was marked as right:",
    "A good answer followed:",
    "Here is one that all knew:",
)


def survey(writer: Writer) -> str:
    """A walk through groups that share something."""
    subject = writer.entity()

    def sentences() -> Iterator[str]:
        yield writer.opener(subject)
        while True:
            entity: Entity = writer.entity(subject.kind)
            yield writer.gathered(entity)
            yield writer.sentence(entity)
            if writer.rng.random() < 0.4:
                yield writer.sentence(writer.entity())

    return paragraphs(writer, sentences(), target(writer)) + " " + writer.closer(subject)


FORMATS: tuple[tuple[Callable[[Writer], str], int], ...] = (
    (essay, 5),
    (comparison, 4),
    (glossary, 3),
    (dialogue, 3),
    (notes, 3),
    (letter, 2),
    (review, 2),
    (survey, 3),
)
