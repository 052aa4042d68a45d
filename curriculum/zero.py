"""What ZeRO (Rajbhandari et al. 2020) does in a training: which of its stages is at work, and how large its
buffers are."""

from __future__ import annotations

from manifests.schema.train_settings import TrainSettings

BUCKET = 20_000_000
"""Elements of a gradient bucket, and of the weights that are gathered at a time. DeepSpeed's own are 5e8 and
1e9, or 2 to 4 GB a buffer in each process; these are 80 MB at most. Measured with 106 M parameters on 4
processes under ZeRO 3, the peak of a step went from 2,534 to 1,660 MB."""
PERSISTENT = 100_000
"""Parameters of at most so many elements stay whole in each process under ZeRO 3: DeepSpeed's default."""


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
