"""Shards that are not there yet: sets as large as a corpus manifest's budget, or as a curriculum reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from curriculum.pair_lengths import PairLengths
from curriculum.plan.assumed_pairs import Lengths, assumed_pairs
from curriculum.share_points import mean_shares
from manifests.schema.corpus import CorpusManifest
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.objectives import InstructionObjective
from manifests.schema.rules import Language
from manifests.schema.shards import Shard, ShardManifest, SourceShare, TokenSet, Vocabulary
from manifests.schema.steps import File

_FILE = File(path="planned", sha256="", bytes=0)
PREFIX = "biflan_"
"""Of the names of sets of pairs."""


@dataclass(frozen=True)
class PlannedShards:
    """What a curriculum reads.

    Attributes:
        manifest: the sets' sizes.
        described: where these are from.
        pairs: lengths of some pairs of each set of pairs, that are like all of them.
        counted: lengths of all of them, each side for itself.
        limits: the most that the tokens of each source of the corpus may be read.
        there: whether there are shards.
        notes: what else is assumed, a line each.
    """

    manifest: ShardManifest
    described: str
    pairs: Mapping[str, Lengths]
    counted: Mapping[str, PairLengths]
    limits: Mapping[str, float] = field(default_factory=dict)
    there: bool = False
    notes: tuple[str, ...] = ()


def of_corpus(corpus: CorpusManifest, pieces: int, means: tuple[int, int]) -> PlannedShards:
    """Sets that hold the corpus' budget to the token; ``pieces`` of its vocabulary, ``means``: tokens of its
    prompts and targets before they are cut."""
    sets: dict[str, tuple[int, Lengths | None]] = {
        str(name): (tokens, None) for name, tokens in corpus.shards.budget.items()
    }
    pairs = {}
    if instructions := corpus.shards.instructions:
        lengths = assumed_pairs(means, (instructions.max_prompt, instructions.max_target))
        for language, share in instructions.ratio.items():
            name = f"{PREFIX}{language}"
            pairs[name], sets[name] = lengths, (round(instructions.tokens * share), lengths)
    limits = {source.name: source.max_epochs for source in corpus.sources}
    return _planned(sets, pieces, f"the budget of corpus {corpus.name}", pairs, limits)


def of_curriculum(curriculum: CurriculumManifest, pieces: int, means: tuple[int, int]) -> PlannedShards:
    """Sets that hold what the stages read of them, so that each is read about once."""
    needed: dict[str, int] = {}
    pairs: dict[str, Lengths] = {}
    for stage in curriculum.stages:
        for name, share in mean_shares(stage.mixture, stage.tokens).items():
            step = sum(getattr(stage.objective, "longest", (0, 0))) * stage.global_batch
            needed[name] = needed.get(name, 0) + round(stage.tokens * share) + step
            if isinstance(stage.objective, InstructionObjective):
                pairs[name] = assumed_pairs(means, (stage.objective.source - 3, stage.objective.target - 1))
    sets = {name: (tokens, pairs.get(name)) for name, tokens in needed.items()}
    return _planned(sets, pieces, "assumed: each set is read about once", pairs, {})


def _planned(
    sets: Mapping[str, tuple[int, Lengths | None]],
    pieces: int,
    described: str,
    pairs: Mapping[str, Lengths],
    limits: Mapping[str, float],
) -> PlannedShards:
    made = {name: _set(name, *one) for name, one in sets.items()}
    vocabulary = Vocabulary.of(_FILE, pieces)
    manifest = ShardManifest(fingerprint="planned", vocabulary=vocabulary, sets=made, heldout={})
    counted = {name: _counted(lengths, made[name].rows) for name, lengths in pairs.items()}
    means = (f"{name} {lengths[0].mean():.0f} + {lengths[1].mean():.0f}" for name, lengths in pairs.items())
    note = f"tokens of a prompt and its answer, exponentially distributed (--pair-tokens): {', '.join(means)}"
    return PlannedShards(manifest, described, pairs, counted, limits, notes=(note,) if pairs else ())


def _counted(pairs: Lengths, rows: int) -> PairLengths:
    """Of so many pairs that are like these: each length as often as its place in their order asks for."""
    few = PairLengths.of([(pairs[0], pairs[1])])
    ends = (np.rint(np.cumsum(side) * (rows / pairs.shape[1])) for side in (few.prompts, few.targets))
    prompts, targets = (np.diff(end, prepend=0).astype(np.int64) for end in ends)
    return PairLengths(prompts, targets)


def _set(name: str, tokens: int, pairs: Lengths | None) -> TokenSet:
    rows = tokens if pairs is None else max(1, round(tokens * pairs.shape[1] / pairs.sum()))
    language: Language = "code" if name == "code" else "zh" if name.endswith("zh") else "en"
    share = SourceShare(name=name, documents=rows, tokens=tokens, available_tokens=tokens, epochs=1.0)
    return TokenSet(
        name=name,
        language=language,
        kind="stream" if pairs is None else "pairs",
        tokens=tokens,
        rows=rows,
        documents=rows,
        shard_tokens=max(tokens, 1),
        shards=(Shard(file=_FILE, tokens=tokens),),
        sources=(share,),
        unigram_entropy=0.0,
    )
