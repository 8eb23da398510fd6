"""``strata law transfer`` and ``strata law mix``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.errors import StrataError


def transfer(
    points: str, others: Sequence[str], tolerance: float, num_parameters: int | None, num_tokens: int | None
) -> Iterator[str]:
    """Yield what other domains' laws and a new domain's first points say of its domain share."""
    from stages.mixture.choose import choose_share
    from stages.mixture.crossdomain import coefficients_of, fit_cross_domain, fit_pooled, shift
    from stages.mixture.fit import observe
    from stages.mixture.goals import Goal
    from stages.mixture.points import base_losses, mark_unusable, read_points

    known = {file: read_points(Path(file)) for file in others}
    new = read_points(Path(points))
    usable = [one for own in known.values() for one in mark_unusable(list(own)) if not one.excluded]
    size = num_parameters or max(one.num_parameters for one in usable)
    bases = base_losses([one for own in known.values() for one in own]) | base_losses(new)
    shares = [one.domain_share for one in usable]
    goal = Goal(
        "general_within", size, num_tokens or max(one.num_tokens for one in usable), min(shares), max(shares),
        tolerance, tuple(sorted(bases.items())),
    )  # fmt: skip
    law = fit_cross_domain(known, "domain")
    domain = law.law_for(coefficients_of(new, "domain"))
    general = shift(fit_pooled(known, "general"), observe(mark_unusable(list(new)), "general"))
    for name, one in (("domain", domain), ("general", general)):
        yield f"{name:8}{', '.join(f'{parameter} {value:.4g}' for parameter, value in one.as_dict().items())}"
    yield from (f"note: {name}: {why}" for name, why in law.priors.items())
    found = choose_share(domain, general, goal)
    yield f"for N = {size:,} and D = {goal.num_tokens:,}, foretold and not measured:"
    if found is None:
        yield "no tried share keeps the general loss within its limit"
        return
    yield (
        f"domain share {found.domain_share:.3f}, decided by {found.decided_by}; domain loss {found.domain_loss:.4f}, "
        f"general loss {found.general_loss:.4f}"
    )


def mix(
    runs: str, weights: Sequence[str], prior: Sequence[str], caps: Sequence[str], kl_weight: float
) -> Iterator[str]:
    """Yield the shares of several corpora that runs over mixtures of them ask for."""
    from stages.mixture.corpora import fit_log_linear, held_out_error, propose, read_runs

    found = read_runs(Path(runs))
    laws = {name: fit_log_linear(found.shares_RK, found.losses_RT[:, t]) for t, name in enumerate(found.targets)}
    for target, name in enumerate(found.targets):
        slopes = ", ".join(
            f"{corpus} {slope:.3f}" for corpus, slope in zip(found.corpora, laws[name].slopes_K.tolist(), strict=True)
        )
        yield f"{name}: slopes {slopes}; held-out runs are off by {held_out_error(found, target):.2%} on average"
    proposal = propose(
        found,
        laws,
        weights=_numbers(weights, "weights", found.targets),
        prior=_numbers(prior, "prior", found.corpora),
        caps=_numbers(caps, "caps", found.corpora),
        kl_weight=kl_weight,
    )
    for name, share in proposal.shares.items():
        yield f"{share:8.4f}  {name}{'  (at its cap)' if name in proposal.at_cap else ''}"
    yield f"predicted: {', '.join(f'{name} {loss:.4f}' for name, loss in proposal.losses.items())}"


def _numbers(given: Sequence[str], option: str, known: Sequence[str]) -> dict[str, float]:
    found = {}
    for one in given:
        name, _, number = one.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise StrataError(f"--{option}: must be NAME=NUMBER, got {one!r}") from None
        if name not in known or found[name] < 0:
            raise StrataError(
                f"--{option}: must name one of {', '.join(known)} with a number of 0 or more, got {one!r}"
            )
    return found
