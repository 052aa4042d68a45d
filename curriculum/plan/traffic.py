"""What a process sends through the network in a step, in bytes."""

from __future__ import annotations

from curriculum.plan.parameters import Parameters
from curriculum.plan.state_memory import FP32
from curriculum.zero import zero_stage
from manifests.schema.train_settings import TrainSettings


def network_bytes(parameters: Parameters, settings: TrainSettings, ranks: int, micro_batches: int) -> float:
    """Of ring collectives, in which each process sends (n - 1) / n of what it takes part in (Rajbhandari et
    al. 2020, section 7). Gradients travel in float32, weights in the training precision.

    Without ZeRO the gradients are added up (twice their size) once a step; ZeRO 1 hands each process its part
    of the sums, and the new weights to all; ZeRO 2 hands the parts out after each pass; ZeRO 3 gathers the
    weights for each forward and backward pass as well, once more with ``recompute``.
    """
    zero = zero_stage(settings, ranks)
    gradients = FP32 * parameters.trained_count
    element = 2 if settings.precision == "bf16" else FP32
    updated, gathered = element * parameters.trained_count, element * parameters.count
    passes = 3 if settings.recompute else 2
    sent = {
        0: 2 * gradients,
        1: gradients + updated,
        2: micro_batches * gradients + updated,
        3: micro_batches * (gradients + passes * gathered),
    }[zero]
    return sent * (ranks - 1) / ranks


def host_bytes(parameters: Parameters, settings: TrainSettings, ranks: int, micro_batches: int) -> float:
    """Between GPU and host in a step: gradients there and new weights back, where the optimizer's state is
    offloaded; weights for each pass, where they are, too."""
    if settings.offload == "none":
        return 0.0
    element = 2 if settings.precision == "bf16" else FP32
    there_and_back = micro_batches * FP32 * parameters.trained_count + element * parameters.trained_count
    passes = 3 if settings.recompute else 2
    weights = micro_batches * passes * element * parameters.count if settings.offload == "all" else 0
    return (there_and_back + weights) / ranks
