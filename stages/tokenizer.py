"""The tokenizer: the base model's own where there is a base, else a byte-level BPE trained on the train split."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import StepError
from pipeline.stage import Block, Estimate, Inputs, Need, Resources, Stage, need

if TYPE_CHECKING:
    from pipeline.identity import Json
    from pipeline.output import Output

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "vocab.txt",
    "merges.txt",
    "chat_template.jinja",
)
FERTILITY_DOCUMENTS = 200
TRAINING_BYTES_PER_SECOND = 8e6


class TokenizerStage(Stage):
    """Train a tokenizer on documents, or take the base model's."""

    name = "tokenizer"
    gives = "tokenizer"
    needs: ClassVar[Mapping[str, Need]] = {
        "documents": need("documents", many=True, optional=True),
        "keep": need("keep", optional=True),
        "base": need("model", optional=True),
    }

    vocab_size: int = Field(4096, ge=261)
    """Entries of a trained vocabulary (bytes and 5 special tokens at least); 4096 suits models of a few million
    weights, whose embedding would otherwise outweigh the rest. Ignored where a base is given."""
    max_text_bytes: int = Field(1 << 30, ge=1)
    """Train on at most about this many bytes of text, taken evenly over all documents: BPE counts every distinct word
    in memory, and its merges hardly change beyond a gigabyte."""

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        if inputs.get("base"):
            return Estimate(seconds=1.0, basis="copies the base's tokenizer")
        text = sum(found.text_bytes or 0.0 for found in inputs.get("documents", ()))
        read = min(text, float(self.max_text_bytes))
        return Estimate(seconds=read / TRAINING_BYTES_PER_SECOND, basis="BPE training at 8 MB/s")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from data_tools.tokenizers import TOKENIZER_FOLDER, load_tokenizer, train_tokenizer

        base = inputs.maybe("base")
        folder = out.path / TOKENIZER_FOLDER
        if base is not None:
            copy_tokenizer(base.path / "model", folder)
        elif inputs.get("documents"):
            texts = (text for _, text in self._texts(inputs, "train"))
            train_tokenizer(_spread(texts, self._stride(inputs)), self.vocab_size, out.path)
        else:
            raise StepError(
                f"step {out.step}: needs either a base model, or documents to learn from, got neither. "
                "Add `base:` or `documents:` (with a split's `keep:` where some are held out) to its needs"
            )
        tokenizer = load_tokenizer(folder)
        per_part = self._fertility(inputs, tokenizer)
        metrics: dict[str, Any] = {"vocab_size": len(tokenizer), "trained": base is None, "fertility": per_part}
        rows = [[part, found["tokens_per_word"], found["bytes_per_token"]] for part, found in per_part.items()]
        out.block(
            Block(
                "table",
                "Fertility of the tokenizer",
                {"columns": ["part", "tokens per word", "bytes per token"], "rows": rows},
                f"{len(tokenizer)} entries; measured on up to {FERTILITY_DOCUMENTS} dev documents of each part. A "
                "domain that costs many more tokens per word than general text is written in words the tokenizer has "
                "not learned.",
            )
        )
        return metrics

    def _texts(self, inputs: Inputs, split: str) -> Iterator[tuple[str, str]]:
        """Yield (part, text) of the kept documents of one split, in order; of all documents without a split."""
        from data_tools.documents import read_documents
        from data_tools.keep import read_kept
        from data_tools.packing import part_of

        folders = {artifact.key: artifact.path for artifact in inputs.get("documents", [])}
        if inputs.maybe("keep") is None:
            yield from ((part_of(document.domain), document.text) for document in read_documents(folders.values()))
            return
        for document, _, found in read_kept(folders, inputs.one("keep").path):
            if found == split:
                yield part_of(document.domain), document.text

    def _stride(self, inputs: Inputs) -> int:
        """Return n such that every n-th document makes about ``max_text_bytes``, by the bytes their steps counted."""
        total: int = sum(artifact.metrics.get("bytes_out", 0) for artifact in inputs["documents"])
        return max(1, -(-total // self.max_text_bytes))

    def _fertility(self, inputs: Inputs, tokenizer: Any) -> dict[str, dict[str, float]]:
        from data_tools.tokenizers import fertility

        chosen: dict[str, list[str]] = {}
        for part, text in self._texts(inputs, "dev"):
            texts = chosen.setdefault(part, [])
            if len(texts) < FERTILITY_DOCUMENTS:
                texts.append(text)
        return {part: fertility(tokenizer, texts) for part, texts in sorted(chosen.items())}


def _spread(texts: Iterator[str], stride: int) -> Iterator[str]:
    return islice(texts, 0, None, stride)


def copy_tokenizer(model: Path, folder: Path) -> None:
    """Copy the tokenizer's files of a model directory; StepError where it has none."""
    found = [model / name for name in TOKENIZER_FILES if (model / name).exists()]
    if not any(path.name in ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt") for path in found):
        raise StepError(
            f"{model}: the base model has no tokenizer (tokenizer.json). Give a complete Hugging Face directory, or a "
            "tokenizer step of its own"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for path in found:
        shutil.copyfile(path, folder / path.name)


STAGE = TokenizerStage
