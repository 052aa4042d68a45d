"""What looks wrong about machines and layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from curriculum.idle_ranks import idle_warning
from curriculum.plan.stage_work import StageWork
from manifests.schema.cluster import Cluster
from manifests.schema.plan import PlannedLayout, PlannedStage, PlanWarning
from manifests.schema.train_settings import TrainSettings

LONGEST_LOSS = 4.0
"""Hours between checkpoints that are worth a word."""
MANY_PASSES = 16
"""Of a process in a step, where more than half of its memory is free."""


def machine_warnings(
    train: TrainSettings,
    cluster: Cluster,
    layout: PlannedLayout,
    layouts: Sequence[PlannedLayout],
    stages: Sequence[PlannedStage],
    work: Sequence[StageWork],
) -> Iterator[PlanWarning]:
    """``layout`` is that of the curriculum manifest, ``layouts`` are all, the cheapest first."""
    yield from _fits(cluster, layout, layouts)
    yield from _spared(layout, layouts)
    for one, planned in zip(work, stages, strict=True):
        yield from _of_a_stage(cluster, train, one, planned)
        yield from _small_passes(cluster, layout, planned)
    if cluster.gpus > cluster.gpus_per_host and cluster.gpus % cluster.gpus_per_host:
        yield PlanWarning(
            kind="hosts",
            text=f"{cluster.gpus} GPUs leave {-cluster.gpus % cluster.gpus_per_host} of the last host's "
            f"{cluster.gpus_per_host} idle, and paid for; take a multiple of {cluster.gpus_per_host}",
        )
    if train.precision == "fp32":
        yield PlanWarning(
            kind="fp32",
            text=f"train.precision is fp32, and a GPU's {cluster.tflops:g} TFLOP/s are those of bfloat16; "
            "set it to bf16, or tflops to what the GPU does in float32",
        )


def _fits(cluster: Cluster, layout: PlannedLayout, layouts: Sequence[PlannedLayout]) -> Iterator[PlanWarning]:
    fitting = next((one.name for one in layouts if one.fits), None)
    advice = f"the cheapest layout that fits is {fitting}" if fitting else "no layout fits: take more GPUs"
    room = cluster.memory * (1 - cluster.spare)
    if layout.memory.gpu > room:
        yield PlanWarning(
            kind="no-fit",
            text=f"a GPU must hold {layout.memory.gpu / 1e9:.1f} GB with {layout.name}, of which "
            f"{layout.memory.activations / 1e9:.1f} GB are activations, and has {room / 1e9:.1f} GB to "
            f"give; lower micro_batch, or change the layout: {advice}",
        )
    if layout.memory.host > cluster.host_memory:
        yield PlanWarning(
            kind="host-memory",
            text=f"a host must hold {layout.memory.host / 1e9:.0f} GB with {layout.name}, and has "
            f"{cluster.host_memory / 1e9:.0f} GB; {advice}",
        )


def _spared(layout: PlannedLayout, layouts: Sequence[PlannedLayout]) -> Iterator[PlanWarning]:
    """What costs time and is not needed to fit."""
    changes = {
        "zero-higher": ("train.zero", layout.zero, max(0, layout.zero - 1)),
        "recompute-unneeded": ("train.recompute", layout.recompute, False),
        "offload-unneeded": ("train.offload", layout.offload, "none"),
    }
    for kind, (key, now, lower) in changes.items():
        wanted = (layout.zero, layout.recompute, layout.offload)
        cheaper = tuple(
            lower if index == list(changes).index(kind) else one for index, one in enumerate(wanted)
        )
        found = next((one for one in layouts if (one.zero, one.recompute, one.offload) == cheaper), None)
        if now != lower and found and found.fits and found.days < layout.days:
            yield PlanWarning(
                kind=kind,
                text=f"{key} is {now}, and {lower} fits as well: a GPU holds {found.memory.gpu / 1e9:.1f} "
                f"GB, and the training takes {found.days:.3g} days instead of {layout.days:.3g}",
            )


def _of_a_stage(
    cluster: Cluster, train: TrainSettings, work: StageWork, planned: PlannedStage
) -> Iterator[PlanWarning]:
    stage = work.curriculum.spans[work.index].stream.stage
    if text := idle_warning(stage, cluster.gpus, lambda ranks: work.dealt(ranks).useful_share):
        yield PlanWarning(kind="idle-ranks", text=text)
    if planned.network_seconds > planned.compute_seconds:
        yield PlanWarning(
            kind="network-bound",
            text=f"stage {stage.name}: of a step the network takes {planned.network_seconds:.2g} s and the "
            f"products {planned.compute_seconds:.2g} s; raise micro_batch or global_batch, lower "
            "train.zero, or take fewer GPUs or a faster network",
        )
    hours = train.checkpoint_every * (planned.network_seconds + planned.compute_seconds) / 3600
    if hours > LONGEST_LOSS:
        yield PlanWarning(
            kind="lost-work",
            text=f"stage {stage.name}: {hours:.1f} hours go by between two checkpoints, and a crash loses "
            f"so many on {cluster.gpus} GPUs; lower train.checkpoint_every to "
            f"{max(1, int(train.checkpoint_every / hours)):,}",
        )


def _small_passes(cluster: Cluster, layout: PlannedLayout, planned: PlannedStage) -> Iterator[PlanWarning]:
    if planned.micro_batches > MANY_PASSES and layout.memory.gpu < cluster.memory / 2:
        yield PlanWarning(
            kind="small-micro-batch",
            text=f"stage {planned.name}: a step takes {planned.micro_batches} passes of each GPU, and a GPU "
            f"holds {layout.memory.gpu / 1e9:.1f} of its {cluster.memory / 1e9:g} GB; raise micro_batch",
        )
