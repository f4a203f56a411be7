"""The user's mistakes: one exception, one sentence, exit code 2."""

from __future__ import annotations


class UserError(ValueError):
    """A mistake in what the user gave; the message is one sentence that names the key or file, the rule, the value."""


class RunError(RuntimeError):
    """What ends a run that was asked for rightly; the message is one sentence: what happened, and what helps."""
