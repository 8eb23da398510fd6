"""The whole chain, measured: time, memory, reuse, controls, planted defects, kills.

``make bench only=chain`` runs every part in turn (about two hours on two cores); ``python -m benchmarks.chain kills``
runs one.
Everything runs in a fresh clone of the current commit, so commit first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil

from benchmarks.record import ROOT, clone, record, run_measured

NUM_KILLS = 12
KILL_SEED = 20
START_SECONDS = 6.0
"""From the command to its first step."""
SURVIVAL_SECONDS = 5.0
"""A driver that lives this long after a worker's death has started the worker's task again."""
HANG_SECONDS = 120.0
REPEATS = 5
WORLD_RECIPE = "geo"
REAL_TEXT = ROOT.parent / "shared" / "data"
"""Real text with open licences beside the checkout; not part of it."""


class Bench:
    """One fresh clone, one runs directory for the undisturbed run, and the parts that measure on them."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.checkout = place / "strata"
        if not self.checkout.exists():
            clone(self.checkout)
        self.runs = place / "runs"
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"},
            "PYTHONPATH": str(self.checkout),
        }

    def strata(self, verb: str, recipe: str, *extra: str, runs: Path | None = None) -> list[str]:
        return [sys.executable, "-m", "pipeline", verb, recipe, "--runs", str(runs or self.runs), *extra]

    def run(self, recipe: str, *extra: str, runs: Path | None = None, log: str = "run.log") -> Any:
        measured = run_measured(
            self.strata("run", recipe, *extra, runs=runs), self.checkout, self.place / log, self.environment
        )
        if measured.code != 0:
            raise SystemExit(
                f"chain: {recipe} {' '.join(extra)} ended with {measured.code}:\n{measured.output[-3000:]}"
            )
        return measured

    def planned(self, status: str, recipe: str, *extra: str) -> list[str]:
        """Return the steps that ``plan`` gives this status, sorted."""
        command = [*self.strata("plan", recipe, "--json"), *extra]
        plan = subprocess.run(
            command, cwd=self.checkout, env=self.environment, capture_output=True, text=True, check=True
        )
        return sorted(row["step"] for row in json.loads(plan.stdout) if row["status"] == status)

    def manifest(self, step: str, recipe: str = WORLD_RECIPE) -> Mapping[str, Any]:
        loaded: Mapping[str, Any] = json.loads((self.runs / recipe / step / "manifest.json").read_text("utf-8"))
        return loaded


def fresh(bench: Bench) -> dict[str, Any]:
    """A fresh clone, to the end: wall time and peak memory."""
    shutil.rmtree(bench.runs, ignore_errors=True)
    measured = bench.run(WORLD_RECIPE)
    figures: dict[str, Any] = {
        "fresh_minutes": round(measured.seconds / 60, 2),
        "fresh_peak_gb": round(measured.peak_gb, 2),
    }
    for step in sorted(path for path in (bench.runs / WORLD_RECIPE).iterdir() if (path / "manifest.json").exists()):
        figures[f"seconds_{step.name}"] = bench.manifest(step.name)["seconds"]
    return figures


def again(bench: Bench) -> dict[str, Any]:
    """Nothing changed: seconds of the run, of plan and of --help; medians of five."""
    code = (
        "import sys; from pipeline.__main__ import main; assert main(sys.argv[1:]) == 0;"
        "print('heavy', sorted({'ray', 'torch'} & set(sys.modules)))"
    )
    again_command = [sys.executable, "-c", code, "run", WORLD_RECIPE, "--runs", str(bench.runs)]
    output = subprocess.run(
        again_command, cwd=bench.checkout, env=bench.environment, capture_output=True, text=True, check=True
    )
    return {
        "again_seconds": bench_seconds(again_command, bench),
        "again_imports": output.stdout.strip().splitlines()[-1],
        "plan_seconds": bench_seconds(bench.strata("plan", WORLD_RECIPE), bench),
        "help_seconds": bench_seconds([sys.executable, "-m", "pipeline", "--help"], bench),
    }


def bench_seconds(command: list[str], bench: Bench) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.monotonic()
        subprocess.run(command, cwd=bench.checkout, env=bench.environment, stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - started)
    return round(statistics.median(times), 2)


def merge_change(bench: Bench) -> dict[str, Any]:
    """One parameter of merge changed: what plan announces, and what is made."""
    override = ("--set", "merge.coefficients=[0.25, 0.75]")
    announced = bench.planned("to run", WORLD_RECIPE, *override)
    before = manifests(bench.runs)
    bench.run(WORLD_RECIPE, *override)
    made = sorted(json.loads(path.read_text("utf-8"))["step"] for path in manifests(bench.runs) - before)
    bench.run(WORLD_RECIPE)  # the links point at the default run again
    return {"merge_change_announced": announced, "merge_change_made": made}


def manifests(runs: Path) -> set[Path]:
    return set(runs.glob("store/*/*/manifest.json"))


def controls(bench: Bench) -> dict[str, Any]:
    """cpt at the chosen share beside general-only and half-and-half runs of equal tokens, on the same test text."""
    from eval.forgetting import compare_losses
    from stages.evaluate.scoring import read_losses

    bench.run(str(bench.checkout / "benchmarks" / "chain_controls.yaml"))
    folder = bench.runs / "chain_controls" / "evaluate"
    scores = json.loads((folder / "scores.json").read_text("utf-8"))
    names = ("base", "cpt", "cpt_general", "cpt_half")
    figures: dict[str, Any] = {
        "controls_share": bench.manifest("cpt", "chain_controls")["metrics"]["domain_share"],
        "controls_bits_per_byte": {
            part: {name: round(found["models"][name]["second"]["value"], 4) for name in names}
            for part, found in scores["text"].items()
        },
    }
    for name, part, other in (
        ("domain_cpt_over_general_only", "domain", "cpt_general"),
        ("general_cpt_over_half", "general", "cpt_half"),
        ("general_cpt_over_base", "general", "base"),
    ):
        losses = [read_losses(folder / "details" / model, "test", part) for model in (other, "cpt")]
        figures[f"controls_{name}"] = compare_losses(losses[0], losses[1]).relative.as_json()
    return figures


def planted(bench: Bench) -> dict[str, Any]:
    """At least 300 planted defects per kind: recall and precision of every stage."""
    recipe = str(bench.checkout / "benchmarks" / "chain_planted.yaml")
    bench.run(recipe, "--until", "grade")
    return {"planted": json.loads((bench.runs / "chain_planted" / "grade" / "grades.json").read_text("utf-8"))}


def published(bench: Bench) -> dict[str, Any]:
    """The run's last lines; the published model in a clean process: loads, generates, gives its step's logits."""
    code = """
import sys, torch
from transformers import AutoModelForCausalLM, AutoTokenizer
logits = []
for path in sys.argv[1:]:
    tokenizer = AutoTokenizer.from_pretrained(path); model = AutoModelForCausalLM.from_pretrained(path).eval()
    inputs = tokenizer("Quartz is a mineral", return_tensors="pt", add_special_tokens=False)
    with torch.no_grad(): logits.append(model(**inputs).logits)
text = tokenizer.decode(model.generate(**inputs, max_new_tokens=20, do_sample=False)[0])
print("equal", torch.equal(*logits)); print("generated", text.replace(chr(10), " "))
"""
    headline = bench.run(WORLD_RECIPE).output.strip().splitlines()[-3:]
    step = bench.manifest("export")["metrics"]["step"]
    paths = [str(bench.runs / WORLD_RECIPE / "model"), str(bench.runs / WORLD_RECIPE / step / "model")]
    result = subprocess.run([sys.executable, "-c", code, *paths], cwd="/", capture_output=True, text=True, check=True)
    said = dict(line.split(" ", 1) for line in result.stdout.splitlines() if " " in line)
    scores = json.loads((bench.runs / WORLD_RECIPE / "evaluate" / "scores.json").read_text("utf-8"))
    questions = {
        group: {name: model["second"]["value"] for name, model in found["models"].items()}
        for group, found in scores["groups"].items()
    }
    figures = {"headline": headline, "accuracy": questions}
    return {
        **figures,
        "published_step": step,
        "published_logits_equal": said["equal"],
        "published_generates": said["generated"],
    }


def siblings(bench: Bench) -> dict[str, Any]:
    """The other recipes after geo, on the same runs: minutes, and the steps they take over from it."""
    figures: dict[str, Any] = {}
    for recipe in ("finance", "medical"):
        reused = bench.planned("reused", recipe)
        measured = bench.run(recipe)
        figures[f"{recipe}_minutes"] = round(measured.seconds / 60, 2)
        figures[f"{recipe}_reused"] = reused
        figures[f"{recipe}_headline"] = measured.output.strip().splitlines()[-3:]
    return figures


def real_text(bench: Bench) -> dict[str, Any]:
    """Real geology books and textbooks beside classic books, from scratch to the end."""
    if not REAL_TEXT.is_dir():
        return {"real_text": "not measured: no real text at ../shared/data"}
    runs = bench.place / "runs_real"
    shutil.rmtree(runs, ignore_errors=True)
    domain, general = REAL_TEXT / "geo", REAL_TEXT / "general" / "classic_books"
    options = ("--data", str(domain), "--license", "CC-BY-SA-4.0", "--profile", "laptop")
    more = ("--general", str(general), "--general-license", "LicenseRef-PublicDomain")
    measured = bench.run(WORLD_RECIPE, *options, *more, runs=runs)
    mixture = json.loads((runs / WORLD_RECIPE / "mixture" / "mixture.json").read_text("utf-8"))
    return {
        "real_text_minutes": round(measured.seconds / 60, 2),
        "real_text_peak_gb": round(measured.peak_gb, 2),
        "real_text_headline": measured.output.strip().splitlines()[-3:],
        "real_text_law": {name: mixture[name] for name in ("trusted", "domain_share", "reasons")},
    }


def kills(bench: Bench) -> dict[str, Any]:
    """kill -9 of a worker, the driver or a Ray service at random moments, the same command after each: the same bytes?

    The moments are spread over the work of the whole recipe: the waits between them add up to one undisturbed run.
    """
    disturbed = bench.place / "runs_killed"
    shutil.rmtree(disturbed, ignore_errors=True)
    rng = random.Random(KILL_SEED)
    moments = sorted(rng.uniform(0, seconds_of_run(bench)) for _ in range(NUM_KILLS))
    log: list[str] = []
    driver = None
    for number, (before, moment) in enumerate(pairwise([0.0, *moments])):
        if driver is None or driver.poll() is not None:
            driver = start(bench, disturbed)
            time.sleep(START_SECONDS)
        time.sleep(moment - before)
        log.append(f"{moment:.0f} s: {kill_one(driver, ('worker', 'driver', 'ray')[number % 3], rng)}")
        print(log[-1], flush=True)
    if driver is not None:
        driver.wait()
    bench.run(WORLD_RECIPE, runs=disturbed, log="kills.log")
    return {
        "kills": log,
        "kills_same_bytes": weights(disturbed) == weights(bench.runs),
        "kills_digests": weights(disturbed),
    }


def seconds_of_run(bench: Bench) -> float:
    """Return for how long at least one step of the undisturbed run was under way, over all the runs that made it."""
    links = (bench.runs / WORLD_RECIPE).glob("*/manifest.json")
    found = [json.loads(path.read_text("utf-8")) for path in links]
    total, reached = 0.0, 0.0
    for begin, end in sorted((one["started"], one["started"] + one["seconds"]) for one in found):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def start(bench: Bench, runs: Path) -> subprocess.Popen[bytes]:
    with (bench.place / "kills.log").open("ab") as stream:
        return subprocess.Popen(
            bench.strata("run", WORLD_RECIPE, runs=runs),
            cwd=bench.checkout,
            env=bench.environment,
            stdout=stream,
            stderr=stream,
        )


def kill_one(driver: subprocess.Popen[bytes], target: str, rng: random.Random) -> str:
    """Kill one process; say what it was, how the driver took it, and what it left behind."""
    if driver.poll() is not None:
        return f"no kill: the run had ended with {driver.returncode}"
    below = psutil.Process(driver.pid).children(recursive=True)
    victim = pick_victim(driver.pid, below, target, rng)
    name = "the driver" if victim.pid == driver.pid else Path((victim.cmdline() or [victim.name()])[0]).name.strip()
    victim.send_signal(signal.SIGKILL)
    try:
        driver.wait(SURVIVAL_SECONDS if target == "worker" else HANG_SECONDS)
    except subprocess.TimeoutExpired:
        if target == "worker":
            return f"killed {name}; the run went on"
        driver.kill()
        return f"killed {name}; the driver HUNG"
    _, alive = psutil.wait_procs(below, timeout=HANG_SECONDS)
    left = f", LEFT {len(alive)} processes" if alive else ""
    return f"killed {name}; the driver ended with {driver.returncode}{left}"


def pick_victim(driver: int, below: list[psutil.Process], target: str, rng: random.Random) -> psutil.Process:
    """Return the driver, a Ray worker (a step, shard or training process), or one of Ray's own services."""
    pattern = {"worker": r"^ray::(?!IDLE|Dashboard|RuntimeEnv)", "ray": r"raylet|gcs_server", "driver": "$^"}[target]
    found = []
    for child in below:
        with contextlib.suppress(psutil.NoSuchProcess):
            if re.search(pattern, " ".join(child.cmdline()[:1]) or child.name()):
                found.append(child)
    return rng.choice(sorted(found, key=lambda one: one.pid)) if found else psutil.Process(driver)


def weights(runs: Path) -> dict[str, str]:
    """The SHA-256 of the final safetensors."""
    folder = runs / WORLD_RECIPE / "model"
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("*.safetensors"))}


PARTS: dict[str, Callable[[Bench], dict[str, Any]]] = {
    "fresh": fresh,
    "again": again,
    "published": published,
    "merge_change": merge_change,
    "controls": controls,
    "planted": planted,
    "siblings": siblings,
    "real_text": real_text,
    "kills": kills,
}


def main() -> None:
    """Run the parts named on the command line, or all; ``fresh`` comes first, the others measure on what it made."""
    place = Path(os.environ.get("STRATA_BENCH", "") or tempfile.mkdtemp(prefix="strata-chain-"))
    place.mkdir(parents=True, exist_ok=True)
    bench = Bench(place)
    for part in sys.argv[1:] or list(PARTS):
        print(f"== {part} (in {place})", flush=True)
        record("chain", PARTS[part](bench))


if __name__ == "__main__":
    main()
