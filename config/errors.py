"""The user's mistakes: one exception, one sentence, exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence


class UserError(ValueError):
    """A mistake in what the user gave; the message is one sentence that names the key or file, the rule, the value."""


def run(main: Callable[[Sequence[str]], None]) -> None:
    """Runs a command line's ``main`` and turns a `UserError` into its sentence and exit code 2."""
    try:
        main(sys.argv[1:])
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
