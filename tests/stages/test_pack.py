"""The pack stage: every kept document in its part and split, in order, traceable, and no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from data_tools.documents import Document, documents_writer
from data_tools.keep import keep_writer
from data_tools.packing import PackedTokens, tokens_path
from data_tools.tokenizers import load_tokenizer, train_tokenizer
from pipeline.artifact import Artifact
from pipeline.errors import StepError
from pipeline.output import InlineFanout, Output
from pipeline.stage import Estimate, Inputs, Resources
from stages import pack
from stages.pack import Pack

TEXTS = [f"Basalt {number} cools <|eos|> fast; naïve Ω {number * 7}." * (1 + number % 3) for number in range(24)]


def made(path: Path, kind: str, key: str) -> Artifact:
    return Artifact(path, {"key": key, "kind": kind, "stage": kind, "metrics": {}})


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    train_tokenizer(iter(TEXTS), 300, tmp_path / "tokenizer_step")
    steps = []
    for domain in ("general", "geo"):
        for shard in range(2):
            with (
                documents_writer(tmp_path / domain, shard) as documents,
                keep_writer(tmp_path / "split", f"{domain}-key", f"{shard:05d}") as keep,
            ):
                for number, text in enumerate(TEXTS[shard::2]):
                    name = f"{domain}-{shard}-{number}"
                    documents.write(Document(name, text, f"{domain}_corpus", domain))
                    if number % 6 != 5:
                        keep.write({"id": name, "group": name, "split": ("train", "train", "dev", "test")[number % 4]})
        steps.append(made(tmp_path / domain, "documents", f"{domain}-key"))
    split, tokenizer = made(tmp_path / "split", "keep", "k"), made(tmp_path / "tokenizer_step", "tokenizer", "t")
    return Inputs(documents=steps, keep=[split], tokenizer=[tokenizer])


def output(path: Path) -> Output:
    return Output(path, Resources.model_validate({}), InlineFanout(), "pack")


def expected(domain: str, split: str) -> dict[str, str]:
    """Kept texts by document id, in order."""
    found = {}
    for shard in range(2):
        for number, text in enumerate(TEXTS[shard::2]):
            if number % 6 != 5 and ("train", "train", "dev", "test")[number % 4] == split:
                found[f"{domain}-{shard}-{number}"] = text
    return found


@pytest.mark.parametrize("part", ["general", "domain"])
@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_all_kept_documents_come_back_in_order(tmp_path: Path, inputs: Inputs, part: str, split: str) -> None:
    Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    tokenizer = load_tokenizer(tmp_path / "tokenizer_step" / "tokenizer")
    path = tokens_path(tmp_path / "out", part, split)
    stream = np.fromfile(path, dtype="<u2")
    rows = pq.read_table(path.with_suffix(".parquet")).to_pylist()
    texts = expected("general" if part == "general" else "geo", split)
    assert [row["id"] for row in rows] == list(texts)
    end = 0
    for row in rows:
        ids = stream[row["offset"] : row["offset"] + row["length"]]
        assert row["offset"] == end
        assert (ids[0], ids[-1]) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
        assert tokenizer.eos_token_id not in ids[1:-1]
        assert tokenizer.decode(ids[1:-1]) == texts[row["id"]]
        assert row["num_bytes"] == len(texts[row["id"]].encode())
        end += row["length"]
    assert end == len(stream)


def test_the_sums_agree_everywhere(tmp_path: Path, inputs: Inputs) -> None:
    metrics = Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    meta = json.loads((tmp_path / "out" / "tokens" / "meta.json").read_text())
    assert (meta["dtype"], meta["sequence_length"], meta["parts"]) == ("uint16", 32, metrics["parts"])
    total = 0
    for part in ("general", "domain"):
        for split in ("train", "dev", "test"):
            tokens = PackedTokens(tmp_path / "out", part, split)
            texts = expected("general" if part == "general" else "geo", split)
            assert tokens.num_documents == len(texts)
            assert tokens.num_bytes == sum(len(text.encode()) for text in texts.values())
            assert tokens.num_targets == sum(tokens.num_targets_of(n) for n in range(tokens.num_sequences))
            total += tokens.num_tokens
    assert metrics["num_tokens"] == total


def test_after_a_crash_only_the_other_shards_are_encoded(
    tmp_path: Path, inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    Pack(sequence_length=32).run(inputs, output(tmp_path / "straight"))
    real, encoded = pack.encode_shard, []

    def failing(**arguments: Any) -> dict[str, int]:
        if len(encoded) == 2:
            raise OSError("No space left on device")
        encoded.append(arguments["shard"])
        return real(**arguments)

    monkeypatch.setattr(pack, "encode_shard", failing)
    with pytest.raises(OSError, match="No space left"):
        Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    monkeypatch.setattr(pack, "encode_shard", lambda **arguments: encoded.append("again") or real(**arguments))
    Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    assert encoded == ["00000", "00001", "again", "again"]
    for path in sorted((tmp_path / "straight" / "tokens").rglob("*.*")):
        relative = path.relative_to(tmp_path / "straight")
        assert path.read_bytes() == (tmp_path / "out" / relative).read_bytes()


def test_a_piece_that_an_earlier_attempt_wrote_must_still_be_there(tmp_path: Path, inputs: Inputs) -> None:
    Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    shutil.rmtree(tmp_path / "out" / "tokens")
    piece = tokens_path(tmp_path / "out" / ".shards" / "geo-key-00001", "domain", "dev")
    content = piece.read_bytes()
    where = rf"step pack: {piece}: must hold the {len(content) // 2} tokens that were encoded, got"
    piece.write_bytes(content[:-2])
    with pytest.raises(StepError, match=rf"{where} {len(content) - 2} bytes\. Delete {tmp_path}/out and run"):
        Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    piece.unlink()
    with pytest.raises(StepError, match=rf"{where} no such file\. Delete {tmp_path}/out and run the same command"):
        Pack(sequence_length=32).run(inputs, output(tmp_path / "out"))
    assert not (tmp_path / "out" / "tokens").exists()


def test_the_estimate_counts_tokens_and_disk() -> None:
    documents = [Estimate(text_bytes=3e6), Estimate(text_bytes=1e6)]
    found = Pack().estimate({"documents": documents}, Resources.model_validate({}))
    assert (found.num_tokens, found.disk_bytes) == (1e6, 4e6)
    assert "4 bytes per token" in found.basis
    assert Pack().estimate({"documents": [Estimate()]}, Resources.model_validate({})).num_tokens is None
