"""The whole clean step on Ray: text per second, memory as the input grows, and kills in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from benchmarks.real_text import FOLDERS, read_folder
from benchmarks.record import ROOT, Measured, run_measured

SIZES = (10_000_000, 200_000_000, 2_000_000_000)
"""Bytes of text."""
FILE_BYTES = 8_000_000
KILLED_SIZE = 200_000_000
MOMENTS = (0.25, 0.5, 0.75)
"""Shares of the step's shards after which the driver is killed."""
RECIPE = """
domain: general
licenses: [LicenseRef-Internal]
publish: clean
steps:
  text: {{stage: ingest, path: {path}, domain: general, license: LicenseRef-Internal, shard_bytes: {shard}}}
  clean: {{stage: clean, rules: {rules}, needs: {{documents: text}}}}
profiles:
  laptop: {{}}
"""


def write_text(folder: Path, size: int) -> None:
    """Write about ``size`` bytes of real text as JSONL: every document again and again, each time with another id."""
    folder.mkdir(parents=True)
    documents = [document.text for place in FOLDERS for document in read_folder(place)]
    written = 0
    for number in count():
        held = 0
        with (folder / f"{number:05d}.jsonl").open("w", encoding="utf-8") as stream:
            for text in _forever(documents, start=number * 997):
                stream.write(json.dumps({"text": text}) + "\n")
                held += len(text.encode())
                if held >= min(FILE_BYTES, size - written):
                    break
        written += held
        if written >= size:
            return


def _forever(texts: list[str], start: int) -> Iterator[str]:
    for place in count(start):
        yield texts[place % len(texts)]


class Run:
    """One size of input, ingested once."""

    def __init__(self, place: Path, size: int, rules: str = "finance") -> None:
        self.place = place
        shutil.rmtree(place, ignore_errors=True)
        write_text(place / "text", size)
        self.recipe = place / "speed.yaml"
        self.recipe.write_text(RECIPE.format(path=place / "text", rules=rules, shard=FILE_BYTES))
        self.strata(place / "runs", "--until", "text")

    def command(self, runs: Path, *more: str) -> list[str]:
        return [
            sys.executable,
            "-m",
            "pipeline",
            "run",
            str(self.recipe),
            "--profile",
            "laptop",
            "--runs",
            str(runs),
            *more,
        ]

    def strata(self, runs: Path, *more: str) -> Measured:
        measured = run_measured(self.command(runs, *more), ROOT, self.place / "run.log")
        if measured.code:
            raise SystemExit(f"clean: {self.recipe} ended with {measured.code}:\n{measured.output[-2000:]}")
        return measured

    def manifest(self, step: str) -> Mapping[str, Any]:
        loaded: Mapping[str, Any] = json.loads((self.place / "runs" / "speed" / step / "manifest.json").read_text())
        return loaded


def measure_speed(place: Path) -> dict[str, Any]:
    """Return, by size, text per second of the clean step on all cores, and the peak memory of all its processes."""
    figures: dict[str, Any] = {"speed_cores": len(os.sched_getaffinity(0))}
    for size in SIZES:
        run = Run(place / f"{size // 1_000_000}", size)
        measured = run.strata(place / f"{size // 1_000_000}" / "runs")
        num_bytes, seconds = run.manifest("text")["metrics"]["bytes_out"], run.manifest("clean")["seconds"]
        name = f"{size // 1_000_000}_mb"
        figures[f"speed_{name}_mb_per_second"] = round(num_bytes / 1e6 / seconds, 2)
        figures[f"speed_{name}_peak_gb"] = round(measured.peak_gb, 2)
        shutil.rmtree(run.place)
    return figures


def measure_kills(place: Path) -> dict[str, Any]:
    """Kill the driver three times in the middle of the step: are the bytes the same, and did a shard run twice?"""
    run = Run(place / "killed", KILLED_SIZE)
    run.strata(run.place / "runs")
    undisturbed = digests(run.place / "runs")
    disturbed = run.place / "runs_killed"
    run.strata(disturbed, "--until", "text")
    total = 2 * len(list((run.place / "text").iterdir()))  # each is repaired, then cleaned
    watch = Watch(disturbed)
    for moment in MOMENTS:
        watch.run(run, kill_after=int(total * moment))
    watch.run(run)
    same = digests(disturbed) == undisturbed
    shutil.rmtree(run.place)
    return {
        "kills": watch.kills,
        "kills_same_bytes": same,
        "kills_shards_done_twice": watch.again,
        "kills_shards": total,
    }


class Watch:
    """Runs the step, sees each shard's file appear, and counts those that are written anew after a kill."""

    def __init__(self, runs: Path) -> None:
        self.runs = runs
        self.kills = 0
        self.again = 0
        self._written: dict[str, int] = {}

    def run(self, run: Run, kill_after: int | None = None) -> None:
        """Run the step; kill the driver, and let Ray end, once ``kill_after`` shards' files are whole."""
        with (run.place / "kills.log").open("ab") as log:
            driver = subprocess.Popen(run.command(self.runs), cwd=ROOT, stdout=log, stderr=log)
            while driver.poll() is None and (kill_after is None or len(self._written) < kill_after):
                time.sleep(0.05)
                self._look()
            children = [] if driver.poll() is not None else psutil.Process(driver.pid).children(recursive=True)
            if driver.poll() is None:
                driver.send_signal(signal.SIGKILL)
                self.kills += 1
            code = driver.wait()
        psutil.wait_procs(children, timeout=120)
        self._look()
        if kill_after is None and code:
            raise SystemExit(f"clean: the run after {self.kills} kills ended with {code}; see {run.place}/kills.log")

    def _look(self) -> None:
        for folder in (".repaired", "documents"):
            for file in self.runs.glob(f"store/clean/*/{folder}/*.parquet"):
                with contextlib.suppress(FileNotFoundError):  # a repaired shard goes once it is cleaned
                    now = file.stat().st_mtime_ns
                    self.again += self._written.setdefault(f"{folder}/{file.name}", now) != now
                    self._written[f"{folder}/{file.name}"] = now


def digests(runs: Path) -> dict[str, tuple[int, str]]:
    """Return what the manifest says of every published file: its size and digest, not when it was written."""
    (manifest,) = runs.glob("store/clean/*/manifest.json")
    files = json.loads(manifest.read_text())["files"]
    published = {name: entry for name, entry in files.items() if not name.startswith(("blocks/", "metrics"))}
    return {name: (size, digest) for name, (size, _, digest) in published.items()}
