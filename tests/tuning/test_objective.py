from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from example_policy import CARD

import config
from analysis.policy import Floats
from config import ActionReference, Config
from tuning.objective import evaluate
from tuning.space import trial_config

SMALL = ["market=gt1", "simulation.episode_steps=40", "agent.terminal_penalty=0", "sweep.objective_penalty=0.3"]


@dataclasses.dataclass(frozen=True)
class Constant:
    """A quarter of a price unit behind the market maker's own quotes."""

    name: str = "constant"
    reference: ActionReference = ActionReference.residual
    box: tuple[float, float] = (CARD.low, CARD.high)

    def __call__(self, observation: Floats) -> Floats:
        return np.full((len(observation), 2), 0.25, np.float32)


def trial(penalty: float, skew: float = 1e-4, objective_penalty: float = 0.3) -> Config:
    values = {"inventory_skew": skew, "alpha_skew": 0.0, "inventory_penalty": penalty}
    return trial_config(config.load([*SMALL, f"sweep.objective_penalty={objective_penalty}"]), values)


def test_the_objective_does_not_move_with_the_trials_penalty() -> None:
    cheap, dear = (evaluate(Constant(), trial(penalty), episodes=16, seed=1) for penalty in (0.001, 5.0))
    assert cheap == dear


def test_the_objective_sees_the_skews_and_its_own_penalty() -> None:
    found = evaluate(Constant(), trial(0.1), episodes=16, seed=1)
    assert evaluate(Constant(), trial(0.1, skew=5e-3), episodes=16, seed=1)["pnl"] != found["pnl"]
    free = evaluate(Constant(), trial(0.1, objective_penalty=0.0), episodes=16, seed=1)
    double = evaluate(Constant(), trial(0.1, objective_penalty=0.6), episodes=16, seed=1)
    assert free["objective"].mean == pytest.approx(free["pnl"].mean)
    assert found["pnl"].mean == pytest.approx(free["pnl"].mean)
    assert (
        0
        < found["pnl"].mean - found["objective"].mean
        == pytest.approx(0.5 * (double["pnl"].mean - double["objective"].mean))
    )
    assert found["objective"].low < found["objective"].mean < found["objective"].high
