"""The optimizer step, by DeepSpeed. Nothing else in the project knows DeepSpeed."""

from __future__ import annotations

import atexit
import logging
import math
import os
from collections.abc import Sequence
from inspect import getclosurevars

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.constants import default_pg_timeout

from curriculum.zero import zero_stage
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from trainer.allocation import partitioned, zeroed
from trainer.data.batch import on_device
from trainer.deepspeed_settings import configuration, parameter_groups
from trainer.distributed import add_over_ranks, device, new_gloo_group
from trainer.engine_state import MOMENTS, EngineState, StateSource, TensorSlice, held_slices
from trainer.evaluation.mean_loss import mean_loss
from trainer.forward_pass import ForwardPass
from trainer.step_result import StepResult
from trainer.tensor_file import CHUNK
from trainer.weight_average import WeightAverage

if not torch.cuda.is_available():
    os.environ.setdefault("DS_ACCELERATOR", "cpu")  # read when deepspeed is imported

import deepspeed
from deepspeed.runtime.zero import parameter_offload
from deepspeed.runtime.zero.partitioned_param_coordinator import PartitionedParameterCoordinator
from deepspeed.utils import groups
from deepspeed.utils import logger as deepspeed_logger

deepspeed_logger.setLevel(logging.ERROR)
# Else a shared-memory all-reduce is compiled at first use, even for one process, and training stops where
# there is no C++ compiler.
deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False

# ZeRO 3 replaces it for the whole process.
_LINEAR = F.linear

# ZeRO 3 remembers here, for ever, which weights each module of each engine may release.
_RELEASED = getclosurevars(
    PartitionedParameterCoordinator._PartitionedParameterCoordinator__params_to_release
).nonlocals["func"]


class TrainingEngine:
    """AdamW over a model, with the gradient of the mean loss over all target tokens of a global batch.

    Every process must call every method at the same time with its own part of the work; each first waits for
    all in the process group (see trainer.distributed.LONGEST_WAIT). ``settings.zero``
    says what is divided among the processes (Rajbhandari et al. 2020): 1 moments and float32 weights, 2
    gradients, 3 weights. Callers close it: DeepSpeed would keep the model until the process ends.

    Args:
        model: its shapes, on the ``meta`` device.
        source: what the state is read from, by each process what it holds.
    """

    def __init__(
        self, model: nn.Module, settings: TrainSettings, optimizer: Optimizer, source: StateSource
    ) -> None:
        _make_group()
        # DeepSpeed asks for it even in a group of one; other libraries take it for a sign of several.
        self._adds_local_rank = "LOCAL_RANK" not in os.environ
        os.environ.setdefault("LOCAL_RANK", "0")
        self.world_size = dist.get_world_size()
        self.zero = zero_stage(settings, self.world_size)
        config = configuration(settings, self.zero, optimizer)
        model = model.to(torch.bfloat16 if settings.precision == "bf16" else torch.float32)
        model = (
            partitioned(model, deepspeed.zero.Init(config_dict_or_path=config))
            if self.zero == 3
            else zeroed(model)
        )
        named = list(model.named_parameters())
        self._names = {parameter: name for name, parameter in named if parameter.requires_grad}
        self._frozen = [one for one in named if not one[1].requires_grad]
        engine, *_ = deepspeed.initialize(
            model=model,
            optimizer=torch.optim.AdamW(
                parameter_groups(model), lr=0.0, betas=optimizer.betas, eps=optimizer.eps, fused=True
            ),
            config=config,
            dist_init_required=False,
        )
        self._engine = engine
        self._create_moments()
        self._average = None if settings.ema is None else WeightAverage(settings.ema, self._own()[0])
        self.load(source)

    @property
    def module(self) -> nn.Module:
        """The model in the training precision."""
        module: nn.Module = self._engine.module
        return module

    def step(
        self, work: Sequence[ForwardPass], learning_rate: float, optimizer: Optimizer, z_loss: float = 0.0
    ) -> StepResult:
        """Adds up the gradients of all forward passes of all processes, clips, and updates the weights.

        The gradient is that of (sum of the losses) / (number of target tokens), both over the global batch.
        DeepSpeed averages over processes, so each loss is multiplied by their number; its own division by the
        number of forward passes is off.

        Where the loss or the gradient's norm is not finite, all processes skip the update: weights, moments
        and ``updates`` stay as they were, as if the step's samples had not been there.
        """
        (target_tokens,) = add_over_ranks([sum(one.target_tokens for one in work if not one.idle)])
        self._configure(learning_rate, optimizer)
        self._engine.train()
        totals = torch.zeros(2, dtype=torch.float64, device=device())  # read once: a GPU is not waited for
        for index, one in enumerate(work):
            self._engine.set_gradient_accumulation_boundary(index == len(work) - 1)
            loss, _, parts = self._engine(**on_device(one.inputs, device()), z_loss=z_loss)
            share = 0.0 if one.idle else self.world_size / target_tokens
            # The gradient of an infinite loss may be finite: all processes must see that this one is wrong.
            self._engine.backward(loss * (share + 0 * loss.detach()), scale_wrt_gas=False)
            if not one.idle:
                totals += parts
        sums = add_over_ranks(totals.tolist())
        nats, z = (one / target_tokens for one in sums)
        result = StepResult(nats, int(target_tokens), self._update(optimizer), z)
        if self._average and not result.skipped:
            self._average.update(self._own()[0], self.updates)
        return result

    def evaluate(self, work: Sequence[ForwardPass]) -> float:
        """Mean loss in nats per target token over all forward passes of all processes, without dropout."""
        self._engine.eval()
        return mean_loss(work, self._forward)

    def _forward(self, one: ForwardPass) -> Tensor:
        result: tuple[Tensor, Tensor, Tensor] = self._engine(**on_device(one.inputs, device()))
        return result[0]

    def _configure(self, learning_rate: float, optimizer: Optimizer) -> None:
        for group in self._engine.optimizer.param_groups:
            group["lr"] = learning_rate
            group["betas"], group["eps"] = optimizer.betas, optimizer.eps
            group["weight_decay"] = optimizer.weight_decay if group["decays"] else 0.0
        if self.zero:
            self._engine.optimizer.clip_grad = optimizer.clip

    def _update(self, optimizer: Optimizer) -> float:
        """The gradient's norm. Where it is not finite nothing is updated."""
        if not self.zero:
            return self._update_alone(optimizer)
        self._engine.step()
        if self._engine.was_step_applied():
            self.updates += 1
            return float(self._engine.get_global_grad_norm())
        if self.zero < 3:  # With offloading, DeepSpeed would add the next gradient to the one that was wrong.
            outer = self._engine.optimizer
            outer.averaged_gradients = dict.fromkeys(outer.averaged_gradients)
        return math.inf

    def _update_alone(self, optimizer: Optimizer) -> float:
        # Without ZeRO and with float32, DeepSpeed clips without telling the norm, and updates whatever it is.
        norm = float(nn.utils.clip_grad_norm_(self.module.parameters(), optimizer.clip))
        if math.isfinite(norm):
            self._engine.step()
            self.updates += 1
        else:
            self._engine.zero_grad()
        return norm

    def state(self) -> EngineState:
        """A copy of this process's part of the state."""
        dist.barrier()
        averages = self._average.slices if self._average else []
        weights, moments, averages = ([piece.copy() for piece in held] for held in (*self._own(), averages))
        return EngineState(weights, moments, self.updates, averages)

    def _own(self) -> tuple[list[TensorSlice], list[TensorSlice]]:
        """Of what is held, the share of this process: without ZeRO everybody holds everything."""
        share = (0, 1) if self.zero else (dist.get_rank(), self.world_size)
        parts = ([piece.part(*share) for piece in held] for held in self.held())
        weights, moments = ([part for part in held if len(part.values)] for held in parts)
        return weights, moments

    def held(self) -> tuple[list[TensorSlice], list[TensorSlice]]:
        """Weights and moments that this process updates, as views; ``publish`` makes the model of them."""
        return held_slices(self._engine.optimizer, self._names, self.zero)

    def load(self, source: StateSource) -> None:
        """Continues from a state, of which each process reads what it holds.

        Raises:
            CheckpointError: the source is a checkpoint that does not hold it.
        """
        dist.barrier()
        self.updates = source.updates
        for adam_state in self._adam.state.values():
            adam_state["step"].fill_(source.updates)
        for held in self.held():
            for piece in held:
                for start in range(0, len(piece.values), CHUNK):
                    part = piece.values[start : start + CHUNK]
                    part.copy_(source.read(piece.name, piece.start + start, len(part)))
        if self._average:
            self._average.load(source, self._own()[0])
        self._load_frozen(source)
        self.publish()

    def forget_moments(self) -> None:
        """Begins AdamW anew: moments of zero, and no updates made."""
        self.updates = 0
        for adam_state in self._adam.state.values():
            for values in adam_state.values():
                values.zero_()

    def _load_frozen(self, source: StateSource) -> None:
        for name, parameter in self._frozen:
            for start in range(0, parameter.numel(), CHUNK):
                part = parameter.detach().view(-1)[start : start + CHUNK]
                part.copy_(source.read(name, start, len(part)))

    @property
    def _adam(self) -> torch.optim.Optimizer:
        outer = self._engine.optimizer
        adam: torch.optim.Optimizer = outer.optimizer if self.zero else outer
        return adam

    def _create_moments(self) -> None:
        """Makes what AdamW would make at its first update, so that a state can be loaded before. Under ZeRO 1
        and 2 it is needed in any
        case: DeepSpeed links the moments when it has updated the first of the groups, and never finds those
        of the others."""
        optimizer = self._engine.optimizer
        match self.zero:
            case 0:
                partitions = list(self._names)
            case 3:
                partitions = optimizer.fp32_partitioned_groups_flat
            case _:
                partitions = optimizer.single_partition_of_fp32_groups
        for partition in partitions:
            moments = {moment: torch.zeros_like(partition) for moment in MOMENTS}
            self._adam.state[partition] = {"step": torch.zeros((), device=partition.device), **moments}
        if self.zero in (1, 2):
            optimizer._lazy_init_hp_params_optimizer_state()

    def publish(self) -> None:
        """Makes the model of the weights that are held, as an update does. They must have been written by all
        processes."""
        optimizer = self._engine.optimizer
        if self.zero in (1, 2):
            optimizer.update_lp_params()
        elif self.zero == 3:
            # Small weights are kept gathered, and gathering skips what is gathered: they would stay old.
            optimizer._partition_all_parameters()
            for group in range(len(optimizer.fp32_partitioned_groups_flat)):
                optimizer._reassign_or_swap_out_partitioned_parameters(group)
            if optimizer.persistent_parameters:
                optimizer.persistent_parameters[0].all_gather(optimizer.persistent_parameters)

    def close(self) -> None:
        """Lets go of the model and the optimizer, also where DeepSpeed keeps them for the whole process. They
        refer to each other, so that the garbage collector frees them. The engine is of no use afterwards."""
        self._engine.destroy()
        stack = parameter_offload.FWD_MODULE_STACK
        stack[:] = [module for module in stack if module is not self.module]
        _RELEASED.cache_clear()
        F.linear = _LINEAR
        self._names.clear()
        self._frozen.clear()
        del self._engine
        if self._adds_local_rank:
            os.environ.pop("LOCAL_RANK", None)


def _make_group() -> None:
    """Makes the group that DeepSpeed would make, wait half an hour for, and keep. NCCL waits for nobody."""
    if groups._WORLD_GROUP is None and device().type == "cpu":
        groups._WORLD_GROUP = new_gloo_group(default_pg_timeout)
        atexit.register(groups._release_process_group_references)
