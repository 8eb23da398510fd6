"""What a model directory must hold: the tokenizer's files, as they are later copied and loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from data_tools.errors import DataError
from data_tools.model_files import check_model_folder

VOCAB = {"a": 0, "b": 1, "ab": 2, "<|endoftext|>": 3}
GPT2: dict[str, Any] = {
    "vocab.json": VOCAB,
    "merges.txt": "#version: 0.2\na b\n",
    "tokenizer_config.json": {"tokenizer_class": "GPT2Tokenizer"},
}
FAST = {"model": {"type": "BPE", "vocab": VOCAB, "merges": []}, "added_tokens": []}
REMEDY = r"Save the model's own beside it: AutoTokenizer.from_pretrained(...).save_pretrained(folder)"


def write(folder: Path, files: dict[str, Any]) -> Path:
    """A model directory with these tokenizer files; a value that is no text is written as JSON."""
    for name, content in {"config.json": {}, "model.safetensors": "", **files}.items():
        (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "DIR has no tokenizer (none of tokenizer.json, tokenizer.model, vocab.json, vocab.txt). " + REMEDY),
        ({"spiece.model": "x"}, "DIR has no tokenizer (none of "),
        ({"tokenizer.json": '{"model": '}, "DIR/tokenizer.json is not JSON: Expecting value: line 1 column 11 "
         "(char 10). Fetch or save the model again"),
        ({**GPT2, "tokenizer.json": ""}, "DIR/tokenizer.json is not JSON: "),
        ({"tokenizer.json": []}, "DIR/tokenizer.json must hold an object, got list. Fetch or save the model again"),
        ({"tokenizer.json": {}}, "DIR/tokenizer.json is no tokenizer: it lacks added_tokens, model. " + REMEDY),
        ({**GPT2, "merges.txt": None}, "DIR has vocab.json without merges.txt. " + REMEDY),
        ({"vocab.json": VOCAB}, "DIR has vocab.json without merges.txt and tokenizer_config.json. " + REMEDY),
        ({"tokenizer.model": "x"}, "DIR has tokenizer.model without tokenizer_config.json. " + REMEDY),
        ({**GPT2, "tokenizer_config.json": "{"}, "DIR/tokenizer_config.json is not JSON: "),
    ],
)  # fmt: skip
def test_a_tokenizer_that_could_not_be_loaded_is_refused(tmp_path: Path, files: dict[str, Any], message: str) -> None:
    folder = write(tmp_path, {name: content for name, content in files.items() if content is not None})
    with pytest.raises(DataError, match=re.escape(f"step base: model: {message}".replace("DIR", str(tmp_path)))):
        check_model_folder(folder, "step base: model")


@pytest.mark.parametrize(
    "files",
    [GPT2, {"tokenizer.json": FAST}, {"tokenizer.json": FAST, "vocab.json": VOCAB}],
    ids=["older", "fast", "both"],
)
def test_what_is_accepted_can_be_copied_and_loaded(tmp_path: Path, files: dict[str, Any]) -> None:
    from data_tools.tokenizers import load_tokenizer
    from stages.tokenizer import copy_tokenizer

    (tmp_path / "model").mkdir()
    folder = write(tmp_path / "model", files)
    check_model_folder(folder, "step base: model")
    copy_tokenizer(folder, tmp_path / "tokenizer")
    assert load_tokenizer(tmp_path / "tokenizer").get_vocab().items() >= VOCAB.items()
