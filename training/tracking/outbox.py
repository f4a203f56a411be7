"""Delivery that never holds up the sender: an ordered buffer, one worker thread, retries with backoff.

What waits also stands in a file, so that it outlives a process that is killed.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

Record = dict[str, Any]  # JSON: what has to be delivered, whole, so that it can also be kept in a file

FIRST_PAUSE_S = 0.2  # after the first failure; doubles from there
LONGEST_PAUSE_S = 20.0


class Refused(Exception):  # noqa: N818 - a verdict on one record, not a fault of the delivery
    """Raised by ``deliver`` for a record that no retry can help."""


class Outbox:
    """Delivers records in the order of `put`, each until ``deliver`` returns.

    A record is delivered again when its delivery failed half-way, so ``deliver`` has to be idempotent.

    Args:
        deliver: sends one record; raises `Refused` to set it aside, anything else to try it again.
        complain: told of the first failure, and of the first refusal; once each.

    """

    def __init__(self, deliver: Callable[[Record], None], complain: Callable[[Exception], None]) -> None:
        self._deliver = deliver
        self._complain = complain
        self._waiting: deque[Record] = deque()
        self._refused: list[Record] = []
        self._journal: Path | None = None
        self._failures = 0  # in a row
        self._complaints: set[bool] = set()  # what was said: True for a refusal, False for a failure
        self._last_progress = time.monotonic()
        self._hurry = False  # somebody waits for the end: no long pauses
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def journal(self, path: Path) -> None:
        """From now on ``path`` holds what is refused or not yet delivered, and nothing of what it held before.

        Raises:
            OSError: it cannot be written.

        """
        with self._changed:
            keep(self._left(), path)
            self._journal = path

    def put(self, *records: Record) -> None:
        """Takes the records and returns at once."""
        with self._changed:
            if self._journal is not None:
                self._append(self._journal, records)
            self._waiting.extend(records)
            self._changed.notify_all()

    def wait(self, patience_s: float, *, through_failures: bool) -> bool:
        """Waits until everything is delivered or refused.

        Returns:
            False after ``patience_s`` without any delivery or, unless ``through_failures``, at a failure.

        """
        with self._changed:
            started = time.monotonic()
            self._hurry = through_failures
            self._changed.notify_all()
            try:
                while self._waiting:
                    left_s = max(started, self._last_progress) + patience_s - time.monotonic()
                    if left_s <= 0 or (self._failures and not through_failures):
                        return False
                    self._changed.wait(left_s)
                return True
            finally:
                self._hurry = False

    def close(self) -> list[Record]:
        """Ends the delivery; what was refused or not delivered, in order."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            return self._left()

    def _left(self) -> list[Record]:
        return [*self._refused, *self._waiting]

    def _append(self, path: Path, records: Iterable[Record]) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(_lines(records))
        except OSError as error:  # a full disk: what is in memory is delivered all the same
            self._journal = None
            self._complain(error)

    def _work(self) -> None:
        while (record := self._next()) is not None:
            try:
                self._deliver(record)
            except Refused as error:
                self._settle(refused=record)
                self._say(error)
            except Exception as error:
                self._say(error)
                self._pause()
            else:
                self._settle()

    def _next(self) -> Record | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            return None if self._closed else self._waiting[0]

    def _settle(self, refused: Record | None = None) -> None:
        with self._changed:
            if not self._closed:
                self._waiting.popleft()
                if refused is not None:
                    self._refused.append(refused)
                if self._journal is not None and not self._waiting:  # not each time: a file is written as a whole
                    with suppress(OSError):  # delivering again what it holds too much does no harm
                        keep(self._refused, self._journal)
            self._failures = 0
            self._last_progress = time.monotonic()
            self._changed.notify_all()

    def _pause(self) -> None:
        with self._changed:
            pause_s = min(FIRST_PAUSE_S * 2.0**self._failures, LONGEST_PAUSE_S)
            self._failures += 1
            self._changed.notify_all()
            until = time.monotonic() + pause_s
            while not self._closed and (left_s := until - time.monotonic()) > 0:
                if self._hurry and left_s > FIRST_PAUSE_S:
                    until -= left_s - FIRST_PAUSE_S
                else:
                    self._changed.wait(left_s)

    def _say(self, error: Exception) -> None:
        refusal = isinstance(error, Refused)
        if refusal not in self._complaints:
            self._complaints.add(refusal)
            self._complain(error)


def keep(records: Iterable[Record], path: Path) -> None:
    """Writes the records as JSON lines; no records, no file."""
    if not (lines := _lines(records)):
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(lines, encoding="utf-8")
    part.replace(path)


def kept(path: Path) -> list[Record]:
    """The records of a file that `keep` wrote or an `Outbox` was writing; none if there is no such file."""
    if not path.exists():
        return []
    *whole, _ = path.read_text(encoding="utf-8").split("\n")  # _: of a process that was killed while it wrote
    return [json.loads(line) for line in whole]


def _lines(records: Iterable[Record]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)
