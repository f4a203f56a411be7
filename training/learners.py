"""RLlib's learners with what they lack here: connector state in checkpoints, scheduled exploration."""

from __future__ import annotations

from typing import Any

import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.algorithms.sac.torch.sac_torch_learner import SACTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

CONNECTOR = "learner_connector"
LOG_ALPHA = "log_alpha"


class MarketMakerLearner:
    """Mixin: one thread on a CPU, and the learner connector's state, which RLlib leaves out, in checkpoints.

    An update of so small a network takes a millisecond or two: threads that wait for a busy core make it ten.
    """

    _learner_connector: Any
    _device: Any

    def build(self) -> None:
        """Builds the learner."""
        super().build()  # type: ignore[misc]
        if torch.device(self._device).type == "cpu":
            torch.set_num_threads(1)

    def get_state(self, components: Any = None, *, not_components: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The learner's state and its connector's."""
        state: dict[str, Any] = super().get_state(components, not_components=not_components, **kwargs)  # type: ignore[misc]
        if self._check_component(CONNECTOR, components, not_components):  # type: ignore[attr-defined]
            state[CONNECTOR] = self._learner_connector.get_state()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`; states without the connector (weights alone) are fine."""
        super().set_state(state)  # type: ignore[misc]
        if CONNECTOR in state:
            self._learner_connector.set_state(state[CONNECTOR])


class PPOLearner(MarketMakerLearner, PPOTorchLearner):
    """PPO whose exploration std follows ``learner_config_dict``: linear in sampled env steps."""

    def after_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Sets the std with which the next batch is sampled."""
        super().after_gradient_based_update(timesteps=timesteps)
        plan = self.config.learner_config_dict
        done = min(1.0, timesteps[NUM_ENV_STEPS_SAMPLED_LIFETIME] / plan["planned_steps"])
        std = plan["initial_std"] + done * (plan["final_std"] - plan["initial_std"])
        module: Any = self.module[DEFAULT_MODULE_ID].unwrapped()
        module.set_std(std)
        self.metrics.log_value((DEFAULT_MODULE_ID, "exploration_std"), std, window=1)


class SACLearner(MarketMakerLearner, SACTorchLearner):  # type: ignore[misc]
    """SAC that centres replayed rewards and keeps its temperature over a restart.

    ``learner_config_dict["rewards"]`` makes the connector that does the former; RLlib would put it before
    there are tensors. It saves the temperature's optimiser but not its value.
    """

    def build(self) -> None:
        """Builds the learner and completes its connector pipeline."""
        super().build()
        self._learner_connector.append(self.config.learner_config_dict["rewards"]())

    def get_state(self, components: Any = None, *, not_components: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The learner's state and the logarithm of its temperature."""
        state = super().get_state(components, not_components=not_components, **kwargs)
        if self._check_component(LOG_ALPHA, components, not_components):
            state[LOG_ALPHA] = self._log_alpha().detach().cpu().numpy()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`."""
        super().set_state(state)
        if LOG_ALPHA in state:
            with torch.no_grad():
                self._log_alpha().copy_(torch.as_tensor(state[LOG_ALPHA]))

    def _log_alpha(self) -> torch.Tensor:
        tensor: Any = self.curr_log_alpha[DEFAULT_MODULE_ID]
        assert isinstance(tensor, torch.Tensor)
        return tensor
