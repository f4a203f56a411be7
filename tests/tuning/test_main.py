"""What the user may get wrong, told before Ray is started."""

from __future__ import annotations

import re

import pytest
import ray

from config import cli
from tuning.__main__ import COMMAND


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sweep.trial=3"], "sweep.trial"),
        (["sweep.trials=0"], "sweep.trials must be >= 1"),
        (["sweep.alpha_skew=[0.2,0.1]"], "sweep.alpha_skew must be .* low <= high"),
        (["sweep.inventory_penalty=[0,0.1]"], "sweep.inventory_penalty must be > 0"),
        (["market_maker.inventory_skew=0.1"], "is searched"),
        (["algo.ppo.minibatch_size=99999"], "minibatch_size must be <="),
        (["sweep.root=file/below"], "sweep.root must be a folder to write to"),
        (["resume=abc"], "resume must be the id"),
        (["resume=abc", "resume=def"], "resume must be given once"),
        (["resume=abc", "seed=1"], "seed=1 cannot be combined with resume"),
    ],
)
def test_mistakes_cost_one_sentence(words, sentence, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("sys.argv", ["tuning", *words])
    with pytest.raises(SystemExit) as leaving:
        cli.main(COMMAND, "python -m tuning")
    assert leaving.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert re.search(sentence, error)
    assert not ray.is_initialized()


def test_help(capsys) -> None:
    cli.call(COMMAND, ["--help"])
    assert "resume=RUN" in capsys.readouterr().out
