"""What each stage reads of each set, and how often each set is read: counted, not drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from curriculum.curriculum import Curriculum
from curriculum.plan.planned_shards import PlannedShards
from curriculum.stage_source import StageSource
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.plan import PlannedSet, PlannedSource

BOUNDLESS = 1e9
"""Epochs that nobody reads."""


def boundless(manifest: CurriculumManifest) -> CurriculumManifest:
    """The same curriculum where each set may be read as often as it takes, unless the stage says what
    happens then: a plan warns of what a training refuses."""
    stages = tuple(
        stage
        if stage.used_up
        else stage.model_copy(update={"max_epochs": dict.fromkeys(stage.sets, BOUNDLESS), "max_tokens": {}})
        for stage in manifest.stages
    )
    return manifest.model_copy(update={"stages": stages})


Reads = list[tuple[int, StageSource, int]]
"""Of one span: the stage whose objective it is, the source, and samples of it."""


def span_reads(curriculum: Curriculum) -> list[Reads]:
    """What each span of a curriculum reads, its blends and what it rehearses among it."""
    before: Counter[int] = Counter()
    found = []
    for span in curriculum.spans:
        here: Reads = []
        for stage, samples in sorted(span.read(span.steps).items()):
            stream = curriculum.spans[stage].stream
            first, last = (stream.mixture.counts(n) for n in (before[stage], before[stage] + samples))
            counts = (end - start for start, end in zip(first, last, strict=True))
            here += [(stage, *one) for one in zip(stream.sources, counts, strict=True)]
            before[stage] += samples
        found.append(here)
    return found


def planned_sets(reads: Reads) -> tuple[PlannedSet, ...]:
    """What a span reads, by set; stages that read the same set are put together."""
    samples: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    for _, source, count in reads:
        samples[source.name] += count
        tokens[source.name] += round(count * source.sample_tokens)
    return tuple(
        PlannedSet(name=name, samples=samples[name], tokens=tokens[name]) for name in sorted(samples)
    )


def planned_sources(reads: Iterable[Reads], shards: PlannedShards) -> tuple[PlannedSource, ...]:
    """What all spans read, by set, those of no stage among them."""
    read: Counter[str] = Counter(dict.fromkeys(shards.manifest.sets, 0))
    for one in reads:
        read.update({each.name: each.tokens for each in planned_sets(one)})
    return tuple(_source(name, read[name], shards) for name in sorted(read))


def _source(name: str, read: int, shards: PlannedShards) -> PlannedSource:
    tokens = shards.manifest.sets[name]
    epochs = read / max(tokens.tokens, 1)
    sources = {source.name: source.epochs * epochs for source in tokens.sources} if shards.there else {}
    return PlannedSource(set=name, tokens=max(tokens.tokens, 1), read=read, sources=sources)
