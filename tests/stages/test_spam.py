"""SPAM against torch's AdamW, against a slow reference, and through a restart."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from stages.cpt.optimizers.kernels import COMPILE_FROM, Coefficients, Updater, _compile
from stages.cpt.optimizers.spam import Spam, warmup_factor
from stages.cpt.optimizers.sparse import Segment, draw_mask
from stages.cpt.optimizers.stable_spam import StableSpam
from tests.stages.optimizer_references import (
    SHAPES,
    SIZES,
    prescribed_gradients,
    slow_mask,
    slow_spam,
    slow_stable_spam,
)


@pytest.fixture(autouse=True)
def no_compiled_code() -> Iterator[None]:
    """Torch keeps at most eight compiled versions of a function; these tests have more than any training."""
    torch.compiler.reset()
    _compile.cache_clear()
    yield
    _compile.cache_clear()


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


SETTINGS = {"lr": 0.01, "weight_decay": 0.1, "threshold": 50.0, "interval": 8, "warmup": 3, "grace": 2}


def test_with_infinite_threshold_and_interval_it_is_adamw() -> None:
    ours, theirs = parameters(dtype=torch.float64), parameters(dtype=torch.float64)
    spam = Spam(ours, lr=0.01, weight_decay=0.1, threshold=math.inf, interval=math.inf)
    adamw = torch.optim.AdamW(theirs, lr=0.01, weight_decay=0.1)
    run(spam, ours, range(40), (20,))
    run(adamw, theirs, range(40), (20,))
    for mine, yours in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-12, atol=1e-14)


LONG = {"lr": 0.01, "weight_decay": 0.1, "threshold": 50.0, "interval": 90, "warmup": 30, "grace": 10}
STABLE = {"lr": 0.01, "weight_decay": 0.1, "interval": 300}
COMPILE_ALWAYS = 0


def follow(optimizer_type: Any, dtype: torch.dtype, settings: dict[str, Any]) -> tuple[Any, Any]:
    """Run 1,000 steps of prescribed gradients; return all weights, and what the slow reference says of them."""
    gradients = prescribed_gradients(1000)
    params = parameters(dtype=dtype)
    starts = [parameter.detach().double().flatten().numpy().copy() for parameter in params]
    optimizer = optimizer_type(params, **settings)
    for step in range(1000):
        for parameter, rows in zip(params, gradients, strict=True):
            parameter.grad = torch.tensor(rows[step], dtype=dtype).view_as(parameter)
        optimizer.step()
    expected = []
    for number, (start, rows) in enumerate(zip(starts, gradients, strict=True)):
        told = rows.astype(np.float32).astype(np.float64) if dtype == torch.float32 else rows
        slow = {"restart_bias_correction": True, **settings}
        if optimizer_type is Spam:
            expected.append(slow_spam(start, told, sum(SIZES[:number]), slow))
        else:
            expected.append(slow_stable_spam(start, told, slow))
    found = np.concatenate([parameter.detach().double().flatten().numpy() for parameter in params])
    return found, np.concatenate(expected)


@pytest.mark.parametrize("compile_from", [COMPILE_FROM, COMPILE_ALWAYS])
@pytest.mark.parametrize(
    ("optimizer_type", "settings"),
    [
        (Spam, LONG),
        (Spam, {**LONG, "restart_bias_correction": False}),
        (Spam, {**LONG, "density": 0.3, "seed": 7}),
        (StableSpam, STABLE),
        (StableSpam, {**STABLE, "restart_bias_correction": False}),
    ],
)
def test_a_thousand_steps_follow_the_slow_reference(
    optimizer_type: Any, settings: dict[str, Any], compile_from: int
) -> None:
    for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
        found, expected = follow(optimizer_type, dtype, {**settings, "compile_from": compile_from})
        assert np.linalg.norm(found - expected) <= tolerance * np.linalg.norm(expected)


def test_a_spike_is_cut_to_the_threshold_and_unseen_elements_are_not() -> None:
    for compile_from in (COMPILE_FROM, COMPILE_ALWAYS):
        weight, first = torch.zeros(4), torch.zeros(4)
        second = torch.tensor([0.01, 0.01, 0.01, 0.0])
        gradient = torch.tensor([100.0, -100.0, 0.5, 100.0])
        numbers = Coefficients((0.0, 0.9), 2, 1.0, 0.0, 1e-8, 25.0 * (1 - 0.9))
        Updater(compile_from).run(weight, gradient, first, second, numbers, 4)
        assert first.tolist() == pytest.approx([0.5, -0.5, 0.5, 100.0])


def test_a_compiler_that_fails_is_told_once_and_the_update_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        def run(*inputs: Any) -> None:
            raise torch._inductor.exc.InductorError(FileNotFoundError("no g++"), inspect.currentframe())

        return run

    monkeypatch.setattr(torch, "compile", broken)
    params, plain = parameters(), parameters()
    with pytest.warns(RuntimeWarning, match=r"optimizer: its update cannot be compiled \(.*no g\+\+.*Install a C\+\+"):
        run(Spam(params, compile_from=COMPILE_ALWAYS), params, range(3))
    run(Spam(plain), plain, range(3))
    assert all(torch.equal(a, b) for a, b in zip(params, plain, strict=True))


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


def test_weights_outside_the_mask_stay_as_they_are_until_the_next_cycle() -> None:
    params, starts = parameters(), parameters()
    spam = Spam(params, lr=0.1, weight_decay=0.5, interval=4, density=0.4, seed=3)
    run(spam, params, range(4))
    moved = torch.cat([(a != b).flatten() for a, b in zip(params, starts, strict=True)])
    assert moved.tolist() == slow_mask(0, sum(SIZES), 0.4, 3, 0)
    before = [parameter.detach().clone() for parameter in params]
    run(spam, params, range(4, 8))
    moved = torch.cat([(a != b).flatten() for a, b in zip(params, before, strict=True)])
    assert moved.tolist() == slow_mask(0, sum(SIZES), 0.4, 3, 1)


def test_a_mask_does_not_depend_on_how_the_weights_are_cut() -> None:
    whole = draw_mask(1000, [Segment(0, 1000, 5000)], 0.25, 1, 2)
    assert 200 < int(whole.sum()) < 300
    pieces = draw_mask(1010, [Segment(600, 400, 5000), Segment(0, 600, 5400)], 0.25, 1, 2)
    assert torch.equal(torch.cat([pieces[600:1000], pieces[:600]]), whole)
    assert not pieces[1000:].any()  # padding
    assert not torch.equal(whole, draw_mask(1000, [Segment(0, 1000, 5000)], 0.25, 1, 3))


@pytest.mark.parametrize("density", [0.0, 1.5, -1.0])
def test_a_density_outside_its_range_is_refused(density: float) -> None:
    with pytest.raises(ValueError, match=rf"spam: density must be above 0 and at most 1, got {density}"):
        Spam(parameters(), density=density)
