"""The one yardstick of all trials: a fixed evaluation whose penalty is never the trial's own."""

from __future__ import annotations

from analysis.evaluation import Estimate, simulate, summary
from analysis.policy import Policy
from config import Config, replace

OBJECTIVE = "objective"


def evaluate(policy: Policy, config: Config, *, episodes: int, seed: int) -> dict[str, Estimate]:
    """The objective and its companions, each with a bootstrap interval over episodes.

    The objective is the reward under ``sweep.objective_penalty`` in place of the agent's own: the mean over episodes
    of PnL - objective_penalty x sum of q^2 dt (less the terminal penalty, where there is one), in tick x lot (book)
    or price x lot (reduced form). The policies of all trials play the same episodes.

    Args:
        policy: what is scored.
        config: of the trial; its skews are the quotes around which a residual policy acts.
        episodes: how many, each in a market of its own.
        seed: of those markets.

    Returns:
        ``objective``, ``pnl``, ``mean_abs_inventory`` (lots), ``fills`` (lots).

    """
    fixed = replace(config, agent={"inventory_penalty": config.sweep.objective_penalty})
    estimates = summary(simulate(policy, fixed, episodes=episodes, seed=seed), config.evaluation.confidence)
    return {OBJECTIVE: estimates.pop("reward"), **estimates}
