"""``mixture``: train proxies at several shares and sizes, fit the D-CPT law, choose the domain share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from pipeline.errors import RecipeError, StepError
from pipeline.stage import CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.cpt.cost import training_estimate
from stages.cpt.policy import Policy, TrainingResources
from stages.mixture.design import (
    Base,
    Grid,
    Proxy,
    cost_of,
    count_parameters,
    plan_full_grid,
    plan_proxies,
)
from stages.mixture.goals import FLOPS_PER_PARAMETER_TOKEN, MAX_EPOCHS, GoalName
from stages.mixture.points import MIN_POINTS, MIN_RUNS, MIN_SHARES
from stages.mixture.rounds import first_round

if TYPE_CHECKING:
    from pipeline.identity import Hasher, Json
    from pipeline.output import Output
    from stages.mixture.analysis import Analysis
    from stages.mixture.goals import Goal
    from stages.mixture.points import Point

PROXIES_FOLDER = ".proxies"
MIXTURE_FILE = "mixture.json"
POINTS_FILE = "points.csv"


class Mixture(Policy, Stage):
    """Choose how much domain text to mix with how much general text, from continued-pre-training proxies.

    Proxies train under the very policy of ``cpt`` (the fields of ``Policy``: give both steps the same values), from the
    sibling bases in ``bases``, as tasks. The last base, or the one at ``target_base``, is the one to be adapted.
    """

    name: ClassVar[str] = "mixture"
    needs: ClassVar[Mapping[str, Need]] = {"bases": need("model", many=True), "tokens": need("tokens")}
    gives: ClassVar[str] = "mixture"
    resources_type = TrainingResources

    num_tokens: int = Field(600_000, ge=1000)
    """Tokens of the ``cpt`` run that the share is for (D, of both kinds); give ``cpt`` the same number."""
    target_base: int = -1
    """Position in ``bases`` of the model to be adapted; -1 is the last."""
    shares: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    """Domain shares (0..1) tried at the smallest size. The paper takes nine; five cover the range on a laptop."""
    shares_at_larger: tuple[float, ...] = (0.3, 0.7)
    """Domain shares (0..1) tried at every larger size: two suffice where the smallest size has them all (design.py)."""
    design: Literal["grid", "sequential"] = "grid"
    """``grid``: all of the above. ``sequential``: the lowest, middle and highest of ``shares`` at the smallest size and
    the middle one at every other, then round by round those mixtures at those sizes that tell most about the share for
    what they cost, until ``interval_width`` or ``max_grid_share`` is reached."""
    proxies_per_round: int = Field(2, ge=1)
    """``sequential``: mixtures added in each round, which are trained side by side."""
    interval_width: float = Field(0.1, gt=0)
    """``sequential``: the share is known well enough once its interval is no wider."""
    max_grid_share: float = Field(0.5, gt=0, le=1)
    """``sequential``: share (0..1) of the full grid's tokens that may be spent; the first round is trained whatever it
    costs."""
    token_fractions: tuple[float, ...] = (0.25, 0.5, 1.0)
    """Lengths of the proxies at the smallest size, as fractions of ``num_tokens``; three tell beta."""
    token_fractions_at_larger: tuple[float, ...] = (0.5,)
    """Lengths of the proxies at larger sizes, as fractions of ``num_tokens``."""
    points: Literal["finished", "annealed"] = "finished"
    """``finished``: each length is a training of its own under the whole schedule, as ``cpt`` will be. ``annealed``
    (wsd only): one training per share gives all lengths; the decays of the shorter ones start from its stable phase.
    They equal finished trainings but for the warm-up, which is the longest one's, at little more than its cost."""
    keep_epochs: bool = True
    """Whether a proxy that is shorter than ``num_tokens`` reads so much less text that it repeats it as often as the
    ``cpt`` run will (Repetition Mismatch, arXiv 2606.07597). With annealed points that holds for the longest."""
    goal: GoalName = "general_within"
    """``general_within``: lowest domain loss with the general loss at most ``tolerance`` above the base's (use 1 of the
    paper). ``limited_domain``: lowest domain loss when all domain text is read ``max_epochs`` times whatever the share
    (use 2); ``num_tokens`` is then the largest length allowed. ``flop_budget``: which of the bases to train, and how
    long, for ``flops`` (use 3). ``pareto``: the balance of both losses on their front."""
    flops: float = Field(0.0, ge=0)
    """``flop_budget``: floating-point operations of the ``cpt`` run, 6 N D."""
    tolerance: float = Field(0.03, gt=0)
    """Largest relative rise of the general loss over the base's; 0.03 in the paper's example."""
    max_epochs: float = Field(MAX_EPOCHS, gt=0, le=4)
    """Largest number of passes over the domain text (arXiv 2305.16264: little is lost up to 4)."""
    on_weak_fit: Literal["stop", "default_share"] = "default_share"
    """Where the law is not good enough: fail the step, or take ``default_share`` with a warning."""
    default_share: float = Field(0.3, ge=0, le=1)
    """Domain share taken without a trusted law: the lowest critical ratio in arXiv 2407.17467 (460 M parameters)."""
    max_held_out_error: float = Field(0.01, gt=0)
    """Largest mean relative error (0..) of either loss on held-out runs for a trusted law; a third of ``tolerance``."""
    min_share_r2: float = Field(0.5, le=1)
    """Smallest held-out R^2 of the domain loss among points of equal size and length for a trusted law."""
    paper_only: bool = False
    """Fit the paper's form alone (eta >= 1, no forgetting), however a wider one does on held-out runs."""
    earlier: tuple[str, ...] = ()
    """Files ``points.csv`` of other domains' mixture steps: where these proxies are of too few sizes or lengths to tell
    an exponent, the laws of those points lend theirs."""
    dev_tokens: int = Field(16384, ge=0)
    """Tokens of each part's dev split that a measurement reads; 0 reads all. All proxies read the same ones."""
    num_starts: int = Field(64, ge=1)
    """Starts of each fit; the objective has local optima."""
    num_bootstrap: int = Field(200, ge=20)
    """Bootstrap draws over runs for the interval of the share."""
    confidence: float = Field(0.9, gt=0, lt=1)
    """Share of the bootstrap draws (0..1) inside the interval."""
    seed: int = Field(0, ge=0)
    """Seed of data order and fits; the same for all proxies, so that their noise is paired."""

    def check(self, context: CheckContext) -> None:
        """Refuse a design that cannot determine the law."""
        self.check_placement(context)
        for name in ("shares", "shares_at_larger", "token_fractions", "token_fractions_at_larger"):
            values = getattr(self, name)
            low_ok = all(value >= 0 if "shares" in name else value > 0 for value in values)
            if not values or not low_ok or max(values) > 1 or len(set(values)) < len(values):
                raise RecipeError(
                    f"{context.where}: mixture.{name}: must be different numbers between 0 and 1, got {list(values)}"
                )
        if (self.goal == "flop_budget") != (self.flops > 0):
            raise RecipeError(
                f"{context.where}: mixture.flops: must be above 0 with goal flop_budget, and 0 with any other, got "
                f"{self.flops:g} with goal {self.goal}"
            )
        for file in self.earlier:
            if not Path(file).is_file():
                raise RecipeError(f"{context.where}: mixture.earlier: there is no file {file}. Give a points.csv")
        if len(self.shares) < MIN_SHARES:
            raise RecipeError(
                f"{context.where}: mixture.shares: the law needs at least {MIN_SHARES} shares, got {list(self.shares)}"
            )
        if self.points == "annealed" and self.schedule != "wsd":
            raise RecipeError(
                f"{context.where}: mixture.points: annealed needs schedule wsd, got schedule {self.schedule}. "
                "Take points: finished, or schedule: wsd"
            )
        grid = self.grid()
        if self.points == "annealed":
            self._check_anneals(context, grid)
        for name, counts in (
            ("token_fractions", grid.token_counts),
            ("token_fractions_at_larger", grid.token_counts_at_larger),
        ):
            self._check_steps(context, name, [count // self.global_batch_tokens for count in counts])

    def _check_steps(self, context: CheckContext, name: str, steps: list[int]) -> None:
        if min(steps) < 2 or len(set(steps)) < len(steps):
            raise RecipeError(
                f"{context.where}: mixture.{name}: {list(getattr(self, name))} of {self.num_tokens} tokens "
                f"are {steps} optimizer steps of {self.global_batch_tokens} tokens; they must differ and be >= 2. "
                "Lower global_batch_tokens or raise num_tokens"
            )

    def _check_anneals(self, context: CheckContext, grid: Grid) -> None:
        from stages.cpt.schedule import first_decay_step

        for counts in (grid.token_counts, grid.token_counts_at_larger):
            shortest, longest = (counts[place] // self.global_batch_tokens for place in (0, -1))
            warmup = round(self.warmup_share * longest)
            if first_decay_step(self, shortest) < warmup:
                raise RecipeError(
                    f"{context.where}: mixture.points: annealed: a training of {counts[0]} tokens begins its decay at "
                    f"step {first_decay_step(self, shortest)}, but the warm-up of the longest one ends at step "
                    f"{warmup}. Lower warmup_share, or raise the smallest token fraction"
                )

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        return {file: hasher.file(Path(file)) for file in self.earlier}

    def grid(self) -> Grid:
        """Return what is tried, in tokens, rounded to whole optimizer steps."""

        def counts(fractions: tuple[float, ...]) -> tuple[int, ...]:
            batch = self.global_batch_tokens
            return tuple(batch * round(fraction * self.num_tokens / batch) for fraction in sorted(fractions))

        return Grid(
            self.shares,
            self.shares_at_larger,
            counts(self.token_fractions),
            counts(self.token_fractions_at_larger),
            self.decay_share if self.points == "annealed" else None,
            counts((1.0,))[0] if self.keep_epochs else None,
        )

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        """Cost of all proxies as 6 N D, from the bases' sizes where they are known."""
        sizes = [base.num_parameters for base in inputs["bases"]]
        bases = [Base(str(position), "", round(size or 0)) for position, size in enumerate(sizes)]
        cost = cost_of(plan_proxies(bases, self.grid()))
        if self.design == "sequential":
            whole_grid = cost_of(plan_full_grid(bases, self.grid()))
            first = cost_of(first_round(bases, self.grid()))
            cost = {name: max(first[name], round(own * self.max_grid_share)) for name, own in whole_grid.items()}
        if any(size is None for size in sizes):
            return Estimate(num_tokens=cost["tokens"], basis=f"{cost['trainings']} proxies; a base's size is not known")
        # One training of one parameter stands for the sum over all proxies: the cost is 6 N D either way.
        whole = training_estimate(1.0, cost["flops"] / FLOPS_PER_PARAMETER_TOKEN, self, resources)
        basis = f"{cost['trainings']} proxies one after another, {whole.basis}"
        return whole.but(num_tokens=cost["tokens"], num_parameters=None, disk_bytes=1e6, basis=basis)

    def run(self, inputs: Inputs, out: Output) -> dict[str, Any]:
        """Train the proxies, fit, choose, write ``mixture.json`` and ``points.csv``."""
        from data_tools.packing import read_meta
        from pipeline.artifact import write_json
        from stages.mixture.analysis import analyse, fit_both, lent
        from stages.mixture.blocks import blocks_of, rounds_block
        from stages.mixture.ensemble import Ensemble
        from stages.mixture.points import check_enough, mark_unusable, write_points
        from stages.mixture.proxies import points_of, train_proxy
        from stages.mixture.rounds import Limits, run_rounds

        bases, target = self._bases(inputs)
        tokens = inputs.one("tokens").path
        distinct = int(read_meta(tokens)["parts"]["domain"]["train"]["num_tokens"])
        results: dict[str, Any] = {}
        demands, rounds = self._demands(), None

        def train(proxies: Sequence[Proxy], name: str) -> tuple[list[Point], Goal]:
            new = {proxy.name: self._task(proxy, tokens, out) for proxy in proxies if proxy.name not in results}
            if new:
                results.update(out.map(train_proxy, new, name=name))
            points, sizes = points_of(proxies, results.values())
            return points, self._goal(points, sizes, target, distinct)

        if self.design == "grid":
            proxies = plan_proxies(bases, self.grid())
            self._check_planned(proxies)
        else:
            known = lent(demands)

            def measure(proxies: Sequence[Proxy], number: int) -> Ensemble:
                points, goal = train(proxies, f"proxies{number}")
                marked = mark_unusable(points)
                check_enough(marked)
                return fit_both(marked, goal, demands, known)

            limits = Limits(self.proxies_per_round, self.interval_width, self.max_grid_share)
            rounds = run_rounds(bases, self.grid(), limits, self.confidence, measure)
            proxies = rounds.proxies
        points, goal = train(proxies, "proxies")
        analysis = analyse(points, goal, demands, rounds.ensemble if rounds else None)
        cost = self._cost(bases, proxies)
        write_points(out.path / POINTS_FILE, analysis.points)
        record = {**analysis.record(), "policy": Policy.of(self).model_dump(), "points": self.points, "cost": cost}
        write_json(out.path / MIXTURE_FILE, record | ({"design": rounds.as_dict()} if rounds else {}))
        for block in [*blocks_of(analysis, cost), *([rounds_block(rounds)] if rounds else [])]:
            out.block(block)
        return _metrics(analysis, cost)

    def _check_planned(self, proxies: Sequence[Proxy]) -> None:
        """Refuse a grid of fewer runs or points than the law needs before it is trained."""
        runs, points = len(proxies), sum(len(proxy.measure_at) for proxy in proxies)
        if runs < MIN_RUNS or points < MIN_POINTS:
            raise StepError(
                f"mixture: the law needs at least {MIN_POINTS} points from {MIN_RUNS} runs; these shares, sizes and "
                f"token fractions give {points} from {runs}. Add shares, token fractions or a base"
            )

    def _goal(self, points: Sequence[Point], sizes: Mapping[str, int], target: Base, domain_tokens: int) -> Goal:
        from stages.mixture.analysis import make_goal

        return make_goal(
            points,
            self.goal,
            num_parameters=sizes[target.key],
            num_tokens=self.num_tokens,
            tolerance=self.tolerance,
            domain_tokens=domain_tokens,
            max_epochs=self.max_epochs,
            flops=self.flops or None,
            sizes=tuple(sizes.values()) if self.goal == "flop_budget" else (),
            proxies_repeat=self.keep_epochs and self.goal in ("general_within", "pareto"),  # else D is another
        )

    def _bases(self, inputs: Inputs) -> tuple[list[Base], Base]:
        bases = [
            Base(artifact.key, str(artifact.path / "model"), count_parameters(artifact.path / "model"))
            for artifact in inputs["bases"]
        ]
        if not -len(bases) <= self.target_base < len(bases):
            raise StepError(f"mixture.target_base: must point at one of {len(bases)} bases, got {self.target_base}")
        if len({base.key for base in bases}) < len(bases):
            raise StepError("mixture: the same base is given twice in needs.bases. Give bases of different sizes")
        sizes = sorted(base.num_parameters for base in bases)
        if len(set(sizes)) < len(sizes):
            raise StepError(
                f"mixture: bases must differ in size, got {sizes} non-embedding parameters. "
                "Leave one of the equal ones out"
            )
        return bases, bases[self.target_base]

    def _task(self, proxy: Proxy, tokens: Path, out: Output) -> dict[str, Any]:
        from stages.cpt.job import Job
        from stages.cpt.launch import placement_of

        if not isinstance(out.resources, TrainingResources):
            raise StepError(f"step {out.step}: resources must be TrainingResources, got {type(out.resources).__name__}")
        policy = Policy.of(self)
        job = Job(
            work=str(out.path / PROXIES_FOLDER / proxy.name),
            model=proxy.base.model,
            tokens=str(tokens),
            domain_share=proxy.domain_share,
            num_tokens=proxy.num_tokens,
            policy=policy,
            seed=self.seed,
            evaluate_at=(0,),
            anneal_at=tuple(count // policy.global_batch_tokens for count in proxy.measure_at),
            text_share=proxy.text_share,
            dev_tokens=self.dev_tokens,
            placement=placement_of(out.resources),
            step_name=out.step,
            save_model=False,
        )
        content = dict(zip(("base", "domain_share", "num_tokens"), proxy.content, strict=True))
        return {"content": content, "job": job.as_json()}

    def _demands(self) -> Any:
        from stages.mixture.analysis import Demands

        return Demands(**{name: getattr(self, name) for name in Demands.__dataclass_fields__})

    def _cost(self, bases: Sequence[Base], proxies: Sequence[Proxy]) -> dict[str, Any]:
        design, full = cost_of(proxies), cost_of(plan_full_grid(bases, self.grid()))
        shares = {f"share_of_{name}": design[name] / full[name] for name in ("tokens", "flops")}
        return {"design": design, "full_grid": full, **shares}


def _metrics(analysis: Analysis, cost: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "domain_share": analysis.domain_share,
        "interval": list(analysis.interval or ()),
        "trusted": analysis.trusted,
        "points": sum(not point.excluded for point in analysis.points),
        "proxies": cost["design"]["trainings"],
        "tokens_trained": cost["design"]["tokens"],
        "domain_held_out_error": analysis.domain.quality.held_out_runs.mean_relative,
        "general_held_out_error": analysis.general.quality.held_out_runs.mean_relative,
    }


STAGE = Mixture
