"""A plugin folder with two tiny stages, and recipes made of them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

TOY_STAGES = {
    "toy_words": '''
        from pathlib import Path
        from typing import ClassVar
        from pydantic import Field
        from pipeline.stage import Block, Stage

        def write_shard(folder, number, word):
            path = Path(folder) / f"{number}.txt"
            path.write_text(f"{word} {number}")
            log = Path(folder) / ".calls"
            with log.open("a") as stream:
                stream.write(f"{number}\\n")
            if word == "poison" and number == 1:
                raise ValueError("shard 1 is poisoned")
            return {"number": number}

        class ToyWords(Stage):
            name: ClassVar[str] = "toy_words"
            gives: ClassVar[str] = "words"
            word: str = "rock"
            count: int = Field(2, gt=0)
            """Number of shards."""

            def depends_on(self, hasher):
                return {}

            def run(self, inputs, out):
                shards = {str(n): {"folder": str(out.path), "number": n, "word": self.word} for n in range(self.count)}
                results = out.map(write_shard, shards)
                out.block(Block("text", "Words", {"text": self.word, "severity": "info"}))
                return {"count": len(results), "documents_in": self.count, "documents_out": self.count}

        STAGE = ToyWords
    ''',
    "toy_join": """
        from typing import ClassVar
        from pipeline.stage import Stage, need

        class ToyJoin(Stage):
            name: ClassVar[str] = "toy_join"
            gives: ClassVar[str] = "text"
            needs: ClassVar = {"words": need("words", many=True), "extra": need("text", optional=True)}
            separator: str = " "

            def run(self, inputs, out):
                parts = [p.read_text() for a in inputs["words"] for p in sorted(a.path.glob("*.txt"))]
                if self.separator == "full disk":
                    raise OSError(28, "No space left on device")
                (out.path / "model").mkdir(exist_ok=True)
                (out.path / "model" / "joined.txt").write_text(self.separator.join(parts))
                (out.path / ".scratch").write_text("not published")
                lines = ["domain gain 1 -> 2", "general loss 2 -> 2", "final score 3 -> 4"]
                return {"headline": lines, "length": len(parts)}

        STAGE = ToyJoin
    """,
}

TOY_RECIPE = """
    domain: toy
    licenses: [CC0-1.0]
    plugins: [plugins]
    publish: joined
    targets: [joined]
    steps:
      rocks: {stage: toy_words, word: rock}
      trees: {stage: toy_words, word: tree, count: 3}
      joined: {stage: toy_join, needs: {words: [rocks, trees]}}
      unused: {stage: toy_words, word: never}
    profiles:
      laptop: {}
      wide: {rocks: {count: 4}}
"""


@pytest.fixture
def toy(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the toy recipe (or another text) and gives its path."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    for name, text in TOY_STAGES.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text))

    def write(text: str = TOY_RECIPE, name: str = "toy") -> Path:
        path = tmp_path / f"{name}.yaml"
        path.write_text(textwrap.dedent(text))
        return path

    return write
