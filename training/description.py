"""What MLflow's pages say about a run, its model and the rules beside it, in Markdown."""

from __future__ import annotations

from analysis import report
from analysis.measures import REWARD
from analysis.policy import Rule
from analysis.report import Comparison
from config import Config

LOADING = """
```python
from training.tracking import load_policy

actions = load_policy("{uri}")(observations)  # float32 [n, k] to [n, 2]
```

Without this code: `mlflow.pyfunc.load_model("{uri}").predict(observations)`. Actions are in price units. The columns
of an observation, and the setting that gives the actions a meaning, are in `policy.json` beside the model.
"""


def of_run(comparison: Comparison | None, config: Config, env_steps: int) -> str:
    """The result, and the setting."""
    result = [_result(comparison), report.markdown(comparison, config)] if comparison else ["It was not evaluated."]
    return "\n\n".join([*result, _setting(config, env_steps)])


def of_version(comparison: Comparison | None, config: Config, env_steps: int) -> str:
    """The same for the registered model, and how to load it; ``{uri}`` stands for its address."""
    return f"{of_run(comparison, config, env_steps)}\n{LOADING}"


def of_rule(rule: Rule, comparison: Comparison, config: Config) -> str:
    """What it earns, at which coefficients."""
    coefficients = ", ".join(f"{name} {value:.5g}" for name, value in rule.coefficients.items())
    return "\n\n".join(
        [
            f"{rule.name} on {config.market.name}: reward {comparison.summaries[rule.name][REWARD]}"
            + (f", tuned to {coefficients}" if coefficients else ""),
            "It is tuned by every training on this market, and stands here once.",
        ]
    )


def _result(comparison: Comparison) -> str:
    name, best, exact = comparison.policy, comparison.best_rule, comparison.exact
    earned, difference = comparison.summaries, comparison.differences[comparison.best_rule]
    said = [
        f"**{name}: reward {earned[name][REWARD]}**, best rule ({best}) {earned[best][REWARD]};",
        f"difference on the same episodes {difference}: {report.verdict(difference)}.",
    ]
    if exact is not None:
        said.append(f"{exact.gap(name):.2%} below the exact optimum {exact.optimum:.5g}.")
    return " ".join(said)


def _setting(config: Config, env_steps: int) -> str:
    """The few words that a reader needs; the whole is in the run's parameters and in ``config.yaml``."""
    algo, agent, simulation = config.algo, config.agent, config.simulation
    values = {
        "market": config.market.name,
        "algorithm": f"{algo.name.value}, network {algo.network.value} {algo.hidden}, seed {config.seed}",
        "trained": f"{env_steps:,} env steps with inventory penalty {agent.inventory_penalty:g}",
        "judged": f"with inventory penalty {config.evaluation.inventory_penalty:g} on {config.evaluation.episodes:,} "
        f"episodes of {simulation.episode_steps} steps of {simulation.decision_interval_s:g} s",
        "actions": f"{agent.action.value} in [{agent.action_low:g}, {agent.action_high:g}] price units of "
        f"{config.market.price_unit:g}, at most {config.max_lots} lots",
    }
    return "\n".join(f"- {name}: {value}" for name, value in values.items())
