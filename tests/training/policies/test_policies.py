"""Exported policies: the same numbers as the network, for any batch, without Ray."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from example_policy import CARD, OBSERVATIONS, actor, ppo_policy, state

import config
from analysis import policy as loading
from config import Activation, UserError
from training import policies
from training.rllib.algorithms import build_config
from training.rllib.env_runner import BatchedEnvRunner


def test_ppo_policy_is_the_actor_clipped_to_the_box() -> None:
    layers, policy = ppo_policy(scale=20.0)
    mean = layers(torch.from_numpy(OBSERVATIONS)).detach().numpy()
    action = policy(torch.from_numpy(OBSERVATIONS)).numpy()
    np.testing.assert_allclose(action, mean.clip(-1.0, 3.0), atol=1e-6)
    assert (mean < -1.0).any()
    assert (mean > 3.0).any()


def test_sac_policy_squashes_the_mean_half_into_the_box() -> None:
    layers = actor(4)
    weights = state(layers, ["pi_encoder.net.mlp.0", "pi_encoder.net.mlp.2", "pi.net.mlp.0"])
    policy = policies.from_sac(weights, Activation.tanh, CARD)
    mean = layers(torch.from_numpy(OBSERVATIONS)).detach().numpy()[:, :2]
    expected = -1.0 + (np.tanh(mean) + 1.0) / 2.0 * 4.0
    np.testing.assert_allclose(policy(torch.from_numpy(OBSERVATIONS)).numpy(), expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("words", [[], ["network=specification"], ["algo=sac"]])
def test_the_exported_network_is_the_modules_own(words: list[str]) -> None:
    """The most likely action of RLlib's module, for every network that can be trained."""
    chosen = config.load(["market=gt1", "training.env_runners=0", "training.markets_per_runner=8", *words])
    runner = BatchedEnvRunner(config=build_config(chosen), worker_index=0, num_workers=0)
    for parameter in runner.module.parameters():  # last layers start almost silent
        torch.nn.init.normal_(parameter, std=0.1)
    policy = policies.policy_of(chosen, runner.module.get_state())
    (rollout,) = runner.sample(num_timesteps=80, explore=False)
    observations, actions = rollout.observations[:, :-1].reshape(80, -1), rollout.actions.reshape(80, -1)
    ours = policy(torch.from_numpy(observations)).numpy()
    low, high = policy.card.low, policy.card.high
    theirs = low + (actions + 1) / 2 * (high - low) if "algo=sac" in words else actions.clip(low, high)
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert ours.std() > 0.01


def test_the_specifications_network_has_its_shape() -> None:
    chosen = config.load(["network=specification", "training.env_runners=0"])
    runner = BatchedEnvRunner(config=build_config(chosen), worker_index=0, num_workers=0)
    shapes = {name: tuple(value.shape) for name, value in runner.module.named_parameters()}
    k = runner.env.single_observation_space.shape[0]
    assert [shapes[f"features.{layer}.weight"] for layer in (0, 2)] == [(256, k), (128, 256)]
    assert [shapes[f"actor.{side}.weight"] for side in ("bid", "ask")] == [(1, 128), (1, 128)]
    assert not [layer for layer in runner.module.modules() if isinstance(layer, torch.nn.Dropout)]


def test_weights_are_missing() -> None:
    with pytest.raises(ValueError, match=r"no weights under 'actor\.'"):
        policies.from_ppo({"encoder.weight": np.zeros((1, 1))}, Activation.relu, CARD)


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_the_file_gives_the_same_numbers_for_any_batch(tmp_path: Path, rows: int) -> None:
    _, policy = ppo_policy()
    program = policies.save(policy, tmp_path)
    for source in (program, str(tmp_path)):
        loaded = loading.load(Path(source))
        expected = policy(torch.from_numpy(OBSERVATIONS[:rows])).numpy()
        np.testing.assert_allclose(loaded(OBSERVATIONS[:rows]), expected, atol=1e-6)
        assert loaded.card == CARD


def test_loading_imports_neither_ray_nor_mlflow(tmp_path: Path) -> None:
    policies.save(ppo_policy()[1], tmp_path)
    code = """
import sys
import numpy as np
from pathlib import Path
from analysis import policy
loaded = policy.load(Path(sys.argv[1]))
assert loaded(np.zeros((3, 3), np.float32)).shape == (3, 2)
assert not {"ray", "mlflow"} & set(sys.modules)
"""
    root = Path(policies.__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, timeout=300)


def test_a_folder_without_a_policy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold one model\.pt2, but it holds 0"):
        loading.load(tmp_path)
