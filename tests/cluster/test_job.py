"""A job on a real cluster of one node, which has the platform's dependencies but not its code."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import yaml

import config
from training import tracking

pytestmark = pytest.mark.long
ROOT = Path(config.__file__).parents[1]
RAY = ["-m", "ray.scripts.scripts"]  # the ``ray`` of whatever interpreter runs it
START_PATIENCE_S = 120.0
STOP_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Node:
    """A machine of the cluster: its folder, its Python and its environment."""

    folder: Path
    python: Path
    env: dict[str, str]

    def popen(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            return subprocess.Popen([str(self.python), *words], cwd=self.folder, env=self.env, stdout=out, stderr=out)

    def run(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            [str(self.python), *words],
            cwd=self.folder, env=self.env, timeout=300, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def processes(self) -> list[psutil.Process]:
        """Everything that was started here, also what has left its parent: Ray's workers do."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("HOME") == self.env["HOME"]:
                    found.append(process)
        return found


@dataclass(frozen=True)
class Cluster:
    """A head that takes jobs at ``address``."""

    node: Node
    address: str
    runtime_env: Path

    def submit(self, *words: str) -> tuple[int, str]:
        place = ["--address", self.address, "--runtime-env", str(self.runtime_env)]
        return self.node.run(*RAY, "job", "submit", *place, "--", "python", "-m", "training", *words)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def status_of(address: str, token: str = "") -> int:
    """The HTTP status of the head's version page; 0 as long as nobody listens."""
    request = urllib.request.Request(f"{address}/api/version")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps"]
    subprocess.run([*pip, "--wheel-dir", str(folder), str(ROOT)], check=True, timeout=600)
    (wheel,) = folder.glob("adaptive_mm-*.whl")
    return wheel


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    # Not pytest's folder: the paths of Ray's sockets have to stay below 108 characters.
    folder = Path(tempfile.mkdtemp(prefix="mm-"))
    venv.create(folder / "venv", with_pip=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    # Paths of a .pth file are searched for packages but not for .pth files: no editable install comes along.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "home").mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "MLFLOW_"))}
    env.pop("PYTHONPATH", None)
    env |= {
        "HOME": str(folder / "home"),
        "PATH": f"{folder / 'venv' / 'bin'}{os.pathsep}{env['PATH']}",
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    node = Node(folder, folder / "venv" / "bin" / "python", env)
    yield node
    for process in node.processes():
        with suppress(psutil.Error):
            process.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def cluster(node: Node, wheel: Path) -> Iterator[Cluster]:
    runtime_env = yaml.safe_load((ROOT / "deploy" / "runtime_env.yaml").read_text())
    (node.folder / "runtime_env.yaml").write_text(yaml.safe_dump(runtime_env | {"py_modules": [str(wheel)]}))
    port = free_port()
    ports = {"--port": free_port(), "--dashboard-port": port, "--ray-client-server-port": free_port()}
    words = [f"{name}={value}" for name, value in ports.items()]
    words += ["--dashboard-agent-listen-port=0", "--dashboard-host=127.0.0.1", "--include-dashboard=true"]
    words += [f"--temp-dir={node.folder / 'ray'}", "--num-cpus=2", "--object-store-memory=100000000"]
    log = node.folder / "head.log"
    head = node.popen(*RAY, "start", "--head", "--block", *words, log=log)
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + START_PATIENCE_S
    while status_of(address, node.env["RAY_AUTH_TOKEN"]) != 200:
        assert head.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.5)
    yield Cluster(node, address, node.folder / "runtime_env.yaml")
    head.terminate()
    with suppress(subprocess.TimeoutExpired):
        head.wait(STOP_PATIENCE_S)
    for process in node.processes():
        with suppress(psutil.Error):
            process.kill()
    head.wait()


def test_a_job_trains_with_the_code_of_the_wheel(cluster: Cluster, tmp_path: Path) -> None:
    code, said = cluster.node.run("-c", "import training")
    assert "No module named 'training'" in said
    store = tmp_path / "mlruns"
    places = [f"tracking.uri=sqlite:///{store}/mlflow.db", f"tracking.store={store}"]
    sizes = ["training.iterations=2", "training.steps_per_iteration=4096", "training.markets_per_runner=32"]
    sizes += ["algo.ppo.minibatch_size=4096", "evaluation.episodes=16", "evaluation.tuning_episodes=16"]
    code, said = cluster.submit(
        "market=gt1", "training.env_runners=2", f"training.checkpoint_root={tmp_path / 'c'}", *places, *sizes
    )
    assert code == 0, said
    assert "2 iterations, 8,192 env steps" in said
    (folder,) = (tmp_path / "c").iterdir()
    assert (folder / "iteration-000002" / "progress.json").is_file()
    run = tracking.find(config.load(places), folder.name)
    assert (run.status, run.params["training.env_runners"]) == ("FINISHED", "2")


def test_a_mistake_is_the_same_sentence_as_at_home(cluster: Cluster) -> None:
    with pytest.raises(config.UserError) as caught:
        config.load(["training.iteration=2"])
    code, said = cluster.submit("training.iteration=2")
    assert code != 0
    assert f"error: {caught.value}\n" in said
    assert "Traceback" not in said


def test_who_has_no_token_is_sent_away(cluster: Cluster) -> None:
    assert status_of(cluster.address) == 401
    assert status_of(cluster.address, "wrong") == 403
