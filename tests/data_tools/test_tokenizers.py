"""The trained tokenizer: reversible, deterministic, with marks that texts cannot forge."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.errors import DataError
from data_tools.tokenizers import (
    SPECIAL_TOKENS,
    boundary_ids,
    fertility,
    load_tokenizer,
    train_tokenizer,
)

TEXTS = [f"Quartz number {number} is harder than calcite, and calcite is softer than topaz." for number in range(50)]
STRANGE = "Naïve 123.45 \n\n\ttabs  Ω 漢字 \U0001f30b end "


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    train_tokenizer(iter(TEXTS), 400, folder)
    return folder / "tokenizer"


def test_any_text_comes_back(trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    assert tokenizer.decode(tokenizer.encode(STRANGE, add_special_tokens=False)) == STRANGE


def test_the_same_texts_give_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    train_tokenizer(iter(TEXTS), 400, tmp_path)
    names = sorted(path.name for path in trained.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "tokenizer").iterdir())
    for name in names:
        assert (trained / name).read_bytes() == (tmp_path / "tokenizer" / name).read_bytes()
    assert not [name for name in names if name.endswith((".bin", ".pkl", ".pt"))]


def test_special_tokens_come_first_and_are_set(trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4]) == list(SPECIAL_TOKENS)
    assert boundary_ids(tokenizer) == (0, 1, 2)
    assert len(tokenizer) <= 400


def test_the_chat_template_marks_what_the_assistant_says(trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    talk = [
        {"role": "user", "content": "Is quartz harder?"},
        {"role": "assistant", "content": "Yes."},
        {"role": "user", "content": "And topaz?"},
        {"role": "assistant", "content": "No."},
    ]
    found = tokenizer.apply_chat_template(talk, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
    masked = [i for i, mask in zip(found["input_ids"], found["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(masked) == "Yes.<|eos|>No.<|eos|>"
    assert tokenizer.decode(found["input_ids"]).startswith("<|bos|><|user|>Is quartz harder?<|assistant|>Yes.<|eos|>")
    with pytest.raises(Exception, match="roles must be user or assistant, got system"):
        tokenizer.apply_chat_template([{"role": "system", "content": "x"}], tokenize=False)


def test_fertility_counts_tokens_words_and_bytes(trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    found = fertility(tokenizer, ["Ω Ω", "quartz"])
    number = sum(len(tokenizer.encode(text, add_special_tokens=False)) for text in ("Ω Ω", "quartz"))
    assert found == {"tokens_per_word": number / 3, "bytes_per_token": 11 / number}
    assert fertility(tokenizer, []) == {"tokens_per_word": 0.0, "bytes_per_token": 0.0}


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"vocab_size must be >= 261 .* got 100"):
        train_tokenizer(iter(TEXTS), 100, tmp_path)
    with pytest.raises(DataError, match=r"there is no text to train on"):
        train_tokenizer(iter([]), 300, tmp_path)
    with pytest.raises(DataError, match=r"holds no tokenizer"):
        load_tokenizer(tmp_path)


def test_a_tokenizer_without_eos_is_refused() -> None:
    class NoEos:
        name_or_path, eos_token_id = "some/base", None

    with pytest.raises(DataError, match=r"some/base: the tokenizer has no end-of-sequence token"):
        boundary_ids(NoEos())
