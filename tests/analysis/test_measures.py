"""What episodes are measured by, and that the evaluation's penalty and not the agent's is in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest
from example_policy import CARD

import config
import engine
from analysis.evaluation import RuleMarkets, exact_value, simulate, summary
from analysis.measures import MEASURES
from analysis.policy import Floats, Rule
from config import ActionReference, Config

SMALL = ["market=gt1", "simulation.episode_steps=40", "agent.terminal_penalty=0"]


@dataclasses.dataclass(frozen=True)
class Constant:
    """A quarter of a price unit behind the market maker's own quotes."""

    name: str = "constant"
    reference: ActionReference = ActionReference.residual
    box: tuple[float, float] = (CARD.low, CARD.high)

    def reading(self, columns: Sequence[str]) -> Constant:
        return self

    def __call__(self, observation: Floats) -> Floats:
        return np.full((len(observation), 2), 0.25, np.float32)


def setting(trained: float = 0.1, compared: float = 0.3, skew: float = 1e-4) -> Config:
    return config.load(
        [
            *SMALL,
            f"agent.inventory_penalty={trained}",
            f"evaluation.inventory_penalty={compared}",
            f"market_maker.inventory_skew={skew}",
        ]
    )


def found(chosen: Config) -> dict[str, float]:
    return {name: one.mean for name, one in summary(simulate(Constant(), chosen, episodes=16, seed=1), 0.95).items()}


def test_the_penalty_that_trains_moves_no_measure():
    """Else a sweep over it would choose the smallest."""
    assert found(setting(trained=0.001)) == found(setting(trained=5.0))
    rule = Rule.of("constant", engine.Strategy.constant(0.7), setting())
    cheap, dear = setting(trained=0.001), setting(trained=5.0)
    assert exact_value(rule, cheap) == exact_value(rule, dear)
    played = [RuleMarkets(chosen, episodes=8, seed=1).play(rule)["reward"] for chosen in (cheap, dear)]
    assert (played[0] == played[1]).all()


def test_the_penalty_that_compares_is_paid():
    free, once, twice = (found(setting(compared=penalty)) for penalty in (0.0, 0.3, 0.6))
    assert free["reward"] == pytest.approx(free["pnl"])
    assert once["pnl"] == pytest.approx(free["pnl"])
    assert 0 < once["pnl"] - once["reward"] == pytest.approx(0.5 * (twice["pnl"] - twice["reward"]))


def test_quotes_around_the_rule_see_its_skew():
    assert found(setting(skew=5e-3))["pnl"] != found(setting())["pnl"]


def test_every_measure_has_a_label_and_a_unit():
    for chosen in (config.load(["market=book"]), config.load(["market=gt1"])):
        assert all(one.label and one.unit(chosen) for one in MEASURES.values())
