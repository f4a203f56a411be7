"""`make bench`: the speed and memory budget, ours and the pip peers interleaved in one run, into build/bench.json.

A round plays every row once; the first only warms up, and a value is the median of the others.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import textwrap
from pathlib import Path
from typing import Any

from engine.bench.contestants import BUILD
from engine.bench.players import Facts
from engine.bench.rows import BUDGET, ROWS, Round

WIDTH = 120
LINE = "{:<20} {:>9} {:<4} {:>6} {:>6} {:>6}"


def play(names: list[str], rounds: int) -> list[Round]:
    """All rows in turn, round after round."""
    played = [Round() for _ in range(rounds + 1)]
    for i, measured in enumerate(played):
        print(f"round {i} of {rounds}" if i else "warm-up", flush=True)
        for name in names:
            measured[name]
    return played[1:]


def entry(name: str, samples: list[Facts]) -> dict[str, Any]:
    """A row of the JSON: medians over the rounds; ``low`` and ``high`` are the value's range."""
    facts = {key: statistics.median(facts[key] for facts in samples) for key in samples[0]}
    values = [facts["value"] for facts in samples]
    value = facts.pop("value")
    facts |= {"rounds": len(values), "low": min(values), "high": max(values)}
    limits = BUDGET.get(name)
    return {
        "name": name,
        "value": value,
        "unit": ROWS[name].unit,
        "goal": limits and limits.goal,
        "floor": limits and limits.floor,
        "conditions": {"what": ROWS[name].what, **facts},
    }


def text(row: dict[str, Any]) -> str:
    """A row for reading: its numbers, and below them the conditions."""
    name, value, limits = row["name"], row["value"], BUDGET.get(row["name"])
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


def machine() -> str:
    """What the numbers hold for."""
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{names[0]}, {len(names)} cores, load {os.getloadavg()[0]:.2f} before the start"


def main() -> None:
    """Plays, prints, writes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="after one to warm up (default 5, at least 3)")
    parser.add_argument("--only", default="", metavar="NAME", help="rows whose name contains this")
    parser.add_argument("--output", type=Path, default=BUILD / "bench.json", help="default build/bench.json")
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be >= 3, but it is {arguments.rounds}")
    names = [name for name in ROWS if arguments.only in name]
    if not names:
        parser.error(f"--only must be part of a row's name, but it is {arguments.only}: {', '.join(ROWS)}")
    print(machine())
    played = play(names, arguments.rounds)
    rows = [entry(name, [measured[name] for measured in played]) for name in names]
    print(LINE.format("name", "value", "unit", "goal", "floor", "met"), *map(text, rows), sep="\n")
    arguments.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
