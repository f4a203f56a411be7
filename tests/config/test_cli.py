"""Command lines: what is found, what is refused and with what hint."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import config
from config import UserError, cli
from config.cli import Command, Commands, Word, Words

ROOT = Path(config.__file__).parents[1]


def commands(heard: list[Words]) -> Commands:
    def walk(words: Words) -> None:
        """Walks on. And on."""
        heard.append(words)

    def count(words: Words) -> None:
        """Counts."""
        heard.append(words)

    own = [Word("to", "PLACE", "where"), Word("by", "WAY", "how", repeated=True)]
    return Commands("tour", "A tour.", [Command(walk, "walk", own), Command(count, "count", configured=False)], "walk")


@pytest.mark.parametrize("first", [[], ["walk"]])
def test_own_words_and_those_of_the_configuration(first):
    heard: list[Words] = []
    cli.call(commands(heard), [*first, "to=sea", "by=foot", "seed=3", "by=boat", "algo.lr=1", "market=gt1", "config=x"])
    (words,) = heard
    assert words.one("to") == "sea"
    assert words.all("by") == ["foot", "boat"]
    assert words.configuration == ["seed=3", "algo.lr=1", "market=gt1", "config=x"]
    assert (words.one("from", "home"), words.all("from")) == ("home", [])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["wlak"], "tour does not know 'wlak'; known: walk, count; did you mean walk?"),
        (["walk", "too=sea"], "walk does not know the word 'too'; did you mean to?"),
        (["walk", "trainig.iterations=2"], "walk does not know the word 'trainig.iterations'; did you mean training?"),
        (["walk", "to"], "'to' is not key=value; write for example algo=sac or training.iterations=20"),
        (["walk", "to=sea", "to=hill"], "to must be given once, but it is given as sea and hill"),
        (["count", "seed=3"], "count does not know the word 'seed'"),
        (["walk", "--far"], "No such option '--far'."),
        (["--far"], "No such option '--far'."),
    ],
)
def test_what_is_refused(words, sentence):
    heard: list[Words] = []
    with pytest.raises(UserError) as error:
        cli.call(commands(heard), words)
    assert sentence in str(error.value)
    assert not heard


@pytest.mark.parametrize("room", ["training", "tuning", "analysis"])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_room_has_help(room, option):
    shown = subprocess.run([sys.executable, "-m", room, option], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(f"Usage: python -m {room} ")
    assert max(map(len, shown.stdout.splitlines())) <= cli.WIDTH


@pytest.mark.parametrize(
    "command",
    ["training train", "training real", "training gaps", "training ui", "analysis evaluate", "analysis optimum",
     "analysis calibrate"],
)  # fmt: skip
def test_every_command_has_help_that_names_its_words(command):
    room, name = command.split()
    shown = subprocess.run(
        [sys.executable, "-m", room, name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith(f"Usage: python -m {room} {name} ")
    assert "\nWords:\n" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= cli.WIDTH


def test_a_mistake_is_exit_code_2_and_one_line_without_a_traceback():
    done = subprocess.run([sys.executable, "-m", "training", "gasp"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == (
        "error: python -m training does not know 'gasp'; known: train, real, gaps, ui; did you mean gaps?\n"
    )
