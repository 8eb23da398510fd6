"""Continued pre-training: the base goes on training on domain text mixed with general text at the fitted ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.errors import StepError
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need
from stages.cpt.cost import training_estimate
from stages.cpt.policy import Policy, TrainingResources

if TYPE_CHECKING:
    from pipeline.identity import Json
    from pipeline.output import Output


class ContinuedPretraining(Policy, Stage):
    """Train the base further on ``domain_share`` domain text and, for the rest, general text (replay)."""

    name = "cpt"
    gives = "model"
    needs: ClassVar[Mapping[str, Need]] = {
        "model": need("model"),
        "tokens": need("tokens"),
        "mixture": need("mixture", optional=True),
    }
    resources_type = TrainingResources
    saves_when_stopped = True

    domain_share: float | None = Field(None, ge=0, le=1)
    """Share of domain text in the training tokens (0..1). Without it the mixture step's choice is taken."""
    num_tokens: int | None = Field(None, ge=1)
    """Tokens to train on, domain and general together, rounded up to whole optimizer steps. Without it the length that
    the mixture's choice is for, which its goals ``limited_domain`` and ``flop_budget`` choose."""
    num_evaluations: int = Field(12, ge=1)
    """How often the dev losses are measured, dense at first and sparse later, besides before and after."""
    dev_tokens: int = Field(16384, ge=0)
    """Tokens of each part's dev split that a measurement reads; 0 reads all."""
    seed: int = Field(0, ge=0)
    """Decides the order of the sequences, and dropout where the model has any."""

    def check(self, context: CheckContext) -> None:
        self.check_placement(context)

    @classmethod
    def starts_workers(cls, resources: Resources) -> bool:
        return True

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        found = inputs.get("model") or [Estimate()]
        if self.num_tokens is None:
            return Estimate(basis="as many tokens as the mixture chooses")
        length = next((one.sequence_length for one in inputs.get("tokens", ())), None)
        return training_estimate(found[0].num_parameters, self.num_tokens, self, resources, length)

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        from stages.cpt.job import Job, steps_for
        from stages.cpt.launch import launch
        from stages.cpt.schedule import sparsening_steps
        from stages.cpt.summary import describe

        share, num_tokens = self._chosen(inputs, out)
        policy = Policy.of(self)
        job = Job(
            work=str(out.path),
            model=str(inputs.one("model").path / "model"),
            tokens=str(inputs.one("tokens").path),
            domain_share=share,
            num_tokens=num_tokens,
            policy=policy,
            seed=self.seed,
            evaluate_at=tuple(sparsening_steps(steps_for(num_tokens, policy), self.num_evaluations)),
            dev_tokens=self.dev_tokens,
        )
        result = launch(job, out)
        return describe(result, job, out, "Continued pre-training")

    def _chosen(self, inputs: Inputs, out: Output) -> tuple[float, int]:
        """Return the domain's share and the number of tokens: the parameters, else the mixture's choice."""
        import json

        if self.domain_share is not None and self.num_tokens is not None:
            return self.domain_share, self.num_tokens
        mixture = inputs.maybe("mixture")
        if mixture is None:
            missing = "domain_share" if self.domain_share is None else "num_tokens"
            raise StepError(
                f"step {out.step}: {missing} is not set and no mixture step is among its needs. Set {missing}, or add "
                "`mixture:` to its needs"
            )
        chosen: dict[str, Any] = json.loads((mixture.path / "mixture.json").read_text("utf-8"))
        num_tokens = int(chosen["num_tokens"]) if self.num_tokens is None else self.num_tokens
        self._compare({**mixture.parameters, "num_tokens": chosen["num_tokens"]}, num_tokens, out)
        return float(chosen["domain_share"]) if self.domain_share is None else self.domain_share, num_tokens

    def _compare(self, proxies: Mapping[str, Any], num_tokens: int, out: Output) -> None:
        """Say where this training differs from the proxies that its share was chosen with."""
        mine = {**self.model_dump(mode="json"), "num_tokens": num_tokens}
        differing = [name for name in (*Policy.model_fields, "num_tokens") if proxies.get(name) != mine[name]]
        if differing:
            shown = ", ".join(f"{name} {proxies.get(name)} there, {mine[name]} here" for name in differing)
            text = f"The share was chosen with proxies trained otherwise: {shown}. Give both steps the same values."
            out.block(Block("text", "Another policy than the proxies'", {"text": text, "severity": "warning"}))


STAGE = ContinuedPretraining
