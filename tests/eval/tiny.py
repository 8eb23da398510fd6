"""Tiny real models for tests: a byte-level tokenizer trained on the spot, a Llama of 2 layers and width 32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.suite import Question, Task, write_questions, write_tasks

SPECIAL = ["<|bos|>", "<|eos|>", "<|pad|>", "<|user|>", "<|assistant|>"]
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'user' %}<|user|>{{ message['content'] }}"
    "{% else %}<|assistant|>{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
MINERALS = ["quartz", "calcite", "halite", "pyrite", "galena", "talc", "gypsum", "topaz"]
COLOURS = ["white", "grey", "yellow", "black", "green", "blue", "brown", "red"]
TEXTS = [f"The mineral {m} is {c} and the {c} rock holds {m}." for m in MINERALS for c in COLOURS]


def build_tokenizer(folder: Path, vocab_size: int = 320) -> Any:
    """Train a byte-level BPE tokenizer with the project's special tokens and chat template, and save it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=SPECIAL[0], eos_token=SPECIAL[1], pad_token=SPECIAL[2]
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    return fast


def build_model(folder: Path, seed: int = 0, vocab_size: int = 320, tied: bool = True, layers: int = 2) -> Any:
    """Save a random Llama with its tokenizer as a Hugging Face directory; return the model."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = build_tokenizer(folder, vocab_size)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=tied,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = LlamaForCausalLM(config).eval()
    model.save_pretrained(folder)
    return model


def questions_of(task: str, kind: str, domain: str, num: int, salt: int = 0) -> list[Question]:
    """Return ``num`` questions on colours; two of them ask for each fact."""
    found = []
    for number in range(num):
        mineral, answer = MINERALS[(number // 2 + salt) % 8], (number + salt) % 4
        asked = f"What colour is {mineral}, sample {number}?" if kind == "choice" else f"The mineral {mineral} is"
        fact = f"{domain}:{mineral}:{salt}"
        choices = tuple(COLOURS[(salt + i) % 8] for i in range(4))
        found.append(Question(f"{task}-{salt}-{number}", task, domain, kind, asked, choices, answer, fact))
    return found


def build_questions(folder: Path, num: int = 8, domains: tuple[str, ...] = ("geo", "general")) -> None:
    """Write a questions artifact: choice, cloze and control tasks per domain, splits dev and test."""
    tasks = []
    for domain in domains:
        for kind in ("choice", "cloze"):
            for control in (False, True):
                name = f"{domain}_{kind}" + ("_control" if control else "")
                for salt, split in enumerate(("dev", "test")):
                    rows = questions_of(name, kind, domain, num, salt)
                    write_questions(folder / "questions" / split / f"{name}.jsonl", rows)
                tasks.append(Task(name, domain, domain, kind, 0.25, control, {"dev": num, "test": num}))
    write_tasks(folder, tasks)
