"""Fetching a base model: a tiny one saved on the spot, from a directory, a cache and a small Hub."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from data_tools.model_files import count_parameters
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs, Resources
from stages.fetch_data import FetchResources
from stages.fetch_model import PUBLISHED_PARAMETERS, FetchModel

sys.path.insert(0, str(Path(__file__).parent))
from hub_server import COMMIT, go_online, hub  # beside this file; tests are no package

CONTEXT = CheckContext("recipes/geo.yaml: step base", "geo", (), "cluster")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of two layers with a tokenizer, as ``save_pretrained`` writes it, in two shards."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4
    )
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="40KB")
    words = Tokenizer(models.WordLevel({f"w{n}": n for n in range(63)} | {"<unk>": 63}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>").save_pretrained(folder)
    assert len(list(folder.glob("*.safetensors"))) > 1
    return folder


@pytest.fixture
def model(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def fetch(model: Path | str, **more: Any) -> FetchModel:
    return FetchModel.model_validate({"model": str(model), **more})


def run(stage: FetchModel, out: Path) -> dict[str, Any]:
    resources = FetchResources(timeout_seconds=2.0, max_workers=2)
    return dict(stage.run(Inputs(), Output(out, resources, InlineFanout(), "base")))


def test_a_local_model_is_taken_whole_and_loads(model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (model / "pytorch_model.bin").write_bytes(b"a pickle")
    (model / "modeling_own.py").write_text("raise SystemExit")
    stage = fetch(model)
    stage.check(CONTEXT)
    metrics = run(stage, tmp_path / "out")
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "out" / "model")
    assert metrics["num_parameters"] == sum(one.numel() for one in loaded.parameters())
    assert metrics["num_embedding_parameters"] == 2 * 64 * 32
    assert metrics["architecture"] == "LlamaForCausalLM"
    assert AutoTokenizer.from_pretrained(tmp_path / "out" / "model")("w1 w2")["input_ids"] == [1, 2]
    names = {file.name for file in (tmp_path / "out" / "model").iterdir()}
    assert not names & {"pytorch_model.bin", "modeling_own.py"}
    assert stage.estimate({}, Resources()).num_parameters == metrics["num_parameters"]
    content = stage.depends_on(Hasher())
    (model / "config.json").write_text((model / "config.json").read_text() + " ")
    assert stage.depends_on(Hasher()) != content


def without(model: Path, *patterns: str) -> None:
    for pattern in patterns:
        for file in model.glob(pattern):
            file.unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda model: without(model, "tokenizer*"), "has no tokenizer .none of .* Save the model's own beside it"),
        (lambda model: without(model, "config.json"), "has no config.json. Give a Hugging Face model directory"),
        (lambda model: without(model, "*.safetensors"), "has no safetensors weights. Save the model with"),
        (lambda model: without(model, "*-00002-*"), "lacks model-00002-of-.*, which model.*index.json names"),
        (lambda model: (model / "config.json").write_text("{"), r"config\.json is not JSON"),
        (lambda model: (model / "config.json").write_text("[]"), r"config\.json must hold an object, got list"),
        (lambda model: (model / "config.json").write_text(json.dumps({"auto_map": {"AutoConfig": "x.Y"}})),
         "needs code of its own .auto_map in config.json., which is not run. Set trust_remote_code: true"),
        (shutil.rmtree, "is not a directory. Give a model directory or a name on the Hub"),
    ],
)  # fmt: skip
def test_a_directory_that_is_no_whole_model_is_refused_at_check_time(model: Path, damage: Any, message: str) -> None:
    stage = fetch(model)
    damage(model)
    with pytest.raises(RecipeError, match=f"^recipes/geo.yaml: step base: model: .*{message}"):
        stage.check(CONTEXT)


def test_only_pickled_weights_are_refused_by_name(model: Path) -> None:
    without(model, "*.safetensors", "*.index.json")
    (model / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(RecipeError, match=r"no safetensors weights, only pytorch_model\.bin, which can run code"):
        fetch(model).check(CONTEXT)


def test_a_truncated_weight_file_fails_the_step(model: Path, tmp_path: Path) -> None:
    shard = sorted(model.glob("*.safetensors"))[0]
    shard.write_bytes(shard.read_bytes()[:-8])
    with pytest.raises(StepError, match=r"^step base: .*00001.*safetensors: is truncated"):
        run(fetch(model), tmp_path / "out")
    shard.write_bytes(b"no")
    with pytest.raises(StepError, match=r"is not a safetensors file"):
        run(fetch(model), tmp_path / "again")


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        ("org/name", {}, "revision: is missing for org/name. Pin the commit"),
        (
            "justaname",
            {"revision": COMMIT},
            "model: must be organisation/name on the Hub or a directory, got 'justaname'",
        ),
        ("./nowhere", {}, "nowhere is not a directory"),
        ("org/name", {"revision": COMMIT, "local": "/nowhere"}, "local: /nowhere is not a directory"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_fetched(model: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=f"^recipes/geo.yaml: step base: .*{message}"):
        fetch(model, **more).check(CONTEXT)


def test_a_branch_can_be_planned_but_not_fetched(tmp_path: Path) -> None:
    stage = fetch("allenai/OLMo-2-0425-1B", revision="main")
    stage.check(CONTEXT)
    estimate = stage.estimate({}, Resources())
    assert estimate.num_parameters == PUBLISHED_PARAMETERS["allenai/OLMo-2-0425-1B"]
    assert estimate.disk_bytes == pytest.approx(5_939_687_552, rel=1e-4)
    with pytest.raises(StepError, match="revision must be a commit of 40 hexadecimal characters, got 'main'"):
        run(stage, tmp_path / "out")


def test_a_hub_model_comes_from_a_local_cache(model: Path, tmp_path: Path) -> None:
    snapshot = tmp_path / "cache" / "models--org--name" / "snapshots" / COMMIT
    snapshot.parent.mkdir(parents=True)
    model.rename(snapshot)
    stage = fetch("org/name", revision=COMMIT, local=str(tmp_path / "cache"))
    stage.check(CONTEXT)
    metrics = run(stage, tmp_path / "out")
    assert (metrics["model"], metrics["revision"]) == ("org/name", COMMIT)
    assert count_parameters(tmp_path / "out" / "model")["total"] == metrics["num_parameters"]


def test_a_hub_model_is_fetched_at_its_commit_without_pickles_or_code(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_online(monkeypatch)
    files = {file.name: file.read_bytes() for file in model.iterdir()}
    with hub({**files, "pytorch_model.bin": b"a pickle", "own.py": b"raise SystemExit"}) as (address, requests):
        monkeypatch.setenv("HF_ENDPOINT", address)
        metrics = run(fetch("org/name", revision=COMMIT), tmp_path / "out")
    assert {file.name for file in (tmp_path / "out" / "model").iterdir()} == set(files)
    assert metrics["files"] == len(files)
    assert not any("pytorch_model.bin" in request or "own.py" in request for request in requests)


def test_a_hub_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_online(monkeypatch)
    with hub({}, "500") as (address, _):
        monkeypatch.setenv("HF_ENDPOINT", address)
        with pytest.raises(
            StepError, match=f"^step base: model org/name@{COMMIT}: the Hub at {address} did not answer"
        ):
            run(fetch("org/name", revision=COMMIT), tmp_path / "out")
