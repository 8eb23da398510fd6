"""Merged models through mergekit: one per coefficient, built offline, the same bytes every time.

Task arithmetic (Ilharco et al., arXiv 2212.04089) as the chat vector (arXiv 2310.04799) and Hirano and Imajo (arXiv
2409.19854) use it: ``W = W_instruct + lambda (W_cpt - W_base)``; theirs is lambda = 1. TIES (arXiv 2306.01708) and DARE
(arXiv 2311.03099) take the same two task vectors with weights 1 and lambda.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from eval.errors import EvalError

FORMULAS = {
    "task_arithmetic": "W = W_instruct + lambda (W_cpt - W_base)",
    "ties": "W = W_base + TIES of 1 x (W_instruct - W_base) and lambda x (W_cpt - W_base)",
    "dare_ties": "W = W_base + DARE-TIES of 1 x (W_instruct - W_base) and lambda x (W_cpt - W_base)",
    "linear": "W = (1 - lambda) W_instruct + lambda W_cpt",
}
_SHAPE_FIELDS = (
    "model_type",
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "intermediate_size",
    "tie_word_embeddings",
)
_COMPANIONS = (
    "config.json",
    "generation_config.json",
    "chat_template.jinja",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "tokenizer.model",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)
"""What the merged model takes over from the instruct model besides weights."""


def tensor_shapes(model: Path) -> dict[str, list[int]]:
    """Return the shape of every tensor of a model directory, from the safetensors headers."""
    shapes: dict[str, list[int]] = {}
    for file in sorted(model.glob("*.safetensors")):
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(length))
        shapes.update({name: entry["shape"] for name, entry in header.items() if name != "__metadata__"})
    if not shapes:
        raise EvalError(f"{model}: holds no safetensors weights. Save the model with save_pretrained")
    return shapes


def check_mergeable(models: Mapping[str, Path], where: str) -> None:
    """Raise EvalError unless all models (by role, ``base`` among them) have the same tensors, shapes and vocabulary.

    mergekit itself cuts embeddings of different sizes to their common part, with a warning only.
    """
    base = models["base"]
    base_config, base_shapes, base_vocabulary = _config(base), tensor_shapes(base), _vocabulary(base)
    for role, model in models.items():
        config = _config(model)
        for field in _SHAPE_FIELDS:
            if config.get(field) != base_config.get(field):
                raise EvalError(
                    f"{where}: {role} cannot be merged: its {field} is {config.get(field)!r}, the base's "
                    f"{base_config.get(field)!r}. Adapt both from the same base"
                )
        shapes = tensor_shapes(model)
        for name in sorted(base_shapes.keys() | shapes.keys()):
            if base_shapes.get(name) != shapes.get(name):
                raise EvalError(
                    f"{where}: {role} cannot be merged: tensor {name} has shape {shapes.get(name)}, in the base "
                    f"{base_shapes.get(name)}. Adapt both from the same base"
                )
        vocabulary = _vocabulary(model)
        if vocabulary != base_vocabulary:
            odd = sorted(
                name
                for name in base_vocabulary.keys() | vocabulary.keys()
                if vocabulary.get(name) != base_vocabulary.get(name)
            )
            raise EvalError(
                f"{where}: {role} cannot be merged: its tokenizer is not the base's, {len(odd)} tokens differ, such as "
                f"{odd[0]!r}. Use one tokenizer for all"
            )


def _config(model: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((model / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        raise EvalError(f"{model}: holds no config.json. Give a Hugging Face model directory") from None
    return config


def _vocabulary(model: Path) -> dict[str, int]:
    from eval.likelihood import load_tokenizer

    vocabulary: dict[str, int] = load_tokenizer(model).get_vocab()
    return vocabulary


def merge_config(models: Mapping[str, str], method: str, coefficient: float, density: float) -> dict[str, Any]:
    """Return mergekit's configuration of one candidate; all arithmetic in float32."""

    def entry(role: str, weight: float) -> dict[str, Any]:
        parameters: dict[str, float] = {"weight": weight}
        if method in ("ties", "dare_ties"):
            parameters["density"] = density
        # spelt out: mergekit reads "@" and "+" in a plain path as a revision and an adapter
        return {"model": {"model": {"path": models[role]}}, "parameters": parameters}

    instruct_weight = 1.0 - coefficient if method == "linear" else 1.0
    config: dict[str, Any] = {
        "merge_method": method,
        "models": [entry("instruct", instruct_weight), entry("cpt", coefficient)],
        "dtype": "float32",
        "out_dtype": str(_config(Path(models["instruct"])).get("dtype") or "float32"),
    }
    if method != "linear":
        config["base_model"] = {"model": {"path": models["base"]}}
    return config


def build(folder: str, models: Mapping[str, str], config: Mapping[str, Any], seed: int, num_threads: int) -> str:
    """Write the merged model into ``folder``, whole or not at all, with the instruct model's tokenizer and template."""
    import torch
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    torch.set_num_threads(num_threads)
    final = Path(folder)
    temporary = final.with_name(f".{final.name}.{os.getpid()}")
    for path in (temporary, final):
        shutil.rmtree(path, ignore_errors=True)
    options = MergeOptions(
        write_model_card=False,  # its card asks the Hub
        copy_tokenizer=False,
        random_seed=seed,
        quiet=True,
        trust_remote_code=False,
    )
    run_merge(MergeConfiguration.model_validate(dict(config)), str(temporary), options)
    for name in _COMPANIONS:
        source = Path(models["instruct"]) / name
        if source.exists():
            shutil.copyfile(source, temporary / name)
    os.replace(temporary, final)
    return str(final)


def build_and_score(
    folder: str,
    models: Mapping[str, str],
    config: Mapping[str, Any],
    seed: int,
    scores: str,
    reading: Mapping[str, Any],
) -> dict[str, Any]:
    """Build a candidate, read and question it on dev, and delete its weights again; return the figures."""
    from stages.evaluate.scoring import score_model

    build(folder, models, config, seed, int(reading["num_threads"]))
    found = score_model(folder, scores, reading)
    shutil.rmtree(folder)
    return found


def task_vectors(models: Mapping[str, str], num_threads: int) -> list[dict[str, Any]]:
    """Return norms of both task vectors and the cosine between them, per layer, in the order of the layers."""
    import torch
    from safetensors import safe_open

    torch.set_num_threads(num_threads)
    where = {
        role: {name: file for file in sorted(Path(path).glob("*.safetensors")) for name in _names(file)}
        for role, path in models.items()
    }
    sums: dict[str, list[float]] = {}
    for name in sorted(where["base"], key=_layer_order):
        tensors = {}
        for role, files in where.items():
            with safe_open(files[name], framework="pt") as stream:
                tensors[role] = stream.get_tensor(name).double()
        instruct, cpt = tensors["instruct"] - tensors["base"], tensors["cpt"] - tensors["base"]
        mine = sums.setdefault(_layer(name), [0.0, 0.0, 0.0])
        for position, value in enumerate(((instruct**2).sum(), (cpt**2).sum(), (instruct * cpt).sum())):
            mine[position] += float(value)
    return [
        {
            "layer": layer,
            "norm_instruct": a**0.5,
            "norm_cpt": b**0.5,
            "cosine": ab / (a * b) ** 0.5 if a > 0 and b > 0 else None,
        }
        for layer, (a, b, ab) in sums.items()
    ]


def _names(file: Path) -> list[str]:
    from safetensors import safe_open

    with safe_open(file, framework="pt") as stream:
        return list(stream.keys())


def _layer(name: str) -> str:
    parts = name.split(".")
    for before, part in pairwise(parts):
        if before in ("layers", "h", "blocks") and part.isdigit():
            return part
    return parts[-2] if len(parts) > 1 else name


def _layer_order(name: str) -> tuple[int, str]:
    layer = _layer(name)
    if layer.isdigit():
        return int(layer), name
    return (-1 if "embed" in name or "wte" in name else 1_000_000), name
