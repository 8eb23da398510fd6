"""The next-token loss of packed sequences, and the attention mask that keeps documents apart.

Shapes: B sequences, T positions, V vocabulary.
"""

from __future__ import annotations

from typing import Any

import torch

from data_tools.packing import IGNORED_LABEL


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


def summed_loss(model: Any, input_ids_BT: Any, labels_BT: Any, position_ids_BT: Any) -> torch.Tensor:
    """Return the sum of -log p(label) in nats over the labels that count, in fp32, differentiable."""
    dtype = next(model.parameters()).dtype
    logits_BTV = model(
        input_ids=input_ids_BT,
        attention_mask=block_causal_mask(position_ids_BT, dtype),
        position_ids=position_ids_BT,
        use_cache=False,
    ).logits
    loss: torch.Tensor = torch.nn.functional.cross_entropy(
        logits_BTV.flatten(0, 1).float(), labels_BT.flatten(), ignore_index=IGNORED_LABEL, reduction="sum"
    )
    return loss
