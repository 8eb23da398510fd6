"""What a run shows while it works: one line per running step on a terminal, plain lines anywhere else."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO, TypedDict

from pipeline.formatting import compact, duration

PROGRESS_FILE = ".progress.json"
PLAIN_SECONDS = 15.0
"""At least this long between two plain lines of one step; longer as the step grows old (a twentieth of its age)."""
PLAIN_SECONDS_MOST = 300.0
STALL_SECONDS = 600.0
"""A step whose figure has not moved for this long is named in a warning."""
RATE_SECONDS = 60.0
"""The rate is that of the last minute, or of the last few changes where they are further apart."""
_RATE_CHANGES = 5
_BAR_CELLS = 20
_CLEAR_LINE = "\x1b[2K"


class ProgressRecord(TypedDict):
    """What a step writes beside its work; see ``pipeline.output.Output.progress``."""

    step: str
    done: float
    total: float
    unit: str
    time: float
    pid: int


def read_progress(work_path: Path) -> ProgressRecord | None:
    """Return how far the step working in ``work_path`` is, or None where it has said nothing yet."""
    try:
        record: ProgressRecord = json.loads((work_path / PROGRESS_FILE).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None  # no word yet, published meanwhile, or cut off by a full disk: the display alone depends on it
    return record if isinstance(record, dict) and record.keys() >= ProgressRecord.__required_keys__ else None


@dataclass(frozen=True)
class RunningStep:
    """How far one running step is; ``total`` 0 where it has not said."""

    name: str
    done: float
    total: float
    unit: str
    started: float
    """Unix seconds."""


@dataclass
class _Pace:
    """The changes of one step's figure, from which rate and time left follow."""

    changes: deque[tuple[float, float]] = field(default_factory=deque)
    scale: tuple[float, str] = (0.0, "")
    plain_at: float = 0.0
    warn_after: float = STALL_SECONDS

    def see(self, step: RunningStep, now: float) -> None:
        """Note the step's figure. The first one seen is where counting begins: work found done took no time."""
        if self.scale != (step.total, step.unit) or (self.changes and step.done < self.changes[-1][1]):
            self.changes.clear()  # another phase of the step
            self.scale = (step.total, step.unit)
        if not self.changes or step.done != self.changes[-1][1]:
            self.changes.append((now, step.done))
            self.warn_after = STALL_SECONDS
        while len(self.changes) > _RATE_CHANGES and self.changes[1][0] < now - RATE_SECONDS:
            self.changes.popleft()

    def idle(self, now: float) -> float:
        """Return for how many seconds the figure has stood still."""
        return now - self.changes[-1][0]

    def rate(self, now: float) -> float | None:
        """Return units per second, falling while the figure stands still longer than it usually does."""
        (first_time, first), (last_time, last) = self.changes[0], self.changes[-1]
        if last <= first or last_time <= first_time:
            return None
        usual = (last_time - first_time) / (len(self.changes) - 1)
        until = max(last_time, now - usual)
        return (last - first) / (until - first_time)


class Display:
    """Shows a run's steps. Nothing is left of the moving lines once ``close`` was called, whatever ended the run."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        total_steps: int = 0,
        clock: Callable[[], float] = time.time,
        width: Callable[[], int] | None = None,
    ) -> None:
        """``total_steps`` counts the steps to run; ``clock`` and ``width`` (columns) stand in for the real ones."""
        self._stream = stream if stream is not None else sys.stdout
        self._total_steps = total_steps
        self._clock = clock
        self._width = width or (lambda: shutil.get_terminal_size().columns)
        self._live = self._stream.isatty() and os.environ.get("TERM", "") not in ("", "dumb")
        self._colour = self._live and not os.environ.get("NO_COLOR")
        self._unicode = (self._stream.encoding or "").lower().replace("-", "") == "utf8"
        self._num_ended = 0
        self._paces: dict[str, _Pace] = {}
        self._lines: list[str] = []

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, step: str, stage: str = "", reason: str = "") -> None:
        """Say that a step has begun, and why it runs."""
        self._paces[step] = _Pace(plain_at=self._clock())
        if not self._live:
            what = f" ({stage})" if stage and stage != step else ""
            self._print(f"{self._count(self._num_ended + len(self._paces))}{step}{what}: started{_after(reason)}")

    def update(self, steps: Sequence[RunningStep]) -> None:
        """Show how far the running steps are; called as often as the driver likes."""
        now = self._clock()
        for step in steps:
            pace = self._paces.setdefault(step.name, _Pace(plain_at=now))
            pace.see(step, now)
            self._warn_of_stall(step, pace, now)
        if self._live:
            self._redraw(self._live_lines(steps, now))
        else:
            self._plain_lines(steps, now)

    def finish(self, step: str, seconds: float, note: str = "") -> None:
        """Say that a step is done."""
        self._end(step, "✓", "done", "32", f"done in {duration(seconds)}{_after(note)}")

    def fail(self, step: str, seconds: float, error: str) -> None:
        """Say that a step has failed, and with what message."""
        self._end(step, "✗", "failed", "31", f"failed after {duration(seconds)}{_after(error)}")

    def message(self, text: str) -> None:
        """Print lines that stay, above those that move."""
        self._print(text)

    def close(self) -> None:
        """Take the moving lines away."""
        if self._lines:
            self._stream.write(self._erase())
            self._stream.flush()
            self._lines = []

    def _end(self, step: str, sign: str, word: str, colour: str, said: str) -> None:
        self._paces.pop(step, None)
        self._num_ended += 1
        lead = self._count(self._num_ended)
        if self._live:
            lead += self._paint(f"{sign if self._unicode else word} ", colour)
        self._print(f"{lead}{step}: {said}")

    def _count(self, position: int) -> str:
        if not self._total_steps:
            return ""
        digits = len(str(self._total_steps))
        return f"[{position:>{digits}}/{self._total_steps}] "

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, text: str) -> None:
        """Write lines that stay, and the moving lines again below them."""
        moving = self._lines
        erased = self._erase() if moving else ""
        self._lines = []
        self._stream.write(f"{erased}{self._encodable(text)}\n")
        if moving:
            self._redraw(moving)
        self._stream.flush()

    def _encodable(self, text: str) -> str:
        encoding = self._stream.encoding or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)

    def _warn_of_stall(self, step: RunningStep, pace: _Pace, now: float) -> None:
        idle = pace.idle(now)
        if idle < pace.warn_after:
            return
        pace.warn_after = 2 * max(idle, STALL_SECONDS)
        at = f", at {_figure(step.done)} of {_figure(step.total)} {step.unit}" if step.total else ""
        self._print(
            self._paint(f"warning: {step.name}: no progress for {duration(idle)}{at}", "33")
            + ". It may be at one long piece of work, or wait for something: see its log"
        )

    def _plain_lines(self, steps: Sequence[RunningStep], now: float) -> None:
        for step in steps:
            pace = self._paces[step.name]
            interval = min(max(PLAIN_SECONDS, (now - step.started) / 20), PLAIN_SECONDS_MOST)
            if step.total > 0 and now - pace.plain_at >= interval:
                pace.plain_at = now
                self._print(f"{step.name}: {_state(step, pace, now)}")

    def _live_lines(self, steps: Sequence[RunningStep], now: float) -> list[str]:
        columns = max(self._width() - 1, 1)
        most = max(shutil.get_terminal_size().lines - 1, 1)
        name_width = min(max((len(step.name) for step in steps), default=0), 28)
        lines = [self._live_line(step, now, name_width, columns) for step in steps[:most]]
        if len(steps) > most:
            lines[-1] = f"and {len(steps) - most + 1} more steps running"[:columns]
        return lines

    def _live_line(self, step: RunningStep, now: float, name_width: int, columns: int) -> str:
        pace = self._paces[step.name]
        name = _cut(step.name, name_width, self._unicode).ljust(name_width)
        if step.total <= 0:
            return self._encodable(f"{name}  {duration(now - step.started)}")[:columns]
        state = _state(step, pace, now)
        if columns < name_width + _BAR_CELLS + 4 + len(state):
            return self._encodable(f"{name}  {state}")[:columns]
        return f"{self._encodable(name)}  {self._bar(step.done / step.total)}  {self._encodable(state)}"

    def _bar(self, share: float) -> str:
        filled = math.floor(min(max(share, 0.0), 1.0) * _BAR_CELLS)
        full, rest = ("━", "─") if self._unicode else ("#", ".")
        return self._paint(full * filled, "36") + self._paint(rest * (_BAR_CELLS - filled), "2")

    def _erase(self) -> str:
        """Return what takes the moving lines off the screen: the cursor stands at the end of the last one."""
        columns = max(self._width(), 1)
        # A terminal made narrower since has wrapped the lines: count the rows that they take now.
        rows = sum(max(1, math.ceil(_visible_length(drawn) / columns)) for drawn in self._lines)
        return "\r" + _CLEAR_LINE + f"\x1b[1A{_CLEAR_LINE}" * (rows - 1)

    def _redraw(self, lines: list[str]) -> None:
        text = (self._erase() if self._lines else "") + "\n".join(lines)
        self._lines = lines
        self._stream.write(text)
        self._stream.flush()


def _state(step: RunningStep, pace: _Pace, now: float) -> str:
    """Return ``1,200/4,000 steps (30 %), 12/s, 3 min 51 s left``."""
    parts = [f"{_figure(step.done)}/{_figure(step.total)} {step.unit} ({100 * step.done / step.total:.0f} %)"]
    rate = pace.rate(now)
    if pace.idle(now) >= STALL_SECONDS:
        parts.append(f"no progress for {duration(pace.idle(now))}")
    elif rate is not None and step.done < step.total:
        per = f"{_rate(rate)}/s" if rate >= 0.1 else f"{_rate(rate * 60)}/min"
        left = max(0.0, (step.total - step.done) / rate - pace.idle(now))
        parts += [per, f"{duration(left)} left"]
    else:
        parts.append(duration(now - step.started))
    return ", ".join(parts)


def _figure(value: float) -> str:
    if abs(value) >= 1e6:
        return compact(value, 10 ** (math.floor(math.log10(abs(value))) - 2))
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def _rate(value: float) -> str:
    if value >= 1e4:
        return compact(value, 10 ** (math.floor(math.log10(value)) - 1))
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _after(text: str) -> str:
    first = " ".join(text.split())
    return f" ({first})" if first else ""


def _cut(name: str, width: int, unicode: bool) -> str:
    if len(name) <= width:
        return name
    return name[: width - 1] + ("…" if unicode else "~")


def _visible_length(line: str) -> int:
    length, inside = 0, False
    for character in line:
        if character == "\x1b":
            inside = True
        elif inside:
            inside = character != "m"
        else:
            length += 1
    return length
