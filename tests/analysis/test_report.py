"""What a comparison says beside its table."""

from __future__ import annotations

import re

import pytest

import config
import engine
from analysis import report
from analysis.measures import reward, skill
from analysis.policy import Rule

SMALL = ["simulation.episode_steps=100", "evaluation.episodes=48", "evaluation.tuning_episodes=8"]
SMALL += ["evaluation.tuning_candidates=32", "evaluation.inventory_penalty=0"]


def compared(*words):
    chosen = config.load([*SMALL, *words])
    rule = Rule.of("ours", engine.Strategy.constant(9.0), chosen)
    return report.compare(rule, chosen), chosen


def test_differences_are_told_without_luck_where_there_is_any():
    comparison, chosen = compared("market=small_tick", "market.book.warmup_s=20")
    said = " ".join(report.text(comparison, chosen).split())
    assert re.search(r"less do nothing: [^;]*(better|worse|not to be told apart); luck left out ", said)
    raw, fair = comparison.differences["do nothing"], comparison.without_luck["do nothing"]
    ours = comparison.results["ours"]
    assert fair.mean == pytest.approx(skill(ours).mean())
    assert raw.mean == pytest.approx(reward(ours).mean())
    assert fair.mean != raw.mean


def test_nothing_is_said_of_luck_where_there_is_none():
    comparison, chosen = compared("market=book")
    assert comparison.without_luck == {}
    assert "luck" not in report.text(comparison, chosen)
