"""Several trainings against the rules: the interval is that over trainings, and differences are paired."""

from __future__ import annotations

import numpy as np
import pytest

import config
import engine
from analysis import repetition
from analysis.__main__ import COMMANDS
from analysis.policy import Rule
from config import cli

WORDS = ["market=book", "evaluation.episodes=64", "evaluation.tuning_episodes=16", "evaluation.tuning_candidates=32"]


def test_the_interval_is_students_over_trainings():
    found = repetition.over_trainings(np.array([1.0, 2.0, 3.0]), 0.95)
    reach = 4.302653 * np.std([1, 2, 3], ddof=1) / np.sqrt(3)
    assert (found.mean, found.low, found.high) == pytest.approx((2, 2 - reach, 2 + reach))


def test_a_policy_against_itself_differs_by_nothing():
    """Played twice, the rules stand for two trainings: one like each rule, one a little deeper."""
    chosen = config.load(WORDS)
    policies = [Rule.of(f"half-spread {half}", engine.Strategy.constant(half), chosen) for half in (0.9, 1.1)]
    found = repetition.repetition(policies, chosen)
    assert [versus.rule for versus in found][:2] == ["do nothing", "constant spread"]
    skew = found[2]
    assert (skew.means < 0).all()  # a constant spread is worse than a skew
    assert (skew.means == skew.without_luck).all()  # prices that know nothing of trades have none
    assert 0 < skew.variance_ratio < 1  # on the same episodes
    text = repetition.table(found, chosen)
    assert text.row_count == len(found)


def test_without_a_policy_there_is_nothing_to_evaluate():
    with pytest.raises(config.UserError, match="evaluate needs policy=PATH"):
        cli.call(COMMANDS, ["evaluate"])
