"""The README's Python runs as it stands there."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(mark: str) -> None:
    """Runs the one example that holds ``mark``."""
    (example,) = (example for example in EXAMPLES if mark in example)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})


def test_many_markets_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    run("MarketMakingVectorEnv")
    speed, reward = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"[\d,]+ steps/s", speed)
    assert float(reward.removeprefix("reward of an episode: ")) > 0


def test_the_quoting_rule_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run("MarketMaker(")
    bid, ask = map(float, capsys.readouterr().out.split())
    assert 99.9 < bid < ask < 100.1


def test_a_problem_of_ones_own(capsys: pytest.CaptureFixture[str]) -> None:
    run("Problem.of")
    best, half = capsys.readouterr().out.splitlines()
    assert float(best.split()[2].rstrip(",")) > float(half.split()[-1]) > 0
