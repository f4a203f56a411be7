"""SIGTERM and SIGHUP end a program as Ctrl-C does: what is open is closed, and the exit code tells the signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C; a job that is stopped; a terminal that is closed


def exit_code(number: int) -> int:
    """The exit code of a program that signal ``number`` has ended, as shells count."""
    return 128 + number


def end_by_exception() -> None:
    """From here on SIGTERM and SIGHUP raise SystemExit, so that what is open is closed.

    Ray takes SIGTERM when it starts: call this after.
    """
    for number in ENDING[1:]:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _end)


def ignore(_: int) -> None:
    """For `first_only_asks` where somebody looks at the answer."""


@contextmanager
def first_only_asks(what: str, then: Callable[[int], None] = ignore) -> Iterator[Callable[[], int]]:
    """What it gives answers with the signal that has asked for an end, 0 so far; a second one ends at once.

    Args:
        what: that is being done then, for whoever waits.
        then: called with the signal.

    """
    asked = 0

    def ask(number: int, _: FrameType | None) -> None:
        nonlocal asked
        asked = number
        for each, handler in before.items():
            signal.signal(each, handler)
        Console(stderr=True).print(f"{what}; the next signal stops at once", style="yellow")
        then(number)

    before = {number: signal.getsignal(number) for number in ENDING}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, ask)
    except ValueError:  # not the main thread, as inside a Tune trial: signals go elsewhere
        yield lambda: 0
        return
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(exit_code(number))
