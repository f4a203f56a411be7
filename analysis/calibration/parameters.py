"""The numbers of a flow by name, and how each of them was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.calibration import hawkes
from analysis.calibration.direct import Flow
from analysis.calibration.estimate import BOTH, DIRECT, KEPT, SHOWN, SIMULATED, Estimate

ROUNDING = 1e-9
LEFT_OUT = ("limit_sizes", "sizes", "intraday", "decay")  # distributions, and what is not estimated


def parameters(flow: Flow) -> dict[str, float]:
    """Every number by its path under `market.book.realistic`; of lists ``path.k``, of children ``hawkes.LM``."""
    return dict(_leaves("", flow))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, dict):
        for name, below in value.items():
            if name not in LEFT_OUT:
                yield from _leaves(f"{path}.{name}" if path else name, below)
    elif path == "hawkes.branching":
        for child, row in zip(hawkes.KINDS, value, strict=True):
            for parent, number in zip(hawkes.KINDS, row, strict=True):
                yield f"hawkes.{child}{parent}", float(number)
    elif isinstance(value, list):
        for k, below in enumerate(value):
            yield from _leaves(f"{path}.{k}", below)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, float(value)


def found(start: Flow, begun: Flow, ended: Flow, direct: Mapping[str, Estimate]) -> dict[str, Estimate]:
    """Each number of the flow that was found, ``ended``, and how.

    Args:
        start: the flow of the profile.
        begun: the one that the search began with.
        ended: the one that it found.
        direct: what was estimated directly.

    """
    before, first, table = parameters(start), parameters(begun), dict[str, Estimate]()
    for name, value in parameters(ended).items():
        searched = not _same(value, first[name])
        if name in direct:
            error, ratio = direct[name].error, value / first[name] if first[name] else 1.0
            table[name] = Estimate(value, error and error * ratio, BOTH if searched else DIRECT)
        elif searched:
            table[name] = Estimate(value, None, SIMULATED)
        else:
            table[name] = Estimate(value, None, KEPT if _same(value, before[name]) else SHOWN)
    return table | {name: one for name, one in direct.items() if name not in table}


def _same(first: float, second: float) -> bool:
    return abs(first - second) <= ROUNDING * abs(second)
