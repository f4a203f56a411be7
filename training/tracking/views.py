"""What MLflow's pages show first: an experiment's shared view, in the format that the "share" button writes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from analysis.measures import HELD_OUT, REWARD, TUNING

VIEW = "overview"  # name of the one that is always there
TAG = "mlflow.sharedViewState."
BARS = [HELD_OUT + name for name in (REWARD, "pnl", "mean_abs_inventory", "gap")]
COLUMNS = [*BARS, "train/return", "time/steps_per_s"]
LINES = ["train/return", "market/abs_inventory", "train/gap"]
OBJECTIVE = TUNING + REWARD  # of a sweep
REST = dict.fromkeys(("final", "train", "market", "time", "tuning", "gap"), False)  # sections by prefix, closed
MOST_RUNS = 30  # in one bar chart


def overview() -> dict[str, str]:
    """The tag of an experiment that shows its runs: columns of their table, and cards of the chart page."""
    return {f"{TAG}{VIEW}": json.dumps(_state(_held_out() | _curves()))}


def of_sweep(group: str, searched: Sequence[str]) -> dict[str, str]:
    """The tag that shows the trials of a sweep, which have its id as their tag ``group``, the best first.

    ``searched`` are the parameters that the trials differ in.
    """
    trials = {"searchFilter": f"tags.group = '{group}'", "orderByKey": f"metrics.`{OBJECTIVE}`", "orderByAsc": False}
    return {f"{TAG}{group}": json.dumps(_state(_search(searched) | _curves()) | trials)}


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


def _search(searched: Sequence[str]) -> Cards:
    section = "What was searched"
    shown = {"selectedParams": list(searched), "selectedMetrics": [OBJECTIVE], "showAllRuns": True}
    return {section: [_card("PARALLEL", section, OBJECTIVE, **shown)]}


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
