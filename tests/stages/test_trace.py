"""Tracing: the documents of an update, the updates of a document, from what a training keeps."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import pytest

from data_tools.mixing import Mixture, permuted, unpermuted
from data_tools.packing import PackedTokens
from pipeline.errors import StrataError
from stages import cli_trace
from stages.cpt import loop
from stages.cpt.job import Job
from stages.cpt.launch import run_alone
from stages.cpt.place import Place, documents_of_step, steps_of_document
from stages.cpt.run import Run
from tests.stages.test_cpt_guard import POISONED, long_job, tokens_with_poison
from tests.stages.training_inputs import write_model, write_packed
from tests.stages.training_runs import interrupt, job_of


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100, 1000])
def test_a_permutation_is_undone(size: int) -> None:
    for key in (0, 1, 2**63 + 5):
        assert [unpermuted(permuted(place, size, key), size, key) for place in range(size)] == list(range(size))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 1.0])
def test_positions_are_those_that_draw_the_sequence(share: float) -> None:
    mixture = Mixture(share, 7, 11, 3)
    wanted = defaultdict(list)
    for position in range(60):
        draw = mixture.draw(position)
        wanted[draw.part, draw.sequence].append(position)
    for part, size in (("domain", 7), ("general", 11)):
        for sequence in range(size):
            assert mixture.positions(part, sequence, 60) == wanted[part, sequence]


def test_sequences_and_documents_name_each_other(tmp_path: Path) -> None:
    packed = PackedTokens(write_packed(tmp_path / "tokens_step"), "domain", "train")
    pairs = {(number, name) for number in range(packed.num_sequences) for _, name in packed.documents_of(number)}
    names = [f"domain-train-{number}" for number in range(40)]
    assert pairs == {(number, name) for name in names for number in packed.sequences_of(name)}
    assert packed.documents_of(0)[0] == ("domain", "domain-train-0")


def seen_by(job: Job, monkeypatch: pytest.MonkeyPatch, inputs: dict[int, list[list[int]]]) -> None:
    """Run ``job`` and keep the input tokens of every update that counted."""
    real = loop.update

    def watching(run: Run) -> bool:
        batches = run.data.micro_batches(run.trajectory.watch.batch_of(run.step))
        inputs[run.step + 1] = [row for batch in batches for row in batch.input_ids_BT.tolist()]
        return real(run)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "update", watching)
        run_alone(job)


@pytest.mark.parametrize("how", ["whole", "part of the text", "rolled back"])
def test_what_is_traced_is_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    model = write_model(tmp_path / "base")
    tokens = write_packed(tmp_path / "clean", num_documents=600 if how == "rolled back" else 60)
    job = replace(long_job(model, tokens, tmp_path / "work"), text_share=0.5 if how == "part of the text" else 1.0)
    if how == "rolled back":
        tokens = tokens_with_poison(tmp_path / "poisoned", job, range(POISONED[0], POISONED[1] + 1))
        job = replace(job, tokens=str(tokens))
    read: dict[int, list[list[int]]] = {}
    seen_by(job, monkeypatch, read)
    place = Place.read(tmp_path / "work")
    assert bool(place.left_out) == (how == "rolled back")
    wanted = defaultdict(list)
    data = place.data(tmp_path / "work")
    for step, rows in read.items():
        documents = documents_of_step(tmp_path / "work", step)
        stored = [row.tolist() for row in _rows(data, place.watch.batch_of(step - 1))]
        assert stored == rows  # the place kept gives the very tokens that were read
        for _, _, name in documents:
            wanted[name].append(step)
    names = [f"{part}-train-{number}" for part in ("domain", "general") for number in range(60)]
    for name in names:
        assert steps_of_document(tmp_path / "work", name) == wanted[name], name
    assert sum(bool(wanted[name]) for name in names) > (20 if how == "part of the text" else 50)


def _rows(data: object, batch: int) -> list:  # type: ignore[type-arg]
    return [row for part in data.micro_batches(batch) for row in part.input_ids_BT]  # type: ignore[attr-defined]


def test_the_command_names_documents_updates_and_checkpoints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    work = tmp_path / "runs" / "store" / "cpt" / ".abc.work"
    job = job_of((write_model(tmp_path / "base"), write_packed(tmp_path / "runs" / "store" / "pack" / "k")), work)
    interrupt(job, 11, monkeypatch)
    assert cli_trace.main(["step", "3", "--runs", str(tmp_path / "runs")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"update 3 of {work} read {len(lines) - 1} documents (part, corpus, id):"
    part, corpus, name = lines[1].split("\t")
    assert (part, corpus, name.split("-")[0]) == (part, part, part)
    assert cli_trace.main(["document", name, "--training", str(work)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"document {name} was read by {work} in ")
    assert "3" in told[0].split(": ")[1].split(", ")
    done = [int(step) for step in told[0].split(": ")[1].split(", ")]
    assert max(done) <= 11
    saved = [line for line in told if line.startswith("checkpoint")]
    assert saved == [
        f"checkpoint step-{step:08d}: has learned from it {sum(one <= step for one in done)} times"
        for step in (0, 5, 10)
    ]
    # the directories may move together
    (tmp_path / "runs").rename(tmp_path / "moved")
    assert cli_trace.main(["step", "3", "--runs", str(tmp_path / "moved")]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == lines[1:]


def test_what_cannot_be_traced_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StrataError, match=r"runs: holds no training. Give one with --training, such as runs/geo/cpt"):
        cli_trace.main(["step", "3", "--runs", str(tmp_path / "runs")])
    with pytest.raises(StrataError, match=r"place.json: is missing, so .* is no training. Give the directory of a cpt"):
        cli_trace.main(["step", "3", "--training", str(tmp_path)])
    job = job_of((write_model(tmp_path / "base"), write_packed(tmp_path / "tokens")), tmp_path / "work")
    interrupt(job, 1, monkeypatch)
    with pytest.raises(StrataError, match=r"work: has updates 1 to 12, got 13"):
        documents_of_step(tmp_path / "work", 13)
    with pytest.raises(StrataError, match=r"no document 'nobody' was packed for training. Give an id as strata trace"):
        steps_of_document(tmp_path / "work", "nobody")
