"""MLflow's pages on our store, as ``make ui`` shows them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import config
from config import cli
from training import tracking
from training.__main__ import COMMANDS

ROOT = Path(config.__file__).parents[1]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("ending", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_the_pages_until_ctrl_c(tmp_path: Path, port: int, ending: signal.Signals) -> None:
    settings = config.load([f"tracking.store={tmp_path / 'store'}"])
    with tracking.start(settings, name="shown") as run:
        run.log_metrics({"train/return": 1.0}, step=1)
    words = [sys.executable, "-m", "training", "ui", f"port={port}", f"tracking.store={tmp_path / 'store'}"]
    process = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        said = [process.stdout.readline() for _ in range(4)]
        experiment = f"http://127.0.0.1:{port}/#/experiments/{run.experiment_id}"
        assert said[1] == f"runs:   {experiment}/runs?workflowType=machine_learning&viewStateShareKey=overview\n"
        assert read(f"http://127.0.0.1:{port}/health") == "OK"
        assert "<title>MLflow</title>" in read(f"http://127.0.0.1:{port}/")
        process.send_signal(ending)
        assert process.wait(30) == 0
        assert not listens(port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        process.stdout.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store"]


def test_a_store_without_runs(tmp_path: Path) -> None:
    with pytest.raises(config.UserError, match=r"there are no runs yet in .*: run 'make train' first"):
        cli.call(COMMANDS, ["ui", f"tracking.store={tmp_path}"])


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(config.UserError, match=f"port must be one that is free, but 127.0.0.1:{port} is not"):
            cli.call(COMMANDS, ["ui", f"port={port}", f"tracking.store={tmp_path}"])


@pytest.mark.parametrize("port", ["0", "65536", "http", ""])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(config.UserError, match="port must be a number from 1 to 65535"):
        cli.call(COMMANDS, ["ui", f"port={port}"])


def test_a_server_that_is_down(port: int) -> None:
    with pytest.raises(config.UserError, match="does not answer"):
        cli.call(COMMANDS, ["ui", f"tracking.uri=http://127.0.0.1:{port}"])
