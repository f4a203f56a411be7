"""What every benchmark of the project shares: rows measured round after round, their limits, the table, the JSON."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import statistics
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parents[2] / "build"
WIDTH = 120
LINE = "{:<22} {:>9} {:<4} {:>6} {:>6} {:>6}"

Facts = dict[str, float]  # "value" is the row's number, the others are its conditions


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a value should reach and what it must; as upper limits when ``at_most``."""

    goal: float
    floor: float | None
    at_most: bool

    def met(self, value: float) -> str:
        """The best one reached."""
        for name, limit in ("goal", self.goal), ("floor", self.floor):
            if limit is not None and (value <= limit if self.at_most else value >= limit):
                return name
        return "NO"


def at_least(goal: float, floor: float) -> Limits:
    """Limits of a rate."""
    return Limits(goal, floor, at_most=False)


def at_most(goal: float, floor: float | None = None) -> Limits:
    """Limits of a cost."""
    return Limits(goal, floor, at_most=True)


class Round(dict[str, Facts]):
    """One round's measurements by row; a row is measured when it is first asked for."""

    def __init__(self, rows: dict[str, Row]) -> None:
        super().__init__()
        self._rows = rows

    def __missing__(self, name: str) -> Facts:
        self[name] = self._rows[name].measure(name, self)
        return self[name]


Measure = Callable[[str, Round], Facts]


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table; what has no limits explains others. A long measurement is taken in one round only."""

    unit: str
    what: str
    measure: Measure
    once: bool = False


def ratio(above: str, below: str, fact: str = "value") -> Measure:
    """A fact of one row over that of another in the same round."""

    def measure(_: str, rows: Round) -> Facts:
        over, under = rows[above][fact], rows[below][fact]
        return {"value": over / under, above: over, below: under}

    return measure


@dataclasses.dataclass(frozen=True)
class Benchmark:
    """Rows interleaved in one run. The first round only warms up; a value is the median of the others."""

    about: str
    rows: dict[str, Row]
    budget: dict[str, Limits]
    output: Path

    def main(self) -> None:
        """Plays, prints, writes."""
        parser = argparse.ArgumentParser(description=self.about)
        parser.add_argument("--rounds", type=int, default=5, help="after one to warm up (default 5, at least 3)")
        parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains this")
        parser.add_argument("--output", type=Path, default=self.output, help=f"default build/{self.output.name}")
        arguments = parser.parse_args()
        if arguments.rounds < 3:
            parser.error(f"--rounds must be >= 3, but it is {arguments.rounds}")
        names = [name for name in self.rows if arguments.only in name]
        if not names:
            parser.error(f"--only must be part of a row's name, but it is {arguments.only}: {', '.join(self.rows)}")
        print(_machine())
        played = self._play(names, arguments.rounds)
        found = [self._entry(name, [measured[name] for measured in played if name in measured]) for name in names]
        print(LINE.format("name", "value", "unit", "goal", "floor", "met"), *map(self._text, found), sep="\n")
        arguments.output.write_text(json.dumps(found, indent=1) + "\n")

    def _play(self, names: list[str], rounds: int) -> list[Round]:
        """All rows in turn, round after round."""
        played = [Round(self.rows) for _ in range(rounds + 1)]
        for i, measured in enumerate(played):
            print(f"round {i} of {rounds}" if i else "warm-up", flush=True)
            for name in names:
                if i == rounds or not self.rows[name].once:
                    measured[name]
        return played[1:]

    def _entry(self, name: str, samples: list[Facts]) -> dict[str, Any]:
        """A row of the JSON: medians over the rounds; ``low`` and ``high`` are the value's range."""
        facts = {key: statistics.median(facts[key] for facts in samples) for key in samples[0]}
        values = [facts["value"] for facts in samples]
        value = facts.pop("value")
        facts |= {"rounds": len(values), "low": min(values), "high": max(values)}
        limits = self.budget.get(name)
        return {
            "name": name,
            "value": value,
            "unit": self.rows[name].unit,
            "goal": limits and limits.goal,
            "floor": limits and limits.floor,
            "conditions": {"what": self.rows[name].what, **facts},
        }

    def _text(self, row: dict[str, Any]) -> str:
        """A row for reading: its numbers, and below them the conditions."""
        name, value, limits = row["name"], row["value"], self.budget.get(row["name"])
        met = limits.met(value) if limits else ""
        head = LINE.format(name, _number(value), row["unit"], _number(row["goal"]), _number(row["floor"]), met)
        what, *facts = row["conditions"].items()
        said = ", ".join(f"{_number(fact)} {key.replace('_', ' ')}" for key, fact in facts)
        below = textwrap.wrap(f"{what[1]}: {said}", WIDTH, initial_indent="    ", subsequent_indent="    ")
        return "\n".join([head.rstrip(), *below])


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _machine() -> str:
    """What the numbers hold for."""
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{names[0]}, {len(names)} cores, load {os.getloadavg()[0]:.2f} before the start"
