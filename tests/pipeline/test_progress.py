"""What a run shows while it works, on a terminal and in a log."""

from __future__ import annotations

import io
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.output import InlineFanout, Output
from pipeline.progress import Display, RunningStep, read_progress
from pipeline.stage import Resources

ROOT = Path(__file__).resolve().parents[2]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def screen(written: str, columns: int = 80) -> list[str]:
    """Return what a terminal shows after ``written``: lines wrap, ``ESC[nA`` goes up, ``ESC[2K`` clears a line."""
    rows, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[\d*[A-Za-z]|[\s\S]", written):
        if part.startswith("\x1b["):
            if part.endswith("A"):
                row -= int(part[2:-1])
            elif part == "\x1b[2K":
                rows[row] = ""
            else:
                assert part.endswith("m"), part
        elif part == "\n":
            row, column = row + 1, 0
        elif part == "\r":
            column = 0
        else:
            if column == columns:
                row, column = row + 1, 0
            while len(rows) <= row:
                rows.append("")
            rows[row] = rows[row].ljust(column)[:column] + part + rows[row][column + 1 :]
            column += 1
        while len(rows) <= row:
            rows.append("")
    return [line.rstrip() for line in rows]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def running(name: str = "cpt", done: float = 0, total: float = 100, started: float = 1000.0) -> RunningStep:
    return RunningStep(name, done, total, "steps", started)


def test_plain_lines_say_what_starts_and_ends(clock: Clock) -> None:
    stream = io.StringIO()
    with Display(stream, total_steps=12, clock=clock) as display:
        display.start("clean_domain", "clean", "clean.min_words: 50 -> 80")
        display.start("cpt", "cpt")
        display.finish("clean_domain", 8.8, "5,714 documents in, 5,014 out")
        display.fail("cpt", 61.0, "step cpt: the loss is not a number")
        display.message("the report is written")
    assert stream.getvalue().splitlines() == [
        "[ 1/12] clean_domain (clean): started (clean.min_words: 50 -> 80)",
        "[ 2/12] cpt: started",
        "[ 1/12] clean_domain: done in 8.8 s (5,714 documents in, 5,014 out)",
        "[ 2/12] cpt: failed after 1 min 01 s (step cpt: the loss is not a number)",
        "the report is written",
    ]


def test_plain_progress_comes_at_most_every_quarter_minute_and_less_often_later(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    display.start("cpt")
    times = []
    for second in range(7200):
        clock.now = 1000.0 + second
        before = len(stream.getvalue())
        display.update([running(done=second, total=7200)])
        if len(stream.getvalue()) > before:
            times.append(second)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert times[0] == 15
    assert min(gaps) == 15
    assert max(gaps) == 300
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()


def test_rate_and_time_left_are_those_of_the_last_minute(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    done = 0.0
    for second in range(200):
        clock.now = 1000.0 + second
        done += 50 if second < 100 else 10  # five times slower in the second half
        display.update([running(done=done, total=10_000)])
    assert stream.getvalue().splitlines()[-1] == "cpt: 5,960/10,000 steps (60 %), 10/s, 6 min 44 s left"


def test_work_found_done_does_not_count_into_the_rate(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    for second in range(16):
        clock.now = 1000.0 + second
        display.update([running(done=5000 + 2 * second, total=6000)])
    assert ", 2.0/s, 8 min 05 s left" in stream.getvalue()


def test_a_slow_step_has_a_rate_per_minute_and_time_passes_between_its_changes(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    lines = {}
    for second in range(0, 301, 5):
        clock.now = 1000.0 + second
        display.update([running(done=second // 60, total=10)])
        lines[second] = stream.getvalue().splitlines()[-1:] or [""]
    assert lines[60][0].endswith("1/10 steps (10 %), 1.0/min, 9 min 00 s left")
    assert lines[90][0].endswith("1/10 steps (10 %), 1.0/min, 8 min 30 s left")
    assert lines[240][0].endswith("4/10 steps (40 %), 1.0/min, 6 min 00 s left")


def test_another_phase_begins_its_own_count(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    for second in range(40):
        clock.now = 1000.0 + second
        step = running(done=second * 100, total=2000) if second < 20 else running(done=second - 20, total=100)
        display.update([step])
    assert ", 1.0/s, " in stream.getvalue().splitlines()[-1]


def test_a_step_that_stands_still_is_named_once_and_again_after_twice_as_long(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    warned = []
    for minute in range(61):
        clock.now = 1000.0 + 60 * minute
        before = stream.getvalue().count("warning:")
        display.update([running(done=3)])
        if stream.getvalue().count("warning:") > before:
            warned.append(minute)
    assert warned == [10, 20, 40]
    assert "warning: cpt: no progress for 10 min 00 s, at 3 of 100 steps. It may be" in stream.getvalue()
    display.update([running(done=4)])
    assert stream.getvalue().count("warning:") == 3


def test_a_step_that_never_says_how_far_it_is_is_named_too(clock: Clock) -> None:
    stream = io.StringIO()
    display = Display(stream, clock=clock)
    for _ in range(11):
        display.update([RunningStep("merge", 0.0, 0.0, "", 1000.0)])
        clock.now += 60
    assert "warning: merge: no progress for 10 min 00 s. It may be" in stream.getvalue()


def test_a_terminal_has_one_moving_line_per_step_below_those_that_stay(clock: Clock, terminal: Terminal) -> None:
    display = Display(terminal, total_steps=3, clock=clock, width=lambda: 100)
    display.start("base", "pretrain")
    display.start("mixture")
    for second in range(30):
        clock.now = 1000.0 + second
        display.update([running("base", 3 * second, 300), running("mixture", second, 40)])
    assert screen(terminal.getvalue(), 100) == [
        "base     ━━━━━───────────────  87/300 steps (29 %), 3.0/s, 1 min 11 s left",
        "mixture  ━━━━━━━━━━━━━━──────  29/40 steps (72 %), 1.0/s, 11 s left",
    ]
    display.finish("base", 31.0, "1.9 bits per byte")
    assert screen(terminal.getvalue(), 100)[0] == "[1/3] ✓ base: done in 31 s (1.9 bits per byte)"
    display.update([running("mixture", 30, 40)])
    assert len([line for line in screen(terminal.getvalue(), 100) if line]) == 2
    display.close()
    assert [line for line in screen(terminal.getvalue(), 100) if line] == [
        "[1/3] ✓ base: done in 31 s (1.9 bits per byte)"
    ]


@pytest.mark.parametrize("columns", [10, 24, 40, 60, 80, 200])
def test_moving_lines_never_wrap(clock: Clock, terminal: Terminal, columns: int) -> None:
    display = Display(terminal, clock=clock, width=lambda: columns)
    for second in range(5):
        clock.now = 1000.0 + second
        display.update([running("evaluate_on_the_held_out_test_questions", second, 9), running("b", 0, 0)])
    shown = screen(terminal.getvalue(), columns)
    assert len(shown) == 2
    assert all(len(line) < columns for line in shown)


def test_a_terminal_made_narrower_is_cleaned(clock: Clock, terminal: Terminal) -> None:
    width = 100
    display = Display(terminal, clock=clock, width=lambda: width)
    display.update([running("a", 1, 9), running("b", 2, 9)])
    wrapped_rows = sum(-(-len(line) // 40) for line in screen(terminal.getvalue(), 100))
    before = len(terminal.getvalue())
    width = 40
    display.close()
    assert terminal.getvalue()[before:].count("\x1b[2K") == wrapped_rows


def test_more_steps_than_rows_are_counted(clock: Clock, terminal: Terminal) -> None:
    display = Display(terminal, clock=clock, width=lambda: 80)
    display.update([running(f"step{i}", 1, 9) for i in range(40)])
    shown = screen(terminal.getvalue())
    assert len(shown) == 23
    assert shown[-1] == "and 18 more steps running"


def test_no_color_and_dumb_terminals_are_respected(
    clock: Clock, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = Display(terminal, clock=clock, width=lambda: 80)
    display.update([running()])
    assert "\x1b[36m" in terminal.getvalue() or "\x1b[2m" in terminal.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    display = Display(plain, clock=clock, width=lambda: 80)
    display.update([running()])
    display.finish("cpt", 1.0)
    assert not re.search(r"\x1b\[\d*m", plain.getvalue())
    monkeypatch.setenv("TERM", "dumb")
    dumb = Terminal()
    display = Display(dumb, clock=clock, width=lambda: 80)
    display.update([running()])
    assert dumb.getvalue() == ""


def test_a_stream_without_unicode_gets_signs_it_can_print(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    raw = io.BytesIO()

    class Ascii(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    stream = Ascii(raw, encoding="ascii")
    display = Display(stream, clock=clock, width=lambda: 80)
    display.update([running(done=50)])
    display.finish("cpt", 2.0, "naïve → done")
    display.close()
    assert b"##########.........." in raw.getvalue()
    assert b"done cpt: done in 2.0 s (na?ve ? done)" in raw.getvalue()


def test_ctrl_c_leaves_the_terminal_clean(tmp_path: Path) -> None:
    """On a real pseudo-terminal: the moving line is gone after an interrupt, and no mode was left behind."""
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background job ignores it
        "from pipeline.progress import Display, RunningStep\n"
        "with Display() as display:\n"
        "    display.message('begun')\n"
        "    display.update([RunningStep('cpt', 3.0, 9.0, 'steps', time.time())])\n"
        "    time.sleep(60)\n"
    )
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "PYTHONUTF8": "1", "COLUMNS": "80", "LINES": "24"}
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdout=slave, stderr=subprocess.DEVNULL, cwd=ROOT, env=environment
    )
    os.close(slave)
    written = b""
    while b"(33 %)" not in written:
        written += os.read(master, 4096)
    time.sleep(0.05)  # into the sleep of the child; an earlier signal ends in the same way
    child.send_signal(signal.SIGINT)
    child.wait(30)
    while True:
        try:
            more = os.read(master, 4096)
        except OSError:  # the child's side is closed
            break
        if not more:
            break
        written += more
    os.close(master)
    text = written.decode("utf-8").replace("\r\n", "\n")
    assert screen(text)[0] == "begun"
    assert not any(screen(text)[1:])
    assert "\x1b[?" not in text


def test_progress_is_read_as_a_step_writes_it(tmp_path: Path) -> None:
    assert read_progress(tmp_path / "none") is None
    output = Output(tmp_path, Resources(), InlineFanout(), "cpt")
    output.progress(4, 4, "shards")
    record = read_progress(tmp_path)
    assert record is not None
    assert (record["step"], record["done"], record["total"], record["unit"]) == ("cpt", 4, 4, "shards")
    (tmp_path / ".progress.json").write_text("{")
    assert read_progress(tmp_path) is None
    (tmp_path / ".progress.json").write_text(json.dumps({"done": 1}))
    assert read_progress(tmp_path) is None
