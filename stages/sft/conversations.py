"""Conversations as token ids and labels: the answers are learnt, everything else only read.

Which tokens are an answer's is said by the chat template, between ``{% generation %}`` and ``{% endgeneration %}``; the
end token belongs inside, or the model never learns to stop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvalError
from eval.suite import json_lines
from pipeline.errors import StepError

IGNORED_LABEL = -100
GENERATION_MARK = "{% generation %}"
PLAIN_TEMPLATE = (
    "{% if bos_token %}{{ bos_token }}{% endif %}"
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}{{ 'User: ' + message['content'] + '\n' }}"
    "{% else %}{{ 'Assistant:' }}{% generation %}{{ ' ' + message['content'] + eos_token }}{% endgeneration %}"
    "{{ '\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""For base models whose tokenizer has no chat template: plain words, no new token."""


@dataclass(frozen=True)
class Conversations:
    """What one split holds, and what was left out."""

    samples: list[dict[str, list[int]]]
    """``input_ids`` and ``labels`` of equal length."""
    num_read: int
    num_too_long: int
    """Left out because they have more tokens than allowed; nothing is ever cut."""
    num_answer_tokens: int


def chat_template_of(tokenizer: Any, wanted: str, where: str) -> str:
    """Return the template that ``wanted`` names: the tokenizer's own, ``plain``, or the Jinja text itself."""
    if wanted == "plain":
        template = PLAIN_TEMPLATE
    elif wanted == "tokenizer":
        if not tokenizer.chat_template:
            raise StepError(
                f"{where}: the model's tokenizer has no chat template. Set chat_template: plain, or give its Jinja text"
            )
        template = str(tokenizer.chat_template)
    else:
        template = wanted
    if GENERATION_MARK not in template.replace("{%- ", "{% ").replace(" -%}", " %}"):
        raise StepError(
            f"{where}: the chat template does not mark the answers with {GENERATION_MARK}, so their tokens are not "
            f"known, got {template[:80]!r}. Set chat_template: plain, or give a Jinja text with the marks"
        )
    return template


def read_conversations(path: Path) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield ``(id, messages)`` of a JSONL file; StepError names the line that is wrong."""
    try:
        for number, row in json_lines(path):
            yield _conversation(row, f"{path}:{number}")
    except EvalError as error:
        raise StepError(str(error)) from None


def _conversation(row: Any, where: str) -> tuple[str, list[dict[str, str]]]:
    try:
        messages = [{"role": str(one["role"]), "content": str(one["content"])} for one in row["messages"]]
        name = str(row["id"])
    except (TypeError, KeyError) as error:
        raise StepError(f"{where}: must be an object with id and messages of role and content ({error!r})") from None
    roles = [message["role"] for message in messages]
    if "assistant" not in roles or set(roles) - {"user", "assistant", "system"}:
        raise StepError(f"{where}: roles must be user, assistant or system with one assistant, got {roles}")
    return name, messages


def encode(tokenizer: Any, template: str, messages: Sequence[Mapping[str, str]]) -> dict[str, list[int]]:
    """Return ``input_ids`` and ``labels`` (-100 outside the answers) of one conversation."""
    encoded = tokenizer.apply_chat_template(
        list(messages), chat_template=template, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids, mask = list(encoded["input_ids"]), list(encoded["assistant_masks"])
    return {"input_ids": ids, "labels": [i if m else IGNORED_LABEL for i, m in zip(ids, mask, strict=True)]}


def load(path: Path, tokenizer: Any, template: str, max_length: int, too_long: str) -> Conversations:
    """Return the conversations of one file; those over ``max_length`` tokens are counted and left out, or an error."""
    samples, num_read, num_too_long = [], 0, 0
    for name, messages in read_conversations(path):
        num_read += 1
        sample = encode(tokenizer, template, messages)
        if all(label == IGNORED_LABEL for label in sample["labels"]):
            raise StepError(f"{path}: conversation {name}: the chat template gives its answers no token")
        if len(sample["input_ids"]) > max_length:
            if too_long == "error":
                raise StepError(
                    f"{path}: conversation {name}: has {len(sample['input_ids'])} tokens, more than max_length "
                    f"{max_length}. Raise max_length, or set too_long: drop"
                )
            num_too_long += 1
            continue
        samples.append(sample)
    num_answer_tokens = sum(label != IGNORED_LABEL for sample in samples for label in sample["labels"])
    return Conversations(samples, num_read, num_too_long, num_answer_tokens)
