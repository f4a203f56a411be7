"""``python -m analysis VERB key=value ...``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import config
from analysis import calibrate, optimality, report

VERBS: dict[str, Callable[[Sequence[str]], None]] = {
    "calibrate": calibrate.main,
    "evaluate": report.main,
    "optimum": optimality.main,
}


def main(words: Sequence[str]) -> None:
    """Hands the words behind the verb to that verb."""
    known = ", ".join(VERBS)
    if not words:
        raise config.UserError(f"python -m analysis needs a verb; known: {known}")
    if words[0] not in VERBS:
        raise config.UserError(f"python -m analysis does not know '{words[0]}'; known: {known}")
    VERBS[words[0]](words[1:])


if __name__ == "__main__":
    config.run(main)
