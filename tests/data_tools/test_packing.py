"""Packed tokens: nothing lost, windows that overlap by one, documents that never see each other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data_tools.errors import DataError
from data_tools.packing import (
    IGNORED_LABEL,
    PARTS,
    EncodedDocument,
    PackedTokens,
    TokenWriter,
    part_of,
    token_dtype,
    tokens_path,
    write_tokens,
)

BOS, EOS, PAD = 0, 1, 2
LENGTHS = (5, 2, 33, 8, 9, 1, 17)


def documents(seed: int = 0) -> list[EncodedDocument]:
    random = np.random.default_rng(seed)
    bodies = [random.integers(3, 500, size) for size in LENGTHS]
    return [
        EncodedDocument(f"d{number}", "corpus", 10 * len(body), np.array([BOS, *body, EOS]))
        for number, body in enumerate(bodies)
    ]


def packed(folder: Path, found: list[EncodedDocument], length: int, dtype: str = "uint16") -> PackedTokens:
    parts = {}
    for part in PARTS:
        parts[part] = {}
        for split in ("train", "dev", "test"):
            with TokenWriter(tokens_path(folder, part, split), dtype) as writer:
                for document in found if (part, split) == ("domain", "train") else []:
                    writer.write(document)
            parts[part][split] = vars(writer.counts)
    meta = {"dtype": dtype, "vocab_size": 500, "sequence_length": length, "bos_id": BOS, "eos_id": EOS, "pad_id": PAD}
    (folder / "tokens" / "meta.json").write_text(json.dumps({**meta, "parts": parts}))
    return PackedTokens(folder, "domain", "train")


@pytest.mark.parametrize("length", [8, 16, 1000])
def test_every_token_is_an_input_once_and_a_target_once(tmp_path: Path, length: int) -> None:
    found = documents()
    tokens = packed(tmp_path, found, length)
    stream = np.concatenate([document.token_ids for document in found])
    starts = np.cumsum([0] + [len(document.token_ids) for document in found])[:-1]
    inputs, targets = [], {}
    for number in range(tokens.num_sequences):
        ids, labels, _ = tokens.sequence(number)
        assert ids.shape == labels.shape == (length,)
        assert ids.dtype == labels.dtype == np.int64
        inputs.extend(ids)
        for place in np.flatnonzero(labels != IGNORED_LABEL):
            position = number * length + int(place) + 1
            assert position not in targets
            targets[position] = labels[place]
    assert inputs[: len(stream) - 1] == list(stream[:-1])
    assert set(inputs[len(stream) - 1 :]) <= {PAD}
    assert targets == {place: stream[place] for place in range(len(stream)) if place not in set(starts)}
    assert len(targets) == tokens.num_targets == tokens.num_tokens - len(LENGTHS)


def test_target_counts_without_reading_agree_with_the_labels(tmp_path: Path) -> None:
    tokens = packed(tmp_path, documents(), 8)
    counted = [tokens.num_targets_of(number) for number in range(tokens.num_sequences)]
    assert counted == [int((tokens.sequence(n)[1] != IGNORED_LABEL).sum()) for n in range(tokens.num_sequences)]


def test_positions_restart_at_documents_windows_and_padding(tmp_path: Path) -> None:
    found = documents()
    tokens = packed(tmp_path, found, 16)
    owner = np.concatenate([np.full(len(document.token_ids), n) for n, document in enumerate(found)])
    for number in range(tokens.num_sequences):
        _, _, positions = tokens.sequence(number)
        for place in range(16):
            at = number * 16 + place
            if at >= len(owner) - 1:
                expected = at - max(len(owner) - 1, number * 16)
            else:
                first = int(np.flatnonzero(owner == owner[at])[0])
                expected = at - max(first, number * 16)
            assert positions[place] == expected


def test_appending_shards_gives_what_one_writer_gives(tmp_path: Path) -> None:
    found = documents()
    shards = [tmp_path / f"{number}.bin" for number in range(3)]
    for number, shard in enumerate(shards):
        with TokenWriter(shard, "uint16") as writer:
            for document in found[number * 3 : number * 3 + 3]:
                writer.write(document)
    for name, pieces in (("joined", shards), ("whole", None)):
        with TokenWriter(tmp_path / f"{name}.bin", "uint16") as writer:
            for piece in pieces or ():
                writer.append(piece)
            for document in [] if pieces else found:
                writer.write(document)
    assert (tmp_path / "joined.bin").read_bytes() == (tmp_path / "whole.bin").read_bytes()
    assert (tmp_path / "joined.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


def test_a_failed_writer_leaves_nothing(tmp_path: Path) -> None:
    broken = EncodedDocument("d", "corpus", 3, None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        write_tokens(tmp_path / "x.bin", [documents()[0], broken], "uint16")
    assert list(tmp_path.iterdir()) == []


def test_large_vocabularies_take_four_bytes(tmp_path: Path) -> None:
    assert (token_dtype(65536), token_dtype(65537)) == ("uint16", "uint32")
    document = EncodedDocument("d", "c", 4, np.array([BOS, 100_000, EOS]))
    tokens = packed(tmp_path, [document], 8, "uint32")
    assert tokens.sequence(0)[1][0] == 100_000


def test_parts_follow_the_domain() -> None:
    assert [part_of(domain) for domain in ("general", "geo", "")] == ["general", "domain", "domain"]


def test_an_empty_part_has_no_sequence(tmp_path: Path) -> None:
    packed(tmp_path, documents(), 8)
    tokens = PackedTokens(tmp_path, "general", "train")
    assert (tokens.num_sequences, tokens.num_targets) == (0, 0)


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"meta.json: is missing.*Give the output of pack"):
        PackedTokens(tmp_path, "domain", "train")
    tokens = packed(tmp_path, documents(), 8)
    with pytest.raises(DataError, match=r"sequence must be in 0\.\.10, got 11"):
        tokens.sequence(11)
    with pytest.raises(DataError, match=r"part must be one of .* got 'geo'"):
        PackedTokens(tmp_path, "geo", "train")
    with tokens_path(tmp_path, "domain", "train").open("ab") as stream:
        stream.write(b"xx")
    with pytest.raises(DataError, match=r"must have \d+ bytes as meta.json says, got \d+. Run pack again"):
        PackedTokens(tmp_path, "domain", "train")
