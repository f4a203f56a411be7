"""Options of a command: a dataclass whose fields, with defaults and help, are the words of its command line."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from config import UserError
from config.cli import Word

Options = TypeVar("Options")
_KINDS = {float: "NUMBER", int: "COUNT", str: "NAME|PATH", tuple: "[EDGE,EDGE,...]"}
_NAMES = {float: "a number", int: "a whole number", tuple: "a list of whole numbers"}


def option(default: Any, text: str) -> Any:
    """A field with its default and what it means."""
    return dataclasses.field(default=default, metadata={"help": text})


def words(options: type) -> list[Word]:
    """The options as words of a command line."""
    return [Word(field.name, _KINDS[type(field.default)], _help(field)) for field in dataclasses.fields(options)]


def parse(options: type[Options], values: dict[str, list[str]]) -> Options:
    """The options that the words of a command line choose.

    Raises:
        UserError: one sentence.

    """
    fields = {field.name: field for field in dataclasses.fields(options)}  # type: ignore[arg-type]
    return options(**{name: _value(fields[name], given[0]) for name, given in values.items() if name in fields})


def _help(field: dataclasses.Field[Any]) -> str:
    text: str = field.metadata["help"]
    return f"{text} (default: {field.default})" if field.default else text


def _value(field: dataclasses.Field[Any], word: str) -> Any:
    kind: Any = type(field.default)
    try:
        if kind is tuple:
            return tuple(int(edge) for edge in word.strip("[]").split(","))
        return kind(word)
    except ValueError:
        raise UserError(f"{field.name} must be {_NAMES[kind]}, but it is '{word}'") from None
