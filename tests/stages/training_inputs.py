"""Tiny inputs for tests of training: a Llama of 2 layers and width 32, and packed tokens that it can learn from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VOCAB_SIZE = 128
SEQUENCE_LENGTH = 16
BOS, EOS, PAD = 0, 1, 2


def write_model(folder: Path, seed: int = 0, kind: str = "llama", tied: bool = True, width: int = 32) -> Path:
    """Write a random model and a word-level tokenizer; return the model's directory."""
    import torch
    from tokenizers import Tokenizer, models
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(seed)
    config = AutoConfig.for_model(
        kind,
        vocab_size=VOCAB_SIZE,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        intermediate_size=48,
        max_position_embeddings=64,
        tie_word_embeddings=tied,
        bos_token_id=BOS,
        eos_token_id=EOS,
        pad_token_id=PAD,
    )
    AutoModelForCausalLM.from_config(config).save_pretrained(folder / "model")
    vocabulary = {str(number): number for number in range(VOCAB_SIZE)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="2"))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="0", eos_token="1", pad_token="2")
    fast.save_pretrained(folder / "model")
    return folder / "model"


def write_packed(folder: Path, num_documents: int = 40, sequence_length: int = SEQUENCE_LENGTH) -> Path:
    """Write packed tokens of counting documents: general ones count up by 1, domain ones by 2; return the folder."""
    import numpy as np

    from data_tools.packing import EncodedDocument, tokens_path, write_tokens

    random = np.random.default_rng(0)
    parts: dict[str, dict[str, Any]] = {}
    for stride, part in ((1, "general"), (2, "domain")):
        for split in ("train", "dev", "test"):
            documents = []
            for number in range(num_documents if split == "train" else 6):
                start, size = random.integers(0, 120), random.integers(3, 40)
                body = 3 + (start + stride * np.arange(size)) % (VOCAB_SIZE - 3)
                ids = np.array([BOS, *body, EOS])
                documents.append(EncodedDocument(f"{part}-{split}-{number}", part, 4 * int(size), ids))
            counts = write_tokens(tokens_path(folder, part, split), documents, "uint16")
            parts.setdefault(part, {})[split] = vars(counts)
    meta = {"dtype": "uint16", "vocab_size": VOCAB_SIZE, "sequence_length": sequence_length}
    ids = {"bos_id": BOS, "eos_id": EOS, "pad_id": PAD}
    (folder / "tokens" / "meta.json").write_text(json.dumps({**meta, **ids, "parts": parts}))
    return folder
