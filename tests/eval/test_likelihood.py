"""Bits per byte and lm-eval's answers, against plain forward passes of a tiny model."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from eval.errors import EvalError
from eval.harness import ask, prompt_tokens
from eval.likelihood import (
    DocumentLoss,
    TokenDocument,
    bits_per_byte,
    continuation_nats,
    encode_document,
    load_model,
    load_tokenizer,
    score_documents,
    windows,
)
from tests.eval.tiny import TEXTS, build_model, questions_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    build_model(path, seed=5)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    import torch

    network = load_model(folder)
    with torch.no_grad():
        for weights in network.parameters():  # away from near-uniform predictions, so that positions matter
            weights.mul_(4.0)
    return network


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return load_tokenizer(folder)


@pytest.mark.parametrize("num_tokens", [2, 3, 9, 10, 11, 33])
@pytest.mark.parametrize("overlap", [0, 3, 8])
def test_every_token_is_a_target_once(num_tokens: int, overlap: int) -> None:
    found = list(windows(num_tokens, 9, overlap))
    targets = [position for window in found for position in range(window.first, window.end)]
    assert targets == list(range(1, num_tokens))
    for window in found:
        assert window.end - 1 - window.start <= 9
        assert window.first - 1 - window.start <= overlap
    assert list(windows(1, 9, 0)) == []


def test_sum_equals_one_forward_pass_per_document(model: Any, tokenizer: Any) -> None:
    texts = [TEXTS[0], " ".join(TEXTS[3:6]), "é", "a b"]
    documents = [encode_document(tokenizer, str(i), text) for i, text in enumerate(texts)]
    assert documents[0].token_ids[0] == tokenizer.bos_token_id
    assert documents[0].token_ids[-1] == tokenizer.eos_token_id
    assert documents[2].num_bytes == 2
    found = score_documents(model, documents, context_length=128, batch_tokens=150)
    for document, loss in zip(documents, found, strict=True):
        by_hand = continuation_nats(model, document.token_ids[:1], [document.token_ids[1:]])[0]
        assert loss.nats == pytest.approx(by_hand, rel=1e-5)
        assert loss.num_targets == len(document.token_ids) - 1
    whole = sum(loss.nats for loss in found) / math.log(2) / sum(len(text.encode()) for text in texts)
    assert bits_per_byte(found) == pytest.approx(whole)


def test_windows_see_their_context(model: Any, tokenizer: Any) -> None:
    (document,) = [encode_document(tokenizer, "long", " ".join(TEXTS[:4]))]
    ids, nats = document.token_ids, 0.0
    for window in windows(len(ids), 20, 5):
        nats += continuation_nats(model, ids[window.start : window.first], [ids[window.first : window.end]])[0]
    (found,) = score_documents(model, [document], context_length=20, overlap=5)
    assert found.nats == pytest.approx(nats, rel=1e-5)
    (whole,) = score_documents(model, [document], context_length=128)
    assert abs(whole.nats - found.nats) > 1e-3, "a shorter context must change the sum"


def test_batches_do_not_change_the_figures(model: Any, tokenizer: Any) -> None:
    documents = [encode_document(tokenizer, str(i), " ".join(TEXTS[i : i + 1 + i % 3])) for i in range(7)]
    heard: list[tuple[int, int]] = []
    alone = score_documents(model, documents, context_length=64, batch_tokens=1)
    together = score_documents(
        model,
        documents,
        context_length=64,
        batch_tokens=10_000,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert [loss.nats for loss in together] == pytest.approx([loss.nats for loss in alone], rel=1e-5)
    assert [loss.id for loss in together] == [str(i) for i in range(7)]
    assert heard[-1][0] == heard[-1][1]


def test_user_errors(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="document x: holds no token to predict, got 1"):
        score_documents(model, [TokenDocument("x", [0], 1)], context_length=8)
    with pytest.raises(EvalError, match="token id 999 is outside the model's vocabulary of 320"):
        score_documents(model, [TokenDocument("x", [0, 999], 1)], context_length=8)
    with pytest.raises(EvalError, match="overlap: must be from 0 to 7"):
        score_documents(model, [TokenDocument("x", [0, 1], 1)], context_length=8, overlap=8)
    with pytest.raises(EvalError, match="the documents hold no text"):
        bits_per_byte([DocumentLoss("x", "", 1.0, 1, 0)])
    with pytest.raises(EvalError, match="precision: must be one of float32, bfloat16, float16, got 'int4'"):
        load_model(tmp_path, "int4")
    with pytest.raises(EvalError, match=r"holds no config.json"):
        load_model(tmp_path)
    with pytest.raises(EvalError, match="holds no tokenizer"):
        load_tokenizer(tmp_path)


def test_damaged_weights_are_said(folder: Path) -> None:
    import torch

    broken = load_model(folder)
    with torch.no_grad():
        broken.model.norm.weight[0] = float("nan")
    with pytest.raises(EvalError, match=r"document x: the model's loss is nan. Its weights are damaged"):
        score_documents(broken, [TokenDocument("x", [0, 1, 2], 1)], context_length=8)


@pytest.mark.parametrize(("prompt", "shared"), [("plain", True), ("plain", False), ("chat", True)])
def test_lm_eval_answers_as_direct_likelihood(
    model: Any, tokenizer: Any, tmp_path: Path, prompt: str, shared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.harness.can_share", lambda _: shared)
    questions = {
        "geo_choice": questions_of("geo_choice", "choice", "geo", 12),
        "geo_cloze": questions_of("geo_cloze", "cloze", "geo", 12),
        "other": questions_of("other", "choice", "geo", 4, salt=1),
    }
    asked = ask(model, tokenizer, questions, tmp_path, prompt=prompt, batch_tokens=300, context_length=128)
    assert asked.num_cut == 0
    assert set(asked.answers) == set(questions)
    for task, rows in questions.items():
        right = 0
        for question, answer in zip(rows, asked.answers[task], strict=True):
            assert answer.id == question.id
            if prompt == "plain":
                context, choices = prompt_tokens(tokenizer, question)
            else:
                text = f"<|bos|><|user|>{question.question}<|assistant|>"
                context = tokenizer.encode(text)
                choices = [tokenizer.encode(text + choice)[len(context) :] for choice in question.choices]
            nats = continuation_nats(model, context, choices)
            assert list(answer.log_likelihoods) == pytest.approx([-value for value in nats], rel=1e-4)
            best = min(range(4), key=nats.__getitem__)
            per_byte = min(range(4), key=lambda i: nats[i] / len(question.choices[i].encode()))
            assert answer.right["acc"] == int(best == question.answer)
            assert answer.right["acc_bytes"] == int(per_byte == question.answer)
            right += best == question.answer
        assert asked.accuracy(task, "acc") == right / len(rows)


def test_cut_prompts_are_counted(model: Any, tokenizer: Any, tmp_path: Path) -> None:
    (question,) = questions_of("geo_choice", "choice", "geo", 1)
    long = replace(question, question=" ".join(TEXTS[:8]))
    asked = ask(model, tokenizer, {"geo_choice": [long]}, tmp_path, context_length=64)
    assert asked.num_cut == 4


def test_asking_needs_questions_and_a_template(model: Any, folder: Path, tmp_path: Path) -> None:
    bare = load_tokenizer(folder)
    bare.chat_template = None
    questions = {"geo_choice": questions_of("geo_choice", "choice", "geo", 2)}
    with pytest.raises(EvalError, match="has no chat template"):
        ask(model, bare, questions, tmp_path, prompt="chat")
    with pytest.raises(EvalError, match="prompt: must be one of plain, chat, got 'shout'"):
        ask(model, bare, questions, tmp_path, prompt="shout")
    with pytest.raises(EvalError, match="there are none to ask"):
        ask(model, bare, {}, tmp_path)
