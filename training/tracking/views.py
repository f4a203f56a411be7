"""What MLflow's pages show first: an experiment's shared view, in the format that the "share" button writes."""

from __future__ import annotations

import json
from typing import Any

VIEW = "overview"  # its name in the address of a page
TAG = f"mlflow.sharedViewState.{VIEW}"
COLUMNS = ["final/reward", "final/pnl", "final/mean_abs_inventory", "final/gap", "train/return", "time/steps_per_s"]
BARS = {"final/reward": "reward", "final/pnl": "PnL", "final/mean_abs_inventory": "mean |q|", "final/gap": "gap"}
LINES = {"train/return": "train/return", "market/abs_inventory": "|q|", "train/gap": "train/gap"}
SEARCHED = ["market_maker.inventory_skew", "market_maker.alpha_skew", "agent.inventory_penalty"]
OBJECTIVE = "tuning/reward"
SECTIONS = {  # name: whether it is open
    "Held-out episodes": True,
    "Learning curves": True,
    "Sweeps": True,
    **dict.fromkeys(("final", "train", "market", "time", "tuning", "gap"), False),  # all the rest, by its prefix
}
MOST_RUNS = 30  # in one bar chart


def overview() -> dict[str, str]:
    """The experiment's tags: columns of the table of runs, and cards of the chart page."""
    return {TAG: json.dumps(_state())}


def _state() -> dict[str, Any]:
    held_out, curves, sweeps, *_ = SECTIONS
    cards = [
        *(_card("BAR", held_out, label, metricKey=key) for key, label in BARS.items()),
        *(_card("LINE", curves, label, **_line(key)) for key, label in LINES.items()),
        _card("PARALLEL", sweeps, "skews and penalty", selectedParams=SEARCHED, selectedMetrics=[OBJECTIVE]),
    ]
    return {
        "selectedColumns": [*(f"metrics.`{name}`" for name in COLUMNS), "attributes.`Models`"],
        "compareRunCharts": cards,
        "compareRunSections": [
            {"uuid": name, "name": name, "display": shown, "isReordered": False} for name, shown in SECTIONS.items()
        ],
        "hideEmptyCharts": True,
    }


def _card(kind: str, section: str, label: str, **own: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "uuid": f"{kind}-{label}",
        "displayName": label,
        "metricSectionId": section,
        "runsCountToCompare": MOST_RUNS,
        "deleted": False,
        "isGenerated": False,
        **own,
    }


def _line(key: str) -> dict[str, Any]:
    return {
        "metricKey": key,
        "selectedMetricKeys": [key],
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }
