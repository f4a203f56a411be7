from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import ray

import config
from config import UserError
from training import checkpoints
from training.loop import built, train
from training.rllib.algorithms import build_config, check

pytestmark = [
    pytest.mark.usefixtures("toy", "local_ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def local_ray():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    yield
    ray.shutdown()


class FakeRun:
    id = "run-1"

    def __init__(self):
        self.points = []

    def log_metrics(self, metrics, step):
        self.points.append((step, metrics))


@pytest.fixture
def tiny(load_small, tmp_path):
    return lambda *words: load_small(f"training.checkpoint_root={tmp_path}", *words)


def test_ppo_learns(tiny):
    settings = tiny("training.iterations=40", "algo.lr=0.01", "training.steps_per_iteration=256")
    run = FakeRun()
    result = train(settings, run=run)
    before, after = run.points[0][1]["train/return"], result.metrics["train/return"]
    best = 5 * (1 + np.mean(np.arange(8)))
    assert best - after < 0.3 * (best - before)
    assert [step for step, _ in run.points] == [256 * (i + 1) for i in range(40)]
    assert result.metrics["train/exploration_std"] == pytest.approx(settings.algo.ppo.final_std)
    assert all(len(metrics) <= 40 for _, metrics in run.points)


def test_the_score_is_asked_now_and_then(tiny):
    run = FakeRun()
    settings = tiny("training.iterations=11")
    train(settings, run=run, score=lambda weights: {"train/gap": float(np.abs(weights["actor.0.weight"]).sum())})
    told = [(step, metrics["train/gap"]) for step, metrics in run.points if "train/gap" in metrics]
    assert [step for step, _ in told] == [128 * 5, 128 * 10]
    assert told[0][1] != told[1][1] > 0


def test_sac_trains(tiny):
    settings = tiny("algo=sac", "training.iterations=3", "algo.sac.warmup_steps=64")
    run = FakeRun()
    result = train(settings, run=run)
    assert result.iterations == 3
    assert np.isfinite(result.metrics["train/q_loss"])


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_resume_for_longer_starts_where_its_own_plan_is(tiny, tmp_path, algo):
    """The run that has ended had come to the last learning rate of its plan, which may be 0."""
    words = [f"algo={algo}", "algo.lr=0.01", "algo.final_lr=0", "algo.sac.warmup_steps=0"]
    words = [word for word in words if algo == "sac" or "sac." not in word]
    train(tiny(*words, "training.iterations=2"), run=FakeRun())
    checkpoint = checkpoints.find("run-1", tmp_path)

    def rates(iterations):
        with built(tiny(*words, f"training.iterations={iterations}"), checkpoint) as algorithm:
            (found,) = algorithm.learner_group.foreach_learner(lambda learner: [*map(rate, optimizers(learner))])
            return found.get()

    def optimizers(learner):
        return [optimizer for _, optimizer in learner.get_optimizers_for_module("default_policy")]

    def rate(optimizer):
        return optimizer.param_groups[0]["lr"]

    np.testing.assert_allclose(rates(4), 0.005)
    np.testing.assert_allclose(rates(2), 0)


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_checkpoint_carries_what_rllib_forgets(tiny, tmp_path, algo):
    rllib = build_config(tiny(f"algo={algo}", *["algo.sac.warmup_steps=64"] * (algo == "sac")))
    first, second = rllib.copy(copy_frozen=False).build_algo(), rllib.copy(copy_frozen=False).build_algo()
    for _ in range(2):
        first.train()
    first.save_to_path(str(tmp_path / "saved"))
    second.restore_from_path(str(tmp_path / "saved"))
    ours, theirs = first.learner_group._learner, second.learner_group._learner
    assert ours._learner_connector.get_state() == theirs._learner_connector.get_state()
    assert ours._learner_connector.get_state()["CentreRewards"]["batches"] > 0
    if algo == "ppo":
        assert second.env_runner.module.log_std[0] == ours.module["default_policy"].log_std[0]
    else:
        assert theirs.curr_log_alpha["default_policy"].item() == ours.curr_log_alpha["default_policy"].item()
        ours, theirs = first.local_replay_buffer, second.local_replay_buffer
        assert len(ours) == len(theirs) == 256
        np.testing.assert_array_equal(ours.sample(50)[0].rewards, theirs.sample(50)[0].rewards)
    for algorithm in (first, second):
        algorithm.stop()


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_a_damaged_checkpoint_is_a_sentence_before_a_run_is_asked_for(tiny, tmp_path, damage):
    train(tiny("training.iterations=1"), run=FakeRun())
    checkpoint = checkpoints.find("run-1", tmp_path)
    files = [path for path in (checkpoint / checkpoints.ALGORITHM).rglob("*.pkl") if path.stat().st_size > 1000]
    assert files
    for path in files:
        if damage == "cut":
            path.write_bytes(path.read_bytes()[:500])
        else:
            path.unlink()
    with pytest.raises(UserError, match=f"resume cannot read {checkpoint}: "), built(tiny(), checkpoint):
        pytest.fail("it was read")


def test_resume_goes_on_where_the_run_stopped(tiny, tmp_path):
    train(tiny("training.iterations=2"), run=FakeRun())
    run = FakeRun()
    result = train(tiny("training.iterations=4"), run=run, resume=checkpoints.find("run-1", tmp_path))
    assert [step for step, _ in run.points] == [128 * 3, 128 * 4]
    assert result.iterations == 4
    assert result.metrics["train/exploration_std"] == pytest.approx(tiny().algo.ppo.final_std)
    progress = checkpoints.read_progress(result.checkpoint)
    assert (progress.run_id, progress.iteration, progress.env_steps) == ("run-1", 4, 512)
    assert progress.metrics == result.metrics
    assert [step for step, _ in progress.curve] == [128, 256, 384, 512]  # also what was before the resume
    assert [list(point) for point in result.curve] == [list(point) for point in progress.curve]
    stored = config.load([f"config={result.checkpoint / checkpoints.CONFIG}"])
    assert stored == tiny("training.iterations=4")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_after_the_iteration_with_a_checkpoint(tiny, number):
    def interrupt(iteration, _):
        if iteration == 2:
            os.kill(os.getpid(), number)

    result = train(tiny("training.iterations=9"), run=FakeRun(), on_iteration=interrupt)
    assert result.interrupted == number
    assert result.iterations == 2
    assert result.checkpoint.name == "iteration-000002"


def test_what_was_learned_is_saved_before_an_error_ends_the_run(tiny, tmp_path):
    def fail(iteration, _):
        if iteration == 2:
            raise ConnectionError("the machine is gone")

    with pytest.raises(ConnectionError):
        train(tiny("training.iterations=9"), run=FakeRun(), on_iteration=fail)
    assert checkpoints.read_progress(checkpoints.find("run-1", tmp_path)).iteration == 2


TWO_LEARNERS = pytest.param(["training.learners=2"], marks=pytest.mark.long)


@pytest.mark.parametrize("words", [["algo=ppo"], ["algo=sac", "algo.sac.warmup_steps=0"], TWO_LEARNERS])
def test_a_reward_that_is_not_a_number_costs_its_batch_only(tiny, broken_steps, words):
    """PPO leaves the batch out and counts it; SAC keeps the transition out of its memory."""
    broken_steps.add(20)  # an iteration takes 128 / 8 steps: this is the second
    run = FakeRun()
    result = train(tiny("training.iterations=4", *words), run=run)
    skipped = [metrics["train/skipped_updates"] for _, metrics in run.points]
    assert skipped == ([0.0] * 4 if "algo=sac" in words else [0.0, 1.0, 0.0, 0.0])
    assert all(np.isfinite(value).all() for value in result.weights.values())
    assert np.isfinite(list(result.metrics.values())).all()


def test_rewards_that_are_never_numbers_end_the_run(tiny, broken_steps, tmp_path):
    broken_steps.update(range(16, 10_000))
    with pytest.raises(config.RunError, match="not finite in 3 iterations in a row"):
        train(tiny("training.iterations=9"), run=FakeRun())
    assert checkpoints.read_progress(checkpoints.find("run-1", tmp_path)).iteration == 3


@pytest.mark.parametrize("algo", ["ppo", "sac"])
def test_a_policy_that_diverges_ends_the_run_and_is_not_saved(tiny, tmp_path, algo):
    words = ["algo.sac.warmup_steps=0"] if algo == "sac" else []
    with pytest.raises(config.RunError, match=r"training diverged: .* are not finite after iteration .*lower algo.lr"):
        train(tiny(f"algo={algo}", *words, "training.iterations=50", "algo.lr=1e30"), run=FakeRun())
    assert not (tmp_path / "run-1").exists()


def test_a_full_disk_costs_a_sentence(tiny, monkeypatch, capsys, tmp_path):
    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    result = train(tiny("training.iterations=1"), run=FakeRun())
    assert result.checkpoint is None
    assert "No space left on device" in " ".join(capsys.readouterr().err.split())
    assert list((tmp_path / "run-1").iterdir()) == []


def test_sizes_that_do_not_fit_are_refused(tiny):
    with pytest.raises(config.UserError, match=r"multiple of the 8 markets"):
        check(tiny("training.steps_per_iteration=129"))
    with pytest.raises(config.UserError, match=r"minibatch_size must be <= "):
        check(tiny("algo.ppo.minibatch_size=129"))
    with pytest.raises(config.UserError, match=r"batch_size must be <= .* = 64, but it is 65"):
        check(tiny("algo=sac", "algo.sac.batch_size=65", "algo.sac.training_intensity=0.5"))
