"""Who plays a round: batches in this process, and children that answer line by line."""

from __future__ import annotations

import dataclasses
import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import config
import engine
import envs
from engine.bench.frame import BUILD, Facts
from engine.bench.players import Player, VectorPlayer

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
PEERS_PYTHON = (BUILD / "peers" / "bin" / "python", "-W", "ignore")

BOOK = ("market=book", "simulation.decision_interval_ms=82")  # about 20 events a step
LAYERED = ("market=layered", "simulation.decision_interval_ms=92")  # the same
REDUCED_FORM = ("market=gt1",)
FEED_S = 4100.0  # of market time that hftbacktest replays in a round

batch = functools.cache(Player)
vector_env = functools.cache(VectorPlayer)


class Child:
    """A process that plays one round for each line it gets, and answers with one line of JSON."""

    def __init__(self, *command: str | Path) -> None:
        if not Path(command[0]).exists():
            raise SystemExit(f"{command[0]} is missing: run 'make bench'")
        self._command = " ".join(map(str, command))
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, row: str = "") -> Facts:
        """One round of a row."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(row, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"it ended without an answer: {self._command}")
        facts: Facts = json.loads(answer)
        return facts


@functools.cache
def micro(words: tuple[str, ...] = BOOK) -> Child:
    """The C++ micro benchmarks of a book market."""
    numbers = dataclasses.asdict(_book(words)) | dataclasses.asdict(config.load(words).simulation)
    return Child(BUILD / "bench" / "mm_bench", *_arguments(numbers))


def _book(words: tuple[str, ...]) -> config.BookConfig:
    book = config.load(words).market.book
    assert book is not None
    return book


def _arguments(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Every number of a section by its full name, matrices row by row."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _arguments(value, f"{prefix}{key}.")
        elif isinstance(value, list | int | float):
            yield f"{prefix}{key}={','.join(repr(float(x)) for x in np.ravel(value))}"


@functools.cache
def envpool() -> Child:
    """CartPole-v1."""
    return Child(*PEERS_PYTHON, PEERS / "cartpole.py")


@functools.cache
def hftbacktest() -> Child:
    """An L3 backtest of the messages of our own book: both see the same flow."""
    book = _book(BOOK)
    feed = BUILD / "bench" / "feed.npy"
    np.save(feed, engine.simulate_messages(envs.book(book), lot=1, tick=1, seed=1, seconds=FEED_S))
    times_ms = config.load(BOOK).simulation.decision_interval_ms, book.latency_ms
    return Child(*PEERS_PYTHON, PEERS / "backtest.py", feed, *(str(int(1e6 * ms)) for ms in times_ms))
