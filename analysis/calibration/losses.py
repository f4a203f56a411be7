"""The losses of the markets that a search has tried, on disk: it goes on from there after an interruption.

What is proposed next follows from the seed and the losses alone, so nothing else needs to be kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from config import UserError


class Losses:
    """A file of one line that says of which search, and then of a number a line."""

    def __init__(self, path: Path, search: dict[str, Any]) -> None:
        self._path = path
        self.known: list[float] = []  # of before
        header = json.dumps(search, sort_keys=True)
        try:
            if path.exists():
                self._read(header)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join([header, *map(repr, self.known)]) + "\n", encoding="utf-8")
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror}") from None

    def _read(self, header: str) -> None:
        first, *lines = self._path.read_text(encoding="utf-8", errors="replace").split("\n")
        try:
            if first != header:
                raise ValueError
            self.known = [float(line) for line in lines[:-1]]  # the last one was cut off if it is not empty
        except ValueError:
            raise UserError(
                f"{self._path} must be what a calibration with these data and options has left for it to go on, but it "
                f"is of others: remove it or give another out"
            ) from None

    def add(self, loss: float) -> None:
        """One more."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{loss!r}\n")

    def done(self) -> None:
        """The search is over: the file goes."""
        self._path.unlink(missing_ok=True)
