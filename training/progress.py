"""The live line of a training run."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from config import Config

SHOWN = {  # label: metric and format
    "return": ("train/return", "{:.2f}"),
    "PnL": ("market/pnl", "{:.2f}"),
    "|q|": ("market/abs_inventory", "{:.2f}"),
    "gap": ("train/gap", "{:.2%}"),
    "steps/s": ("time/steps_per_s", "{:,.0f}"),
}


class ProgressLine:
    """Context manager: a bar over the iterations with the last one's numbers; silent if not wanted."""

    def __init__(self, config: Config) -> None:
        self._progress = Progress(
            TextColumn("{task.completed}/{task.total}"),
            BarColumn(bar_width=10),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            disable=not config.training.progress,
        )
        self._known: dict[str, float] = {}  # the newest of each number: not all are renewed by every iteration
        self._task = self._progress.add_task("starting", total=config.training.iterations)

    def __enter__(self) -> ProgressLine:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, iteration: int, env_steps: int, metrics: dict[str, float]) -> None:
        """Moves the bar and renews the numbers."""
        self._known |= metrics
        numbers = [
            f"{label} {form.format(self._known[name])}" for label, (name, form) in SHOWN.items() if name in self._known
        ]
        description = "  ".join([f"{env_steps / 1e6:.2f}M steps", *numbers])
        self._progress.update(self._task, completed=iteration, description=description)
