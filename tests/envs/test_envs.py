"""The Gymnasium faces: conformance, and the single env as a row of the vector env."""

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import vector as wrappers

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


@pytest.mark.parametrize("market", ["gt1", "book"])
def test_a_step_out_of_turn_is_refused(market):
    chosen = config.load([f"market={market}", "simulation.episode_steps=3"])
    single, markets = envs.MarketMakingEnv(chosen), envs.MarketMakingVectorEnv(chosen, 2)
    for env, action in (single, np.zeros(2, np.float32)), (markets, np.zeros((2, 2), np.float32)):
        with pytest.raises(ResetNeeded, match="reset the markets before their first step"):
            env.step(action)
        env.reset(seed=1)
        assert [bool(np.all(env.step(action)[2])) for _ in range(3)] == [False, False, True]
    with pytest.raises(ResetNeeded, match="its episode has ended"):
        single.step(np.zeros(2, np.float32))
    single.reset()
    assert not single.step(np.zeros(2, np.float32))[2]
    markets.step(np.zeros((2, 2), np.float32))  # which has started its next episodes by itself


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"options": {"stagered": True}}, "may name 'staggered' and nothing else, but they name 'stagered'"),
        ({"options": {"reset_mask": np.array([True])}}, "nothing else, but they name 'reset_mask'"),
        ({"options": {"staggered": "no"}}, "must be True or False, but it is 'no'"),
        ({"seed": -1}, "seed must be a whole number from 0 to 18446744073709551615, but it is -1"),
        ({"seed": 2**64}, "seed must be .*, but it is 18446744073709551616"),
        ({"seed": 1.5}, "seed must be .*, but it is 1.5"),
        ({"seed": np.int64(-3)}, "seed must be .*-3"),
    ],
)
@pytest.mark.parametrize("kind", [envs.MarketMakingEnv, envs.MarketMakingVectorEnv])
def test_what_a_reset_does_not_know_is_refused(kind, words, sentence):
    env, other = (kind(config.load(["market=gt1"])) for _ in range(2))
    with pytest.raises(ValueError, match=sentence):
        env.reset(**words)
    assert (env.reset()[0] == other.reset()[0]).all()  # nothing had changed
    for seed in 2**64 - 1, np.uint64(5), None:
        assert (env.reset(seed=seed, options={})[0] == other.reset(seed=seed)[0]).all()


@pytest.mark.parametrize(
    ("name", "value"), [("num_envs", -1), ("threads", -1), ("first_market_id", -1), ("first_market_id", 0.5)]
)
def test_sizes_that_are_no_whole_numbers_are_refused(name, value):
    with pytest.raises(ValueError, match=f"must be a whole number from 0 .*, but it is {value}"):
        envs.MarketMakingVectorEnv(config.load(["market=gt1"]), **{name: value})


def test_the_seed_of_a_new_environment_is_refused_by_its_first_reset():
    for kind in envs.MarketMakingEnv, envs.MarketMakingVectorEnv:
        with pytest.raises(ValueError, match=r"seed must be .*, but it is -1"):
            kind(config.load(["market=gt1"]), seed=-1).reset()


OBSERVATION_WRAPPERS = [
    wrappers.NormalizeObservation,
    wrappers.FlattenObservation,
    lambda env: wrappers.TransformObservation(env, np.negative),
]
OTHER_WRAPPERS = [
    wrappers.RecordEpisodeStatistics,
    wrappers.DictInfoToList,
    wrappers.NormalizeReward,
    lambda env: wrappers.ClipReward(env, -1, 1),
    lambda env: wrappers.RescaleAction(env, np.float32(-1), np.float32(1)),
]


@pytest.mark.parametrize("wrap", OBSERVATION_WRAPPERS + OTHER_WRAPPERS)
@pytest.mark.parametrize("autoreset", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_the_wrappers_of_gymnasium_need_the_mode_that_the_environment_says(wrap, autoreset):
    env = envs.MarketMakingVectorEnv(config.load(["market=gt1", "simulation.episode_steps=3"]), 2, autoreset=autoreset)
    if autoreset is AutoresetMode.SAME_STEP and wrap in OBSERVATION_WRAPPERS:
        assert "need\n    ``autoreset=AutoresetMode.NEXT_STEP``" in envs.MarketMakingVectorEnv.__doc__
        with pytest.raises(AssertionError):
            wrap(env)
        return
    wrapped = wrap(env)
    wrapped.reset(seed=1)
    ended = sum(int(wrapped.step(wrapped.action_space.sample())[2].sum()) for _ in range(9))
    assert ended >= 4


def test_calculate_reward():
    env = envs.MarketMakingEnv(config.load(["market=book"]))
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


@pytest.mark.parametrize("market", ["small_tick", "large_tick"])
def test_a_venue_s_rebate_is_paid_on_every_share_that_trades(market):
    """The words are those that the market's file names: .2 of a tick for makers, by the lot as by the share."""
    fees = ["market.book.fees.maker=[-0.2]", "market.book.fees.taker=[0.3]"]
    chosen = config.load([f"market={market}", "simulation.episode_steps=200", "agent.action=residual", *fees])
    markets = envs.MarketMakingVectorEnv(chosen, 256, seed=5)
    markets.reset()
    column = {name: i for i, name in enumerate(markets.statistics)}
    sums = np.zeros(len(column))
    for _ in range(200):
        sums += markets.step(np.zeros(markets.action_space.shape, np.float32))[-1]["statistics"].sum(axis=0)
    traded = sums[column["bid_filled"]] + sums[column["ask_filled"]]
    assert traded > 100
    assert sums[column["fees"]] == pytest.approx(-0.2 * traded, rel=1e-12)
