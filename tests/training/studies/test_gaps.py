"""`python -m training gaps`: what it trains, prints and logs."""

from __future__ import annotations

import pytest

import config
from config import cli
from training import tracking
from training.__main__ import COMMANDS
from training.studies import gaps
from training.studies.gaps import Gaps, Trained, Yardstick

SMALL = [
    "training.iterations=2",
    "training.markets_per_runner=64",
    "training.steps_per_iteration=4096",
    "simulation.episode_steps=20",
    "evaluation.tuning_candidates=32",
    "training.progress=false",
]


def test_gaps_and_scores():
    by = Yardstick(optimum=100.0, constant=80.0, rule="linear skew", rule_value=99.0)
    assert by.gap(99.0) == pytest.approx(0.01)
    assert (by.score(80.0), by.score(100.0), by.score(90.0)) == (0, 1, 0.5)
    found = Gaps(
        {"gt1": by}, [Trained("ppo", "gt1", seed, value, 3.0) for seed, value in ((1, 98), (2, 99.5), (3, 90))]
    )
    assert found.metrics() == pytest.approx({"gap/ppo_gt1_median": 0.02, "gap/ppo_gt1_worst": 0.1})
    row = next(line for line in gaps.text(found).splitlines() if "gt1" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == [
        *("ppo", "gt1", "3", "2.000%", "10.000%", "0.9000", "0.5000", "3.0", "1.000%", "linear skew")
    ]


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("markets=gt1,book", "market must be one of a known optimum .*, but book is of kind book"),
        ("markets=gt7", "market must be "),
        ("agent.action=residual", "agent.action must be offsets for a policy to have an exact value"),
        ("algos=td3", "algos must be among ppo, sac, but it is td3"),
        ("seeds=1,x", "seeds must be whole numbers >= 0, but it is 1,x"),
        ("algo.lr=-1", "algo.lr must be > 0"),
    ],
)
def test_a_mistake_is_a_sentence(word, sentence):
    with pytest.raises(config.UserError, match=sentence):
        cli.call(COMMANDS, ["gaps", word])


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_every_training_is_tracked_below_one_run(tmp_path, monkeypatch, capsys):
    import ray

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    words = [f"tracking.store={tmp_path / 'mlruns'}", f"training.checkpoint_root={tmp_path / 'checkpoints'}", *SMALL]
    try:
        cli.call(COMMANDS, ["gaps", "markets=gt1,gt4", "seeds=7", *words])
    finally:
        ray.shutdown()
    printed = capsys.readouterr().out
    assert printed.count(": gap ") == 4
    settings = config.load(words)
    parent = tracking.find(settings, "gaps")
    trained = [(algo, market) for algo in ("ppo", "sac") for market in ("gt1", "gt4")]
    assert {f"gap/{algo}_{market}_{of}" for algo, market in trained for of in ("median", "worst")} <= set(
        parent.metrics
    )
    below = tracking.children(settings, parent.id)
    assert [run.name for run in below] == [f"gaps-{algo}-{market}-s7" for algo, market in trained]
    for run in below:
        assert 0 < run.metrics["final/gap"] < 1
        assert run.metrics["final/exact_value"] > 0
