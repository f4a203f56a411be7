"""What MLflow's pages show first: an experiment's shared view, in the format that the "share" button writes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

VIEW = "overview"  # name of the one that is always there
TAG = "mlflow.sharedViewState."
COLUMNS = ["final/reward", "final/pnl", "final/mean_abs_inventory", "final/gap", "train/return", "time/steps_per_s"]
BARS = ["final/reward", "final/pnl", "final/mean_abs_inventory", "final/gap"]
LINES = ["train/return", "market/abs_inventory", "train/gap"]
OBJECTIVE = "tuning/reward"  # of a sweep
SWEEP = {
    "selectedParams": ["market_maker.inventory_skew", "market_maker.alpha_skew", "agent.inventory_penalty"],
    "selectedMetrics": [OBJECTIVE],
    "showAllRuns": True,  # also beyond the first ones
}
REST = dict.fromkeys(("final", "train", "market", "time", "tuning", "gap"), False)  # sections by prefix, closed
MOST_RUNS = 30  # in one bar chart


def overview() -> dict[str, str]:
    """The tag of an experiment that shows its runs: columns of their table, and cards of the chart page."""
    return {f"{TAG}{VIEW}": json.dumps(_state(_held_out() | _curves()))}


def of_sweep(group: str) -> dict[str, str]:
    """The tag that shows the trials of a sweep, which have its id as their tag ``group``, the best first."""
    trials = {"searchFilter": f"tags.group = '{group}'", "orderByKey": f"metrics.`{OBJECTIVE}`", "orderByAsc": False}
    return {f"{TAG}{group}": json.dumps(_state(_search() | _curves()) | trials)}


def address(view: str, experiment_id: str) -> str:
    """The chart page in that view, relative to the server's own address."""
    words = {"workflowType": "machine_learning", "viewStateShareKey": view, "compareRunsMode": "CHART"}
    return f"#/experiments/{experiment_id}/runs?{urlencode(words)}"


Cards = dict[str, list[dict[str, Any]]]  # by section


def _held_out() -> Cards:
    section = "Held-out episodes"
    return {section: [_card("BAR", section, key, metricKey=key) for key in BARS]}


def _curves() -> Cards:
    section = "Learning curves"
    return {section: [_card("LINE", section, key, **_line(key)) for key in LINES]}


def _search() -> Cards:
    section = "What was searched"
    return {section: [_card("PARALLEL", section, OBJECTIVE, **SWEEP)]}


def _state(cards: Cards) -> dict[str, Any]:
    sections = dict.fromkeys(cards, True) | REST
    return {
        "selectedColumns": [*(f"metrics.`{name}`" for name in COLUMNS), "attributes.`Models`"],
        "compareRunCharts": [card for section in cards.values() for card in section],
        "compareRunSections": [
            {"uuid": name, "name": name, "display": shown, "isReordered": False} for name, shown in sections.items()
        ],
        "runsHiddenMode": "FIRST_20_RUNS",  # are drawn
        "isAccordionReordered": True,  # else the sections would be sorted by name
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
