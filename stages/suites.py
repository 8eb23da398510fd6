"""Suites: write the questions that models are asked, from worlds and from question files, by split and task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from data_tools.errors import DataError
from eval.errors import EvalError
from pipeline.errors import RecipeError, StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage
from stages.ingest import FolderPath

if TYPE_CHECKING:
    from eval.suite import Question, Task
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output

QUESTIONS_PER_GROUP = 4
"""A world's questions come in groups that share their choices; a group is taken whole, or chance is not 25 %."""
DEV_SHARE = 0.3
"""Of the questions of a suite's or file's that has no splits of its own; the rest is test. Choices see dev only."""


class Suites(Stage):
    """Questions of every task, split by the fact they ask, as ``questions/<split>/<task>.jsonl`` and ``suite.json``.

    A world gives ``<world>_choice`` and ``<world>_cloze``, each with a ``_control`` over permuted facts. Public suites
    (eval/suites) are read from local folders, questions of your own from JSONL files with the fields of
    ``eval.suite.Question``; without splits of their own, 30 % of their questions are dev and the rest test, by a hash.
    """

    name: ClassVar[str] = "suites"
    version: ClassVar[int] = 1
    needs: ClassVar[Mapping[str, Need]] = {}
    gives: ClassVar[str] = "questions"

    worlds: tuple[str, ...] = ()
    """Worlds (data_tools/worlds) whose facts are asked."""
    seed: int = 0
    """Decides the groups, wordings and permutations of the worlds' questions."""
    max_questions: int = Field(240, ge=0)
    """Most questions per task and split; 0 takes all. 240 gives a standard error of 3 % of accuracy per task."""
    public: dict[str, FolderPath] = Field(default_factory=dict)
    """Public suites by name (eval/suites), each with the local folder that holds its files."""
    files: tuple[FolderPath, ...] = ()
    """JSONL files of questions of your own."""
    files_domain: str = ""
    """Domain of the tasks in ``files``: ``general``, or the recipe's domain."""

    def check(self, context: CheckContext) -> None:
        from data_tools.worlds.engine import get_world
        from eval.suite import get_suite

        if not (self.worlds or self.public or self.files):
            raise RecipeError(f"{context.where}: no questions. Name 'worlds', 'public' suites or 'files'")
        for world in self.worlds:
            if self.worlds.count(world) > 1:
                raise RecipeError(f"{context.where}: worlds: {world!r} is named twice. Name it once")
        try:
            for world in self.worlds:
                get_world(world)
            for suite in self.public:
                get_suite(suite)
        except (DataError, EvalError) as error:
            raise RecipeError(f"{context.where}: {error}") from None
        for path in (*self.public.values(), *self.files):
            if not Path(path).exists():
                raise RecipeError(f"{context.where}: there is no {path}. Give the path of a file or folder")
        if self.files and not self.files_domain:
            raise RecipeError(
                f"{context.where}: files_domain: is missing. Set it to 'general' or to {context.domain!r}"
            )

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        return {path: hasher.folder(Path(path)) for path in sorted({*self.public.values(), *self.files})}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        return Estimate(seconds=float(len(self.worlds)), disk_bytes=2e6 * len(self.worlds), basis="1 s per world")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from eval.suite import SPLITS, Task, chance_of, task_path, write_questions, write_tasks

        try:
            found = self._all_questions()
        except (DataError, EvalError) as error:
            raise StepError(f"step {out.step}: {error}") from None
        tasks: list[Task] = []
        for (name, domain), by_split in found.items():
            kept = {split: self._limited(by_split.get(split, [])) for split in SPLITS}
            some = next(questions for questions in kept.values() if questions)
            for split, questions in kept.items():
                if questions:
                    write_questions(task_path(out.path, split, name), questions)
            tasks.append(
                Task(
                    name=name,
                    suite=some[0].suite,
                    domain=domain,
                    kind=some[0].kind,
                    chance=round(chance_of([one for questions in kept.values() for one in questions]), 6),
                    control=name.endswith("_control"),
                    num={split: len(questions) for split, questions in kept.items()},
                )
            )
        _check_names(tasks, out.step)
        write_tasks(out.path, tasks)
        out.block(_table(tasks))
        return {"tasks": {task.name: dict(task.num) for task in tasks}}

    def _limited(self, questions: list[Question]) -> list[Question]:
        """Return the first questions, whole groups of them; a world has shuffled its groups already."""
        if not self.max_questions:
            return questions
        return questions[: max(self.max_questions // QUESTIONS_PER_GROUP, 1) * QUESTIONS_PER_GROUP]

    def _all_questions(self) -> dict[tuple[str, str], dict[str, list[Question]]]:
        """Return the questions by (task, domain) and split."""
        from data_tools.worlds.engine import get_world
        from eval.suite import get_suite, read_questions

        found: dict[tuple[str, str], dict[str, list[Question]]] = {}
        for name in self.worlds:
            world = get_world(name)
            for question, split in _of_world(world.questions(self.seed)):
                found.setdefault((question.task, world.domain), {}).setdefault(split, []).append(question)
        for name, folder in self.public.items():
            suite = get_suite(name)
            _split(suite.load(Path(folder)), suite.domain, found)
        for path in self.files:
            _split(read_questions(Path(path)), self.files_domain, found)
        return found


def _of_world(questions: Iterable[Any]) -> Iterable[tuple[Question, str]]:
    from eval.suite import Question

    for asked in questions:
        yield (
            Question(
                asked.id,
                asked.task,
                asked.suite,
                asked.kind,
                asked.question,
                asked.choices,
                asked.answer,
                asked.fact,
            ),
            asked.split,
        )


def _split(questions: Iterable[Question], domain: str, found: dict[tuple[str, str], dict[str, list[Question]]]) -> None:
    """Add questions without splits of their own to ``found``: dev or test by a hash of the fact, or of the id."""
    from data_tools.worlds.engine import share_of

    for question in questions:
        split = "dev" if share_of(f"suite\0{question.fact or question.id}") < DEV_SHARE else "test"
        found.setdefault((question.task, domain), {}).setdefault(split, []).append(question)


def _check_names(tasks: Sequence[Task], step: str) -> None:
    names = [task.name for task in tasks]
    for name in names:
        if names.count(name) > 1:
            raise StepError(f"step {step}: task {name!r} comes from two sources. Rename it in one of them")


def _table(tasks: Sequence[Task]) -> Block:
    rows = [
        [
            task.name,
            task.domain,
            task.kind,
            *(task.num.get(split, 0) for split in ("train", "dev", "test")),
            f"{task.chance:.0%}",
            "yes" if task.control else "",
        ]
        for task in tasks
    ]
    return Block(
        "table",
        "Questions by task",
        {
            "columns": ["task", "domain", "kind", "train", "dev", "test", "chance", "control"],
            "rows": rows,
            "align": ["left", "left", "left", "right", "right", "right", "right", "left"],
        },
        "Split by the fact that is asked. A control keys another entity's value and leaves the true one out: who knows "
        "the facts scores near chance on it. Which answers are common helps on neither: each is keyed as often.",
    )


STAGE = Suites
