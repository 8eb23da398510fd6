"""Instructions: write conversations for fine-tuning, from worlds and from message files of your own."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from data_tools.errors import DataError
from eval.errors import EvalError
from eval.suite import json_lines
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage
from stages.ingest import FolderPath

if TYPE_CHECKING:
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output

Row = dict[str, Any]
ROLES = ("user", "assistant")


class Instructions(Stage):
    """``instructions/{train,dev}.jsonl`` with rows ``{"id", "source", "messages": [{"role", "content"}]}``.

    Worlds give conversations about their train facts only, so that no answer of a dev or test question is in them.
    Conversations about the same facts fall into the same split.
    """

    name: ClassVar[str] = "instructions"
    version: ClassVar[int] = 1
    needs: ClassVar[Mapping[str, Need]] = {}
    gives: ClassVar[str] = "instructions"

    worlds: tuple[str, ...] = ()
    """Worlds (data_tools/worlds) whose instruction sets are taken."""
    files: tuple[FolderPath, ...] = ()
    """JSONL files of your own: ``{"messages": [{"role": "user", "content": ...}, ...]}`` per line, ``id`` optional."""
    seed: int = 0
    """Decides the worlds' wordings, and which conversations are taken where there are more than allowed."""
    max_conversations: int = Field(4_000, ge=0)
    """Most conversations per world or file; 0 takes all. 4,000 keep the laptop's fine-tuning near a minute."""
    dev_share: float = Field(0.05, ge=0, le=0.5)
    """Share (0..0.5) of the conversations held out to watch the loss of fine-tuning."""

    def check(self, context: CheckContext) -> None:
        from data_tools.worlds.engine import get_world

        if not (self.worlds or self.files):
            raise RecipeError(f"{context.where}: no instructions. Name 'worlds' or 'files'")
        try:
            for world in self.worlds:
                get_world(world)
        except DataError as error:
            raise RecipeError(f"{context.where}: {error}") from None
        for path in self.files:
            if not Path(path).is_file():
                raise RecipeError(f"{context.where}: files: there is no file {path}. Give the path of a JSONL file")

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        return {path: hasher.folder(Path(path)) for path in self.files}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        return Estimate(seconds=float(len(self.worlds)), disk_bytes=2e6 * len(self.worlds), basis="1 s per world")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        try:
            sources = {world: list(_of_world(world, self.seed)) for world in self.worlds}
            sources |= {Path(path).name: list(read_messages(Path(path))) for path in self.files}
        except (DataError, EvalError) as error:
            raise StepError(f"step {out.step}: {error}") from None
        split: dict[str, list[Row]] = {"train": [], "dev": []}
        counts: dict[str, Counter[str]] = {}
        for name, rows in sources.items():
            for row in self._limited(rows):
                which = self._split(row.pop("about"))
                split[which].append(row)
                counts.setdefault(name, Counter()).update([which])
        _check_ids([row for rows in split.values() for row in rows], out.step)
        for which, rows in split.items():
            _write(out.path / "instructions" / f"{which}.jsonl", rows)
        out.block(_table(counts))
        return {"conversations": {name: dict(sorted(counter.items())) for name, counter in counts.items()}}

    def _limited(self, rows: list[Row]) -> list[Row]:
        """Return at most ``max_conversations``, drawn by a hash of the id, in their old order."""
        from data_tools.worlds.engine import share_of

        if not self.max_conversations or len(rows) <= self.max_conversations:
            return rows
        order = sorted(range(len(rows)), key=lambda i: (share_of(f"{self.seed}\0{rows[i]['id']}"), i))
        return [rows[i] for i in sorted(order[: self.max_conversations])]

    def _split(self, about: str) -> str:
        from data_tools.worlds.engine import share_of

        return "dev" if share_of(f"instructions\0{about}") < self.dev_share else "train"


def _of_world(name: str, seed: int) -> Iterator[Row]:
    """Yield a world's conversations; ``about`` is what decides the split: the first fact, or the conversation."""
    from data_tools.worlds.engine import get_world

    for instruction in get_world(name).instructions(seed):
        yield {
            "id": instruction.id,
            "source": instruction.source,
            "messages": [dict(message) for message in instruction.messages],
            "about": instruction.facts[0] if instruction.facts else instruction.id,
        }


def read_messages(path: Path) -> Iterator[Row]:
    """Yield the conversations of a JSONL file; DataError or EvalError says which line is wrong and how."""
    for number, row in json_lines(path):
        where = f"{path}:{number}"
        messages = row.get("messages") if isinstance(row, dict) else None
        if not isinstance(messages, list) or not messages:
            raise DataError(f"{where}: must be an object with a list 'messages', got {str(row)[:80]!r}")
        _check_messages(messages, where)
        id = str(row.get("id") or f"{path.stem}/{number}")
        kept = [{"role": message["role"], "content": message["content"]} for message in messages]
        yield {"id": id, "source": str(row.get("source") or path.name), "messages": kept, "about": id}


def _check_messages(messages: Sequence[Any], where: str) -> None:
    """Roles must alternate from user to assistant and end with the assistant; contents must be texts."""
    for place, message in enumerate(messages):
        wanted = ROLES[place % 2]
        if not isinstance(message, dict) or message.get("role") != wanted:
            got = message.get("role") if isinstance(message, dict) else message
            raise DataError(f"{where}: message {place + 1}: role must be {wanted!r}, got {got!r}")
        content = message.get("content")
        if not isinstance(content, str) or not content.strip():
            raise DataError(f"{where}: message {place + 1}: content must be a text, got {content!r}")
    if len(messages) % 2:
        raise DataError(f"{where}: the last message must be the assistant's, got a user's. Add the answer")


def _check_ids(rows: Iterable[Row], step: str) -> None:
    seen: set[str] = set()
    for row in rows:
        if row["id"] in seen:
            raise StepError(f"step {step}: conversation id {row['id']!r} occurs twice. Give every one an id of its own")
        seen.add(row["id"])


def _write(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def _table(counts: Mapping[str, Counter[str]]) -> Block:
    rows = [[name, counter["train"], counter["dev"]] for name, counter in counts.items()]
    return Block(
        "table",
        "Conversations for fine-tuning",
        {"columns": ["source", "train", "dev"], "rows": rows, "align": ["left", "right", "right"]},
    )


STAGE = Instructions
