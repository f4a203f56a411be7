"""RLlib's learners with what they lack here: quick updates, scheduled exploration, more state in checkpoints."""

# mypy: disable-error-code="no-untyped-call"
# (RLlib is typed only in part.)
from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from ray.rllib.algorithms.ppo.torch.ppo_torch_learner import PPOTorchLearner
from ray.rllib.algorithms.sac.torch.sac_torch_learner import SACTorchLearner
from ray.rllib.core import DEFAULT_MODULE_ID
from ray.rllib.core.columns import Columns
from ray.rllib.core.learner.torch.torch_learner import TorchLearner
from ray.rllib.core.models.base import ENCODER_OUT
from ray.rllib.evaluation.postprocessing import Postprocessing
from ray.rllib.utils.metrics import NUM_ENV_STEPS_SAMPLED_LIFETIME

from training.rllib.failures import Diverged

SAMPLED = (Columns.OBS, Columns.ACTIONS, Columns.REWARDS)  # a batch in which one of these is not finite is left out
CONNECTOR = "learner_connector"
LOG_ALPHA = "log_alpha"


class MarketMakerLearner(TorchLearner):
    """Mixin: an update without RLlib's bookkeeping, one thread on a CPU, the connector's state in checkpoints.

    An update of so small a network takes a millisecond or two: threads that wait for a busy core make it ten. Several
    learners average their gradients, as torch's DistributedDataParallel does.
    """

    config: Any
    module: Any
    _device: Any
    _learner_connector: Any

    def build(self) -> None:
        """Builds the learner."""
        super().build()
        if torch.device(self._device).type == "cpu":
            torch.set_num_threads(1)

    def configure_optimizers_for_module(self, module_id: str, config: Any = None) -> None:
        """RLlib's Adam in one kernel instead of one for each of a dozen small tensors."""
        super().configure_optimizers_for_module(module_id, config)
        for _, optimizer in self.get_optimizers_for_module(module_id):
            for group in optimizer.param_groups:
                group.update(fused=True, foreach=False)

    def set_schedules(self, env_steps: int) -> None:
        """Puts the learning rates where this run's plan has them; a restored optimiser has those of the plan it had."""
        for optimizer, schedule in self._optimizer_lr_schedules.items():
            self._set_optimizer_lr(optimizer, lr=schedule.update(timestep=env_steps))

    @abstractmethod
    def _learn(self, columns: Any, **plan: Any) -> None:
        """Steps of the optimisers on a batch; nothing moves by a gradient that is not finite."""

    def update(self, *_: Any, training_data: Any = None, timesteps: Any = None, **plan: Any) -> Any:
        """Learns from what was sampled; see `Learner.update` for ``plan``."""
        self.before_gradient_based_update(timesteps=timesteps)
        training_data.validate()
        training_data.solve_refs()
        self._weights_seq_no += 1
        columns = self._make_batch_if_necessary(training_data)[DEFAULT_MODULE_ID]
        finite = _everywhere(all(bool(columns[name].isfinite().all()) for name in SAMPLED))
        if finite:
            self._learn(columns, **plan)
        self.metrics.log_value((DEFAULT_MODULE_ID, "skipped_updates"), float(not finite), window=1)
        self.after_gradient_based_update(timesteps=timesteps)
        return self.metrics.reduce()

    def _log(self, values: dict[str, torch.Tensor]) -> None:
        found = {name: float(value.detach()) for name, value in values.items()}
        losses = [value for name, value in found.items() if name.endswith("_loss")]
        found["diverged"] = float(not all(map(math.isfinite, losses)))
        self.metrics.log_dict(found, key=DEFAULT_MODULE_ID, window=1)

    def get_state(self, components: Any = None, *, not_components: Any = None, **kwargs: Any) -> dict[str, Any]:
        """The learner's state and its connector's."""
        state: dict[str, Any] = super().get_state(components, not_components=not_components, **kwargs)
        if self._check_component(CONNECTOR, components, not_components):
            state[CONNECTOR] = self._learner_connector.get_state()
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """The inverse of `get_state`; states without the connector (weights alone) are fine."""
        super().set_state(state)
        if CONNECTOR in state:
            self._learner_connector.set_state(state[CONNECTOR])


def scheduled_std(steps: int, *, initial_std: float, final_std: float, planned_steps: int) -> float:
    """Exploration std after ``steps`` env steps: linear over the planned ones."""
    return initial_std + min(1.0, steps / planned_steps) * (final_std - initial_std)


def _everywhere(here: bool) -> bool:
    """Whether it is so on every learner: one that leaves a batch out alone lets the others wait for ever."""
    if not torch.distributed.is_initialized():
        return here
    everywhere = torch.tensor(int(here))
    torch.distributed.all_reduce(everywhere, torch.distributed.ReduceOp.MIN)
    return bool(everywhere)


def _average(gradients: Sequence[torch.Tensor | None]) -> None:
    """Replaces each gradient by its mean over the learners; all of them in one message."""
    if not torch.distributed.is_initialized():
        return
    found = [gradient for gradient in gradients if gradient is not None]
    flat = torch.cat([gradient.ravel() for gradient in found])
    torch.distributed.all_reduce(flat)
    flat /= torch.distributed.get_world_size()
    for gradient, mean in zip(found, flat.split([gradient.numel() for gradient in found]), strict=True):
        gradient.copy_(mean.view_as(gradient))


class PPOLearner(MarketMakerLearner, PPOTorchLearner):
    """PPO with exploration on a schedule: `scheduled_std` with ``learner_config_dict``."""

    config: Any
    module: Any

    def _learn(self, columns: Any, **plan: Any) -> None:
        """Epochs of shuffled minibatches."""
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
        for _epoch in range(plan["num_epochs"]):
            shuffled = packed[torch.randperm(len(packed), device=packed.device)]
            for minibatch in shuffled.split(plan["minibatch_size"]):
                losses = self._losses(module, *minibatch.split(widths, dim=1))
                optimizer.zero_grad(set_to_none=True)
                losses["total_loss"].backward()
                _average([parameter.grad for parameter in parameters])
                norm = torch.nn.utils.clip_grad_norm_(parameters, self.config.grad_clip)
                if torch.isfinite(norm):
                    optimizer.step()
        self._log(losses | {"gradients_default_optimizer_global_norm": norm})

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
        features, log_std = module.features(obs), module.log_std
        mean, value = module.actor(features), module.critic(features)
        score = ((actions - mean) / log_std.exp()).square() + 2 * log_std + math.log(2 * math.pi)
        ratio = (-0.5 * score.sum(dim=1, keepdim=True) - logp).exp()
        clip = self.config.clip_param
        policy_loss = -torch.minimum(advantages * ratio, advantages * ratio.clamp(1 - clip, 1 + clip)).mean()
        error = value - targets
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
        std = scheduled_std(timesteps[NUM_ENV_STEPS_SAMPLED_LIFETIME], **self.config.learner_config_dict)
        self.module[DEFAULT_MODULE_ID].unwrapped().set_std(std)
        self.metrics.log_value((DEFAULT_MODULE_ID, "exploration_std"), std, window=1)


class SACLearner(MarketMakerLearner, SACTorchLearner):  # type: ignore[misc]
    """SAC with an update of its own, and a temperature that outlives a restart: RLlib saves only its optimiser.

    ``learner_config_dict["connectors"]`` makes what turns samples into batches; RLlib would add pieces to it.
    """

    config: Any
    module: Any

    def build(self) -> None:
        """Builds the learner with its own connectors."""
        super().build()
        self._learner_connector.connectors = self.config.learner_config_dict["connectors"]()

    def _learn(self, columns: Any, **plan: Any) -> None:  # noqa: ARG002
        """One step of both critics, the actor and the temperature."""
        losses = self._losses(self.module[DEFAULT_MODULE_ID].unwrapped(), columns)
        optimizers = [(name, self.get_optimizer(optimizer_name=name)) for name in ("qf", "qf_twin", "policy", "alpha")]
        norms = {}
        for name, optimizer in optimizers:
            (group,) = optimizer.param_groups
            gradients = torch.autograd.grad(losses[f"{name}_loss"], group["params"])
            _average(gradients)
            for parameter, gradient in zip(group["params"], gradients, strict=True):
                parameter.grad = gradient
            norms[name] = torch.nn.utils.clip_grad_norm_(group["params"], self.config.grad_clip)
        if all(map(torch.isfinite, norms.values())):
            for _name, optimizer in optimizers:
                optimizer.step()
        self._log(losses | {f"gradients_{name}_global_norm": norm for name, norm in norms.items()})

    def _losses(self, module: Any, columns: Any) -> dict[str, torch.Tensor]:
        """Haarnoja et al. (2018), equations (5), (7) and (18), with RLlib's Huber loss; names are RLlib's."""
        log_alpha = self._log_alpha()
        alpha = log_alpha.detach().exp()
        seen, following = columns[Columns.OBS], columns[Columns.NEXT_OBS]
        actions, logp = self._policy(module, seen).rsample_and_logp()
        with torch.no_grad():
            after, after_logp = self._policy(module, following).sample_and_logp()
            value = module.forward_target({Columns.OBS: following, Columns.ACTIONS: after}) - alpha * after_logp
            target = columns[Columns.REWARDS] + (1 - columns[Columns.TERMINATEDS]) * value
        taken = {Columns.OBS: seen, Columns.ACTIONS: columns[Columns.ACTIONS]}
        first = module.qf(module.qf_encoder(taken)[ENCODER_OUT]).squeeze(-1)
        twin = module.qf_twin(module.qf_twin_encoder(taken)[ENCODER_OUT]).squeeze(-1)
        chosen = module.compute_q_values({Columns.OBS: seen, Columns.ACTIONS: actions})
        target_entropy = self.target_entropy[DEFAULT_MODULE_ID]
        return {
            "qf_loss": torch.nn.functional.huber_loss(first, target),
            "qf_twin_loss": torch.nn.functional.huber_loss(twin, target),
            "policy_loss": (alpha * logp - chosen).mean(),
            "alpha_loss": -(log_alpha * (logp.detach() + target_entropy)).mean(),
            "alpha_value": alpha.squeeze(),
            "qf_mean": chosen.mean(),
        }

    def _policy(self, module: Any, observations: torch.Tensor) -> Any:
        logits = module.pi(module.pi_encoder({Columns.OBS: observations})[ENCODER_OUT])
        if not bool(logits.isfinite().all()):
            raise Diverged("actions are not finite")
        return module.get_train_action_dist_cls().from_logits(logits)

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
