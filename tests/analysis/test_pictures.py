"""Pictures of a comparison show what was played."""

from __future__ import annotations

import io

import numpy as np
import pandas
import pytest
from matplotlib import image

import config
from analysis import pictures, report, rules
from analysis.policy import Rule

SMALL = ["market=gt1", "simulation.episode_steps=40", "evaluation.episodes=64", "evaluation.tuning_candidates=32"]


@pytest.fixture(scope="module")
def settings():
    return config.load(SMALL)


@pytest.fixture(scope="module")
def comparison(settings):
    (skewed,) = (family for family in rules.families(settings) if family.name == "linear skew")
    learned = skewed.rule(0.7, 2.0, name="learned")
    return report.compare(learned, settings)


@pytest.mark.parametrize("curve", [[], [(100, 1.0)], [(100, 1.0), (200, 2.0)]])
def test_every_picture_is_a_picture(comparison, settings, curve):
    drawn = pictures.draw(comparison, curve, settings)
    assert set(drawn) == {"quotes.png", "inventory_and_pnl.png", "learning_curve.png"}
    for content in drawn.values():
        pixels = image.imread(io.BytesIO(content))
        assert min(pixels.shape[:2]) > 300
        assert pixels[..., :3].std() > 0.05  # and not one colour


def test_the_quotes_that_are_drawn_are_those_of_the_rule(settings):
    """Of a rule that does not look at the time: one depth for each inventory, whatever the market did."""
    (skewed,) = (family for family in rules.families(settings) if family.name == "linear skew")
    rule: Rule = skewed.rule(0.7, 2.0)
    watched = pictures._watch(rule, settings)
    for side in (0, 1):
        lots, low, mean, high = pictures._by_inventory(watched, side)
        expected = rule.strategy(np.zeros_like(lots), lots, np.zeros_like(lots))[:, side]
        assert len(lots) > 3
        np.testing.assert_allclose(mean, expected, atol=1e-5)
        np.testing.assert_allclose(low, high, atol=1e-5)


def test_who_never_quotes_has_pictures_too(settings):
    (nothing,) = (family for family in rules.families(settings) if family.name == "do nothing")
    found = report.compare(nothing.rule(name="asleep"), settings)
    assert len(pictures.draw(found, [], settings)) == 3


def test_the_best_rule_is_the_one_with_the_highest_reward(comparison):
    best = comparison.summaries[comparison.best_rule]["reward"].mean
    assert best == max(comparison.summaries[rule.name]["reward"].mean for rule in comparison.rules)
    assert comparison.best_rule not in ("learned", "do nothing")


def test_every_episode_is_in_the_parquet_file(comparison):
    frame = pandas.read_parquet(io.BytesIO(report.parquet(comparison)))
    assert list(frame.columns) == ["policy", "episode", "reward", "pnl", "mean_abs_inventory", "fills"]
    assert set(frame.groupby("policy").size()) == {64}
    means = frame.groupby("policy")["reward"].mean()
    assert means["learned"] == pytest.approx(comparison.metrics("learned")["final/reward"])


def test_a_bar_in_a_name_does_not_break_the_table(comparison, settings):
    table = report.markdown(comparison, settings).splitlines()
    assert {line.count("|") for line in table} == {table[0].count("|")}
    assert "mean &#124;q&#124; (lots)" in table[0]
