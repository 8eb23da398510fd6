"""Tokenizers: a byte-level BPE trained on documents, saved as a Hugging Face directory, and what it costs per word."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data_tools.errors import DataError

TOKENIZER_FOLDER = "tokenizer"
SPECIAL_TOKENS = ("<|bos|>", "<|eos|>", "<|pad|>", "<|user|>", "<|assistant|>")
BOS, EOS, PAD, USER, ASSISTANT = SPECIAL_TOKENS
MIN_VOCAB_SIZE = 256 + len(SPECIAL_TOKENS)
"""All bytes and the special tokens: a smaller vocabulary could not write every text."""

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}<|user|>{{ message['content'] }}"
    "{% elif message['role'] == 'assistant' %}<|assistant|>"
    "{% generation %}{{ message['content'] }}{{ eos_token }}{% endgeneration %}"
    "{% else %}{{ raise_exception('roles must be user or assistant, got ' + message['role']) }}"
    "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
"""One token marks whose turn it is; the markers let a trainer take the loss on answers only."""


def train_tokenizer(texts: Iterable[str], vocab_size: int, folder: Path) -> None:
    """Train a byte-level BPE (Radford et al., 2019) and write it to ``<folder>/tokenizer/``; the same texts in the same
    order give the same bytes.

    Digits are split one by one, so that numbers are read as they are written. No text is normalised: decoding what was
    encoded gives the text back. Raises DataError where ``vocab_size`` cannot hold every byte or there is no text.
    """
    if vocab_size < MIN_VOCAB_SIZE:
        raise DataError(
            f"tokenizer: vocab_size must be >= {MIN_VOCAB_SIZE} (bytes and special tokens), got {vocab_size}"
        )
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    counted = _Counted(texts)
    tokenizer.train_from_iterator(counted, trainer)
    if not counted.number:
        raise DataError("tokenizer: there is no text to train on. Check that the documents' train split is not empty")
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        additional_special_tokens=[USER, ASSISTANT],
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder / TOKENIZER_FOLDER)


class _Counted:
    """Texts that know how many of them were read."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for text in self._texts:
            self.number += 1
            yield text


def load_tokenizer(path: Path) -> Any:
    """Return the Hugging Face tokenizer of a directory; DataError where there is none. Nothing is fetched."""
    from transformers import AutoTokenizer

    if not any((path / name).exists() for name in ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")):
        raise DataError(f"{path}: holds no tokenizer (tokenizer.json). Give a model directory that has its tokenizer")
    try:
        return AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: its tokenizer cannot be loaded: {error}") from None


def boundary_ids(tokenizer: Any) -> tuple[int, int, int]:
    """Return the ids of what opens a document (bos, else eos), closes it (eos), and pads (pad, else eos)."""
    eos = tokenizer.eos_token_id
    if eos is None:
        raise DataError(
            f"{tokenizer.name_or_path}: the tokenizer has no end-of-sequence token, so documents could not be told "
            "apart. Set eos_token in its tokenizer_config.json"
        )
    bos, pad = tokenizer.bos_token_id, tokenizer.pad_token_id
    return (eos if bos is None else bos), eos, (eos if pad is None else pad)


def fertility(tokenizer: Any, texts: Iterable[str]) -> dict[str, float]:
    """Return tokens per white-space word and bytes per token over ``texts`` (0 where there is no text)."""
    num_tokens = num_words = num_bytes = 0
    for text in texts:
        num_tokens += len(tokenizer.encode(text, add_special_tokens=False))
        num_words += len(text.split())
        num_bytes += len(text.encode("utf-8"))
    return {
        "tokens_per_word": num_tokens / num_words if num_words else 0.0,
        "bytes_per_token": num_bytes / num_tokens if num_tokens else 0.0,
    }
