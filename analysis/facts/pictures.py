"""The facts as curves, of several streams of events in the same axes.

Every logarithmic axis has its limits: of a stream too short for a statistic nothing is left to take them from.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import erfc
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.facts import statistics as s
from analysis.facts.events import Events
from analysis.tape import Floats
from config import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INTERVALS_S = np.array([0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 300])
LAGS_S = np.arange(1, 61)
TRADE_LAGS = np.unique(np.round(np.geomspace(1, 200, 30)).astype(int))


def draw(streams: Mapping[str, Events], path: Path) -> Path:
    """Writes the page.

    Raises:
        UserError: it cannot be written.

    """
    from matplotlib.figure import Figure  # here: it takes a second, which the table need not wait for

    figure = Figure(figsize=(20, 8.8), layout="constrained")
    axes = figure.subplots(2, 4).ravel()
    panels = (_returns, _memory, _signs, _signature, _response, _gaps, _shape, _queue)
    for axis, panel in zip(axes, panels, strict=True):
        panel(axis, streams)
    axes[0].legend()
    figure.suptitle(" beside ".join(streams))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise UserError(f"plot must be a file to write to, but {path} is not: {error.strerror}") from None
    return path


def _tail(values: Floats) -> tuple[Floats, Floats]:
    """The values in order, and the share of them that is no smaller than each."""
    return np.sort(values), np.arange(len(values), 0, -1) / max(len(values), 1)


def _returns(axis: Axes, streams: Mapping[str, Events]) -> None:
    """In units of their root mean square, beside a normal's."""
    for name, events in streams.items():
        moves = np.diff(events.mid_at(np.arange(0, events.seconds, 1.0)))
        if np.any(moves):
            axis.plot(*_tail(np.abs(moves[moves != 0]) / np.sqrt(np.mean(moves**2))), label=name)
    x = np.geomspace(0.1, 5, 100)
    axis.plot(x, [erfc(value / 2**0.5) for value in x], color="grey", linewidth=0.8, label="normal")
    axis.set(
        xscale="log",
        yscale="log",
        title="1 s returns of the mid",
        xlabel="size of the move (root mean squares)",
        ylabel="share of moves that are larger",
        xlim=(0.1, 30),
        ylim=(1e-5, 1.2),
    )


def _memory(axis: Axes, streams: Mapping[str, Events]) -> None:
    for name, events in streams.items():
        moves = np.diff(events.mid_at(np.arange(0, events.seconds, 1.0)))
        (line,) = axis.plot(LAGS_S, [s.autocorrelation(np.abs(moves), int(lag)) for lag in LAGS_S], label=name)
        values = [s.autocorrelation(moves, int(lag)) for lag in LAGS_S]
        axis.plot(LAGS_S, values, color=line.get_color(), linestyle=":")
    axis.axhline(0, color="grey", linewidth=0.6)
    axis.set(title="memory of |1 s returns|; dotted: of 1 s returns", xlabel="lag (s)", ylabel="autocorrelation")


def _signs(axis: Axes, streams: Mapping[str, Events]) -> None:
    signs = {name: events.market_orders.sign for name, events in streams.items()}
    for name, values in signs.items():
        axis.plot(TRADE_LAGS, [s.autocorrelation(values, int(lag)) for lag in TRADE_LAGS], label=name)
    axis.set_yscale("symlog", linthresh=0.01)  # noise around 0 has no logarithm
    axis.set(
        xscale="log",
        xlim=(0.9, 250),
        ylim=(-0.1, 1),
        title="memory of the signs of market orders",
        xlabel="lag (market orders)",
        ylabel="autocorrelation",
    )


def _signature(axis: Axes, streams: Mapping[str, Events]) -> None:
    for name, events in streams.items():
        axis.plot(INTERVALS_S, [s.signature(events, float(i)) for i in INTERVALS_S], marker="o", label=name)
    axis.axhline(1, color="grey", linewidth=0.6)
    axis.set(
        xscale="log",
        xlim=(0.08, 400),
        title="signature plot",
        xlabel="interval (s)",
        ylabel="realised variance over that at 300 s",
    )


def _response(axis: Axes, streams: Mapping[str, Events]) -> None:
    """In units of the spread."""
    for name, events in streams.items():
        values = np.array([s.response(events, int(lag)) for lag in TRADE_LAGS])
        axis.plot(TRADE_LAGS, values / s.spread(events), label=name)
    axis.axhline(0, color="grey", linewidth=0.6)
    axis.set(
        xscale="log",
        xlim=(0.9, 250),
        title="response to a market order",
        xlabel="lag (market orders)",
        ylabel="move of the mid to its side (mean spreads)",
    )


def _gaps(axis: Axes, streams: Mapping[str, Events]) -> None:
    """In units of their mean, beside the exponential law of a Poisson stream."""
    for name, events in streams.items():
        gaps = np.diff(np.unique(events.time))
        axis.plot(*_tail(gaps / s.mean(gaps)), label=name)
    x = np.geomspace(1e-4, 20, 200)
    axis.plot(x, np.exp(-x), color="grey", linewidth=0.8, label="Poisson")
    axis.set(
        xscale="log",
        yscale="log",
        xlim=(1e-6, 300),
        ylim=(1e-5, 1.2),
        title="intervals between events",
        xlabel="length (mean intervals)",
        ylabel="share of intervals that are longer",
    )
    axis.legend()


def _shape(axis: Axes, streams: Mapping[str, Events]) -> None:
    for name, events in streams.items():
        values = s.shape(events)[1:]
        axis.plot(np.arange(1, len(values) + 1), values, marker=".", label=name)
    axis.set(
        ylim=(0, None),
        title="shape of the book",
        xlabel="distance behind the best (ticks)",
        ylabel="mean depth over that at the best",
    )


def _queue(axis: Axes, streams: Mapping[str, Events]) -> None:
    for name, events in streams.items():
        colour = None
        for horizon, style in ((1, "-"), (5, ":")):
            found = s.queue_markouts(events, horizon)
            drawn = axis.errorbar(
                found.ahead,
                found.markout,
                found.error,
                color=colour,
                linestyle=style,
                marker="o",
                capsize=2,
                label=f"{name}, {horizon} s",
            )
            colour = drawn.lines[0].get_color()
    axis.axhline(0, color="grey", linewidth=0.6)
    axis.margins(x=0.2)
    axis.set_xscale("symlog", linthresh=0.1)  # many have nobody before them
    axis.set(
        xlim=(-0.02, None),
        title="markouts by place in the queue",
        xlabel="size ahead of the order when it was placed (lots)",
        ylabel="move after its fill to its favour (ticks)",
    )
    axis.legend()
