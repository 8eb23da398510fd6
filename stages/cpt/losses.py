"""The next-token loss of packed sequences, and the attention mask that keeps documents apart.

Shapes: B sequences, T positions, V vocabulary, D hidden width, N = labels that count.
"""

from __future__ import annotations

from typing import Any

import torch

from data_tools.packing import IGNORED_LABEL

PLAIN_HEADS = frozenset({"llama", "mistral", "olmo", "olmo2", "olmo3", "qwen2", "qwen3"})
"""Model types whose logits are the last hidden state times the output embedding and nothing else (no soft cap, scale or
bias), so that the loss need not hold them all at once. Any other model goes through its own head."""
CPU_CHUNK_ELEMENTS = 1 << 20
GPU_CHUNK_ELEMENTS = 1 << 27


def block_causal_mask(position_ids_BT: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the additive attention mask ``[B, 1, T, T]``: 0 where query may see key, else the lowest value.

    A position sees itself and what comes before it in its own document; a document begins where ``position_ids`` is 0.
    The mask is explicit, so that every attention implementation that takes one gives the same result.
    """
    num_positions = position_ids_BT.shape[1]
    documents_BT = (position_ids_BT == 0).cumsum(dim=1)
    same_BTT = documents_BT[:, :, None] == documents_BT[:, None, :]
    allowed_BTT = same_BTT & torch.ones(num_positions, num_positions, dtype=torch.bool, device=same_BTT.device).tril()
    mask = torch.full(allowed_BTT.shape, torch.finfo(dtype).min, dtype=dtype, device=allowed_BTT.device)
    return mask.masked_fill_(allowed_BTT, 0.0)[:, None]


class NextTokenLoss(torch.nn.Module):
    """A causal language model whose forward pass gives the summed loss: what DeepSpeed wraps."""

    def __init__(self, causal: Any, keep_logits: bool = False) -> None:
        """Wrap a Hugging Face causal model. ``keep_logits`` takes its own head, as ZeRO 3 needs: the output embedding
        is whole only inside its module's own forward pass there.
        """
        super().__init__()
        self.causal = causal
        self.through_head = keep_logits or causal.config.model_type not in PLAIN_HEADS

    def forward(
        self, input_ids_BT: torch.Tensor, labels_BT: torch.Tensor, position_ids_BT: torch.Tensor
    ) -> torch.Tensor:
        """Return the sum of -log p(label) in nats over the labels that count, a scalar in fp32."""
        inputs = {
            "input_ids": input_ids_BT,
            "attention_mask": block_causal_mask(position_ids_BT, self.causal.dtype),
            "position_ids": position_ids_BT,
            "use_cache": False,
        }
        labels = labels_BT.flatten()
        if self.through_head:
            logits = self.causal(**inputs).logits.flatten(0, 1).float()
            return torch.nn.functional.cross_entropy(logits, labels, ignore_index=IGNORED_LABEL, reduction="sum")
        hidden = self.causal.base_model(**inputs).last_hidden_state.flatten(0, 1)
        counted = (labels != IGNORED_LABEL).nonzero().flatten()
        weight = self.causal.get_output_embeddings().weight
        loss: torch.Tensor = ChunkedCrossEntropy.apply(hidden[counted], weight, labels[counted])
        return loss


class ChunkedCrossEntropy(torch.autograd.Function):
    """Summed cross entropy of ``hidden @ weight.T``, some rows at a time, with its gradient made on the way.

    The idea is that of Liger Kernel (Hsu et al., arXiv 2410.10989): of the N x V logits only a chunk exists at any
    time; softmax - onehot overwrites it and is multiplied out at once. A laptop's updates take 10-20 % less time than
    with logits, log-softmax and their backward pass; a GPU saves their memory. Logits and softmax are fp32.
    """

    @staticmethod
    def forward(ctx: Any, hidden_ND: torch.Tensor, weight_VD: torch.Tensor, labels_N: torch.Tensor) -> torch.Tensor:
        wants_gradient = ctx.needs_input_grad[0] or ctx.needs_input_grad[1]
        elements = CPU_CHUNK_ELEMENTS if hidden_ND.device.type == "cpu" else GPU_CHUNK_ELEMENTS
        rows = max(64, elements // weight_VD.shape[0])
        loss = torch.zeros((), dtype=torch.float32, device=hidden_ND.device)
        d_hidden = torch.empty_like(hidden_ND) if wants_gradient else None
        d_weight = torch.zeros_like(weight_VD, dtype=torch.float32) if wants_gradient else None
        for start in range(0, hidden_ND.shape[0], rows):
            hidden = hidden_ND[start : start + rows]
            labels = labels_N[start : start + rows, None]
            logits = (hidden @ weight_VD.T).float()
            highest = logits.amax(dim=1, keepdim=True)
            at_label = logits.gather(1, labels)
            probabilities = torch.softmax(logits, dim=1)
            # log-sum-exp from the likeliest token, whose probability is at least 1/V and so never rounds to 0
            log_sum = highest - probabilities.amax(dim=1, keepdim=True).log()
            loss += (log_sum - at_label).sum()
            if d_hidden is not None and d_weight is not None:
                probabilities.scatter_add_(1, labels, probabilities.new_full(labels.shape, -1.0))
                d_logits = probabilities.to(weight_VD.dtype)
                torch.mm(d_logits, weight_VD, out=d_hidden[start : start + rows])
                d_weight += d_logits.T @ hidden
        if wants_gradient:
            ctx.save_for_backward(d_hidden, d_weight.to(weight_VD.dtype) if d_weight is not None else None)
        return loss

    @staticmethod
    def backward(ctx: Any, d_loss: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:  # type: ignore[override]
        d_hidden, d_weight = ctx.saved_tensors
        return d_hidden * d_loss, d_weight * d_loss, None
