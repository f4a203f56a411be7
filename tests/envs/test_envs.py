"""The Gymnasium faces: conformance, and the single env as a row of the vector env."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode

import config
import envs

MARKETS = ["book", "gt1"]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.filterwarnings("ignore:.*symmetric and normalized space:UserWarning")
@pytest.mark.filterwarnings("ignore:.*observation space (minimum|maximum) value:UserWarning")
@pytest.mark.filterwarnings("ignore:.*alternative render modes:UserWarning")
def test_check_env(market):
    check_env(envs.MarketMakingEnv(config.load([f"market={market}"])))


def test_registered():
    env = gymnasium.make("MarketMaking-v0", config=config.load(["market=gt1"]))
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    vector = gymnasium.make_vec(
        "MarketMaking-v0", num_envs=3, vectorization_mode="vector_entry_point", config=config.load(["market=gt1"])
    )
    assert vector.reset(seed=1)[0].shape == (3, 4)


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("autoreset", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_a_row_of_the_vector_env_is_the_single_env(market, autoreset):
    chosen = config.load([f"market={market}", "simulation.episode_steps=40"])
    markets = envs.MarketMakingVectorEnv(chosen, 5, first_market_id=10, threads=2, autoreset=autoreset)
    single = envs.MarketMakingEnv(chosen, market_id=13)
    actions = np.random.default_rng(0).uniform(-1, 2, (200, 5, 2)).astype(np.float32)
    rows, _ = markets.reset(seed=9)
    row, _ = single.reset(seed=9)
    assert (rows[3] == row).all()
    ended, episodes = False, 0
    for action in actions:
        rows, rewards, terminated, _, info = markets.step(action)
        if ended:  # only NEXT_STEP: this call of the vector env resets and takes no action
            row, _ = single.reset()
            assert rewards[3] == 0
            assert (rows[3] == row).all()
            ended = False
            continue
        row, reward, done, truncated, _ = single.step(action[3])
        assert (rewards[3], terminated[3], truncated) == (reward, done, False)
        episodes += done
        if done and autoreset is AutoresetMode.SAME_STEP:
            assert (info["final_obs"][3] == row).all()
            row, _ = single.reset()
        ended = done and autoreset is AutoresetMode.NEXT_STEP
        assert (rows[3] == row).all()
    assert episodes >= 3


def test_calculate_reward():
    env = envs.MarketMakingEnv()
    pnl_change = 10.0
    flat = env.calculate_reward(pnl_change)
    env.inventory = 500
    held = env.calculate_reward(pnl_change)
    assert flat == pnl_change
    assert held < flat
    assert held == pytest.approx(10.0 - 0.01 * 5**2)  # the specification's lambda, five lots


@pytest.mark.parametrize("market", MARKETS)
def test_the_reward_is_the_sum_of_its_named_parts(market):
    env = envs.MarketMakingEnv(config.load([f"market={market}", "simulation.episode_steps=60"]))
    env.reset(seed=2)
    held, done = set(), False
    while not done:
        _, reward, done, _, info = env.step(np.zeros(2, np.float32))
        assert env.inventory == info["inventory"] * (100 if market == "book" else 1)
        assert reward == pytest.approx(env.calculate_reward(info["pnl_change"]) - info["terminal_cost"])
        assert reward == pytest.approx(info["pnl_change"] - info["inventory_penalty"] - info["terminal_cost"])
        held.add(env.inventory)
    assert len(held) > 2
    env.reset()
    assert env.inventory == 0


def test_observations_are_fresh_arrays():
    markets = envs.MarketMakingVectorEnv(config.load(["market=gt1"]), 2)
    first, _ = markets.reset(seed=1)
    kept = first.copy()
    markets.step(np.zeros((2, 2), np.float32))
    assert (first == kept).all()


def test_staggered_clocks_spread_over_the_episode():
    markets = envs.MarketMakingVectorEnv(config.load(["market=gt1"]), 500)
    observation, _ = markets.reset(seed=1, options={"staggered": True})
    clock = observation[:, markets.columns.index("time_to_go")]
    assert clock.min() < -0.9
    assert clock.max() > 0.9
    assert abs(clock.mean()) < 0.1


def test_the_maker_quotes_what_the_residual_action_starts_from():
    """With action 0 the residual reference is the market maker's own spread, in ticks rounded outward."""
    chosen = config.load(["market=book", "agent.action=residual", "market_maker.base_spread=0.004"])
    env = envs.MarketMakingEnv(chosen)
    env.reset(seed=1)
    *_, info = env.step(np.zeros(2, np.float32))
    assert 1.8 <= info["bid_depth"] <= 3.5  # 20 bp of about 1000 ticks, what skews add, outward to a tick
    assert 1.8 <= info["ask_depth"] <= 3.5
