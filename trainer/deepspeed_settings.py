"""What the engine asks of DeepSpeed, as plain data."""

from __future__ import annotations

from typing import Any

from torch import nn

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings

# Elements. DeepSpeed's own are 5e8 and 1e9, or 2 to 4 GB a buffer in each process; these are 80 MB at most.
# Measured with 106 M parameters on 4 processes under ZeRO 3, the peak of a step went from 2,534 to 1,660 MB.
_BUFFERS = {
    "reduce_bucket_size": 20_000_000,
    "allgather_bucket_size": 20_000_000,
    "stage3_prefetch_bucket_size": 2_000_000,
    "stage3_max_live_parameters": 20_000_000,
    "stage3_max_reuse_distance": 20_000_000,
}


def zero_stage(settings: TrainSettings, world_size: int) -> int:
    """The ZeRO stage at work.

    Stage 1 has nothing to spread in one process, where it costs copies of all weights and gradients (measured
    with 58 M parameters: 1.0 instead of .5 seconds an update); but bfloat16 needs its float32 weights. With
    bfloat16 stage 2 does the work of stage 1: for float32 gradients DeepSpeed has another optimizer there,
    which keeps the whole of them in each process.
    """
    if settings.precision == "bf16":
        return max(settings.zero, 2)
    alone = settings.zero == 1 and world_size == 1 and settings.offload == "none"
    return 0 if alone else settings.zero


def configuration(settings: TrainSettings, zero: int, optimizer: Optimizer) -> dict[str, Any]:
    """DeepSpeed's configuration. Gradients are added up in float32, over micro batches and over processes:
    a sum of bfloat16 loses what is less than 1/256 of it, 4 % of the gradient in 256 micro batches."""
    return {
        "train_micro_batch_size_per_gpu": 1,  # not used: the plan decides what is in a step
        "gradient_accumulation_steps": 1,
        "gradient_clipping": optimizer.clip if zero else 0.0,
        "zero_optimization": {"stage": zero, **_BUFFERS, **_offload(settings)},
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
        "bf16": {"enabled": settings.precision == "bf16"},
        "data_types": {"grad_accum_dtype": "fp32"},
        "communication_data_type": "fp32",
        "steps_per_print": 10**12,
    }


def parameter_groups(model: nn.Module) -> list[dict[str, Any]]:
    """AdamW's groups of what is trained. Matrices decay; norms and biases do not (as in Megatron-LM, which
    OpenBA used)."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    matrices = [parameter for parameter in parameters if _dimensions(parameter) >= 2]
    vectors = [parameter for parameter in parameters if _dimensions(parameter) < 2]
    groups = [{"params": matrices, "decays": True}, {"params": vectors, "decays": False}]
    return [group for group in groups if group["params"]]


def _dimensions(parameter: nn.Parameter) -> int:
    """Of the whole parameter; its parts under ZeRO 3 are flat."""
    return len(getattr(parameter, "ds_shape", parameter.shape))


def _offload(settings: TrainSettings) -> dict[str, Any]:
    held = {"none": (), "optimizer": ("offload_optimizer",), "all": ("offload_optimizer", "offload_param")}[
        settings.offload
    ]
    return {what: {"device": "cpu"} for what in held}
