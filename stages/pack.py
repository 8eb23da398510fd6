"""Documents become token files: every kept document, by part and split, encoded and laid end to end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import StepError
from pipeline.stage import Block, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from data_tools.packing import EncodedDocument
    from pipeline.identity import Json
    from pipeline.output import Output

SHARDS_FOLDER = ".shards"
ENCODE_ROWS = 256
BYTES_PER_TOKEN = 4.0
ENCODE_BYTES_PER_SECOND = 3e6


class Pack(Stage):
    """Encode documents and write them as training sequences of a fixed length; no token is lost."""

    name = "pack"
    gives = "tokens"
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents", many=True),
        "keep": need("keep"),
        "tokenizer": need("tokenizer"),
    }

    sequence_length: int = Field(256, ge=8)
    """Positions per training sequence, in tokens. Long documents go on in the next sequence."""

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        text = sum(found.text_bytes or 0.0 for found in inputs.get("documents", ()))
        known = any(found.text_bytes is not None for found in inputs.get("documents", ()))
        if not known:
            return Estimate(basis="the size of the documents is not known yet")
        num_tokens = text / BYTES_PER_TOKEN
        return Estimate(
            text_bytes=text,
            num_tokens=num_tokens,
            disk_bytes=4 * num_tokens,
            sequence_length=self.sequence_length,
            seconds=text / ENCODE_BYTES_PER_SECOND,
            basis="4 bytes per token, 3 MB/s per core",
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.documents import shards
        from data_tools.keep import SPLITS
        from data_tools.packing import META_FILE, PARTS, TOKENS_FOLDER, TokenWriter, token_dtype, tokens_path
        from data_tools.tokenizers import TOKENIZER_FOLDER, boundary_ids, load_tokenizer
        from pipeline.artifact import write_json

        tokenizer_path = inputs.one("tokenizer").path / TOKENIZER_FOLDER
        tokenizer = load_tokenizer(tokenizer_path)
        bos, eos, pad = boundary_ids(tokenizer)
        dtype = token_dtype(len(tokenizer))
        calls = {
            f"{artifact.key}-{shard.stem}": {
                "documents": str(artifact.path),
                "documents_key": artifact.key,
                "shard": shard.stem,
                "keep": str(inputs.one("keep").path),
                "tokenizer": str(tokenizer_path),
                "output": str(out.path / SHARDS_FOLDER / f"{artifact.key}-{shard.stem}"),
                "dtype": dtype,
            }
            for artifact in inputs["documents"]
            for shard in shards(artifact.path)
        }
        encoded_tokens = out.map(encode_shard, calls)
        for name, call in calls.items():
            _check_pieces(Path(call["output"]), encoded_tokens[name], dtype, out)
        parts: dict[str, dict[str, dict[str, int]]] = {}
        for part in PARTS:
            for split in SPLITS:
                with TokenWriter(tokens_path(out.path, part, split), dtype) as writer:
                    for name, call in calls.items():
                        if f"{part}/{split}" in encoded_tokens[name]:
                            writer.append(tokens_path(Path(call["output"]), part, split))
                parts.setdefault(part, {})[split] = vars(writer.counts)
        meta = {
            "dtype": dtype,
            "vocab_size": len(tokenizer),
            "sequence_length": self.sequence_length,
            "bos_id": bos,
            "eos_id": eos,
            "pad_id": pad,
            "parts": parts,
        }
        write_json(out.path / TOKENS_FOLDER / META_FILE, meta)
        out.block(_sizes(parts))
        return {"parts": parts, "num_tokens": sum(c["num_tokens"] for found in parts.values() for c in found.values())}


def _check_pieces(folder: Path, num_tokens: Mapping[str, int], dtype: str, out: Output) -> None:
    """Raise StepError unless what a shard's task says it wrote, perhaps in an earlier attempt, is still there."""
    import numpy as np

    from data_tools.packing import tokens_path

    for place, wanted in num_tokens.items():
        piece = tokens_path(folder, *place.split("/"))
        size = piece.stat().st_size if piece.exists() else 0
        if size != wanted * np.dtype(dtype).itemsize:
            raise StepError(
                f"step {out.step}: {piece}: must hold the {wanted:,} tokens that were encoded, got "
                f"{f'{size:,} bytes' if piece.exists() else 'no such file'}. Delete {out.path} and run the same command"
            )


def _sizes(parts: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Block:
    rows: list[list[Any]] = [
        [part, split, counts["num_documents"], counts["num_tokens"], counts["num_bytes"]]
        for part, splits in parts.items()
        for split, counts in splits.items()
    ]
    columns = ["part", "split", "documents", "tokens", "bytes of text"]
    return Block(
        "table", "Packed tokens", {"columns": columns, "rows": rows}, "Tokens count each document's bos and eos."
    )


def encode_shard(
    documents: str, documents_key: str, shard: str, keep: str, tokenizer: str, output: str, dtype: str
) -> dict[str, int]:
    """Encode the kept documents of one shard into one token file per part and split; return tokens by part/split."""
    from data_tools.documents import DOCUMENTS_FOLDER, read_rows
    from data_tools.keep import read_keep
    from data_tools.packing import TokenWriter, part_of, tokens_path
    from data_tools.tokenizers import load_tokenizer

    kept = read_keep(Path(keep), documents_key, shard)
    rows = read_rows(Path(documents) / DOCUMENTS_FOLDER / f"{shard}.parquet", ["id", "text", "corpus", "domain"])
    writers: dict[tuple[str, str], TokenWriter] = {}
    with contextlib.ExitStack() as stack:
        cut = ({**row, "text": kept[row["id"]].text_of(row["text"])} for row in rows if row["id"] in kept)
        for row, document in encoded(cut, load_tokenizer(Path(tokenizer))):
            place = part_of(row["domain"]), kept[row["id"]].split
            if place not in writers:
                writers[place] = stack.enter_context(TokenWriter(tokens_path(Path(output), *place), dtype))
            writers[place].write(document)
    return {"/".join(place): writer.counts.num_tokens for place, writer in writers.items()}


def encoded(rows: Iterator[dict[str, Any]], tokenizer: Any) -> Iterator[tuple[dict[str, Any], EncodedDocument]]:
    """Yield rows with their ``[bos] + tokens + [eos]``; a mark such as ``<|eos|>`` in a text is text, no boundary."""
    import numpy as np

    from data_tools.packing import EncodedDocument
    from data_tools.tokenizers import boundary_ids

    bos, eos, _ = boundary_ids(tokenizer)
    while batch := list(islice(rows, ENCODE_ROWS)):
        texts = [row["text"] for row in batch]
        ids = tokenizer(texts, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        for row, tokens in zip(batch, ids, strict=True):
            num_bytes = len(row["text"].encode("utf-8"))
            token_ids = np.array([bos, *tokens, eos], dtype=np.int64)
            yield row, EncodedDocument(row["id"], row["corpus"], num_bytes, token_ids)


STAGE = Pack
