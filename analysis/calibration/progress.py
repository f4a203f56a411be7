"""How far a search is: a live line on a terminal; in a log a line now and then."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LOG_EVERY_S = 15.0


class ProgressLine:
    """Context manager; on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("{task.completed}/{task.total} markets"),
            BarColumn(bar_width=10),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> ProgressLine:
        self._logged = time.monotonic() - LOG_EVERY_S  # so that the first has a line
        self._unsaid = ""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        self._say()

    def show(self, tried: int, best: float) -> None:
        """So many markets have been tried, and the best one's loss."""
        self._bar.update(self._task, completed=tried, description=f"loss {best:.3f}")
        if not self._console.is_terminal:
            self._unsaid = f"{tried}/{self._total} markets tried, loss {best:.3f}"
            if time.monotonic() - self._logged >= LOG_EVERY_S:
                self._say()

    def _say(self) -> None:
        if self._unsaid:
            print(self._unsaid, file=self._console.file, flush=True)
        self._unsaid, self._logged = "", time.monotonic()
