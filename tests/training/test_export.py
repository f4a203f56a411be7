"""Exported policies: the same numbers as the network, for any batch, without Ray."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from example_policy import CARD, OBSERVATIONS, actor, ppo_policy, state

from config import Activation, UserError
from training import export


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
    policy = export.from_sac(weights, Activation.tanh, CARD)
    mean = layers(torch.from_numpy(OBSERVATIONS)).detach().numpy()[:, :2]
    expected = -1.0 + (np.tanh(mean) + 1.0) / 2.0 * 4.0
    np.testing.assert_allclose(policy(torch.from_numpy(OBSERVATIONS)).numpy(), expected, atol=1e-6)


def test_weights_are_missing() -> None:
    with pytest.raises(ValueError, match=r"no weights under 'actor\.'"):
        export.from_ppo({"encoder.weight": np.zeros((1, 1))}, Activation.relu, CARD)


@pytest.mark.parametrize("rows", [1, 2, 50])
def test_the_file_gives_the_same_numbers_for_any_batch(tmp_path: Path, rows: int) -> None:
    _, policy = ppo_policy()
    program = export.save(policy, tmp_path)
    for source in (program, str(tmp_path)):
        loaded = export.load(source)
        expected = policy(torch.from_numpy(OBSERVATIONS[:rows])).numpy()
        np.testing.assert_allclose(loaded(OBSERVATIONS[:rows]), expected, atol=1e-6)
        assert loaded.card == CARD


def test_loading_imports_neither_ray_nor_mlflow(tmp_path: Path) -> None:
    export.save(ppo_policy()[1], tmp_path)
    code = """
import sys
import numpy as np
from training import export
policy = export.load(sys.argv[1])
assert policy(np.zeros((3, 3), np.float32)).shape == (3, 2)
assert not {"ray", "mlflow"} & set(sys.modules)
"""
    root = Path(export.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=root, check=True, timeout=300)


def test_a_folder_without_a_policy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must hold one model\.pt2, but it holds 0"):
        export.load(tmp_path)
