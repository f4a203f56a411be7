from __future__ import annotations

import pytest

import config
from training import checkpoints
from training.checkpoints import Progress


def written(root, iteration, save=lambda folder: (folder / "weights").write_text("w")):
    return checkpoints.write(root / "r", Progress("r", iteration, iteration * 10), config.load(), save)


def test_only_the_newest_stay(tmp_path):
    for iteration in (1, 2, 10, 20):
        last = written(tmp_path, iteration)
    assert sorted(p.name for p in (tmp_path / "r").glob("iteration-*")) == [f"iteration-{i:06d}" for i in (2, 10, 20)]
    assert checkpoints.find("r", tmp_path) == last
    assert checkpoints.find(str(tmp_path / "r"), tmp_path / "other") == last
    assert checkpoints.find(str(last), tmp_path / "other") == last


def test_a_failed_write_leaves_the_last_one(tmp_path):
    first = written(tmp_path, 1)

    def fail(_):
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        written(tmp_path, 2, fail)
    assert checkpoints.find("r", tmp_path) == first
    assert [p.name for p in (tmp_path / "r").iterdir() if p.name.startswith(".")] == []


def test_nothing_found_is_a_sentence(tmp_path):
    with pytest.raises(config.UserError, match="resume must be a checkpoint"):
        checkpoints.find("nothing", tmp_path)
