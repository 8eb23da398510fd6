"""The tokenizer stage: trained on the train split alone, or the base's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data_tools.documents import Document, documents_writer
from data_tools.keep import keep_writer
from data_tools.tokenizers import load_tokenizer
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import Inputs, Resources
from stages.tokenizer import TokenizerStage
from tests.stages.training_inputs import write_model

SPLITS = ("train", "train", "train", "dev", "test")


def made(path: Path, kind: str, key: str) -> Artifact:
    return Artifact(path, {"key": key, "kind": kind, "stage": kind, "metrics": {"bytes_out": 6000}})


def write_documents(folder: Path) -> Inputs:
    """Two documents artifacts with two shards each; a word of its own in every split."""
    found = []
    for domain in ("geo", "general"):
        for shard in range(2):
            with (
                documents_writer(folder / domain, shard) as documents,
                keep_writer(folder / "split", f"{domain}-key", f"{shard:05d}") as keep,
            ):
                for number in range(15):
                    split = SPLITS[number % 5]
                    name = f"{domain}-{shard}-{number}"
                    text = f"{split}word {split}word of {domain} number {number}. " * 8
                    documents.write(Document(name, text, "corpus", domain))
                    if number != 14:
                        keep.write({"id": name, "group": name, "split": split})
        found.append(made(folder / domain, "documents", f"{domain}-key"))
    return Inputs(documents=found, keep=[made(folder / "split", "keep", "split-key")])


def output(path: Path) -> Output:
    return Output(path, Resources.model_validate({}), InlineFanout(), "tokenizer")


def test_it_learns_from_the_train_split_alone(tmp_path: Path) -> None:
    metrics = TokenizerStage(vocab_size=320).run(write_documents(tmp_path), output(tmp_path / "out"))
    tokenizer = load_tokenizer(tmp_path / "out" / "tokenizer")
    vocabulary = set(tokenizer.get_vocab())
    assert "trainword" in vocabulary | {token.removeprefix("Ġ") for token in vocabulary}
    assert not [token for token in vocabulary if "devword" in token or "testword" in token]
    assert metrics["vocab_size"] == len(tokenizer)
    assert set(metrics["fertility"]) == {"domain", "general"}
    assert metrics["fertility"]["domain"]["tokens_per_word"] > 1
    block = json.loads((tmp_path / "out" / "blocks" / "000.json").read_text())
    assert [row[0] for row in block["data"]["rows"]] == ["domain", "general"]


def test_the_same_documents_give_the_same_bytes(tmp_path: Path) -> None:
    inputs = write_documents(tmp_path)
    for name in ("a", "b"):
        TokenizerStage(vocab_size=300).run(inputs, output(tmp_path / name))
    for path in (tmp_path / "a" / "tokenizer").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "tokenizer" / path.name).read_bytes()


def test_fewer_bytes_are_taken_evenly(tmp_path: Path) -> None:
    """12,000 bytes say the artifacts, 3,000 are allowed: every fourth document."""
    stage = TokenizerStage(vocab_size=300, max_text_bytes=3000)
    assert stage._stride(write_documents(tmp_path)) == 4
    assert stage.run(write_documents(tmp_path), output(tmp_path / "out"))["trained"]


def test_the_bases_own_is_copied(tmp_path: Path) -> None:
    model = write_model(tmp_path / "base")
    inputs = Inputs(base=[made(tmp_path / "base", "model", "base-key")], **write_documents(tmp_path))
    metrics = TokenizerStage().run(inputs, output(tmp_path / "out"))
    assert metrics["trained"] is False
    copied = {path.name for path in (tmp_path / "out" / "tokenizer").iterdir()}
    assert "tokenizer.json" in copied
    assert "model.safetensors" not in copied
    for name in copied:
        assert (tmp_path / "out" / "tokenizer" / name).read_bytes() == (model / name).read_bytes()


def test_a_base_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    (tmp_path / "base" / "model").mkdir(parents=True)
    inputs = Inputs(base=[made(tmp_path / "base", "model", "base-key")])
    with pytest.raises(StepError, match=r"the base model has no tokenizer \(tokenizer.json\). Give a complete"):
        TokenizerStage().run(inputs, output(tmp_path / "out"))


def test_neither_base_nor_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match=r"needs either a base model, or documents .*, got neither"):
        TokenizerStage().run(Inputs(), output(tmp_path / "out"))
