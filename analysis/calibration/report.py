"""A calibrated market on the screen: what was found and how, and how like the recording it is, before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.table import Table

from analysis.calibration.distances import Distance
from analysis.facts import FACTS

if TYPE_CHECKING:
    from analysis.calibration.realistic import Result

WIDTH = 120  # columns


def console() -> Console:
    """Of standard output; a log file has no width of its own."""
    found = Console()
    if not found.is_terminal:
        found.width = WIDTH
    return found


def show(result: Result) -> None:
    """Prints it."""
    screen = console()
    events = result.recording.events
    screen.print(
        f"{result.recording.name}: {len(events.time)} events in {events.seconds:.0f} s, "
        f"{'the whole book' if result.recording.whole_book else 'the best prices alone'}; started from {result.start}",
        highlight=False,
    )
    screen.print(_estimates(result))
    if result.not_identified:
        screen.print(_not_identified(result))
    screen.print(_distances(result))
    screen.print(_moments(result))
    screen.print(_facts(result), highlight=False)


def _estimates(result: Result) -> Table:
    table = Table(title="what was found")
    table.add_column("parameter")
    for heading in ("value", "s.e."):
        table.add_column(heading, justify="right")
    table.add_column("how")
    for name, one in result.estimates.items():
        table.add_row(name, f"{one.value:.4g}", "-" if one.error is None else f"{one.error:.2g}", one.how)
    return table


def _not_identified(result: Result) -> Table:
    table = Table(title=f"not identified: kept from {result.start}, or no more than a start for simulated moments")
    table.add_column("parameter")
    table.add_column("why")
    for name, why in result.not_identified.items():
        table.add_row(name, why)
    return table


def _distances(result: Result) -> Table:
    """Every row and their mean: L1 of 20 bins / W1 in sd / Kolmogorov-Smirnov."""
    table = Table(title="distance from the recording: L1 of 20 bins / W1 in sd / K-S")
    table.add_column("")
    columns = {f"{result.start}, as it is": result.before.distances, "calibrated": result.after.distances}
    if result.rest is not None:
        columns["rest of the recording"] = result.rest
    for heading in columns:
        table.add_column(heading, justify="right")
    for name in result.after.distances:
        table.add_row(name, *(_cell(found[name]) for found in columns.values()))
    table.add_section()
    table.add_row("mean", *(_cell(mean(found)) for found in columns.values()))
    return table


def mean(found: dict[str, Distance]) -> Distance:
    """Over the distributions."""
    values = np.array([[one.bins, one.wasserstein, one.kolmogorov] for one in found.values()]).mean(axis=0)
    return Distance(*values.tolist())


def _cell(distance: Distance) -> str:
    return f"{distance.bins:.2f} / {distance.wasserstein:.3f} / {distance.kolmogorov:.3f}"


def _moments(result: Result) -> Table:
    table = Table(title="moments")
    table.add_column("")
    for heading in ("recorded", f"{result.start}, as it is", "calibrated"):
        table.add_column(heading, justify="right")
    for name, value in result.recorded.items():
        before, after = result.before.moments[name], result.after.moments[name]
        table.add_row(name, f"{value:.3g}", f"{before:.3g}", f"{after:.3g}")
    return table


def _facts(result: Result) -> str:
    return (
        f"{len(result.facts_held)} of {len(FACTS)} facts hold, {len(result.facts_recorded)} in the recording; "
        f"lost: {', '.join(result.facts_lost) or 'none'}"
    )
