"""MLflow's pages on the store that training writes to, on this machine only."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from config import UserError
from config.schema import TrackingConfig
from training.tracking.client import database, tracking_uri

HOST = "127.0.0.1"
START_PATIENCE_S = 60.0
STOP_PATIENCE_S = 10.0
ANSWER_PATIENCE_S = 10.0
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # helper processes of 2 GB for what we do not use
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "PYTHONWARNINGS": "ignore",  # MLflow's own deprecations
}


def run(port: str, tracking: TrackingConfig) -> None:
    """Shows what ``tracking`` names: a server's pages, or those of one of our own on ``port``.

    Raises:
        UserError: one sentence.

    """
    number = _port(port)
    uri = tracking_uri(tracking)
    if uri.startswith("http"):
        _show(uri, tracking.experiment)
    else:
        _check_store(uri)
        _check_free(number)
        serve(uri, tracking, number)


def serve(uri: str, tracking: TrackingConfig, port: int) -> None:
    """Shows the store at ``uri`` until Ctrl-C or a SIGTERM."""
    print("MLflow takes some seconds to start", flush=True)
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Also where a shell has us ignore it: the server must not outlive us.
        signal.signal(ending, signal.default_int_handler)
    try:
        with _server(uri, tracking, port) as server:
            _wait_until_healthy(server, port)
            _show(f"http://{HOST}:{port}", tracking.experiment)
            print("Ctrl-C ends this", flush=True)
            server.wait()
            raise UserError(f"mlflow has ended with exit code {server.returncode}; its reason stands above")
    except KeyboardInterrupt:
        return


def page(server: str, experiment: str) -> str:
    """The address of the table of runs, in the view for models that are trained (MLflow's default is for chats)."""
    base = server.rstrip("/")
    query = f"{base}/api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(experiment)}"
    try:
        with urllib.request.urlopen(query, timeout=ANSWER_PATIENCE_S) as answer:
            path = f"/{json.load(answer)['experiment']['experiment_id']}/runs"
    except urllib.error.HTTPError:  # no such experiment yet, or a server that wants a login: its front page tells
        path = ""
    except OSError as error:
        raise UserError(f"MLflow at {base} does not answer: {error}") from None
    return f"{base}/#/experiments{path}?workflowType=machine_learning&viewStateShareKey=overview"


def _show(server: str, experiment: str) -> None:
    runs = page(server, experiment)
    print(f"runs:   {runs}\ncurves: {runs}&compareRunsMode=CHART", flush=True)


def _port(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 65535:
        raise UserError(f"port must be a number from 1 to 65535, but it is {value}")
    return int(value)


def _check_store(uri: str) -> None:
    path = database(uri)
    if path is not None and not path.is_file():
        raise UserError(f"there are no runs yet in {path.parent}: run 'make train' first")


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that closed a moment ago is free
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(
                f"port must be one that is free, but {HOST}:{port} is not ({error.strerror}); "
                f"give another, for example port={port + 1}"
            ) from None


@contextmanager
def _server(uri: str, tracking: TrackingConfig, port: int) -> Iterator[subprocess.Popen[bytes]]:
    artifacts = Path(tracking.store).resolve() / "artifacts"
    # Not as words: everybody reads them in ``ps``, and an address may hold a password.
    store = {"MLFLOW_BACKEND_STORE_URI": uri, "MLFLOW_REGISTRY_STORE_URI": uri}
    where = ["--host", HOST, "--port", str(port), "--artifacts-destination", str(artifacts)]
    size = ["--workers", "1", "--uvicorn-opts", "--log-level warning"]
    server = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", *where, *size],
        env=os.environ | QUIET | store,
        start_new_session=True,  # the Ctrl-C of the terminal reaches us, and we end all its processes
    )
    try:
        yield server
    finally:
        _stop(server)


def _stop(server: subprocess.Popen[bytes]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, ending)
        with suppress(subprocess.TimeoutExpired):
            server.wait(STOP_PATIENCE_S)


def _wait_until_healthy(server: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_PATIENCE_S
    while server.poll() is None and time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=1):
            return
        time.sleep(0.2)
    raise UserError(f"mlflow has not started on {HOST}:{port}; its reason stands above")
