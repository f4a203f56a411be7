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
from analysis.measures import reward, skill
from analysis.policy import Policy
from config import Config


@dataclass(frozen=True)
class Versus:
    """The rewards of several policies less that of one rule, episode by episode."""

    rule: str
    reward: float  # of the rule, mean
    means: NDArray[np.float64]  # one for each policy
    without_luck: NDArray[np.float64]  # the same of `skill`: what chance the episodes had in common is no training's
    variance_ratio: float  # of the paired differences over that of unpaired ones, mean over the policies


def over_trainings(means: NDArray[np.float64], confidence: float) -> Estimate:
    """The mean over policies with Student's interval for what another training would give in the mean."""
    mean, error = float(means.mean()), float(stats.sem(means))
    reach = error * float(stats.t.ppf(0.5 + confidence / 2, len(means) - 1))
    return Estimate(mean, mean - reach, mean + reach)


def repetition(policies: Sequence[Policy], config: Config) -> list[Versus]:
    """Tunes the rules, and plays all policies and rules on the same held-out episodes."""
    held_out = config.evaluation
    trained = [simulate(policy, config, episodes=held_out.episodes, seed=held_out.seed) for policy in policies]
    found = []
    for family in rules.families(config):
        rule = rules.tune(family)
        ruled = simulate(rule, config, episodes=held_out.episodes, seed=held_out.seed)
        ratios = [
            np.var(reward(one) - reward(ruled)) / (np.var(reward(one)) + np.var(reward(ruled))) for one in trained
        ]
        found.append(
            Versus(
                rule.name,
                float(reward(ruled).mean()),
                np.array([np.mean(reward(one) - reward(ruled)) for one in trained]),
                np.array([np.mean(skill(one) - skill(ruled)) for one in trained]),
                float(np.mean(ratios)),
            )
        )
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
    headings = "its reward", "mean difference", "luck left out", "of each training", "variance paired / unpaired"
    for heading in headings:
        view.add_column(heading, justify="right")
    for versus in found:
        both = (over_trainings(means, confidence) for means in (versus.means, versus.without_luck))
        each = ", ".join(f"{value:.1f}" for value in versus.without_luck)
        view.add_row(versus.rule, f"{versus.reward:.4g}", *map(str, both), each, f"{versus.variance_ratio:.2f}")
    return view
