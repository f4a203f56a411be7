"""The progress of a training run: a live line on a terminal, a line now and then in a log."""

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
        self._began = self._logged = time.monotonic()
        self._first: int | None = None  # iteration from which the time of one is measured
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def show(self, iteration: int, env_steps: int, metrics: dict[str, float]) -> None:
        """Moves the bar and renews the numbers."""
        self._known |= metrics
        numbers = [
            f"{label} {form.format(self._known[name])}" for label, (name, form) in SHOWN.items() if name in self._known
        ]
        description = "  ".join([f"{env_steps / 1e6:.2f}M steps", *numbers])
        self._bar.update(self._task, completed=iteration, description=description)
        if self._wanted and not self._console.is_terminal:
            self._log(iteration, description)

    def _log(self, iteration: int, description: str) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = iteration - 1
        if iteration < self._total and now - self._logged < LOG_EVERY_S:
            return
        self._logged = now
        left_s = (now - self._began) / (iteration - self._first) * (self._total - iteration)
        left = f"{timedelta(seconds=round(left_s))} left" if left_s else "done"
        print(f"iteration {iteration}/{self._total}  {description}  {left}", file=self._console.file, flush=True)
