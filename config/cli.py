"""Command lines: click finds the command, prints the help and refuses options; words stay ``key=value``.

A command is a function of its `Words`. The first paragraph of its docstring is its help.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import click

from config.errors import RunError, UserError
from config.loading import GROUPS, names
from config.schema import Config

WIDTH = 120  # columns
OVERLAYS = ("config", *GROUPS)  # words that name files
SECTIONS = tuple(field.name for field in dataclasses.fields(Config))


@dataclass(frozen=True)
class Word:
    """A word ``name=metavar`` of a command's own, beside those of the configuration."""

    name: str
    metavar: str
    help: str
    repeated: bool = False


@dataclass(frozen=True)
class Words:
    """The words of a command line: its own by name, each as often as it was given, and the configuration's."""

    own: dict[str, list[str]]
    configuration: list[str]

    def one(self, name: str, default: str = "") -> str:
        """The value of a word that may be given once."""
        values = self.own.get(name, [])
        return values[0] if values else default

    def all(self, name: str) -> list[str]:
        """The values of a word that may be repeated."""
        return self.own.get(name, [])


Main = Callable[[Words], None]


class Command(click.Command):
    """A command of the words ``own`` and, if ``configured``, of those of `config.load`."""

    def __init__(self, run: Main, name: str, own: Sequence[Word] = (), *, configured: bool = True) -> None:
        self.run, self.own, self.configured = run, own, configured
        words = click.Argument(["words"], nargs=-1, type=click.UNPROCESSED, metavar=self._usage())
        super().__init__(
            name,
            callback=lambda words: run(self.read(words)),
            params=[words],
            help=_first_paragraph(run),
            short_help=_first_paragraph(run).partition(". ")[0].rstrip("."),
        )

    def read(self, words: Iterable[str]) -> Words:
        """Sorts ``words``.

        Raises:
            UserError: one is not ``key=value``, is not known, or is given twice though it may be once.

        """
        own: dict[str, list[str]] = {}
        rest: list[str] = []
        known = {word.name: word for word in self.own}
        for word in words:
            name, equals, value = word.partition("=")
            if not equals or not name:
                raise UserError(f"'{word}' is not key=value{self._example()}{_suggestion(word, self._known())}")
            if name in known:
                own.setdefault(name, []).append(_path(value) if "PATH" in known[name].metavar else value)
            elif self.configured and (name in OVERLAYS or name.partition(".")[0] in SECTIONS):
                rest.append(word)
            else:
                raise UserError(
                    f"{self.name} does not know the word '{name}'{_suggestion(name.partition('.')[0], self._known())}"
                )
        for name, values in own.items():
            if len(values) > 1 and not known[name].repeated:
                raise UserError(f"{name} must be given once, but it is given as {' and '.join(values)}")
        return Words(own, rest)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The words, then click's own options."""
        rows = [(f"{word.name}={word.metavar}", word.help) for word in self.own]
        if self.configured:
            rows += [(f"{group}=NAME|PATH", _shipped(group)) for group in GROUPS]
            rows += [
                ("config=PATH", "a YAML file over all of these"),
                ("SECTION.KEY=VALUE", "any value of config/default.yaml, over all files"),
            ]
        with formatter.section("Words"):
            formatter.write_dl(rows)
        super().format_options(ctx, formatter)

    def _usage(self) -> str:
        shown = [f"{word.name}={word.metavar}" for word in self.own]
        return " ".join(f"[{word}]" for word in [*shown, *(["key=value ..."] if self.configured else [])])

    def _known(self) -> list[str]:
        return [word.name for word in self.own] + ([*OVERLAYS, *SECTIONS] if self.configured else [])

    def _example(self) -> str:
        return "; write for example algo=sac or training.iterations=20" if self.configured else ""


class Commands(click.Group):
    """Several commands; ``default`` runs where the first word names none because it is ``key=value``."""

    def __init__(self, name: str, help_text: str, commands: Sequence[Command], default: str = "") -> None:
        super().__init__(name, help=help_text, commands=list(commands), no_args_is_help=not default)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the default command first where none is named."""
        wants_default = not args or ("=" in args[0] and not args[0].startswith("-"))
        if self.default and wants_default:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuses what is no command with the nearest that is one."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            known = ", ".join(self.commands)
            hint = _suggestion(args[0], list(self.commands))
            raise UserError(f"{ctx.command_path} does not know '{args[0]}'; known: {known}{hint}")
        return super().resolve_command(ctx, args)


def call(command: click.Command, words: Sequence[str], program: str = "") -> None:
    """Runs the command line ``words``.

    Raises:
        UserError: a mistake in it.
        SystemExit: it is empty where a command is needed, and has got the help instead.

    """
    try:
        command.main(
            list(words),
            program or command.name,
            standalone_mode=False,
            help_option_names=["-h", "--help"],
            max_content_width=WIDTH,
            terminal_width=WIDTH,
        )
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        raise SystemExit(2) from None
    except click.ClickException as error:
        raise UserError(error.format_message()) from None
    except click.Abort:  # what click makes of Ctrl-C
        raise KeyboardInterrupt from None


def main(command: click.Command, program: str) -> None:
    """Runs the program's own words; a mistake is a sentence on stderr and exit code 2, a run that fails one and 1."""
    _show_warnings()
    try:
        call(command, sys.argv[1:], program)
    except (UserError, RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2 if isinstance(error, UserError) else 1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _path(value: str) -> str:
    return os.path.expanduser(value)  # noqa: PTH111 - Path would make "." of nothing


def _show_warnings() -> None:
    """Our own loggers write to stderr, at a level of their own: MLflow sets the root's to ERROR when it is imported."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Plain())
    for room in ("analysis", "training", "tuning"):
        logger = logging.getLogger(room)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname.lower()}: {record.getMessage()}"


def _first_paragraph(run: Main) -> str:
    return (inspect.getdoc(run) or "").partition("\n\n")[0]


def _shipped(group: str) -> str:
    default = GROUPS[group]
    known = ", ".join(names(group))
    return f"{known}, or a YAML file" + (f" (default: {default})" if default else "")


def _suggestion(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f"; did you mean {near[0]}?" if near else ""
