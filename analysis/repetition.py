"""One recipe trained several times against the tuned rules: a mean over trainings with its interval, not the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy import stats

from analysis import rules
from analysis.evaluation import Estimate, simulate
from analysis.measures import REWARD
from analysis.policy import Policy
from config import Config


@dataclass(frozen=True)
class Versus:
    """The rewards of several policies less that of one rule, episode by episode."""

    rule: str
    reward: float  # of the rule, mean
    means: NDArray[np.float64]  # one for each policy
    variance_ratio: float  # of the paired differences over that of unpaired ones, mean over the policies

    def estimate(self, confidence: float) -> Estimate:
        """The mean over policies with Student's interval for what another training would give in the mean."""
        mean, error = float(self.means.mean()), float(stats.sem(self.means))
        reach = error * float(stats.t.ppf(0.5 + confidence / 2, len(self.means) - 1))
        return Estimate(mean, mean - reach, mean + reach)


def repetition(policies: Sequence[Policy], config: Config) -> list[Versus]:
    """Tunes the rules, and plays all policies and rules on the same held-out episodes."""
    held_out = config.evaluation
    trained = [simulate(policy, config, episodes=held_out.episodes, seed=held_out.seed)[REWARD] for policy in policies]
    found = []
    for family in rules.families(config):
        rule = rules.tune(family)
        reward = simulate(rule, config, episodes=held_out.episodes, seed=held_out.seed)[REWARD]
        ratios = [np.var(one - reward) / (np.var(one) + np.var(reward)) for one in trained]
        means = np.array([np.mean(one - reward) for one in trained])
        found.append(Versus(rule.name, float(reward.mean()), means, float(np.mean(ratios))))
    return found


def table(found: Sequence[Versus], config: Config) -> Table:
    """One line a rule."""
    confidence, trainings = config.evaluation.confidence, len(found[0].means)
    view = Table(
        title=f"{config.market.name}: reward of {trainings} trainings less that of each rule, on the same "
        f"{config.evaluation.episodes} held-out episodes; {confidence:.0%} interval over trainings",
        title_justify="left",
    )
    view.add_column("rule")
    for heading in ("its reward", "mean difference", "of each training", "variance paired / unpaired"):
        view.add_column(heading, justify="right")
    for versus in found:
        mean = versus.estimate(confidence)
        each = ", ".join(f"{value:.1f}" for value in versus.means)
        cells = f"{versus.reward:.4g}", f"{mean.mean:.4g} [{mean.low:.4g}, {mean.high:.4g}]", each
        view.add_row(versus.rule, *cells, f"{versus.variance_ratio:.2f}")
    return view
