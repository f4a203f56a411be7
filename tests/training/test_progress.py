"""Progress in a log, where nobody sees a live line."""

from __future__ import annotations

import pytest

import config
from training import progress


@pytest.mark.parametrize(("iterations", "shown"), [(10, [1, 7]), (7, [1, 7]), (1, [1])])
def test_a_log_has_the_first_iteration_and_the_last_that_was_done(capsys, iterations, shown):
    settings = config.load([f"training.iterations={iterations}"])
    with progress.ProgressLine(settings) as line:
        for iteration in range(1, min(iterations, 7) + 1):
            line.show(iteration, 1000 * iteration, {"train/return": 1.5})
    lines = capsys.readouterr().err.splitlines()
    assert [said.partition("  ")[0] for said in lines] == [f"iteration {i}/{iterations}" for i in shown]
    assert "return 1.50" in lines[0]
    assert lines[-1].endswith("done") == (iterations <= 7)


def test_a_log_has_a_line_now_and_then(capsys, monkeypatch):
    clock = iter(range(0, 10_000, 5))  # seconds; the clock is read some times for each iteration
    monkeypatch.setattr(progress.time, "monotonic", lambda: float(next(clock)))
    with progress.ProgressLine(config.load(["training.iterations=40"])) as line:
        for iteration in range(1, 41):
            line.show(iteration, iteration, {})
    assert 5 < len(capsys.readouterr().err.splitlines()) < 40


def test_no_progress_where_none_is_wanted(capsys):
    with progress.ProgressLine(config.load(["training.progress=false"])) as line:
        line.show(1, 1, {})
    assert capsys.readouterr().err == ""
