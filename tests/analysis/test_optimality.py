"""`python -m analysis optimum`: what it prints and writes."""

import io
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console

import config
from analysis import optimality, setting
from analysis.policy import PolicyCard, TrainedPolicy
from envs import MarketMakingVectorEnv

SMALL = ["simulation.episode_steps=20", "evaluation.tuning_candidates=32"]


@pytest.fixture(scope="module")
def found():
    chosen = config.load(["market=gt4", *SMALL])
    card = PolicyCard(observation=list(MarketMakingVectorEnv(chosen).columns), setting=setting.of(chosen))
    policy = TrainedPolicy(lambda observation: observation[:, :2] * 0, card, "mine")
    return optimality.rank(chosen, [policy])


def test_standings_are_ranked_and_scored(found):
    best = found.optimum.at_start
    by_name = {standing.policy.name: standing for standing in found.standings}
    assert {"mine", "constant spread", "linear skew with alpha", "signal-blind optimum", "GLFT, untuned"} <= set(
        by_name
    )
    values = [standing.value for standing in found.standings]
    assert values == sorted(values, reverse=True)
    assert values[0] < best
    assert by_name["constant spread"].score == 0
    for standing in found.standings:
        assert standing.gap == pytest.approx((best - standing.value) / best)
    # All its quotes stand one price unit away: it cannot beat the best constant spread.
    assert 0 < by_name["mine"].value <= by_name["constant spread"].value


def test_what_is_shown_names_all_of_it(found):
    console = Console(width=120, record=True, file=io.StringIO())
    optimality.show(found, console)
    text = console.export_text()
    assert f"V* = {found.optimum.at_start:.10g}" in text
    for standing in found.standings:
        assert f"{standing.value:.9g}" in text
    bid, ask = found.optimum.depths[0, 10, 1]
    assert f"{bid:.5f} / {ask:.5f}" in text
    assert " / -" in text  # nothing is offered at -Q


def test_the_plot_is_a_picture(found, tmp_path):
    from matplotlib import image

    pixels = image.imread(optimality.plot(found, tmp_path / "new" / "depths.png"))
    assert pixels.shape[1] > 1000  # three panels
    assert len(np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0)) > 50


def optimum(*words, cwd):
    command = [sys.executable, "-m", "analysis", "optimum", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_the_command(tmp_path):
    done = optimum("market=gt1", *SMALL, "plot=depths.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "V* =" in done.stdout
    assert (tmp_path / "depths.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["market=book"], "error: market must be one of a known optimum"),
        (["market=gt1", "policy=nowhere"], "error: nowhere must hold one model.pt2, but it holds 0"),
        (
            ["market=gt1", "plot=a.png", "plot=b.png"],
            "error: plot must be given once, but it is given as a.png and b.png",
        ),
        (["market=gt9"], "error: market must be one of as2008, book, calm"),
    ],
)
def test_a_mistake_costs_one_sentence(words, sentence, tmp_path):
    done = optimum(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(sentence)
    assert len(done.stderr.splitlines()) == 1
