from __future__ import annotations

import json

import pytest
import ray

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


def test_the_latest_that_is_still_there(tmp_path):
    first, second = written(tmp_path, 1), written(tmp_path, 2)
    second.rename(tmp_path / "moved")
    assert checkpoints.find("r", tmp_path) == first


def test_only_the_latest_in_its_run_s_folder_is_the_last(tmp_path):
    first, second = written(tmp_path, 1), written(tmp_path, 2)
    assert (checkpoints.is_last(first), checkpoints.is_last(second)) == (False, True)
    moved = second.rename(tmp_path / "moved")
    assert not checkpoints.is_last(moved)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"iteration": 3}'])
def test_damage_is_a_sentence(tmp_path, text):
    checkpoint = written(tmp_path, 1)
    (checkpoint / checkpoints.PROGRESS).write_text(text)
    with pytest.raises(config.UserError, match=f"resume cannot read {checkpoint}: .*written by the versions that are"):
        checkpoints.read_progress(checkpoint)


def test_other_versions_are_named(tmp_path):
    checkpoint = written(tmp_path, 1)
    versions = json.loads((checkpoint / checkpoints.VERSIONS).read_text())
    assert versions["ray"] == ray.__version__
    (checkpoint / checkpoints.VERSIONS).write_text(json.dumps(versions | {"torch": "1.0", "gone": "7"}))
    with (
        pytest.raises(config.UserError, match=r"KeyError: 'a'; .* by torch 1.0 \(here .*, gone 7 \(here none"),
        checkpoints.reading(checkpoint),
    ):
        raise KeyError("a")
    (checkpoint / checkpoints.VERSIONS).unlink()
    with pytest.raises(config.UserError, match="does not say which versions"), checkpoints.reading(checkpoint):
        raise KeyError("a")


def test_nothing_found_is_a_sentence(tmp_path):
    with pytest.raises(config.UserError, match="resume must be a checkpoint"):
        checkpoints.find("nothing", tmp_path)
