"""RLlib's learners with what they lack here: connector state in checkpoints, scheduled exploration."""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import math
from typing import Any

import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.algorithms.sac.torch.sac_torch_learner import SACTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.evaluation.postprocessing import Postprocessing
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
    """PPO with scheduled exploration and an update of its own, without RLlib's bookkeeping for each minibatch.

    The std follows ``learner_config_dict``: linear in sampled env steps. Several learners share gradients in RLlib's
    own update, which computes the same (tests/training/test_learners.py).
    """

    config: Any
    module: Any

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """Adam in one kernel instead of one for each of a dozen small tensors."""
        parameters = list(self.get_parameters(self.module[module_id]))
        self.register_optimizer(
            module_id=module_id,
            optimizer=torch.optim.Adam(parameters, fused=True),
            params=parameters,
            lr_or_lr_schedule=config.lr,
        )

    def update(self, *_: Any, training_data: Any = None, timesteps: Any = None, **plan: Any) -> Any:
        """Learns from rollouts; see `Learner.update` for ``plan``."""
        if self.distributed:
            return super().update(training_data=training_data, timesteps=timesteps, **plan)
        self.before_gradient_based_update(timesteps=timesteps)
        training_data.validate()
        training_data.solve_refs()
        self._weights_seq_no += 1
        columns = self._make_batch_if_necessary(training_data)[DEFAULT_MODULE_ID]
        self._learn(columns, plan["num_epochs"], plan["minibatch_size"] or len(columns[Columns.OBS]))
        self.after_gradient_based_update(timesteps=timesteps)
        return self.metrics.reduce()

    def _learn(self, columns: Any, epochs: int, minibatch_size: int) -> None:
        """Epochs of shuffled minibatches; a gradient that is not finite moves nothing."""
        names = (
            Columns.OBS,
            Columns.ACTIONS,
            Columns.ACTION_LOGP,
            Postprocessing.ADVANTAGES,
            Postprocessing.VALUE_TARGETS,
        )
        parts = [columns[name] if columns[name].ndim > 1 else columns[name][:, None] for name in names]
        packed, widths = torch.cat(parts, dim=1), [part.shape[1] for part in parts]
        module = self.module[DEFAULT_MODULE_ID].unwrapped()
        optimizer = self.get_optimizer(DEFAULT_MODULE_ID)
        parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
        for _ in range(epochs):
            shuffled = packed[torch.randperm(len(packed), device=packed.device)]
            for minibatch in shuffled.split(minibatch_size):
                losses = self._losses(module, *minibatch.split(widths, dim=1))
                optimizer.zero_grad(set_to_none=True)
                losses["total_loss"].backward()
                norm = torch.nn.utils.clip_grad_norm_(parameters, self.config.grad_clip)
                if torch.isfinite(norm):
                    optimizer.step()
        values = {name: float(loss.detach()) for name, loss in losses.items()}
        values["gradients_default_optimizer_global_norm"] = float(norm)
        self.metrics.log_dict(values, key=DEFAULT_MODULE_ID, window=1)

    def _losses(
        self,
        module: Any,
        obs: torch.Tensor,
        actions: torch.Tensor,
        logp: torch.Tensor,
        advantages: torch.Tensor,
        targets: torch.Tensor,
    ) -> dict[str, torch.Tensor]:
        """Schulman et al. (2017), equations (7) and (9), for a Gaussian of given std; names are RLlib's."""
        mean, log_std = module.actor(obs), module.log_std
        score = ((actions - mean) / log_std.exp()).square() + 2 * log_std + math.log(2 * math.pi)
        ratio = (-0.5 * score.sum(dim=1, keepdim=True) - logp).exp()
        clip = self.config.clip_param
        policy_loss = -torch.minimum(advantages * ratio, advantages * ratio.clamp(1 - clip, 1 + clip)).mean()
        error = module.critic(obs) - targets
        vf_loss = error.square().mean()
        entropy = (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
        coefficient = self.entropy_coeff_schedulers_per_module[DEFAULT_MODULE_ID].get_current_value()
        return {
            "total_loss": policy_loss + self.config.vf_loss_coeff * vf_loss - coefficient * entropy,
            "policy_loss": policy_loss,
            "vf_loss": vf_loss,
            "vf_explained_var": 1 - error.var() / targets.var().clamp_min(1e-8),
            "entropy": entropy,
        }

    def after_gradient_based_update(self, *, timesteps: dict[str, Any]) -> None:
        """Sets the std with which the next batch is sampled."""
        super().after_gradient_based_update(timesteps=timesteps)
        plan = self.config.learner_config_dict
        done = min(1.0, timesteps[NUM_ENV_STEPS_SAMPLED_LIFETIME] / plan["planned_steps"])
        std = plan["initial_std"] + done * (plan["final_std"] - plan["initial_std"])
        module = self.module[DEFAULT_MODULE_ID].unwrapped()
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
