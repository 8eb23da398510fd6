"""Which form of the law suits the points: the paper's, unless a wider one foretells held-out runs better."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stages.mixture.fit import MIN_TOKEN_COUNTS, Fit, Observations, Problem, fit_law, pose
from stages.mixture.forms import D_CPT, FORGETTING, LADDER
from stages.mixture.quality import Errors, held_out_runs

GOOD_ENOUGH = 0.5e-6
"""Huber loss of an error of 0.1 %, which seeds differ by: no wider form is tried below it."""
WORTH = 0.9
"""A wider form is taken where its Huber loss on held-out runs is at most this part of the narrower one's."""


@dataclass(frozen=True)
class Selected:
    """The form's problem and fit, and how each form did on held-out runs."""

    problem: Problem
    fit: Fit
    held_out: Mapping[str, Errors]
    """By the form's name: the errors of held-out runs."""

    @property
    def huber(self) -> dict[str, float]:
        """By the form's name: mean Huber loss of held-out runs."""
        return {name: errors.huber for name, errors in self.held_out.items()}


def select_form(
    observed: Observations, known: Mapping[str, float], num_starts: int, seed: int, *, paper_only: bool = False
) -> Selected:
    """Fit the ladder up to a good form and return the best; with ``paper_only`` the first, nothing held out."""
    best: Selected | None = None
    errors: dict[str, Errors] = {}
    few_lengths = len(set(observed.num_tokens.tolist())) < MIN_TOKEN_COUNTS
    for form in LADDER:
        if form is not D_CPT and (paper_only or (form is FORGETTING and few_lengths)):
            continue
        problem = pose(observed, form, known)
        fit = fit_law(observed, problem, num_starts=num_starts, seed=seed)
        if paper_only:
            return Selected(problem, fit, {})
        errors[form.name] = held_out_runs(observed, problem, fit)
        if best is None or errors[form.name].huber <= WORTH * errors[best.problem.form.name].huber:
            best = Selected(problem, fit, errors)
        if errors[best.problem.form.name].huber <= GOOD_ENOUGH:
            break
    assert best is not None
    return best
