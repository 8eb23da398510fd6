"""Tables of facts and blocks of wordings in, varied sentences out: what the general, finance and medical worlds share.

A table is text: a header line, then one entity per line, cells divided by ``|``; a last column ``also`` lists further
true values. A block of wordings is text too: ``## kind.relation`` and one wording per line, whose first character says
what it is (see ``parse_wordings``). Sentences come from clauses that are stated alone, joined, contrasted, reported by
somebody, or gathered into lists, so that few facts make many different sentences.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from data_tools.errors import DataError
from data_tools.worlds.engine import Fact, Relation, World, capital, make_fact, rng_for
from data_tools.worlds.names import FIRST_NAMES, person, place
from data_tools.worlds.writing import Page, in_words, listing

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MARKS = {"+": "plurals", "?": "questions", "~": "clozes", "*": "listings", "=": "answers", "@": "profiles"}
MIN_STATEMENTS = 8
FACTS_DUE_PER_DOCUMENT = 12
"""A document of two hundred words states about fifteen facts; the rest are drawn freely."""
_LINKS_CONTRAST = (", but", ", while", ", whereas", "; by contrast,", ", and", "; on the other hand,")
_LINKS_OTHER = (", and", "; also,", ", and we know that", "; besides,", ", just as")


_LETTERS_LIKE_VOWELS = ("NSAID", "SSRI", "SGLT", "hour")
_VOWELS_LIKE_LETTERS = ("euro", "uni", "use", "one")


def article(noun: str) -> str:
    """Return ``noun`` with ``a`` or ``an``, by its first sound."""
    vowel = noun[:1].lower() in "aeiou" and not noun.startswith(_VOWELS_LIKE_LETTERS)
    return f"{'an' if vowel or noun.startswith(_LETTERS_LIKE_VOWELS) else 'a'} {noun}"


@dataclass(frozen=True)
class Entity:
    """One row of a table: its facts by the column's name."""

    name: str
    kind: str
    facts: Mapping[str, Fact]


@dataclass
class Kind:
    """A table with the wordings of its columns."""

    name: str
    entities: list[Entity]
    relations: dict[str, Relation]
    clauses: dict[str, tuple[str, ...]]
    plurals: dict[str, tuple[str, ...]]
    profiles: tuple[str, ...]
    """Whole sentences about one entity that use several columns: ``{E}, {a_class}, is given for {indication}.``"""

    @cached_property
    def by_name(self) -> dict[str, Entity]:
        """The entities by name."""
        return {entity.name: entity for entity in self.entities}

    @cached_property
    def groups(self) -> dict[str, list[list[Entity]]]:
        """For each column, the entities that share a value, where at least two do."""
        found: dict[str, list[list[Entity]]] = {}
        for column in self.relations:
            by_value: dict[str, list[Entity]] = {}
            for entity in self.entities:
                if column in entity.facts:
                    by_value.setdefault(entity.facts[column].value, []).append(entity)
            found[column] = [group for group in by_value.values() if len(group) > 1]
        return found


def parse_table(text: str, where: str) -> list[dict[str, str]]:
    """Return the rows of a table as dicts by column; a line that ends in , or | goes on in the next, indented one.

    Raises DataError where a row has another number of cells than the header.
    """
    lines = [line for line in re.sub(r"([,|])\n +", r"\1 ", text.strip()).splitlines() if line.strip()]
    columns = [cell.strip() for cell in lines[0].split("|")]
    rows = []
    for line in lines[1:]:
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) != len(columns):
            raise DataError(f"{where}: a row must have {len(columns)} cells, got {line!r}. Add or remove a |")
        rows.append(dict(zip(columns, cells, strict=True)))
    return rows


def parse_wordings(text: str) -> dict[str, dict[str, list[str]]]:
    """Return ``{"kind.relation": {part: wordings}}`` of a block of wordings.

    A line without mark is a clause: no capital at the start, no full stop; placeholders ``{e}`` entity, ``{v}`` value,
    ``{a}`` value with article. Marks: ``+`` several entities ``{l}`` with one value, ``?`` question, ``~`` cloze,
    ``*`` request for a list, ``=`` whole-sentence answer, ``@`` profile (under ``## kind``).
    """
    found: dict[str, dict[str, list[str]]] = {}
    parts: dict[str, list[str]] = {}
    for line in (line.strip() for line in text.strip().splitlines()):
        if line.startswith("## "):
            parts = found.setdefault(line[3:], {part: [] for part in ("clauses", *_MARKS.values())})
        elif line[:1] in _MARKS:
            parts[_MARKS[line[0]]].append(line[1:].strip())
        elif line:
            parts["clauses"].append(line)
    return found


def as_statement(clause: str) -> str:
    """Return a clause's template as a whole sentence for ``fill``: a capital first and a full stop."""
    for small, large in (("{e}", "{E}"), ("{v}", "{V}")):
        if clause.startswith(small):
            return f"{large}{clause[len(small) :]}."
    return f"{capital(clause)}."


def make_kind(
    world: str, name: str, table: str, wordings: Mapping[str, Mapping[str, list[str]]], uses: int = 2
) -> Kind:
    """Return the kind ``name`` of ``world``; a column without wordings gives no facts."""
    columns = [key.split(".")[1] for key in wordings if key.startswith(f"{name}.")]
    relations, clauses, plurals = {}, {}, {}
    for column in columns:
        parts = wordings[f"{name}.{column}"]
        statements = tuple(as_statement(clause) for clause in parts["clauses"] if "{a}" not in clause)
        if len(statements) < MIN_STATEMENTS:
            raise DataError(
                f"world {world}: {name}.{column} must have {MIN_STATEMENTS} clauses without {{a}}, "
                f"got {len(statements)}. Add some"
            )
        relations[column] = Relation(
            name=f"{name}_{column}",
            kind=name,
            statements=statements,
            questions=tuple(parts["questions"]),
            clozes=tuple(parts["clozes"]),
            answers=tuple(parts["answers"]),
            listings=tuple(parts["listings"]),
            uses=uses,
        )
        clauses[column], plurals[column] = tuple(parts["clauses"]), tuple(parts["plurals"])
    rows = parse_table(table, f"world {world}, table {name}")
    entities = [_entity(world, name, row, columns) for row in rows]
    profiles = tuple(wordings[name]["profiles"]) if name in wordings else ()
    return Kind(name, entities, relations, clauses, plurals, profiles)


def _entity(world: str, kind: str, row: Mapping[str, str], columns: Sequence[str]) -> Entity:
    also = tuple(value.strip() for value in row.get("also", "").split(",") if value.strip())
    facts = {
        column: make_fact(world, kind, row["name"], f"{kind}_{column}", row[column], also_true=also)
        for column in columns
        if row[column]
    }
    return Entity(row["name"], kind, facts)


@dataclass(frozen=True)
class Voice:
    """How a world talks around its facts. Placeholders: ``{p}``, ``{q}`` first names, ``{P}`` full name, ``{place}``,
    ``{day}``, ``{n}``, ``{m}`` numbers, ``{c}`` the clause reported, ``{t}`` the entity that a text is about."""

    reports: tuple[str, ...]
    """Sentences around a clause: ``{p} noted that {c}.``"""
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    asides: tuple[str, ...]
    """Sentences without a fact that belong to the scene."""


class Writer:
    """Writes the sentences of one document; a world's formats call it."""

    def __init__(self, kinds: Mapping[str, Kind], due: Iterator[Fact], voice: Voice, rng: random.Random) -> None:
        self.kinds, self.voice, self.rng, self.page = kinds, voice, rng, Page(rng)
        self._due = due
        self._column_due: dict[str, str] = {}
        self.people = tuple(rng.sample(FIRST_NAMES, 2))

    def scene(self, template: str, **more: object) -> str:
        """Return ``template`` with people, place, day and numbers filled in."""
        rng = self.rng
        return template.format(
            p=self.people[0],
            q=self.people[1],
            P=person(rng) if "{P}" in template else "",
            place=place(rng) if "{place}" in template else "",
            day=rng.choice(DAYS),
            n=in_words(rng.randint(2, 40)),
            m=in_words(rng.randint(41, 120)),
            **more,
        )

    def entity(self, kind: str = "") -> Entity:
        """Draw an entity; without ``kind``, the one whose fact is due, so that no fact is rare in a corpus."""
        if kind:
            return self.rng.choice(self.kinds[kind].entities)
        fact = next(self._due)
        entity = self.kinds[fact.kind].by_name[fact.entity]
        self._column_due[entity.name] = fact.relation.removeprefix(f"{fact.kind}_")
        return entity

    def clause(self, entity: Entity, column: str, template: str = "", called: str = "") -> str:
        """Return a clause that states one fact, in ``template`` or a wording that the page has not used yet."""
        fact = entity.facts[column]
        self.page.note(fact)
        template = template or self.page.pick(f"{entity.kind}.{column}", self.kinds[entity.kind].clauses[column])
        name = called if called and template.startswith("{e} ") else entity.name
        return template.format(e=name, v=fact.value, a=article(fact.value))

    def single(self, entity: Entity) -> str:
        """Return one fact as one sentence."""
        return f"{capital(self.clause(entity, self.column(entity)))}."

    def column(self, entity: Entity) -> str:
        """Return the column that is due, or draw one that the page has not used for the entity."""
        if entity.name in self._column_due:
            return self._column_due.pop(entity.name)
        return self.page.pick(f"columns {entity.name}", tuple(entity.facts))

    def twofold(self, entity: Entity) -> str:
        """Return two facts about one entity as one sentence."""
        if len(entity.facts) < 2:
            return self.contrast(entity)
        first = self.column(entity)
        second = self.rng.choice([column for column in entity.facts if column != first])
        called = "it" if self.rng.random() < 0.4 else ""
        return f"{capital(self.clause(entity, first))}, and {self.clause(entity, second, called=called)}."

    def contrast(self, entity: Entity) -> str:
        """Return the same relation of two entities, with different values, as one sentence."""
        kind, column = self.kinds[entity.kind], self.column(entity)
        other = self.rng.choice(kind.entities)
        if column not in other.facts or other.facts[column].value == entity.facts[column].value:
            return self.reported(entity)
        template = self.page.pick(f"{kind.name}.{column}", kind.clauses[column])
        link = self.rng.choice(_LINKS_CONTRAST)
        first, second = self.clause(entity, column, template), self.clause(other, column, template)
        return f"{capital(first)}{link} {second}."

    def unlike(self, entity: Entity) -> str:
        """Return two facts about two entities, of any relations, as one sentence."""
        other = self.rng.choice(self.kinds[entity.kind].entities)
        first = self.clause(entity, self.column(entity))
        second = self.clause(other, self.column(other))
        return f"{capital(first)}{self.rng.choice(_LINKS_OTHER)} {second}."

    def reported(self, entity: Entity) -> str:
        """Return one fact as somebody says, reads or writes it."""
        clause = self.clause(entity, self.column(entity))
        return capital(self.scene(self.page.pick("reports", self.voice.reports), c=clause))

    def profile(self, entity: Entity) -> str:
        """Return several facts about one entity as one sentence."""
        profiles = self.kinds[entity.kind].profiles
        if not profiles:
            return self.twofold(entity)
        template = self.page.pick(f"profiles {entity.kind}", profiles)
        values: dict[str, str] = {}
        for column, fact in entity.facts.items():
            if f"{{{column}}}" in template or f"{{a_{column}}}" in template:
                self.page.note(fact)
                values[column], values[f"a_{column}"] = fact.value, article(fact.value)
        return template.format(e=entity.name, E=capital(entity.name), **values)

    def gathered(self, entity: Entity) -> str:
        """Return a sentence about two to four entities that share a value, one of them ``entity`` where it shares."""
        kind = self.kinds[entity.kind]
        columns = [c for c in kind.relations if kind.groups[c] and kind.plurals[c] and c in entity.facts]
        if not columns:
            return self.contrast(entity)
        column = self.rng.choice(columns)
        value = entity.facts[column].value
        group = next((g for g in kind.groups[column] if g[0].facts[column].value == value), None)
        if group is None:
            group = self.rng.choice(kind.groups[column])
        some = self.rng.sample(group, min(len(group), self.rng.randint(2, 4)))
        if entity in group and entity not in some:
            some[0] = entity
        self.page.note(*(one.facts[column] for one in some))
        template = self.page.pick(f"plurals {kind.name}.{column}", kind.plurals[column])
        names = listing([one.name for one in some])
        return capital(template.format(l=names, v=some[0].facts[column].value)) + "."

    def sentence(self, entity: Entity) -> str:
        """Return one sentence about ``entity`` in one of all the ways."""
        way = self.rng.choices(WAYS, WAY_WEIGHTS)[0]
        return way(self, entity)

    def aside(self) -> str:
        """Return a sentence of the scene that states no fact."""
        return capital(self.scene(self.page.pick("asides", self.voice.asides)))

    def opener(self, entity: Entity) -> str:
        """Return a first sentence for a text about ``entity``."""
        return capital(self.scene(self.page.pick("openers", self.voice.openers), t=entity.name))

    def closer(self, entity: Entity) -> str:
        """Return a last sentence for a text about ``entity``."""
        return capital(self.scene(self.page.pick("closers", self.voice.closers), t=entity.name))


WAYS: tuple[Callable[[Writer, Entity], str], ...] = (
    Writer.single,
    Writer.twofold,
    Writer.contrast,
    Writer.unlike,
    Writer.reported,
    Writer.profile,
    Writer.gathered,
)
WAY_WEIGHTS = (5, 3, 4, 2, 4, 4, 2)


@dataclass
class TableWorld(World):
    """A world of tables: set ``tables`` and ``wordings``, and ``formats``, the ways to write one document."""

    tables: Mapping[str, str] = field(default_factory=dict)
    """Table text by kind."""
    wordings: Sequence[str] = ()
    """Blocks of wordings, for ``parse_wordings``."""
    voice: Voice = field(default_factory=lambda: Voice((), (), (), ()))
    formats: Sequence[tuple[Callable[[Writer], str], int]] = ()
    """Functions that write one document's text, with their weights."""
    uses: Mapping[str, int] = field(default_factory=dict)
    """By kind, how often each fact is asked per task; 2 where a kind is not named."""

    def __post_init__(self) -> None:
        self.relations = LazyRelations(self)
        self._orders: dict[int, list[int]] = {}

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """The tables with their wordings, parsed at first use."""
        parsed: dict[str, dict[str, list[str]]] = {}
        for block in self.wordings:
            parsed.update(parse_wordings(block))
        return {
            name: make_kind(self.name, name, table, parsed, self.uses.get(name, 2))
            for name, table in self.tables.items()
        }

    def make_facts(self) -> Iterator[Fact]:
        """Yield the facts table by table, row by row."""
        for kind in self.kinds.values():
            for entity in kind.entities:
                yield from entity.facts.values()

    def document(self, rng: random.Random, index: int) -> tuple[str, Mapping[str, object]]:
        """Write document ``index`` in one of the world's formats."""
        writer = Writer(self.kinds, self._facts_due(index * FACTS_DUE_PER_DOCUMENT), self.voice, rng)
        write = rng.choices([f for f, _ in self.formats], [weight for _, weight in self.formats])[0]
        text = write(writer)
        return text, {"facts": writer.page.facts, "format": write.__name__}

    def _facts_due(self, position: int) -> Iterator[Fact]:
        """Yield facts from ``position`` on in an endless sequence of rounds, each with every fact once, shuffled."""
        while True:
            turn, place_in_turn = divmod(position, len(self._facts))
            yield self._facts[self._order(turn)[place_in_turn]]
            position += 1

    def _order(self, turn: int) -> list[int]:
        if turn not in self._orders:
            order = list(range(len(self._facts)))
            rng_for(self.name, "facts due", turn).shuffle(order)
            self._orders[turn] = order
        return self._orders[turn]


class LazyRelations(Mapping[str, Relation]):
    """The relations of a table world by name, made when first asked for."""

    def __init__(self, world: TableWorld) -> None:
        self._world = world

    @cached_property
    def _known(self) -> dict[str, Relation]:
        return {r.name: r for kind in self._world.kinds.values() for r in kind.relations.values()}

    def __getitem__(self, name: str) -> Relation:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)
