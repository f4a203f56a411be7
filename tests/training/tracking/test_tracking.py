"""Tracking against a real MLflow: nothing is lost, nothing doubled, and nothing waits."""

from __future__ import annotations

import json
import logging
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from example_policy import OBSERVATIONS, ppo_policy
from mlflow import MlflowClient
from mlflow_server import Server

import config
from config import Config, UserError
from training import tracking
from training.tracking import Scores, outbox

pytestmark = pytest.mark.filterwarnings(
    "ignore:The ``noload`` loader strategy is deprecated:sqlalchemy.exc.SADeprecationWarning",
    "ignore:.*Any type hint is inferred as AnyType:UserWarning",
)
ROOT = Path(tracking.__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Creating the tables takes seconds, so it is done once and copied."""
    path = tmp_path_factory.mktemp("database") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}")
    return path


@pytest.fixture
def settings(tmp_path: Path, empty_database: Path) -> Config:
    (tmp_path / "store").mkdir()
    shutil.copy(empty_database, tmp_path / "store" / "mlflow.db")
    return config.load(["seed=7", f"tracking.store={tmp_path / 'store'}"])


def client(settings: Config) -> MlflowClient:
    return MlflowClient(tracking.tracking_uri(settings.tracking))


def steps(settings: Config, run_id: str, key: str) -> list[int]:
    return sorted(point.step for point in client(settings).get_metric_history(run_id, key))


def test_where_runs_go(settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Path(settings.tracking.store)
    assert tracking.tracking_uri(settings.tracking) == f"sqlite:///{store}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://head:5000")
    assert tracking.tracking_uri(settings.tracking) == "http://head:5000"
    named = config.replace(settings, tracking={"uri": "http://other:5000"})
    assert tracking.tracking_uri(named.tracking) == "http://other:5000"


def test_a_run_knows_what_it_depends_on(settings: Config) -> None:
    with tracking.start(settings, name="first", tags={"group": "a"}) as run:
        run.log_metrics({"train/reward": 1.5, "train/nothing": float("nan"), "train/far": float("inf")}, step=100)
        run.log_text("hello", "notes/hello.txt")
        run.log_file(ROOT / "pyproject.toml", "code/pyproject.toml")
    found = tracking.find(settings, run.id)
    assert (found.status, found.name, found.metrics) == ("FINISHED", "first", {"train/reward": 1.5})
    assert {
        "algo": "ppo",
        "market": settings.market.name,
        "seed": "7",
        "stage": "train",
        "group": "a",
    }.items() <= (found.tags.items())
    assert "mlflow.source.git.commit" in found.tags
    assert found.params["algo.ppo.clip"] == str(settings.algo.ppo.clip)
    folder = Path(settings.tracking.store) / "artifacts" / "market-making" / run.id / "artifacts"
    assert (folder / "notes" / "hello.txt").read_text() == "hello"
    assert (folder / "code" / "pyproject.toml").exists()
    assert "inventory_penalty" in (folder / "config.yaml").read_text()
    assert not Path("mlflow.db").exists()
    assert not Path("mlruns").exists()


def test_an_error_fails_the_run(settings: Config) -> None:
    with pytest.raises(RuntimeError), tracking.start(settings, name="broken") as run:
        raise RuntimeError("out of luck")
    assert tracking.find(settings, run.id).status == "FAILED"


def test_a_resumed_run_is_the_same_run_and_repeats_nothing(settings: Config) -> None:
    with tracking.start(settings, name="long") as run:
        for step in (1, 2, 3):
            run.log_metrics({"reward": float(step)}, step)
    longer = config.replace(settings, training={"iterations": 1000})
    again = tracking.start(longer, name="long", run_id=tracking.find(settings, "long").id)
    for step in (2, 3, 4):  # the checkpoint was older than the last metrics
        again.log_metrics({"reward": 0.1 + step}, step)
    assert again.id == run.id
    again.finish()
    assert steps(settings, run.id, "reward") == [1, 2, 3, 4]
    assert tracking.find(settings, run.id).status == "FINISHED"
    assert len(client(settings).search_runs([run.experiment_id])) == 1


def test_what_is_found_after_a_resume_replaces_what_was_found_before(settings: Config) -> None:
    """The scores, and the parameters under which the model was trained; no second version of one model."""

    def log(run: tracking.Run, reward: float, step: int) -> str | None:
        scores = Scores.held_out({"final/reward": reward}, settings)
        run.log_scores(scores, step)
        return run.log_model(ppo_policy()[1], step=step, scores=scores)

    with tracking.start(settings, name="first") as run:
        assert log(run, 1.0, 20) == "models:/market-maker/1"
    longer = config.replace(settings, training={"iterations": 1000})
    with tracking.start(longer, name="first", run_id=run.id) as again:
        assert log(again, 2.0, 20) == "models:/market-maker/1"
        assert log(again, 3.0, 40) == "models:/market-maker/2"
    found = tracking.find(settings, run.id)
    assert found.metrics["final/reward"] == 3
    assert (found.params["training.iterations"], found.tags["now.training.iterations"]) == ("120", "1000")
    logged = client(settings).search_logged_models([run.experiment_id])
    models = {model.params["training.iterations"]: model for model in logged}
    assert [metric.value for metric in models["1000"].metrics] == [3]
    assert sorted(metric.value for metric in models["120"].metrics)[-1] == 2


def test_a_rule_that_many_runs_find_is_one_run(settings: Config) -> None:
    """The same numbers on the same episodes; another number, or other episodes, are another run."""
    fewer = config.replace(settings, evaluation={"episodes": 10})
    found = [(1.0, settings), (1.0, settings), (2.0, settings), (1.0, fewer)]
    for reward, where in found:
        with tracking.start(where, name="any") as run:
            scores = Scores.held_out({"final/reward": reward}, where)
            run.log_beside("linear-skew-book", scores, tags={"stage": "rule"}, params={"rule.half_spread": "2"})
    rules = client(settings).search_runs([run.experiment_id], "tags.stage = 'rule'")
    assert [(rule.info.status, rule.info.run_name) for rule in rules] == [("FINISHED", "linear-skew-book")] * 3
    assert sorted(rule.data.metrics["final/reward"] for rule in rules) == [1, 1, 2]
    assert {rule.data.params["rule.half_spread"] for rule in rules} == {"2"}
    datasets = {one.dataset.digest for rule in rules for one in rule.inputs.dataset_inputs}
    assert len(datasets) == 2


def test_what_the_policy_is_does_not_change_the_dataset(settings: Config) -> None:
    """Else two policies on the same episodes would not stand side by side."""
    digest = Scores.held_out({}, settings).digest
    other = config.replace(settings, agent={"action_high": 9.0, "inventory_penalty": 7.0}, algo={"lr": 1e-5})
    assert Scores.held_out({}, other).digest == digest
    for section, change in {"evaluation": {"inventory_penalty": 7.0}, "simulation": {"episode_steps": 7}}.items():
        assert Scores.held_out({}, config.replace(settings, **{section: change})).digest != digest


def test_finding_runs(settings: Config) -> None:
    for name in ("one", "twice", "twice"):
        tracking.start(settings, name=name).finish()
    one = tracking.find(settings, "one")
    assert tracking.find(settings, one.id[:12]) == one
    with pytest.raises(UserError, match="run other must be the id or name of one run, but 0 runs"):
        tracking.find(settings, "other")
    with pytest.raises(UserError, match="but 2 runs"):
        tracking.find(settings, "twice")


def test_a_lookup_changes_no_page_and_the_next_run_renews_them(settings: Config) -> None:
    """Who may only read can look up; an experiment of an older version gets today's view when somebody trains."""
    with tracking.start(settings, name="one") as run:
        pass
    view = "mlflow.sharedViewState.overview"
    today = client(settings).get_experiment(run.experiment_id).tags[view]
    client(settings).set_experiment_tag(run.experiment_id, view, "of an older version")
    tracking.find(settings, run.id)
    tracking.children(settings, run.id)
    assert client(settings).get_experiment(run.experiment_id).tags[view] == "of an older version"
    tracking.start(settings, name="two").finish()
    assert client(settings).get_experiment(run.experiment_id).tags[view] == today
    assert json.loads(today)["compareRunCharts"]


def test_children(settings: Config) -> None:
    sweep = tracking.start(settings, name="sweep")
    trials = [tracking.start(settings, name=f"trial {i}", parent_id=sweep.id) for i in range(2)]
    for run in (*trials, sweep):
        run.finish()
    assert [child.id for child in tracking.children(settings, sweep.id)] == [trial.id for trial in trials]


def test_a_refused_record_does_not_hold_up_the_others(settings: Config, caplog: pytest.LogCaptureFixture) -> None:
    with tracking.start(settings, name="odd") as run:
        run.log_metrics({"not?legal": 1.0}, step=1)
        run.log_metrics({"also?not": 1.0}, step=1)
        run.log_metrics({"reward": 1.0}, step=1)
    assert steps(settings, run.id, "reward") == [1]
    assert caplog.text.count("refuses a record") == 1
    kept = Path(settings.tracking.store) / "unsent" / f"{run.id}.jsonl"
    values = [json.loads(line)["values"] for line in kept.read_text().splitlines()]
    assert values == [{"not?legal": 1.0}, {"also?not": 1.0}]


def test_a_refusal_is_an_answer(settings: Config) -> None:
    """Else a sweep would give the runs of its other trials no time, as if the server were away."""
    run = tracking.start(settings, name="odd")
    run.log_metrics({"not?legal": 1.0}, step=1)
    assert run.finish()


def test_a_model_is_logged_registered_and_loaded_without_ray(settings: Config, tmp_path: Path) -> None:
    _, policy = ppo_policy()
    run = tracking.start(settings, name="with model")
    run.log_metrics({"eval/reward": 1.0}, step=10)
    run.log_metrics({"eval/reward": 2.0}, step=20)
    scores = Scores.held_out({"final/gap": 0.0123}, settings)
    assert run.log_model(policy, step=20, scores=scores, description="load {uri}") == "models:/market-maker/1"
    run.log_metrics({"eval/reward": 3.0}, step=30)
    assert run.log_model(policy, step=30) == "models:/market-maker/2"
    run.finish()
    version = client(settings).get_model_version("market-maker", "1")
    assert {"market": settings.market.name, "algo": "ppo", "seed": "7", "final/gap": "0.0123"}.items() <= (
        version.tags.items()
    )
    models = client(settings).search_logged_models([run.experiment_id])
    assert [[metric.key for metric in model.metrics or []] for model in models] == [[], ["final/gap"]]
    assert [model.name for model in models] == ["with model"] * 2
    assert json.loads(models[1].tags["mlflow.modelVersions"]) == [{"name": "market-maker", "version": 1}]
    assert version.description == "load models:/market-maker/1"
    assert steps(settings, run.id, "eval/reward") == [10, 20, 30]
    code = """
import sys
import numpy as np
from config import load
from training.tracking import load_policy
tracking = load([f"tracking.store={sys.argv[1]}"]).tracking
policy = load_policy("models:/market-maker/1", tracking)
np.save(sys.argv[3], policy(np.load(sys.argv[2])))
assert policy.card.setting["market"]["name"] == "book"
assert "ray" not in sys.modules
"""
    np.save(tmp_path / "in.npy", OBSERVATIONS)
    words = [settings.tracking.store, str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, check=True, timeout=300)
    expected = policy(torch.from_numpy(OBSERVATIONS)).numpy()
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-6)
    with pytest.raises(UserError, match="cannot give models:/market-maker/9"):
        tracking.load_policy("models:/market-maker/9", settings.tracking)


def test_mlflow_itself_serves_the_model(settings: Config) -> None:
    import mlflow.pyfunc

    _, policy = ppo_policy()
    with tracking.start(settings, name="served") as run:
        uri = run.log_model(policy, step=0)
    folder = tracking.fetch_model(str(uri), settings.tracking)
    expected = policy(torch.from_numpy(OBSERVATIONS)).numpy()
    np.testing.assert_allclose(mlflow.pyfunc.load_model(str(folder)).predict(OBSERVATIONS), expected, atol=1e-6)
    requirements = (folder / "requirements.txt").read_text().split()
    assert {line.partition("==")[0] for line in requirements} == {"mlflow", "numpy", "torch"}


def test_processes_that_open_a_fresh_store_at_once(tmp_path: Path) -> None:
    code = """
import sys
from config import load
from training import tracking
run = tracking.start(load([f"tracking.store={sys.argv[1]}"]), name="racer")
run.log_metrics({"reward": 1.0}, 1)
run.finish()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "fresh")]
    racers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [racer.communicate(timeout=300)[1] for racer in racers]
    assert said == ["", ""]
    settings = config.load([f"tracking.store={tmp_path / 'fresh'}"])
    found = client(settings).search_runs(["1"])
    assert [run.data.metrics for run in found] == [{"reward": 1.0}] * 2


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_store_works_in_another_folder(settings: Config, tmp_path: Path, how: str) -> None:
    with tracking.start(settings, name="here") as run:
        run.log_text("before", "before.txt")
        run.log_model(ppo_policy()[1], step=1)
    before, after = tmp_path / "store", tmp_path / "it's 100% moved?"
    (shutil.move if how == "moved" else shutil.copytree)(before, after)
    old_files = sorted(before.rglob("*"))
    there = config.replace(settings, tracking={"store": str(after)})
    with tracking.start(there, name="there") as run:
        run.log_text("after", "after.txt")
    assert tracking.fetch_model("models:/market-maker/1", there.tracking).is_relative_to(after)
    assert tracking.load_policy("models:/market-maker/1", there.tracking)(OBSERVATIONS).shape == (50, 2)
    assert {path.name for path in after.rglob("*.txt")} >= {"before.txt", "after.txt"}
    assert sorted(before.rglob("*")) == old_files
    listed = client(there).list_artifacts(tracking.find(there, "here").id)
    assert "before.txt" in {artifact.path for artifact in listed}


def test_artifacts_that_were_put_elsewhere_stay_there(settings: Config, tmp_path: Path) -> None:
    """A database beside which there are no artifacts has not been moved."""
    elsewhere = config.replace(settings, tracking={"uri": tracking.tracking_uri(settings.tracking), "store": "other"})
    with tracking.start(elsewhere, name="apart") as run:
        run.log_text("x", "x.txt")
    (tmp_path / "store" / "mlflow.db").rename(tmp_path / "moved.db")
    moved = config.replace(elsewhere, tracking={"uri": f"sqlite:///{tmp_path / 'moved.db'}"})
    with tracking.start(moved, name="more") as run:
        run.log_text("y", "y.txt")
    assert {path.name for path in (tmp_path / "other").rglob("*.txt")} == {"x.txt", "y.txt"}


def test_what_waits_is_in_a_file_until_it_is_delivered(tmp_path: Path) -> None:
    answers, delivered = threading.Event(), []

    def deliver(record: outbox.Record) -> None:
        if not answers.is_set():
            raise OSError("down")
        if record["n"] == 2:
            raise outbox.Refused("no")
        delivered.append(record["n"])

    path = tmp_path / "unsent" / "r.jsonl"
    box = outbox.Outbox(deliver, lambda _: None)
    box.put({"n": 0})
    box.journal(path)
    box.put({"n": 1}, {"n": 2})
    assert [record["n"] for record in outbox.kept(path)] == [0, 1, 2]
    with path.open("a") as file:
        file.write('{"n": 3')  # as a process that is killed leaves it
    assert [record["n"] for record in outbox.kept(path)] == [0, 1, 2]
    answers.set()
    assert box.wait(30, through_failures=True)
    assert delivered == [0, 1]
    assert outbox.kept(path) == [{"n": 2}]
    assert box.close() == [{"n": 2}]


@pytest.fixture
def server(tmp_path: Path, empty_database: Path) -> Iterator[Server]:
    (tmp_path / "server").mkdir()
    shutil.copy(empty_database, tmp_path / "server" / "mlflow.db")
    server = Server(tmp_path / "server")
    yield server
    server.kill()


def through(server: Server, settings: Config) -> Config:
    return config.replace(settings, tracking={"uri": server.uri})


def test_a_server_killed_in_the_middle(server: Server, settings: Config, caplog: pytest.LogCaptureFixture) -> None:
    server.launch()
    remote = through(server, settings)
    run = tracking.start(remote, name="steady")
    slowest = 0.0
    for step in range(60):
        if step == 20:
            server.kill()
        before = time.monotonic()
        run.log_metrics({"reward": float(step), "risk": -1.0}, step)
        slowest = max(slowest, time.monotonic() - before)
        time.sleep(0.005)
    assert run.log_model(ppo_policy()[1], step=59) is None
    server.launch()
    run.finish()
    assert slowest < 1.0
    assert steps(remote, run.id, "reward") == list(range(60))
    assert steps(remote, run.id, "risk") == list(range(60))
    assert len(client(remote).search_logged_models([run.experiment_id])) == 1
    assert tracking.load_policy("models:/market-maker/1", remote.tracking).card.setting["market"]["name"] == "book"
    assert tracking.find(remote, run.id).status == "FINISHED"
    assert caplog.text.count("does not answer") == 1
    assert not list((Path(settings.tracking.store) / "unsent").iterdir())


def test_kill_9_with_the_server_down_loses_nothing(server: Server, settings: Config) -> None:
    remote = through(server, settings)
    code = """
import os, signal, sys
from config import load
from training import tracking
run = tracking.start(load([f"tracking.store={sys.argv[1]}", f"tracking.uri={sys.argv[2]}"]), name="killed")
for step in range(50):
    run.log_metrics({"reward": float(step)}, step)
print(run.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", code, settings.tracking.store, server.uri]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    run_id = done.stdout.split()[-1]
    server.launch()
    again = tracking.start(remote, name="killed", run_id=run_id)
    again.log_metrics({"reward": 50.0}, 50)
    again.finish()
    found = tracking.find(remote, run_id)
    assert found.status == "FINISHED"
    assert steps(remote, client(remote).search_runs([found.experiment_id])[0].info.run_id, "reward") == list(range(51))
    assert not (Path(settings.tracking.store) / "unsent" / f"{run_id}.jsonl").exists()


def test_finishing_without_patience_does_not_wait(settings: Config) -> None:
    down = config.replace(settings, tracking={"uri": "http://127.0.0.1:9"})
    runs = [tracking.start(down, name=f"trial {i}") for i in range(3)]
    before = time.monotonic()
    for run in runs:
        run.end("FINISHED")
        assert not run.finish(patience_s=0.0)
    assert time.monotonic() - before < 1
    for run in runs:
        kept = (Path(settings.tracking.store) / "unsent" / f"{run.id}.jsonl").read_text()
        assert '"status": "FINISHED"' in kept


@pytest.mark.parametrize("uri", ["file:///nowhere/mlruns", "no-such-scheme://x"])
def test_a_uri_that_mlflow_cannot_use_is_a_sentence(settings: Config, uri: str) -> None:
    with pytest.raises(UserError, match=r"tracking\.uri must be one that MLflow takes"):
        tracking.check(config.replace(settings, tracking={"uri": uri}).tracking)
    tracking.check(config.replace(settings, tracking={"uri": "http://127.0.0.1:9"}).tracking)  # it may be up later


def test_a_server_that_is_down_from_the_start(
    server: Server, settings: Config, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.tracking.run.FINISH_PATIENCE_S", 0.5)
    caplog.set_level(logging.WARNING, "training")
    remote = through(server, settings)
    before = time.monotonic()
    run = tracking.start(remote, name="alone")
    run.log_metrics({"reward": 1.0}, 1)
    assert time.monotonic() - before < 5.0
    run.finish()
    kept = Path(settings.tracking.store) / "unsent" / f"{run.id}.jsonl"
    assert str(kept) in caplog.text
    assert caplog.text.count("does not answer") == 1
    with pytest.raises(UserError, match="cannot look up run"):
        tracking.find(remote, run.id)
    again = tracking.start(remote, name="alone", run_id=run.id)
    again.log_metrics({"reward": 2.0}, 2)
    server.launch()
    monkeypatch.setattr("training.tracking.run.FINISH_PATIENCE_S", 60.0)
    again.finish()
    found = tracking.find(remote, run.id)
    assert (found.id, found.status) == (run.id, "FINISHED")
    assert len(client(remote).search_runs([found.experiment_id])) == 1
    assert found.params["seed"] == "7"
    mlflow_id = client(remote).search_runs([found.experiment_id])[0].info.run_id
    assert steps(remote, mlflow_id, "reward") == [1, 2]
    assert not kept.exists()
