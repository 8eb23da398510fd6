"""SPAM and Stable-SPAM written from the papers' formulas, slowly: NumPy, double precision, one tensor at a time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

SHAPES = ((7, 5), (5,), (3, 2, 2))
SIZES = [math.prod(shape) for shape in SHAPES]
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def prescribed_gradients(num_steps: int, seed: int = 0) -> list[np.ndarray[Any, Any]]:
    """One array [num_steps, elements] per shape, with spikes, elements never seen, and a tensor at times all zero."""
    random = np.random.default_rng(seed)
    found = []
    for size in SIZES:
        gradients = random.standard_normal((num_steps, size)) * np.exp(random.standard_normal(size))
        spikes = random.random(gradients.shape) < 0.01
        gradients = np.where(spikes, gradients * 1000, gradients)
        gradients[: num_steps // 3, -1] = 0.0
        found.append(gradients)
    found[1][5:9] = 0.0
    return found


def splitmix64(value: int) -> int:
    """Steele, Lea and Flood 2014, in Python integers."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) % 2**64
    return value ^ (value >> 31)


def slow_mask(offset: int, size: int, density: float, seed: int, cycle: int) -> list[bool]:
    key = splitmix64(seed * 0x1000003 + cycle)
    return [splitmix64((offset + place) ^ key) >> 32 < round(density * 2**32) for place in range(size)]


def slow_spam(start: np.ndarray[Any, Any], gradients: np.ndarray[Any, Any], offset: int, s: dict[str, Any]) -> Any:
    """Return the weights after all gradients; ``s`` holds Spam's settings."""
    weights, size = start.astype(np.float64).tolist(), len(start)
    m, v = [0.0] * size, [0.0] * size
    mask = [True] * size
    for step, row in enumerate(gradients.tolist()):
        cycle, k = divmod(step, s["interval"])
        if k == 0:
            m, v = [0.0] * size, [0.0] * size
            mask = slow_mask(offset, size, s.get("density", 1.0), s.get("seed", 0), cycle)
        seen = k if s["restart_bias_correction"] else step
        warm = 0.5 * (1 - math.cos(math.pi * (k + 1) / s["warmup"])) if cycle and k < s["warmup"] else 1.0
        for i in range(size):
            if not mask[i]:
                continue
            g = row[i]
            if k >= s["grace"] and v[i] > 0 and g * g > s["threshold"] * v[i] / (1 - BETA2**seen):
                g = math.copysign(math.sqrt(s["threshold"] * v[i] / (1 - BETA2**seen)), g)
            m[i] = BETA1 * m[i] + (1 - BETA1) * g
            v[i] = BETA2 * v[i] + (1 - BETA2) * g * g
            first, second = m[i] / (1 - BETA1 ** (seen + 1)), v[i] / (1 - BETA2 ** (seen + 1))
            rate = s["lr"] * warm
            weights[i] -= rate * s["weight_decay"] * weights[i]
            weights[i] -= rate * first / (math.sqrt(second) + EPSILON)
    return np.array(weights)


def slow_stable_spam(start: np.ndarray[Any, Any], gradients: np.ndarray[Any, Any], s: dict[str, Any]) -> Any:
    """Return the weights of one tensor after all gradients; ``s`` holds StableSpam's settings."""
    gamma1, gamma2, gamma3 = 0.7, 0.9, 0.999
    weights = start.astype(np.float64)
    m = v = np.zeros_like(weights)
    threshold = norm1 = norm2 = 0.0
    for step, gradient in enumerate(gradients):
        t, k = step + 1, step % s["interval"]
        largest = np.abs(gradient).max()
        threshold = gamma3 * threshold + (1 - gamma3) * largest
        limit = threshold / (1 - gamma3**t)
        g = np.where(np.abs(gradient) > limit, gradient / (largest or 1.0) * limit, gradient)
        norm = np.sqrt((g**2).sum())
        norm1 = gamma1 * norm1 + (1 - gamma1) * norm
        norm2 = gamma2 * norm2 + (1 - gamma2) * norm**2
        if norm > 0:
            g = g / norm * (norm1 / (1 - gamma1**t)) / (np.sqrt(norm2 / (1 - gamma2**t)) + EPSILON)
        if k == 0:
            m = v = np.zeros_like(weights)
        seen = (k if s["restart_bias_correction"] else step) + 1
        m, v = BETA1 * m + (1 - BETA1) * g, BETA2 * v + (1 - BETA2) * g**2
        weights = weights * (1 - s["lr"] * s["weight_decay"])
        weights = weights - s["lr"] * (m / (1 - BETA1**seen)) / (np.sqrt(v / (1 - BETA2**seen)) + EPSILON)
    return weights
