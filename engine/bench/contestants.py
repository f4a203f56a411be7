"""Who plays a round: batches in this process, and children that answer line by line."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

import config
import engine
from engine.bench.frame import BUILD, Facts
from engine.bench.players import Player, VectorPlayer

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers"
PEERS_PYTHON = (BUILD / "peers" / "bin" / "python", "-W", "ignore")

BOOK = ("market=book",)  # about 20 events a step
PLAIN = (*BOOK, "market.book.flow.efficient_price=null")  # the same, of Poisson streams and nothing else
LAYERED = ("market=layered",)  # the same
PROFILES = ("small_tick", "large_tick")  # some two events a step, as AAPL had them
LAYERS = (
    "metaorders",
    "value",
    "impact",
    "stale",
    "informed",
    "hawkes",
    "reactions",
    "log_activity",
    "intraday",
)
# Of a profile what is left without its layers: Poisson orders of every patience and size around the best prices.
BARE = ("market.book.signal=null", *(f"market.book.realistic.{layer}=null" for layer in LAYERS))
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
def micro(words: tuple[str, ...] = PLAIN) -> Child:
    """The C++ micro benchmarks of a book market."""
    return Child(BUILD / "bench" / "mm_bench", *_arguments(config.load(words).scenario()))


def _book(words: tuple[str, ...]) -> config.BookConfig:
    book = config.load(words).market.book
    assert book is not None
    return book


def _arguments(params: Any, prefix: str = "") -> Iterator[str]:
    """Every number of a struct of the engine by its full name, matrices row by row, enums by their number."""
    for name, _, _ in params.describe():
        value = getattr(params, name)
        if hasattr(value, "describe"):
            yield from _arguments(value, f"{prefix}{name}.")
        elif value is not None:
            numbers = np.ravel(value.value if isinstance(value, Enum) else value)
            yield f"{prefix}{name}={','.join(repr(float(number)) for number in numbers)}"


@functools.cache
def envpool() -> Child:
    """CartPole-v1."""
    return Child(*PEERS_PYTHON, PEERS / "cartpole.py")


@functools.cache
def hftbacktest() -> Child:
    """An L3 backtest of the messages of our own book: both see the same flow."""
    book = _book(BOOK)
    feed = BUILD / "bench" / "feed.npy"
    np.save(feed, engine.simulate_messages(book.params(), lot=1, tick=1, seed=1, seconds=FEED_S))
    times_ms = config.load(BOOK).simulation.decision_interval_ms, book.latency_ms
    return Child(*PEERS_PYTHON, PEERS / "backtest.py", feed, *(str(int(1e6 * ms)) for ms in times_ms))
