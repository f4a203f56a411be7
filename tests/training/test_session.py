"""What belongs to one training beside the loop."""

from __future__ import annotations

import config
from training import session


def test_only_a_solved_market_has_an_exact_gap():
    assert session.exact_gap(config.load(["market=book"])) is None
    assert session.exact_gap(config.load(["market=gt1", "agent.action=residual"])) is None
    assert session.exact_gap(config.load(["market=gt1"])) is not None
