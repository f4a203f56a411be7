from __future__ import annotations

import pytest
import yaml

import config
from config import ActionReference, UserError
from tuning import space

VALUES = {"inventory_skew": 0.0005, "alpha_skew": 0.0003, "inventory_penalty": 0.02}


def test_a_trial_acts_around_the_quotes_that_are_searched() -> None:
    trial = space.trial_config(config.load(["training.env_runners=2"]), VALUES)
    assert trial.agent.action is ActionReference.residual
    assert trial.agent.inventory_penalty == 0.02
    assert trial.market_maker.inventory_skew == 0.0005
    assert trial.market_maker.alpha_skew == 0.0003
    assert trial.training.env_runners == trial.training.learners == 0


def test_the_overlay_is_the_trial(tmp_path) -> None:
    path = tmp_path / "best.yaml"
    path.write_text(yaml.safe_dump(space.overlay(config.load(), VALUES)))
    loaded, trial = config.load([f"config={path}"]), space.trial_config(config.load(), VALUES)
    assert loaded.agent == trial.agent
    assert loaded.market_maker == trial.market_maker


def test_points_lie_in_the_ranges() -> None:
    wanted = config.load(["sweep.alpha_skew=[0.0003,0.0003]", "sweep.inventory_penalty=[0.001,0.1]"]).sweep
    domains = space.param_space(wanted)
    assert domains["alpha_skew"] == 0.0003
    penalties = domains["inventory_penalty"].sample(size=400)
    assert min(penalties) >= 0.001
    assert max(penalties) <= 0.1
    assert 0.4 < sum(p < 0.01 for p in penalties) / 400 < 0.6, "log-uniform"


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("agent.inventory_penalty=0.1", "agent.inventory_penalty is searched.* sweep.inventory_penalty"),
        ("market_maker.alpha_skew=0.1", "market_maker.alpha_skew is searched"),
        ("agent.action=offsets", "agent.action must be residual"),
    ],
)
def test_words_that_contradict_the_search(word: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        space.refuse_words([word])
    space.refuse_words(["agent.action=residual", "seed=3"])


def test_trials_that_could_not_be_trained() -> None:
    space.check(config.load())
    with pytest.raises(UserError, match=r"multiple of the \d+ markets"):
        space.check(config.load(["training.steps_per_iteration=1000"]))
