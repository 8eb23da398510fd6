"""The mixture step: its design, joining results by content, and a whole run with tiny real models."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.artifact import Artifact
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Json
from pipeline.output import Call, InlineFanout, Output
from pipeline.stage import CheckContext, Estimate, Inputs, Resources
from stages.cpt.cost import CPU_FLOPS_PER_THREAD
from stages.cpt.policy import TrainingResources
from stages.mixture.blocks import blocks_of
from stages.mixture.cli_law import fit_points
from stages.mixture.design import Base, Grid, Proxy, cost_of, count_parameters, plan_full_grid, plan_proxies
from stages.mixture.points import read_points
from stages.mixture.proxies import points_of, train_proxy
from stages.mixture.stage import STAGE, Mixture

CONTEXT = CheckContext("recipes/geo.yaml: step mixture", "geo", ("CC0-1.0",), "laptop")
SMALL, LARGE = Base("small-key", "small", 1000), Base("large-key", "large", 4000)
GRID = Grid((0.1, 0.5, 0.9), (0.5,), (100, 400), (100,))
VOCABULARY = 64


def test_design_tries_all_shares_where_they_are_cheap() -> None:
    proxies = plan_proxies([SMALL, LARGE], GRID)
    assert [(p.base.key, p.domain_share, p.num_tokens) for p in proxies] == [
        ("large-key", 0.5, 100),
        *(("small-key", share, tokens) for share in (0.1, 0.5, 0.9) for tokens in (400, 100)),
    ]
    assert plan_proxies([LARGE, SMALL], GRID) == proxies
    assert len({proxy.name for proxy in proxies}) == len(proxies)
    assert cost_of(proxies) == {"trainings": 7, "tokens": 1600, "flops": 6.0 * (1000 * 1500 + 4000 * 100)}
    assert cost_of(plan_full_grid([SMALL, LARGE], GRID))["tokens"] == 2 * 3 * 500


def test_annealed_points_share_one_training_and_cost_the_shorter_decays_beside_it() -> None:
    proxies = plan_proxies([SMALL], Grid((0.1, 0.5, 0.9), (0.5,), (100, 400), (100,), decay_share=0.2))
    assert [(p.num_tokens, p.measure_at, p.tokens_trained) for p in proxies] == [(400, (100, 400), 420)] * 3
    assert cost_of(proxies)["tokens"] == 3 * 420


def test_shorter_proxies_read_so_much_less_text_that_they_repeat_it_as_often() -> None:
    finished = plan_proxies([SMALL], Grid((0.1, 0.5, 0.9), (0.5,), (100, 400), (100,), target_tokens=800))
    assert [proxy.text_share for proxy in finished] == [0.5, 0.125] * 3
    annealed = Grid((0.1, 0.5, 0.9), (0.5,), (100, 400), (100,), decay_share=0.2, target_tokens=800)
    assert [proxy.text_share for proxy in plan_proxies([SMALL], annealed)] == [0.5] * 3
    assert [proxy.text_share for proxy in plan_proxies([SMALL], GRID)] == [1.0] * 6


def result_of(proxy: Proxy, size: int, **changes: Any) -> dict[str, Any]:
    """What ``train_single`` returns for a proxy, with losses that tell which proxy it was."""

    def point(tokens: int) -> dict[str, Any]:
        loss = proxy.domain_share + tokens / 1e6 + size / 1e4
        bits = {"domain_bits_per_byte": 1.0, "general_bits_per_byte": 1.0}
        return {"tokens": tokens, "domain_loss": loss, "general_loss": 9.0 if tokens == 0 else loss + 1, **bits}

    content = {"base": proxy.base.key, "domain_share": proxy.domain_share, "num_tokens": proxy.num_tokens}
    points = [point(0), *(point(count) for count in proxy.measure_at)]
    measured = {"points": points, "num_parameters": size, "epochs": {"domain": 2.0}, "tokens": proxy.num_tokens}
    return {**content, **measured, **changes}


def test_results_are_joined_by_content_in_any_order() -> None:
    proxies = plan_proxies([SMALL, LARGE], GRID)
    results = [result_of(proxy, proxy.base.num_parameters) for proxy in proxies]
    points, sizes = points_of(proxies, results)
    assert points_of(proxies, list(reversed(results))) == (points, sizes)
    assert sizes == {"small-key": 1000, "large-key": 4000}
    assert [(p.run, p.num_tokens, p.general_loss) for p in points[:2]] == [
        ("base-n1000", 0, 9.0),
        ("base-n4000", 0, 9.0),
    ]
    for point in points[2:]:
        expected = point.domain_share + point.num_tokens / 1e6 + point.num_parameters / 1e4
        assert point.domain_loss == pytest.approx(expected)
        assert point.domain_epochs == 2.0
    assert len(points) == 2 + len(proxies)


def test_a_diverged_proxy_is_kept_as_an_excluded_point() -> None:
    proxies = plan_proxies([SMALL], GRID)
    results = [result_of(proxy, 1000) for proxy in proxies]
    content = {name: results[0][name] for name in ("base", "domain_share", "num_tokens")}
    results[0] = {**content, "stopped": "the loss is nan at update 3"}
    points, _ = points_of(proxies, results)
    (excluded,) = [point for point in points if point.excluded]
    assert excluded.excluded == "diverged: the loss is nan at update 3"
    assert (excluded.domain_share, excluded.num_tokens) == (0.1, 400)


def test_results_that_do_not_match_the_plan_stop() -> None:
    proxies = plan_proxies([SMALL, LARGE], GRID)
    results = [result_of(proxy, proxy.base.num_parameters) for proxy in proxies]
    with pytest.raises(StepError, match=r"proxy of base large-key at share 0\.5, D = 100 has no result"):
        points_of(proxies, results[1:])
    with pytest.raises(StepError, match=r"at share 0\.7, D = 100 was not planned"):
        points_of(proxies, [*results, {**results[0], "domain_share": 0.7}])
    with pytest.raises(StepError, match=r"bases must differ in size, got \[1000, 1000\]"):
        points_of(proxies, [{**result, "num_parameters": 1000} for result in results])
    with pytest.raises(StepError, match="base small-key has 1000 parameters, and then 77"):
        points_of(proxies, [*results[:-1], {**results[-1], "num_parameters": 77}])
    with pytest.raises(StepError, match=r"measured at \[\] tokens, not at 100"):
        points_of(proxies, [{**results[0], "points": results[0]["points"][:1]}, *results[1:]])
    no_dev = [{key: value for key, value in p.items() if key != "domain_loss"} for p in results[0]["points"]]
    with pytest.raises(StepError, match="no dev split of domain text"):
        points_of(proxies, [{**results[0], "points": no_dev}, *results[1:]])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shares": (0.1, 0.5)}, r"mixture\.shares: the law needs at least 3 shares, got \[0\.1, 0\.5\]"),
        ({"shares": (0.1, 0.5, 1.5)}, r"mixture\.shares: must be different numbers between 0 and 1"),
        ({"shares_at_larger": (0.5, 0.5)}, r"mixture\.shares_at_larger: must be different numbers"),
        ({"token_fractions": (0.0, 1.0)}, r"mixture\.token_fractions: must be different numbers"),
        (
            {"points": "annealed", "schedule": "cosine"},
            r"mixture\.points: annealed needs schedule wsd, got schedule cosine",
        ),
        (
            {"num_tokens": 20_000, "global_batch_tokens": 8192},
            r"mixture\.token_fractions: .* are \[1, 1, 2\] optimizer steps of 8192 tokens.*Lower global_batch_tokens",
        ),
    ],
)
def test_designs_that_cannot_work_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=r"recipes/geo\.yaml: step mixture: " + message):
        Mixture(**parameters).check(CONTEXT)


def test_default_design_passes_its_check_and_is_estimated() -> None:
    stage = STAGE()
    stage.check(CONTEXT)
    inputs = {"bases": [Estimate(num_parameters=1e5), Estimate(num_parameters=1e6)], "tokens": [Estimate()]}
    estimate = stage.estimate(inputs, TrainingResources())
    steps_at_smallest, steps_at_larger = 18 + 37 + 73, 37
    flops = 6 * (1e5 * 5 * steps_at_smallest + 1e6 * 2 * steps_at_larger) * 8192
    assert estimate.num_tokens == (5 * steps_at_smallest + 2 * steps_at_larger) * 8192
    assert estimate.seconds == pytest.approx(flops / CPU_FLOPS_PER_THREAD)
    assert "17 proxies one after another, 6ND" in estimate.basis
    assert stage.estimate(inputs, TrainingResources(num_gpus=1)).gpu_hours is not None
    unknown = stage.estimate({"bases": [Estimate()], "tokens": [Estimate()]}, TrainingResources())
    assert unknown.seconds is None


def test_parameters_are_counted_from_headers_without_embeddings(tmp_path: Path) -> None:
    def write(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(StepError, match="holds no safetensors file"):
        count_parameters(tmp_path)
    shapes = {"model.embed_tokens.weight": [64, 8], "lm_head.weight": [64, 8], "model.layers.0.q.weight": [8, 8]}
    header = json.dumps({"__metadata__": {}, **{name: {"shape": shape} for name, shape in shapes.items()}}).encode()
    write("a.safetensors", struct.pack("<Q", len(header)) + header)
    write("b.safetensors", struct.pack("<Q", 33) + b'{"model.norm.weight":{"shape":[8]}}'[:33].ljust(33))
    with pytest.raises(StepError, match=r"b\.safetensors: is not a readable safetensors file"):
        count_parameters(tmp_path)
    (tmp_path / "b.safetensors").unlink()
    assert count_parameters(tmp_path) == 64


def make_tokens(folder: Path) -> Artifact:
    """Packed token ids of two Markov chains over the same vocabulary: what one teaches hurts on the other.

    Written by hand to the layout of the tokens contract: a flat file of ids and a Parquet index of documents.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    random = np.random.default_rng(0)
    length = 62
    parts: dict[str, dict[str, Any]] = {"general": {}, "domain": {}}
    for part in parts:
        follow = random.integers(3, VOCABULARY, size=(VOCABULARY, 3))
        (folder / "tokens" / part).mkdir(parents=True)
        for split, count in (("train", 120), ("dev", 6), ("test", 2)):
            ids = np.empty((count, length), dtype="<u2")
            ids[:, 0], ids[:, -1] = 1, 2
            for place in range(1, length - 1):
                ids[:, place] = follow[ids[:, place - 1], random.integers(3, size=count)]
            ids.tofile(folder / "tokens" / part / f"{split}.bin")
            names, offsets = [f"{part}-{split}-{n}" for n in range(count)], [length * n for n in range(count)]
            columns = {"id": names, "corpus": [part] * count, "offset": offsets}
            table = pa.table({**columns, "length": [length] * count, "num_bytes": [4 * length] * count})
            pq.write_table(table, folder / "tokens" / part / f"{split}.parquet")
            numbers = {"num_tokens": ids.size, "num_bytes": 4 * ids.size, "num_documents": count}
            parts[part][split] = numbers
    meta = {"dtype": "uint16", "vocab_size": VOCABULARY, "sequence_length": 32, "bos_id": 1, "eos_id": 2, "pad_id": 0}
    (folder / "tokens" / "meta.json").write_text(json.dumps({**meta, "parts": parts}))
    return Artifact(folder, {"key": "tokens-key"})


def make_base(folder: Path, width: int, seed: int) -> Artifact:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=True,
    )
    LlamaForCausalLM(config).save_pretrained(folder / "model")
    return Artifact(folder, {"key": f"base-{width}-key-of-20-chars"})


class CountingFanout(InlineFanout):
    """Runs shards inline and counts them; a kill after ``limit`` shards is an exception."""

    def __init__(self, limit: int = 1000) -> None:
        self.limit = limit
        self.count = 0

    def map(self, calls: Sequence[Call], done: Callable[[str, Json], None], resources: Resources) -> None:
        for call in calls:
            if self.count == self.limit:
                raise KeyboardInterrupt
            done(call.shard, call.run())
            self.count += 1


@pytest.fixture(scope="module")
def stage() -> Mixture:
    return Mixture(
        num_tokens=6400,
        global_batch_tokens=256,
        learning_rate=0.01,
        shares=(0.1, 0.5, 0.9),
        shares_at_larger=(0.5,),
        num_starts=8,
        num_bootstrap=20,
        default_share=0.35,
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    root = tmp_path_factory.mktemp("mixture_inputs")
    bases = [make_base(root / "base16", 16, 0), make_base(root / "base32", 32, 1)]
    return Inputs(bases=bases, tokens=[make_tokens(root / "tokens")])


@pytest.fixture(scope="module")
def done(stage: Mixture, inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = Output(tmp_path_factory.mktemp("mixture_out"), TrainingResources(), InlineFanout(), "mixture")
    return out.path, dict(stage.run(inputs, out))


def test_whole_step_with_real_models(done: tuple[Path, dict[str, Any]], inputs: Inputs) -> None:
    path, metrics = done
    record = json.loads((path / "mixture.json").read_text())
    low, high = record["interval"]
    assert 0.1 <= low <= high <= 0.9
    assert record["goal"]["name"] == "general_within"
    assert record["trusted"] is metrics["trusted"] is (not record["reasons"])
    assert record["domain_share"] == (record["choice"]["domain_share"] if record["trusted"] else 0.35)
    assert record["policy"]["learning_rate"] == 0.01
    assert record["cost"]["design"] == {**record["cost"]["design"], "trainings": 10, "tokens": 3 * 11008 + 3072}
    assert record["cost"]["share_of_tokens"] == pytest.approx((3 * 11008 + 3072) / (2 * 3 * 11008))
    points = read_points(path / "points.csv")
    sizes = {point.num_parameters for point in points}
    assert sizes == {count_parameters(base.path / "model") for base in inputs["bases"]}
    trained = [point for point in points if point.num_tokens]
    assert len(trained) == 10
    longest = {p.domain_share: p for p in trained if p.num_tokens == 6400 and p.num_parameters == min(sizes)}
    assert longest[0.9].domain_loss < longest[0.5].domain_loss < longest[0.1].domain_loss
    assert longest[0.9].general_loss > longest[0.5].general_loss > longest[0.1].general_loss
    assert longest[0.9].domain_epochs == pytest.approx(0.9 * 6400 / (120 * 62), rel=0.02)


def test_annealed_points_come_from_one_training_per_mixture(stage: Mixture, inputs: Inputs, tmp_path: Path) -> None:
    annealed = stage.model_copy(update={"points": "annealed", "shares": (0.1, 0.4, 0.9)})
    annealed.check(CONTEXT)
    out = Output(tmp_path, TrainingResources(), InlineFanout(), "mixture")
    metrics = annealed.run(inputs, out)
    assert metrics["proxies"] == 4
    trained = [point for point in read_points(tmp_path / "points.csv") if point.num_tokens]
    assert [point.num_tokens for point in trained][:3] == [1536, 3072, 6400]
    assert len(trained) == 10
    longest = [point for point in trained if point.num_tokens == 6400]
    losses = [point.domain_loss for point in sorted(longest, key=lambda point: point.domain_share)]
    assert losses == sorted(losses, reverse=True)
    too_warm = annealed.model_copy(update={"warmup_share": 0.4})
    with pytest.raises(RecipeError, match=r"a training of 1536 tokens begins its decay at step 5, but the warm-up of"):
        too_warm.check(CONTEXT)


def test_a_sequential_design_stops_at_its_budget_and_goes_on_after_a_kill(
    stage: Mixture, inputs: Inputs, tmp_path: Path
) -> None:
    few = {"design": "sequential", "points": "annealed", "shares": (0.1, 0.3, 0.5, 0.7, 0.9), "interval_width": 1e-6}
    sequential = stage.model_copy(update={**few, "max_grid_share": 0.35, "proxies_per_round": 1})
    whole = Output(tmp_path / "whole", TrainingResources(), InlineFanout(), "mixture")
    sequential.run(inputs, whole)
    record = json.loads((whole.path / "mixture.json").read_text())
    rounds = record["design"]["rounds"]
    assert record["design"]["ended_by"] == "the budget is spent"
    assert rounds[0]["trainings"] == 4
    assert len(rounds) > 1
    assert rounds[-1]["tokens"] <= 0.35 * record["cost"]["full_grid"]["tokens"]
    tables = [json.loads(file.read_text()) for file in sorted((whole.path / "blocks").iterdir())]
    (table,) = [block for block in tables if block["title"] == "How the proxies were chosen"]
    assert len(table["data"]["rows"]) == len(rounds)
    killed = tmp_path / "killed"
    with pytest.raises(KeyboardInterrupt):
        sequential.run(inputs, Output(killed, TrainingResources(), CountingFanout(limit=4), "mixture"))
    sequential.run(inputs, Output(killed, TrainingResources(), InlineFanout(), "mixture"))
    assert (killed / "mixture.json").read_bytes() == (whole.path / "mixture.json").read_bytes()


def test_report_blocks_are_complete(done: tuple[Path, dict[str, Any]]) -> None:
    path, metrics = done
    blocks = [json.loads(file.read_text()) for file in sorted((path / "blocks").iterdir())]
    kinds = [block["kind"] for block in blocks]
    warnings = [block for block in blocks if block["data"].get("severity") == "warning"]
    assert len(warnings) == (0 if metrics["trusted"] else 1)
    assert [block["title"] for block in blocks if block["data"].get("severity") != "warning"] == [
        "Chosen mixture", "What else to know", "Domain loss against the mixture", "General loss against the mixture",
        "What domain text costs in general loss", "How good the law is", "What the law leaves over",
        "Fitted parameters", "Signs of the slopes", "What the proxies cost",
    ]  # fmt: skip
    for block in blocks:
        for series in block["data"].get("series", []):
            assert len(series["x"]) == len(series["y"]) > 0
        for row in block["data"].get("rows", []):
            assert len(row) == len(block["data"]["columns"])
    curves = blocks[kinds.index("curves")]["data"]["series"]
    for line in (series for series in curves if series["style"] == "line"):
        assert all(low <= high for low, high in zip(line["low"], line["high"], strict=True))
        assert len(line["low"]) == len(line["x"])
    (left,) = [block for block in blocks if block["title"] == "What the law leaves over"]
    assert max(abs(value) for series in left["data"]["series"] for value in series["y"]) < 10
    measured = sum(len(series["x"]) for series in curves if series["style"] == "points")
    assert measured == metrics["points"]


def test_a_weak_law_is_drawn_as_a_warning(done: tuple[Path, dict[str, Any]]) -> None:
    path, _ = done
    weak = fit_points(path / "points.csv", num_bootstrap=20, max_held_out_error=1e-9)
    cost = json.loads((path / "mixture.json").read_text())["cost"]
    (warning,) = [block for block in blocks_of(weak, cost) if block.data.get("severity") == "warning"]
    assert warning.data["text"].startswith(
        "The fitted law is not trusted; the default domain share 0.3 is used instead"
    )


def test_a_training_that_stops_is_a_result_not_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    from stages.cpt import launch
    from stages.cpt.loop import TrainingStopped

    def stop(job: dict[str, Any]) -> dict[str, Any]:
        raise TrainingStopped(f"the loss is {job['loss']} at update 3")

    monkeypatch.setattr(launch, "run_task", stop)
    content = {"base": "key", "domain_share": 0.5, "num_tokens": 512}
    assert train_proxy(content, {"loss": "nan"}) == {**content, "stopped": "the loss is nan at update 3"}


def test_a_killed_step_goes_on_and_ends_in_the_same_bytes(
    stage: Mixture, inputs: Inputs, done: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        stage.run(inputs, Output(tmp_path, TrainingResources(), CountingFanout(limit=4), "mixture"))
    rest = CountingFanout()
    metrics = stage.run(inputs, Output(tmp_path, TrainingResources(), rest, "mixture"))
    assert rest.count == 10 - 4
    assert metrics == done[1]
    for name in ("mixture.json", "points.csv"):
        assert (tmp_path / name).read_bytes() == (done[0] / name).read_bytes()


def test_bases_that_cannot_be_used_are_refused(inputs: Inputs, stage: Mixture, tmp_path: Path) -> None:
    out = Output(tmp_path, TrainingResources(), InlineFanout(), "mixture")
    twice = Inputs(bases=[inputs["bases"][0]] * 2, tokens=inputs["tokens"])
    with pytest.raises(StepError, match="step mixture: resources must be TrainingResources, got Resources"):
        stage.run(inputs, Output(tmp_path, Resources(), InlineFanout(), "mixture"))
    with pytest.raises(StepError, match=r"the same base is given twice in needs\.bases"):
        stage.run(twice, out)
    alike = Inputs(bases=[*inputs["bases"][:1], make_base(tmp_path / "alike" / "b", 16, 7)], tokens=inputs["tokens"])
    alike["bases"][1].manifest["key"] = "another"
    with pytest.raises(
        StepError, match=r"bases must differ in size, got \[5200, 5200\] non-embedding parameters\. Leave"
    ):
        stage.run(alike, out)
    few = stage.model_copy(update={"shares": (0.1, 0.5, 0.9), "token_fractions": (0.5, 1.0)})
    with pytest.raises(StepError, match=r"at least 8 points from 4 runs; these shares, .* give 6 from 6\. Add shares"):
        few.run(Inputs(bases=inputs["bases"][:1], tokens=inputs["tokens"]), out)
    with pytest.raises(StepError, match=r"mixture\.target_base: must point at one of 2 bases, got 5"):
        stage.model_copy(update={"target_base": 5}).run(inputs, out)
