"""The plan of a training: put together from what its parts say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from curriculum.curriculum import Curriculum
from curriculum.plan.curves import Rates, curves
from curriculum.plan.layouts import Layouts
from curriculum.plan.machine_warnings import machine_warnings
from curriculum.plan.parameters import Parameters, parameters
from curriculum.plan.planned_shards import PlannedShards
from curriculum.plan.process_memory import checkpoint_bytes
from curriculum.plan.rate_warnings import rate_warnings
from curriculum.plan.reading import boundless, planned_sets, planned_sources, span_reads
from curriculum.plan.reading_warnings import reading_warnings
from curriculum.plan.stage_examples import StageExamples
from curriculum.plan.stage_work import StageWork
from curriculum.plan.timing import step_seconds
from manifests.schema.cluster import Cluster
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.plan import Plan, PlannedStage

BEST = 1
"""Checkpoints that stay beside the last ones: the best by held-out loss."""


def plan(
    manifest: CurriculumManifest, shards: PlannedShards, cluster: Cluster, folder: Path = Path()
) -> Plan:
    """What a training will read, compute and take. ``folder`` is the manifest's, where its plug-ins are.

    Raises:
        ManifestError: a set is missing or of the wrong kind, or the manifest contradicts itself.
        PluginError: there is no such plug-in, or it failed.
    """
    free = boundless(manifest)
    curriculum = Curriculum(free, shards.manifest, None, folder, shards.counted)
    vocabulary = shards.manifest.vocabulary.padded
    sizes = parameters(manifest.model, vocabulary, manifest.lora)
    reads = span_reads(curriculum)
    examples = [StageExamples(stage, shards, folder) for stage in manifest.stages]
    work = [
        StageWork(curriculum, index, one, examples, manifest.model, vocabulary)
        for index, one in enumerate(reads)
    ]
    layouts = Layouts(work, manifest.model, sizes)
    own, every = layouts.layout(manifest.train, cluster), layouts.all(manifest.train, cluster)
    rates, mixture = curves(curriculum)
    stages = tuple(_stage(one, sizes, manifest, cluster, rates) for one in work)
    sources = planned_sources(reads, shards)
    size = checkpoint_bytes(sizes, manifest.train)
    return Plan(
        name=manifest.name,
        shards=shards.described,
        vocabulary=vocabulary,
        parameters=sizes.count,
        trained=sizes.trained_count,
        cluster=cluster,
        stages=stages,
        sources=sources,
        layout=own,
        layouts=every,
        ranks=layouts.ranks(manifest.train, cluster),
        checkpoint=size,
        checkpoints=size * (manifest.train.keep + BEST),
        rates=tuple(rates),
        mixture=tuple(mixture),
        assumptions=tuple(_assumptions(shards, cluster)),
        warnings=tuple(
            chain(
                reading_warnings(manifest, curriculum, shards, reads, sources),
                rate_warnings(curriculum, stages),
                machine_warnings(manifest.train, cluster, own, every, stages, work),
            )
        ),
    )


def _stage(
    work: StageWork, sizes: Parameters, manifest: CurriculumManifest, cluster: Cluster, rates: Rates
) -> PlannedStage:
    span, dealt = work.curriculum.spans[work.index], work.dealt(cluster.gpus)
    compute, network = step_seconds(work, sizes, manifest.train, cluster)
    own = [rate for step, rate in rates if span.first <= step < span.end] or [0.0]
    return PlannedStage(
        name=span.stream.stage.name,
        first=span.first,
        steps=span.steps,
        sets=planned_sets(work.reads),
        source=work.lengths[0],
        target=work.lengths[1],
        flops=work.flops,
        recomputed=work.recomputed if manifest.train.recompute else 0,
        micro_batches=dealt.micro_batches,
        useful_share=dealt.useful_share,
        compute_seconds=compute,
        network_seconds=network,
        rates=(own[0], max(own), own[-1]),
    )


def _assumptions(shards: PlannedShards, cluster: Cluster) -> Iterator[str]:
    yield f"sizes of the sets: {shards.described}"
    yield from shards.notes
    yield (
        f"products run at {cluster.mfu:.0%} of {cluster.tflops:g} TFLOP/s (mfu, tflops), those that are done "
        "again at the same speed; norms, optimizer, evaluation and saves take no time"
    )
    yield (
        f"{cluster.bandwidth / 1e9:g} GB/s a GPU ({'links' if cluster.hosts == 1 else 'network'}); days and "
        "cost count the network's time in full, the shortest time none of it"
    )
    yield (
        f"energy: {cluster.power:g} W a GPU with its part of the host (power), times {cluster.pue:g} for the "
        f"building (pue); cost: {cluster.price:g} for a GPU and an hour (price)"
    )
    yield f"{cluster.spare:.0%} of a GPU's memory stay free (spare); micro batches are full (micro_batch)"
    yield "no crash, no rollback, no stage that ends early (until)"
