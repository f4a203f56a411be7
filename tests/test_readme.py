"""The README's Python runs as it stands there."""

import re
from pathlib import Path

import pytest

README = (Path(__file__).parents[1] / "README.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(example: str) -> None:
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})


def test_many_markets_from_python(capsys: pytest.CaptureFixture[str]) -> None:
    run(EXAMPLES[0])
    speed, reward = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"[\d,]+ steps/s", speed)
    assert float(reward.removeprefix("reward of an episode: ")) > 0


def test_the_quoting_rule_alone(capsys: pytest.CaptureFixture[str]) -> None:
    run(EXAMPLES[1])
    bid, ask = map(float, capsys.readouterr().out.split())
    assert 99.9 < bid < ask < 100.1
