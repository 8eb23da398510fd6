"""Real points of the D-CPT law: four sizes, seven mixtures, four lengths, three domains of real text, from scratch.

``python -m benchmarks.law_points`` curates the text and trains what is missing, two trainings at a time; it may be
stopped and started again. Bases train on classic books to
their plateau, or to the end of their budget. Every measured point is kept in
``benchmarks/results/law_points/<domain>.csv``; models stay in ``runs/law_benchmark``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from benchmarks.real_text import REAL_TEXT, is_there
from benchmarks.record import RESULTS, ROOT
from data_tools.packing import read_meta
from stages.cpt.job import Job, Placement, Plateau
from stages.cpt.launch import run_task
from stages.cpt.policy import Policy
from stages.cpt.schedule import uniform_steps
from stages.mixture.analysis import make_goal
from stages.mixture.ensemble import fit_ensemble
from stages.mixture.points import Point, mark_unusable, write_points
from stages.pretrain import Pretrain

PLACE = ROOT / "runs" / "law_benchmark"
POINTS = RESULTS / "law_points"
TEXTS = {"geo": "geo", "finance": "finance", "medical": "medical/openstax_microbiology"}
SIZES = {"64x2": (64, 2), "80x3": (80, 3), "112x3": (112, 3), "128x4": (128, 4)}
"""Width and layers of the proxies: 0.10, 0.23, 0.46 and 0.79 M weights besides the embedding."""
TARGET = ("160x4", (160, 4))
"""The size of the regret runs, which the law never sees: 1.24 M."""
SHARES = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
LENGTHS = (102_400, 204_800, 358_400, 614_400)
TARGET_TOKENS = 1_024_000
"""Length of the regret runs. Proxies read 6/10 of the text, so that all of them repeat it alike."""
REPEATED = (("64x2", 0.35), ("64x2", 0.8), ("112x3", 0.35), ("112x3", 0.8))
"""Trainings done with two further seeds: what they differ by is the noise."""
REGRET, REGRET_STEPS = "regret", (-0.2, -0.1, 0.0, 0.1, 0.2)
"""Shares tried around the law's choice."""
BASE_TOKENS = 4_096_000
"""Or fewer, where the general loss fell by less than 0.02 over 1.2 million tokens before the decay began."""
BATCH, SEQUENCE, DEV_TOKENS = 1024, 256, 32_768
WORKERS = 2
BASE_POLICY = Policy(learning_rate=2e-3, global_batch_tokens=BATCH, warmup_share=0.015, decay_share=0.2)
POLICY = Policy(learning_rate=1e-3, global_batch_tokens=BATCH, warmup_share=0.01, decay_share=0.1)


@dataclass(frozen=True)
class Training:
    """One training: where its result is kept, and what it is."""

    name: str
    size: str
    domain: str
    """Empty for a base."""
    share: float
    num_tokens: int
    seed: int = 0

    @property
    def folder(self) -> Path:
        return PLACE / "trainings" / self.name

    @property
    def result_file(self) -> Path:
        return self.folder / "result.json"


def recipe() -> dict[str, Any]:
    """The steps that curate all text at once, train one tokenizer, and pack general text and each domain."""
    documents = ["clean_general", *(f"clean_{domain}" for domain in TEXTS)]
    steps: dict[str, Any] = {
        "text_general": _ingest("general", "general/classic_books", "LicenseRef-PublicDomain"),
        "clean_general": {"stage": "clean", "rules": "general", "needs": {"documents": "text_general"}},
        "dedup": {"stage": "dedup", "needs": {"documents": documents}},
        "split": {"stage": "split", "needs": {"documents": documents, "keep": "dedup"}},
        "tokenizer": {"stage": "tokenizer", "vocab_size": 2048, "needs": {"documents": documents, "keep": "split"}},
    }
    for domain, folder in TEXTS.items():
        steps[f"text_{domain}"] = _ingest(domain, folder, "CC-BY-SA-4.0")
        steps[f"clean_{domain}"] = {"stage": "clean", "rules": domain, "needs": {"documents": f"text_{domain}"}}
        steps[f"pack_{domain}"] = {
            "stage": "pack",
            "sequence_length": SEQUENCE,
            "needs": {"documents": [f"clean_{domain}", "clean_general"], "keep": "split", "tokenizer": "tokenizer"},
        }
    return {"domain": "geo", "licenses": ["CC-BY-SA-4.0", "LicenseRef-PublicDomain"], "steps": steps}


def _ingest(domain: str, folder: str, license: str) -> dict[str, Any]:
    place = str(REAL_TEXT / folder)
    return {"stage": "ingest", "path": place, "license": license, "domain": domain, "corpus_name": f"real_{domain}"}


def curate() -> None:
    """Run the recipe; finished steps are reused."""
    PLACE.mkdir(parents=True, exist_ok=True)
    file = PLACE / "law_benchmark.yaml"
    file.write_text(yaml.safe_dump(recipe(), sort_keys=False), "utf-8")
    command = [sys.executable, "-m", "pipeline", "run", str(file), "--runs", str(PLACE / "runs")]
    subprocess.run(command, cwd=ROOT, check=True)


def artifact(step: str) -> Path:
    return PLACE / "runs" / "law_benchmark" / step


def tokens_of(domain: str) -> Path:
    """The packed tokens of a domain beside general text; a base reads the general part of any of them."""
    return artifact(f"pack_{domain or next(iter(TEXTS))}")


def base_of(size: str) -> Training:
    return Training(f"base-{size}", size, "", 0.0, BASE_TOKENS)


def proxies(domain: str) -> list[Training]:
    """All proxies of a domain: the grid, the largest size first, then the repeated ones."""
    grid = [(size, share, 0) for size in reversed(SIZES) for share in SHARES]
    grid += [(size, share, seed) for seed in (1, 2) for size, share in REPEATED]
    return [
        Training(f"{domain}-{size}-r{share:g}-s{seed}", size, domain, share, LENGTHS[-1], seed)
        for size, share, seed in grid
    ]


def job_of(training: Training) -> Job:
    is_base = not training.domain
    policy = BASE_POLICY if is_base else POLICY
    steps = training.num_tokens // BATCH
    plain = Job(
        work=str(training.folder),
        model=str(_start(training.size)) if is_base else str(base_of(training.size).folder / "model"),
        tokens=str(tokens_of(training.domain)),
        domain_share=training.share,
        num_tokens=training.num_tokens,
        policy=policy,
        seed=training.seed,
        evaluate_at=tuple(uniform_steps(steps, 400)) if is_base else (0,),
        dev_tokens=DEV_TOKENS,
        placement=Placement(micro_batch_size=4, checkpoint_every=500),
        step_name=training.name,
        save_model=is_base,
    )
    if is_base:
        return replace(plain, plateau=Plateau(3, 0.02))
    shorter = LENGTHS if training.num_tokens == LENGTHS[-1] else (training.num_tokens,)
    return replace(
        plain,
        anneal_at=tuple(length // BATCH for length in shorter),
        text_share=training.num_tokens / TARGET_TOKENS,
    )


def _start(size: str) -> Path:
    """The untrained model of a size."""
    folder = PLACE / "starts" / size
    if not folder.exists():
        width, layers = {**SIZES, TARGET[0]: TARGET[1]}[size]
        shape = {"hidden_size": width, "num_layers": layers, "num_heads": width // 16}
        stage = Pretrain.model_validate({**shape, "intermediate_size": 8 * round(width / 3)})
        working = folder.with_name(f".{size}.{os.getpid()}")
        stage.write_start(artifact("tokenizer") / "tokenizer", tokens_of(""), working)
        working.rename(folder)
    return folder


def train(training: Training) -> str:
    """Train one, unless its result is there; return its name."""
    if not training.result_file.exists():
        result = run_task(job_of(training).as_json())
        temporary = training.result_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(result), "utf-8")
        temporary.rename(training.result_file)
    return training.name


def train_all(trainings: Sequence[Training]) -> None:
    """Train what is missing, two at a time, in the order given; keep the points after each."""
    missing = [training for training in trainings if not training.result_file.exists()]
    for training in missing:
        if not training.domain:
            _start(training.size)
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        waiting = [pool.submit(train, training) for training in missing]
        for done, future in enumerate(waiting, 1):
            print(f"{done}/{len(missing)} {future.result()}", flush=True)
            keep_points()


def regret_trainings(domain: str) -> list[Training]:
    """Trainings around the choice of the law of a domain's proxies, for the target's size and length."""
    base = json.loads(base_of(TARGET[0]).result_file.read_text("utf-8"))
    goal = make_goal(
        points := points_of(domain, proxies(domain)),
        "general_within",
        num_parameters=int(base["num_parameters"]),
        num_tokens=TARGET_TOKENS,
        base_loss=float(base["points"][-1]["general_loss"]),
    )
    choice = fit_ensemble(mark_unusable(points), goal, 64, 0, 0).choice
    if choice is None:
        raise SystemExit(f"law: the law of {domain} allows no share, so there is no choice to try")
    tried = {round(min(max(choice.domain_share + step, 0.0), 1.0), 3) for step in REGRET_STEPS}
    return [
        Training(f"{REGRET}-{domain}-r{share:g}", TARGET[0], domain, share, TARGET_TOKENS) for share in sorted(tried)
    ]


def points_of(domain: str, trainings: Sequence[Training]) -> list[Point]:
    """Return what the finished ones of these trainings measured, bases at 0 tokens first."""
    bases: dict[int, Point] = {}
    found: list[Point] = []
    for training in trainings:
        if not training.result_file.exists():
            continue
        result = json.loads(training.result_file.read_text("utf-8"))
        size = int(result["num_parameters"])
        bases.setdefault(size, _point(f"base-n{size}", size, training, result["points"][0], 0.0))
        epochs = result["epochs"]["domain"] / result["tokens"]
        for measured in (*result["anneals"], result["points"][-1]):
            name = f"n{size}-r{training.share:g}-s{training.seed}"
            found.append(_point(name, size, training, measured, epochs * measured["tokens"]))
    return [*(replace(bases[size], domain_share=0.0, seed=0) for size in sorted(bases)), *found]


def _point(run: str, size: int, training: Training, measured: dict[str, Any], epochs: float) -> Point:
    return Point(
        run,
        size,
        int(measured["tokens"]),
        training.share,
        float(measured["domain_loss"]),
        float(measured["general_loss"]),
        training.seed,
        float(measured["domain_bits_per_byte"]),
        float(measured["general_bits_per_byte"]),
        round(epochs, 4),
    )


def keep_points() -> None:
    """Write the points of every domain of which there are any."""
    POINTS.mkdir(parents=True, exist_ok=True)
    for domain in TEXTS:
        if found := points_of(domain, proxies(domain)):
            write_points(POINTS / f"{domain}.csv", found)


def main() -> None:
    """Curate, train the bases, then the proxies of the domains named on the command line, or of all."""
    if not is_there():
        raise SystemExit(f"law: {REAL_TEXT} is absent: real text is not part of the project")
    curate()
    meta = {domain: read_meta(tokens_of(domain))["parts"]["domain"]["train"]["num_tokens"] for domain in TEXTS}
    print(f"domain tokens: {meta}", flush=True)
    train_all([base_of(size) for size in reversed(SIZES)])
    for domain in sys.argv[1:] or list(TEXTS):
        train_all(proxies(domain))
    train_all([base_of(TARGET[0])])
    for domain in sys.argv[1:] or list(TEXTS):
        trainings = regret_trainings(domain)
        train_all(trainings)
        write_points(POINTS / f"{domain}_{REGRET}.csv", points_of(domain, trainings))


if __name__ == "__main__":
    main()
