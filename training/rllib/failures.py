"""Why env runners fail: RLlib restarts them and keeps the reason to its log, where nobody looks."""

from __future__ import annotations

import logging
from types import TracebackType

from ray.exceptions import RayError
from rich.console import Console

LENGTH = 300  # of a reason on the screen
SOURCE = "ray.rllib.utils.actor_manager"  # the logger to which RLlib tells what it ignores


class Diverged(Exception):  # noqa: N818 - a finding, which ends the run
    """Raised by an env runner whose policy answers with numbers that are none."""


class Failures(logging.Handler):
    """Context manager: prints each new reason for which a runner has failed, in one line."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.diverged = False
        self.last = ""  # reason
        self._logger = logging.getLogger(SOURCE)

    def __enter__(self) -> Failures:
        self._propagate, self._logger.propagate = self._logger.propagate, False
        self._logger.addHandler(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logger.removeHandler(self)
        self._logger.propagate = self._propagate

    def emit(self, record: logging.LogRecord) -> None:
        """Takes what RLlib logs of an exception that it goes on after."""
        if not isinstance(record.msg, RayError):
            return
        cause = getattr(record.msg, "cause", None) or record.msg
        self.diverged = self.diverged or isinstance(cause, Diverged)
        reason = f"{type(cause).__name__}: {' '.join(str(cause).split())}"[:LENGTH]
        if reason != self.last and not self.diverged:
            Console(stderr=True).print(
                f"warning: an env runner has failed and starts again: {reason}", style="yellow", markup=False
            )
        self.last = reason
