"""A folder of runs that was moved: MLflow writes absolute paths into its database, and would look in the old place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

PATHS = ("artifact_location", "artifact_uri", "source", "storage_location")  # columns that hold one


def follow(database: Path) -> None:
    """Replaces the folder in which ``database`` was by the one it is in, in every path that it holds.

    Only of experiments that keep their artifacts in ``artifacts/NAME`` beside the database, as ours do: those artifacts
    are here, and what is in the old place is nothing, or another database's.
    """
    if not database.is_file():
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        for old in _old_folders(connection, database):
            for table, column in _columns(connection):
                for scheme in ("", "file://"):
                    connection.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} LIKE ? ESCAPE '!'",
                        (f"{scheme}{database.parent}/", len(scheme + old) + 2, f"{_literal(scheme + old)}/%"),
                    )


def _old_folders(connection: sqlite3.Connection, database: Path) -> set[str]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "experiments" not in tables:
        return set()
    found = set()
    for name, location in connection.execute("SELECT name, artifact_location FROM experiments"):
        path, ending = (location or "").removeprefix("file://"), f"/artifacts/{name}"
        old, here = Path(path.removesuffix(ending)), database.parent
        if not path.startswith("/") or not path.endswith(ending) or old == here:
            continue
        if Path(f"{here}{ending}").is_dir() and (not Path(path).exists() or (old / database.name).exists()):
            found.add(str(old))
    return found


def _columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        (table, column)
        for table in tables
        for _, column, *_ in connection.execute(f"PRAGMA table_info({table})")
        if column in PATHS
    ]


def _literal(text: str) -> str:
    """For LIKE, with its own signs escaped."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
