"""What looks wrong about which sets are read, how often, and how they are cut into samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from curriculum.curriculum import Curriculum
from curriculum.pair_lengths import PairLengths
from curriculum.plan.planned_shards import PlannedShards
from curriculum.plan.reading import Reads
from curriculum.sample_stream import SampleStream
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.objectives import UL2Objective
from manifests.schema.plan import PlannedSource, PlanWarning

UNREAD, REMAINDER, CUT = 0.05, 0.001, 0.01
"""Shares of tokens that are worth a word."""
MANY, UNEVEN = 4.0, 3.0
"""Epochs, and how many times as often one set is read as another one."""


def reading_warnings(
    manifest: CurriculumManifest,
    curriculum: Curriculum,
    shards: PlannedShards,
    reads: Sequence[Reads],
    sources: Sequence[PlannedSource],
) -> Iterator[PlanWarning]:
    """``curriculum`` is that of the manifest without bounds of epochs."""
    for index, stage in enumerate(manifest.stages):
        objective = stage.objective
        for text in objective.warnings if isinstance(objective, UL2Objective) else ():
            yield PlanWarning(kind="one-span", text=f"stage {stage.name}: {text}")
        stream = curriculum.spans[index].stream
        yield from _epochs(manifest, index, stream, reads, shards)
        yield from _cut(stream, shards.counted)
        yield from _remainders(stream, shards)
    yield from _unread(sources)
    yield from _often(sources, shards)


def _epochs(
    manifest: CurriculumManifest,
    index: int,
    stream: SampleStream,
    reads: Sequence[Reads],
    shards: PlannedShards,
) -> Iterator[PlanWarning]:
    bound = SampleStream(manifest.stages[index], stream.shape, shards.manifest, manifest.seed, shards.counted)
    needed = sum(count for one in reads for stage, _, count in one if stage == index)
    try:
        bound.check_epochs(needed)
    except ManifestError as error:
        kind = "pairs-short" if stream.shape.reads == "pairs" else "over-epochs"
        yield PlanWarning(kind=kind, text=str(error))


def _cut(stream: SampleStream, pairs: Mapping[str, PairLengths]) -> Iterator[PlanWarning]:
    for source in stream.sources if stream.shape.reads == "pairs" else ():
        cut = pairs[source.name].cut(*stream.shape.room)
        if cut.tokens > CUT * (cut.tokens + source.rows * source.sample_tokens):
            yield PlanWarning(
                kind="cut-pairs", text=f"stage {stream.stage.name}: {cut.describe(source.name)}"
            )


def _remainders(stream: SampleStream, shards: PlannedShards) -> Iterator[PlanWarning]:
    for source in stream.sources if stream.shape.reads == "stream" else ():
        tokens = shards.manifest.sets[source.name].tokens
        lost = tokens - source.rows * int(source.sample_tokens)
        if lost > REMAINDER * tokens:
            yield PlanWarning(
                kind="remainder",
                text=f"stage {stream.stage.name}: set {source.name} of {tokens:,} tokens makes "
                f"{source.rows:,} chunks of {int(source.sample_tokens):,}, and the {lost:,} tokens that are "
                f"left ({lost / tokens:.1%}) are never read; make the set larger or the chunk shorter",
            )


def _unread(sources: Sequence[PlannedSource]) -> Iterator[PlanWarning]:
    whole = sum(one.tokens for one in sources)
    left = {one.set: max(0, one.tokens - one.read) for one in sources}
    if sum(left.values()) > UNREAD * whole:
        worst = ", ".join(f"{name} {tokens:,}" for name, tokens in left.items() if tokens)
        yield PlanWarning(
            kind="unread",
            text=f"the sets hold {whole:,} tokens and the stages read {sum(one.read for one in sources):,} "
            f"of them: {sum(left.values()):,} are never read ({worst}); raise the stages' tokens, or lower "
            "the corpus' budget",
        )


def _often(sources: Sequence[PlannedSource], shards: PlannedShards) -> Iterator[PlanWarning]:
    sets = {one.set: one.epochs for one in sources if one.read}
    by_source: dict[str, float] = {}
    for one in sources:
        for name, epochs in one.sources.items():
            by_source[name] = max(by_source.get(name, 0.0), epochs)
    yield from _many(sets | by_source)
    yield from _beyond_limits(by_source, shards.limits)
    yield from _uneven(sets)


def _many(times: Mapping[str, float]) -> Iterator[PlanWarning]:
    for name, epochs in times.items():
        if epochs > MANY:
            yield PlanWarning(
                kind="many-epochs",
                text=f"{name} is read {epochs:.1f} times: more than {MANY:g} times teaches ever less "
                "(Muennighoff et al. 2023); lower its share, or give it more text",
            )


def _beyond_limits(times: Mapping[str, float], limits: Mapping[str, float]) -> Iterator[PlanWarning]:
    for name, epochs in times.items():
        if epochs > limits.get(name, float("inf")) * 1.001:
            yield PlanWarning(
                kind="source-epochs",
                text=f"source {name} is read {epochs:.2f} times, in the shards and by the stages together, "
                f"and the corpus manifest allows {limits[name]:g}; lower the share of its set, or raise its "
                "max_epochs",
            )


def _uneven(times: Mapping[str, float]) -> Iterator[PlanWarning]:
    if times and max(times.values()) > UNEVEN * min(times.values()):
        most, least = max(times, key=lambda name: times[name]), min(times, key=lambda name: times[name])
        yield PlanWarning(
            kind="uneven-epochs",
            text=f"set {most} is read {times[most]:.2f} times and set {least} {times[least]:.2f} times; "
            "move the mixture towards what there is, or the corpus' budget towards the mixture",
        )
