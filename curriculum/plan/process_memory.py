"""What a GPU and a host must hold in a layout."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from curriculum.plan.activation_memory import CHUNK, layer_bytes, saved_bytes
from curriculum.plan.parameters import Parameters
from curriculum.plan.state_memory import FP32, StateMemory, state_memory
from curriculum.zero import zero_stage
from manifests.schema.cluster import Cluster
from manifests.schema.model import ModelSettings
from manifests.schema.plan import PlannedMemory
from manifests.schema.train_settings import TrainSettings

OF_THE_LARGEST = {0: 10, 1: 10, 2: 10, 3: 24}
"""Bytes an element of the largest parameter (the embedding) that a step works in: gradients of its several
uses, float32 sums, gathered copies. Measured by benchmarks/host_memory.py: 9.1 under ZeRO 2, 23.3 under 3."""
LOGITS = 3
"""Copies of a chunk's logits in float32: themselves, their softmax, their gradient."""
PROCESS = 400_000_000
"""Host bytes of a process with everything imported (benchmarks/host_memory.py)."""
STATE = 12
"""Bytes a trained parameter of a checkpoint: float32 weight and two moments."""

MicroBatch = tuple[int, int]
"""Tokens in the encoder and in the decoder."""


def checkpoint_bytes(parameters: Parameters, settings: TrainSettings) -> int:
    """Of a checkpoint, on disk or in all processes together on the way there."""
    return (STATE + (FP32 if settings.ema is not None else 0)) * parameters.trained_count


def process_memory(
    parameters: Parameters,
    model: ModelSettings,
    settings: TrainSettings,
    cluster: Cluster,
    micro_batches: Iterable[MicroBatch],
) -> PlannedMemory:
    """At the fullest moment of the stage whose micro batches keep most."""
    states, ranks = state_memory(parameters, settings, cluster.gpus), cluster.gpus
    zero, element = zero_stage(settings, ranks), 2 if settings.precision == "bf16" else FP32
    vocabulary = parameters.shapes[0][0]
    stages = list(micro_batches)
    kept = [
        saved_bytes(model, vocabulary, *one, settings.recompute, settings.precision)
        + 2 * layer_bytes(model, *one, element)
        for one in stages
    ]
    logits = LOGITS * FP32 * vocabulary * min(CHUNK, max(targets for _, targets in stages))
    gpu, offloaded = _placed(states, settings)
    copies = checkpoint_bytes(parameters, settings) // ranks
    return PlannedMemory(
        weights=gpu.weights,
        gradients=gpu.gradients,
        optimizer=gpu.optimizer,
        activations=max(kept),
        working=gpu.buffers + OF_THE_LARGEST[zero] * parameters.largest + logits,
        start=gpu.weights * (2 if zero in (1, 2) else 1) + gpu.optimizer,
        host=min(cluster.gpus_per_host, ranks) * (PROCESS + offloaded + copies),
    )


def _placed(states: StateMemory, settings: TrainSettings) -> tuple[StateMemory, int]:
    """What stays on the GPU, and bytes of a process in the host's memory."""
    if settings.offload == "none":
        return states, 0
    moved = states.optimizer + states.gradients + (states.weights if settings.offload == "all" else 0)
    weights = 0 if settings.offload == "all" else states.weights
    return replace(states, weights=weights, gradients=0, optimizer=0), moved
