"""What the engine asks of DeepSpeed, as plain data."""

from __future__ import annotations

from typing import Any

from torch import nn

from curriculum.zero import BUCKET, PERSISTENT
from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings

_BUFFERS = {
    "reduce_bucket_size": BUCKET,
    "allgather_bucket_size": BUCKET,
    "stage3_prefetch_bucket_size": BUCKET // 10,
    "stage3_param_persistence_threshold": PERSISTENT,
    "stage3_max_live_parameters": BUCKET,
    "stage3_max_reuse_distance": BUCKET,
}


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
