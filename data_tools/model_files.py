"""What a model directory must hold before anything is started on it, read without torch."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from data_tools.errors import DataError

PATTERNS = ("*.safetensors", "*.json", "*.model", "*.txt", "*.jinja")
"""Weights, configuration, tokenizer and chat template; no pickle, no code."""
CODE_PATTERN = "*.py"
_TOKENIZER = "tokenizer.json"
_TOKENIZER_CONFIG = "tokenizer_config.json"
_OLDER_TOKENIZERS = (("tokenizer.model",), ("vocab.json", "merges.txt"), ("vocab.txt",))
"""What may stand in for tokenizer.json. We ask for tokenizer_config.json beside it, which says how it is read."""
_INDEX = "model.safetensors.index.json"
_MAX_HEADER_BYTES = 100_000_000


def check_model_folder(folder: Path, where: str, trust_remote_code: bool = False) -> dict[str, Any]:
    """Return the model's ``config.json``; DataError, beginning with ``where``, for what the directory lacks."""
    if not folder.is_dir():
        raise DataError(f"{where}: {folder} is not a directory. Give a model directory or a name on the Hub")
    config = read_json(folder / "config.json", where)
    _check_tokenizer(folder, where)
    _check_weights(folder, where)
    if "auto_map" in config and not trust_remote_code:
        raise DataError(
            f"{where}: {folder} needs code of its own (auto_map in config.json), which is not run. "
            "Set trust_remote_code: true if you trust it"
        )
    return config


def read_json(path: Path, where: str) -> dict[str, Any]:
    """Return a JSON object's content; DataError where the file is missing or is none."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{where}: {path.parent} has no {path.name}. Give a Hugging Face model directory") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"{where}: {path} is not JSON: {error}. Fetch or save the model again") from None
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: {path} must hold an object, got {type(value).__name__}. Fetch or save the model again"
        )
    return value


def _check_tokenizer(folder: Path, where: str) -> None:
    remedy = "Save the model's own beside it: AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
    if (folder / _TOKENIZER).is_file():
        lacks = {"model", "added_tokens"} - read_json(folder / _TOKENIZER, where).keys()
        if lacks:
            raise DataError(
                f"{where}: {folder / _TOKENIZER} is no tokenizer: it lacks {', '.join(sorted(lacks))}. {remedy}"
            )
        return
    found = [names for names in _OLDER_TOKENIZERS if (folder / names[0]).is_file()]
    if not found:
        known = ", ".join((_TOKENIZER, *(names[0] for names in _OLDER_TOKENIZERS)))
        raise DataError(f"{where}: {folder} has no tokenizer (none of {known}). {remedy}")
    lacking = [sorted(name for name in (*names, _TOKENIZER_CONFIG) if not (folder / name).is_file()) for names in found]
    if all(lacking):
        raise DataError(f"{where}: {folder} has {found[0][0]} without {' and '.join(lacking[0])}. {remedy}")
    read_json(folder / _TOKENIZER_CONFIG, where)


def _check_weights(folder: Path, where: str) -> None:
    if not any(folder.glob("*.safetensors")):
        pickles = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth") for file in folder.glob(pattern))
        instead = f", only {', '.join(pickles)}, which can run code when loaded" if pickles else ""
        raise DataError(
            f"{where}: {folder} has no safetensors weights{instead}. "
            "Save the model with model.save_pretrained(folder), which writes safetensors"
        )
    if (folder / _INDEX).is_file():
        shards = set(read_json(folder / _INDEX, where).get("weight_map", {}).values())
        missing = sorted(shard for shard in shards if not (folder / str(shard)).is_file())
        if missing:
            raise DataError(f"{where}: {folder} lacks {', '.join(missing)}, which {_INDEX} names. Fetch it again")


def count_parameters(folder: Path) -> dict[str, int]:
    """Return ``{"total", "embedding"}`` parameters, from the headers of the safetensors files.

    ``embedding`` counts the token embedding and the output head; the law's N is the difference.
    """
    total = embedding = 0
    for file in sorted(folder.glob("*.safetensors")):
        for name, tensor in _header(file).items():
            if name == "__metadata__":
                continue
            size = 1
            for extent in tensor["shape"]:
                size *= extent
            total += size
            if name.endswith(("embed_tokens.weight", "lm_head.weight", "wte.weight")):
                embedding += size
    return {"total": total, "embedding": embedding}


def _header(file: Path) -> dict[str, Any]:
    """Return a safetensors file's header: 8 bytes of length, then JSON."""
    with file.open("rb") as stream:
        start = stream.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _MAX_HEADER_BYTES + 1
        if length > _MAX_HEADER_BYTES:
            raise DataError(f"{file}: is not a safetensors file. Fetch or save the model again")
        try:
            header = json.loads(stream.read(length))
        except (ValueError, UnicodeDecodeError):
            raise DataError(f"{file}: its safetensors header cannot be read. Fetch or save the model again") from None
    if not isinstance(header, dict):
        raise DataError(f"{file}: its safetensors header cannot be read. Fetch or save the model again")
    ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
    if file.stat().st_size != 8 + length + max(ends, default=0):
        raise DataError(f"{file}: is truncated. Fetch or save the model again")
    return header
