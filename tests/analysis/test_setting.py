"""A policy is judged where it was trained, unless one is told otherwise, and reads its columns by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import config
from analysis import setting
from analysis.evaluation import simulate
from analysis.policy import CARD_FILE, PolicyCard, TrainedPolicy
from envs import MarketMakingVectorEnv

ODD = [
    "market=gt1",
    "market.price_unit=0.5",
    "market_maker.max_position=7",
    "agent.action=residual",
    "agent.action_high=2",
    "simulation.decision_interval_ms=7",
    "evaluation.inventory_penalty=0.3",
]


def deep(observation: torch.Tensor) -> torch.Tensor:
    """Further away the more is held: of the columns time, inventory and signal only the second counts."""
    return observation[:, 1:2].abs().repeat(1, 2)


def trained(*words: str, name: str = "mine") -> TrainedPolicy:
    chosen = config.load(words)
    card = PolicyCard(observation=list(MarketMakingVectorEnv(chosen).columns), setting=setting.of(chosen))
    return TrainedPolicy(deep, card, name)


def test_the_setting_is_the_policy_s_own():
    chosen, notes = setting.judged([trained(*ODD)], ["evaluation.episodes=7"])
    assert setting.of(chosen) == setting.of(config.load(ODD))
    assert chosen.evaluation.episodes == 7
    assert notes == []


def test_the_card_is_the_same_after_a_file(tmp_path):
    card = trained("market=layered").card
    assert PolicyCard.read(card.write(tmp_path)) == card
    assert setting.judged([trained("market=layered")], [])[0].market.book.flow.hawkes is not None


def test_what_words_change_is_said():
    chosen, notes = setting.judged([trained(*ODD)], ["agent.action_high=3"])
    assert (chosen.agent.action_high, chosen.market.price_unit) == (3, 0.5)
    assert notes == ["mine was trained in another setting: agent.action_high 2.0"]


def test_a_market_that_is_named_replaces_the_policy_s():
    chosen, notes = setting.judged([trained(*ODD)], ["market=gt4"])
    assert chosen.market == config.load(["market=gt4"]).market
    assert notes[0].startswith("mine was trained in another setting: market.name gt1, market.origin ")
    assert notes[0].endswith(" more")


def test_policies_of_several_settings_need_a_market():
    policies = [trained(*ODD), trained(*ODD, "agent.inventory_penalty=0.5", name="other")]
    with pytest.raises(
        config.UserError, match=r"policies must be of one setting, .* other has agent.inventory_penalty 0"
    ):
        setting.judged(policies, [])
    assert setting.judged(policies, ["market=gt1"])[0].market.name == "gt1"


def test_columns_are_found_by_name():
    """As if a later version had put columns before and between those that the policy was trained with."""
    policy = trained("market=gt1")
    first, *others = policy.card.observation
    seen = np.random.default_rng(0).normal(size=(5, 1 + len(others))).astype(np.float32)
    new = np.ones((5, 1), np.float32)
    wider = policy.reading(["new", first, "newer", *reversed(others)])
    observation = np.concatenate([new, seen[:, :1], new, seen[:, :0:-1]], axis=1)
    np.testing.assert_array_equal(wider(observation), policy(seen))
    with pytest.raises(config.UserError, match=f"mine reads the columns {first}, which this market does not have"):
        policy.reading(others)


def test_a_book_s_policy_plays_the_reduced_form_only_with_its_columns():
    with pytest.raises(config.UserError, match="which this market does not have"):
        simulate(trained("market=book"), config.load(["market=gt1"]), episodes=2, seed=1)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"observation": [], "setting": {}}', '{"observation": [], "low": 1}']
)
def test_a_card_that_is_none_is_a_sentence(tmp_path: Path, text: str):
    path = tmp_path / CARD_FILE
    path.write_text(text)
    with pytest.raises(config.UserError, match=f"{path} is no card of a policy that this version can use"):
        PolicyCard.read(path)
    assert json.loads(trained("market=gt1").card.write(tmp_path).read_text())["setting"]["market"]["name"] == "gt1"
