"""Artifacts on disk for tests of single stages: tiny models, packed text, questions, instructions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.artifact import Artifact
from pipeline.output import InlineFanout, Output
from pipeline.stage import Resources
from tests.eval.tiny import TEXTS, build_model, build_questions, build_tokenizer


def artifact(
    path: Path, kind: str, step: str, metrics: dict[str, Any] | None = None, parameters: dict[str, Any] | None = None
) -> Artifact:
    """Return an artifact of what lies at ``path``; its key is the step's name."""
    manifest = {
        "key": f"{step}-key",
        "stage": kind,
        "kind": kind,
        "step": step,
        "metrics": metrics or {},
        "identity": {"parameters": parameters or {}},
        "inputs": {},
        "files": {},
        "digest": f"{step}-digest",
    }
    return Artifact(path, manifest)


def output(path: Path, resources: Resources | None = None) -> Output:
    """Return an inline step's output."""
    return Output(path, resources or Resources(), InlineFanout(), "step")


def blocks(path: Path) -> list[dict[str, Any]]:
    """Return the report blocks that a step wrote."""
    return [json.loads(file.read_text()) for file in sorted((path / "blocks").glob("*.json"))]


def model_artifact(folder: Path, step: str, seed: int = 0, **config: Any) -> Artifact:
    build_model(folder / step / "model", seed=seed, **config)
    return artifact(folder / step, "model", step)


def nudged(base: Artifact, folder: Path, step: str, scale: float, seed: int) -> Artifact:
    """Return a copy of a model with every weight moved a little, as training would."""
    import shutil

    import torch
    from safetensors.torch import load_file, save_file

    target = folder / step / "model"
    shutil.copytree(base.path / "model", target)
    generator = torch.Generator().manual_seed(seed)
    weights = load_file(target / "model.safetensors")
    moved = {name: w + scale * torch.randn(w.shape, generator=generator) for name, w in sorted(weights.items())}
    save_file(moved, target / "model.safetensors", metadata={"format": "pt"})
    return artifact(folder / step, "model", step)


def tokens_artifact(folder: Path, num_documents: int = 12, sequence_length: int = 64) -> Artifact:
    """Pack short texts into both parts and all splits."""
    import numpy as np

    from data_tools.packing import EncodedDocument, tokens_path, write_tokens

    tokenizer = build_tokenizer(folder / "tokenizer")
    parts: dict[str, Any] = {}
    for p, part in enumerate(("general", "domain")):
        for s, split in enumerate(("train", "dev", "test")):
            documents = []
            for number in range(num_documents):
                start = 7 * number + 3 * s + 31 * p
                text = " ".join(TEXTS[(start + i) % len(TEXTS)] for i in range(1 + number % 4))
                ids = [tokenizer.bos_token_id, *tokenizer.encode(text), tokenizer.eos_token_id]
                documents.append(
                    EncodedDocument(
                        f"{part}-{split}-{number}", f"{part}_{number % 2}", len(text.encode()), np.array(ids)
                    )
                )
            counts = write_tokens(tokens_path(folder / "tokens_step", part, split), documents, "uint16")
            parts.setdefault(part, {})[split] = vars(counts)
    meta = {
        "dtype": "uint16",
        "vocab_size": len(tokenizer),
        "sequence_length": sequence_length,
        "bos_id": tokenizer.bos_token_id,
        "eos_id": tokenizer.eos_token_id,
        "pad_id": tokenizer.pad_token_id,
        "parts": parts,
    }
    (folder / "tokens_step" / "tokens" / "meta.json").write_text(json.dumps(meta))
    return artifact(folder / "tokens_step", "tokens", "pack")


def questions_artifact(folder: Path, num: int = 8) -> Artifact:
    build_questions(folder / "questions_step", num)
    return artifact(folder / "questions_step", "questions", "suites")


def instructions_artifact(folder: Path, num: int = 24) -> Artifact:
    """Write ``num`` one-turn conversations to train and a third as many to dev."""
    from tests.eval.tiny import COLOURS, MINERALS

    target = folder / "instructions_step" / "instructions"
    target.mkdir(parents=True)
    for split, count in (("train", num), ("dev", num // 3)):
        with (target / f"{split}.jsonl").open("w") as stream:
            for number in range(count):
                mineral, colour = MINERALS[number % 8], COLOURS[(number // 8 + number) % 8]
                messages = [
                    {"role": "user", "content": f"What colour is {mineral}?"},
                    {"role": "assistant", "content": f"{mineral} is {colour}."},
                ]
                row = {"id": f"{split}-{number}", "source": "test", "messages": messages}
                stream.write(json.dumps(row) + "\n")
    return artifact(folder / "instructions_step", "instructions", "instructions")
