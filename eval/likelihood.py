"""Bits per byte of a language model on documents, so that models are compared whatever their tokenizers.

``bits per byte = sum of -ln p(token | what precedes it in its document) / ln 2 / bytes of the document's UTF-8 text``.
The sum runs over every token of the stored document but the first (its start token, given to every model): the text's
tokens and the end token, each exactly once. lm-eval's ``bits_per_byte`` leaves the end token out; ours is the quantity
that training reports, whose labels hold the end token too.

A document longer than the context is read in windows; each window's first ``overlap`` positions only give context
(strided evaluation, as in the Transformers guide to perplexity of fixed-length models).

Shapes: B windows of one batch, T positions, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.errors import EvalError

PRECISIONS = ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class TokenDocument:
    """A document as token ids: its start token, its text's tokens, its end token."""

    id: str
    token_ids: Sequence[int]
    num_bytes: int
    """Length of the text in UTF-8 bytes."""
    corpus: str = ""


@dataclass(frozen=True)
class DocumentLoss:
    """How a model predicted one document."""

    id: str
    corpus: str
    nats: float
    """Sum of -ln p over the document's targets."""
    num_targets: int
    num_bytes: int


@dataclass(frozen=True)
class Window:
    """One input to the model: ``token_ids[start:end - 1]`` in, ``token_ids[first:end]`` are the targets that count."""

    document: int
    start: int
    first: int
    end: int


def bits_per_byte(losses: Iterable[DocumentLoss]) -> float:
    """Return the bits per byte of several documents taken together; EvalError where they hold no byte."""
    nats = num_bytes = 0.0
    for loss in losses:
        nats += loss.nats
        num_bytes += loss.num_bytes
    if num_bytes <= 0:
        raise EvalError("bits per byte: the documents hold no text. Give at least one document with text")
    return nats / math.log(2) / num_bytes


def load_model(path: Path, precision: str = "float32", device: str = "cpu") -> Any:
    """Return the causal language model of a local Hugging Face directory, in evaluation mode."""
    import torch
    from transformers import AutoModelForCausalLM

    if precision not in PRECISIONS:
        raise EvalError(f"precision: must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if not (path / "config.json").is_file():
        raise EvalError(f"{path}: holds no config.json. Give a Hugging Face model directory")
    dtype = getattr(torch, precision)
    model: Any = AutoModelForCausalLM.from_pretrained(path, dtype=dtype, local_files_only=True)
    return model.to(device).eval()


def load_tokenizer(path: Path) -> Any:
    """Return the tokenizer of a local Hugging Face directory; EvalError where there is none."""
    from transformers import AutoTokenizer

    if not (path / "tokenizer_config.json").is_file() and not (path / "tokenizer.json").is_file():
        raise EvalError(f"{path}: holds no tokenizer. Save one beside the model")
    return AutoTokenizer.from_pretrained(path, local_files_only=True)


def encode_document(tokenizer: Any, name: str, text: str, corpus: str = "") -> TokenDocument:
    """Return ``text`` as ``[bos, or eos where there is none] + tokens + [eos]``, as packed documents are stored."""
    end = tokenizer.eos_token_id
    if end is None:
        raise EvalError(f"tokenizer {tokenizer.name_or_path}: has no eos token. Use a tokenizer that has one")
    start = end if tokenizer.bos_token_id is None else tokenizer.bos_token_id
    token_ids = [start, *tokenizer.encode(text, add_special_tokens=False), end]
    return TokenDocument(name, token_ids, len(text.encode("utf-8")), corpus)


def windows(num_tokens: int, context_length: int, overlap: int, document: int = 0) -> Iterator[Window]:
    """Yield windows of at most ``context_length`` inputs in which every token but the first is a target once."""
    if not 0 <= overlap < context_length:
        raise EvalError(f"overlap: must be from 0 to {context_length - 1} (context_length - 1), got {overlap}")
    first = 1
    while first < num_tokens:
        start = max(0, first - 1 - (overlap if first > 1 else 0))
        end = min(start + context_length + 1, num_tokens)
        yield Window(document, start, first, end)
        first = end


def _batches(pending: list[Window], batch_tokens: int) -> Iterator[list[Window]]:
    """Group windows of similar length, longest first; at most ``batch_tokens`` positions with padding."""
    ordered = sorted(pending, key=lambda window: window.start - window.end)
    batch: list[Window] = []
    for window in ordered:
        width = batch[0].end - batch[0].start if batch else 0
        if batch and (len(batch) + 1) * width > batch_tokens:
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _score_batch(model: Any, documents: Sequence[TokenDocument], batch: list[Window]) -> list[float]:
    """Return each window's sum of -ln p, in nats. Right padding is never attended to by what precedes it."""
    import torch
    from torch.nn.functional import cross_entropy

    width = max(window.end - window.start for window in batch) - 1
    inputs_BT = torch.zeros((len(batch), width), dtype=torch.long)
    targets_BT = torch.full((len(batch), width), -100, dtype=torch.long)
    for row, window in enumerate(batch):
        ids = torch.as_tensor(list(documents[window.document].token_ids[window.start : window.end]), dtype=torch.long)
        inputs_BT[row, : len(ids) - 1] = ids[:-1]
        skipped = window.first - window.start - 1
        targets_BT[row, skipped : len(ids) - 1] = ids[1 + skipped :]
    logits_BTV = model(input_ids=inputs_BT.to(model.device), use_cache=False).logits
    losses_BT = cross_entropy(
        logits_BTV.float().flatten(0, 1), targets_BT.to(model.device).flatten(), ignore_index=-100, reduction="none"
    )
    sums: list[float] = losses_BT.view(len(batch), width).double().sum(dim=1).tolist()
    return sums


def score_documents(
    model: Any,
    documents: Sequence[TokenDocument],
    *,
    context_length: int,
    overlap: int = 0,
    batch_tokens: int = 1024,
    progress: Callable[[int, int], None] | None = None,
) -> list[DocumentLoss]:
    """Return the loss of every document, in order.

    ``context_length`` and ``overlap`` are in tokens; ``batch_tokens`` bounds the positions of one forward pass (the
    logits take 4 bytes times the vocabulary for each). ``progress`` hears (windows done, windows).
    Raises EvalError where a document has no target or a token id is not in the model's vocabulary.
    """
    import torch

    pending: list[Window] = []
    vocab_size = int(model.config.get_text_config().vocab_size)
    for position, document in enumerate(documents):
        if len(document.token_ids) < 2:
            raise EvalError(f"document {document.id}: holds no token to predict, got {len(document.token_ids)} tokens")
        if max(document.token_ids) >= vocab_size:
            raise EvalError(
                f"document {document.id}: token id {max(document.token_ids)} is outside the model's vocabulary of "
                f"{vocab_size}. Pack the text with this model's tokenizer"
            )
        pending.extend(windows(len(document.token_ids), context_length, overlap, position))
    nats = [0.0] * len(documents)
    done = 0
    with torch.inference_mode():
        for batch in _batches(pending, batch_tokens):
            for window, value in zip(batch, _score_batch(model, documents, batch), strict=True):
                if not math.isfinite(value):
                    name = documents[window.document].id
                    raise EvalError(f"document {name}: the model's loss is {value}. Its weights are damaged")
                nats[window.document] += value
            done += len(batch)
            if progress is not None:
                progress(done, len(pending))
    return [
        DocumentLoss(document.id, document.corpus, value, len(document.token_ids) - 1, document.num_bytes)
        for document, value in zip(documents, nats, strict=True)
    ]


def continuation_nats(model: Any, context: Sequence[int], continuations: Sequence[Sequence[int]]) -> list[float]:
    """Return -ln p of every continuation after the same context: one forward pass each, the plain reference."""
    import torch

    found = []
    with torch.inference_mode():
        for continuation in continuations:
            ids_T = torch.tensor([*context, *continuation], device=model.device)
            logits_TV = model(input_ids=ids_T[None, :-1], use_cache=False).logits[0, len(context) - 1 :].float()
            log_probabilities_TV = logits_TV.log_softmax(-1)
            targets_T = ids_T[len(context) :]
            found.append(-float(log_probabilities_TV.gather(1, targets_T[:, None]).double().sum()))
    return found
