"""The progress of a training run: a live line on a terminal; in a log a line at the start, each 30 s and at the end."""

from __future__ import annotations

import time
from datetime import timedelta
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from config import Config

LOG_EVERY_S = 30.0
SHOWN = {  # label: metric and format
    "return": ("train/return", "{:.2f}"),
    "PnL": ("market/pnl", "{:.2f}"),
    "|q|": ("market/abs_inventory", "{:.2f}"),
    "gap": ("train/gap", "{:.2%}"),
    "steps/s": ("time/steps_per_s", "{:,.0f}"),
}


class ProgressLine:
    """Context manager: how far the iterations are, with the last one's numbers; silent if not wanted."""

    def __init__(self, config: Config) -> None:
        self._total = config.training.iterations
        self._console = Console(stderr=True)
        self._wanted = config.training.progress
        self._bar = Progress(
            TextColumn("{task.completed}/{task.total}"),
            BarColumn(bar_width=10),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=self._console,
            disable=not self._wanted or not self._console.is_terminal,
        )
        self._known: dict[str, float] = {}  # the newest of each number: not all are renewed by every iteration
        self._task = self._bar.add_task("starting", total=self._total)

    def __enter__(self) -> ProgressLine:
        self._began = time.monotonic()
        self._logged = self._began - LOG_EVERY_S  # so that the first iteration has a line
        self._first: int | None = None  # iteration from which the time of one is measured
        self._unsaid = ""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        self._log(self._unsaid)

    def show(self, iteration: int, env_steps: int, metrics: dict[str, float]) -> None:
        """Moves the bar and renews the numbers."""
        self._known |= metrics
        numbers = [
            f"{label} {form.format(self._known[name])}" for label, (name, form) in SHOWN.items() if name in self._known
        ]
        description = "  ".join([f"{env_steps / 1e6:.2f}M steps", *numbers])
        self._bar.update(self._task, completed=iteration, description=description)
        if self._wanted and not self._console.is_terminal:
            self._unsaid = f"iteration {iteration}/{self._total}  {description}  {self._left(iteration)}"
            if time.monotonic() - self._logged >= LOG_EVERY_S:
                self._log(self._unsaid)

    def _left(self, iteration: int) -> str:
        if self._first is None:
            self._first = iteration - 1
        left_s = (time.monotonic() - self._began) / (iteration - self._first) * (self._total - iteration)
        return f"{timedelta(seconds=round(left_s))} left" if left_s else "done"

    def _log(self, line: str) -> None:
        if line:
            print(line, file=self._console.file, flush=True)
        self._unsaid, self._logged = "", time.monotonic()
