"""SPAM against torch's AdamW, against a slow reference, and through a restart."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
import torch

from pipeline.errors import RecipeError
from stages.cpt.optimizers.spam import Spam, cut_spikes, warmup_factor

SHAPES = ((7, 5), (5,), (3, 2, 2))


def parameters(seed: int = 0, dtype: torch.dtype = torch.float32) -> list[torch.nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.nn.Parameter(torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)) for shape in SHAPES
    ]


def gradients(step: int, spike: bool = False) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1000 + step)
    found = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in SHAPES]
    if spike:
        found[0][0, 0] = 1e4
    return found


def run(optimizer: Any, params: list[torch.nn.Parameter], steps: range, spikes: tuple[int, ...] = ()) -> None:
    for step in steps:
        for parameter, gradient in zip(params, gradients(step, step in spikes), strict=True):
            parameter.grad = gradient.to(parameter.dtype)
        optimizer.step()


def reference(settings: dict[str, Any], num_steps: int, spikes: tuple[int, ...]) -> list[list[float]]:
    """The algorithm element by element, in Python floats."""
    result = []
    for tensor, start in enumerate(parameters(dtype=torch.float64)):
        elements = []
        for index, value in enumerate(start.flatten().tolist()):
            m = v = 0.0
            for step in range(num_steps):
                g = gradients(step, step in spikes)[tensor].flatten()[index].item()
                k = step % settings["interval"]
                if k == 0:
                    m = v = 0.0
                power = k if settings["restart_bias_correction"] else step
                if k >= settings["grace"] and v > 0:
                    limit = math.sqrt(settings["threshold"] * v / (1 - 0.999**power))
                    g = max(-limit, min(limit, g))
                m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
                scale = 1.0
                if step >= settings["interval"] and k < settings["warmup"]:
                    scale = 0.5 * (1 - math.cos(math.pi * (k + 1) / settings["warmup"]))
                value -= 0.01 * scale * 0.1 * value
                denominator = math.sqrt(v / (1 - 0.999 ** (power + 1))) + 1e-8
                value -= 0.01 * scale * (m / (1 - 0.9 ** (power + 1))) / denominator
            elements.append(value)
        result.append(elements)
    return result


SETTINGS = {"lr": 0.01, "weight_decay": 0.1, "threshold": 50.0, "interval": 8, "warmup": 3, "grace": 2}


def test_with_infinite_threshold_and_interval_it_is_adamw() -> None:
    ours, theirs = parameters(), parameters()
    spam = Spam(ours, lr=0.01, weight_decay=0.1, threshold=math.inf, interval=math.inf)
    adamw = torch.optim.AdamW(theirs, lr=0.01, weight_decay=0.1)
    run(spam, ours, range(40), (20,))
    run(adamw, theirs, range(40), (20,))
    for mine, yours in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("restart", [True, False])
def test_it_follows_the_slow_reference(restart: bool) -> None:
    settings = {**SETTINGS, "restart_bias_correction": restart}
    params = parameters(dtype=torch.float64)
    run(Spam(params, **settings), params, range(21), (5, 13))
    for parameter, expected in zip(params, reference(settings, 21, (5, 13)), strict=True):
        torch.testing.assert_close(parameter.flatten().tolist(), expected, rtol=1e-9, atol=1e-12)


def test_a_spike_is_cut_to_the_threshold_and_unseen_elements_are_not() -> None:
    gradient = torch.tensor([100.0, -100.0, 0.5, 100.0])
    second_moment = torch.tensor([0.01, 0.01, 0.01, 0.0])
    assert cut_spikes(gradient, second_moment, 25.0).tolist() == pytest.approx([0.5, -0.5, 0.5, 100.0])


def test_a_spike_does_not_flood_the_second_moment_as_under_adamw() -> None:
    grown = []
    for kind, settings in ((Spam, {"threshold": 50.0, "grace": 2}), (torch.optim.AdamW, {})):
        moments = []
        for spikes in ((), (8,)):
            params = parameters()
            optimizer = kind(params, lr=0.01, **settings)
            run(optimizer, params, range(12), spikes)
            moments.append(float(optimizer.state[params[0]]["exp_avg_sq"][0, 0]))
        grown.append(moments[1] / moments[0])
    assert grown[0] < 10
    assert grown[1] > 1e5


def test_moments_restart_at_the_interval_and_the_update_warms_up() -> None:
    params = parameters()
    spam = Spam(params, lr=0.01, interval=5, warmup=4)
    run(spam, params, range(5))
    before = [parameter.detach().clone() for parameter in params]
    run(spam, params, range(5, 6))
    first = spam.state[params[0]]
    torch.testing.assert_close(first["exp_avg"], 0.1 * gradients(5)[0].float())
    step = (params[0] - before[0]).abs().max()
    assert float(step) == pytest.approx(0.01 * warmup_factor(0, 4), rel=1e-3)  # one step of Adam moves by lr
    assert [warmup_factor(k, 4) for k in (0, 3, 4, 9)] == pytest.approx([0.1464466, 1.0, 1.0, 1.0])


def test_one_group_or_two_stepped_in_turn_give_the_same() -> None:
    """DeepSpeed's ZeRO calls ``step()`` once per group, with the other groups hidden."""
    together, apart = parameters(), parameters()
    one = Spam(together, **SETTINGS)
    two = Spam([{"params": apart[:1]}, {"params": apart[1:]}], **SETTINGS)
    run(one, together, range(20), (11,))
    groups = two.param_groups
    for step in range(20):
        for parameter, gradient in zip(apart, gradients(step, step == 11), strict=True):
            parameter.grad = gradient.float()
        for group in groups:
            two.param_groups = [group]
            two.step()
        two.param_groups = groups
    assert all(torch.equal(a, b) for a, b in zip(together, apart, strict=True))


def test_a_flat_partition_gives_the_same_as_its_tensors() -> None:
    """Padding with zeros, as ZeRO does, changes nothing."""
    shaped = parameters()
    flat = torch.nn.Parameter(torch.cat([*(p.detach().flatten() for p in shaped), torch.zeros(5)]))
    run(Spam(shaped, **SETTINGS), shaped, range(20), (11,))
    optimizer = Spam([flat], **SETTINGS)
    for step in range(20):
        flat.grad = torch.cat([*(g.float().flatten() for g in gradients(step, step == 11)), torch.zeros(5)])
        optimizer.step()
    torch.testing.assert_close(flat[:-5], torch.cat([p.flatten() for p in shaped]), rtol=1e-6, atol=1e-7)
    assert torch.equal(flat[-5:], torch.zeros(5))


@pytest.mark.parametrize("at", [6, 8, 11])
def test_saved_in_mid_cycle_and_resumed_it_goes_on_exactly(at: int) -> None:
    straight, first = parameters(), parameters()
    run(Spam(straight, **SETTINGS), straight, range(20), (13,))
    before = Spam(first, **SETTINGS)
    run(before, first, range(at))
    second = [torch.nn.Parameter(parameter.detach().clone()) for parameter in first]
    after = Spam(second, **SETTINGS)
    after.load_state_dict(copy.deepcopy(before.state_dict()))
    run(after, second, range(at, 20), (13,))
    assert all(torch.equal(a, b) for a, b in zip(straight, second, strict=True))


def test_sparse_momentum_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"spam: density must be 1.0, got 0.25. .* leave density out"):
        Spam(parameters(), density=0.25)
