"""What a training does at each step, and what it takes, without doing it."""

from __future__ import annotations

from pathlib import Path

from curriculum.curriculum import Curriculum
from curriculum.plan.assumed_pairs import MEANS
from curriculum.plan.plan import plan
from curriculum.plan.planned_shards import of_corpus, of_curriculum
from manifests.border.sentencepiece_model import piece_count
from manifests.schema.base import load
from manifests.schema.cluster import Cluster
from manifests.schema.corpus import CorpusManifest
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.plan import Plan
from trainer.in_force import checked_in_force
from trainer.planned_run import planned_shards
from trainer.run import TrainingRun

__all__ = ["Cluster", "Curriculum", "Plan", "curriculum", "plan_training"]

PIECES = 250_100
"""Of mT5's tokenizer, which OpenBA has: where the curriculum's is not known yet."""


def curriculum(manifest: str | Path, run: str | Path) -> Curriculum:
    """The curriculum of a run, with the events of its journal: ``.step(k)`` tells the stage, objective,
    learning rate and samples of global step ``k``.

    Raises:
        ManifestError: a manifest is missing or not valid, or the shards have too little for it.
        JournalError: a line of the journal is not an event.
    """
    return checked_in_force(TrainingRun.open(Path(manifest), Path(run))).curriculum()


def plan_training(
    curriculum: str | Path,
    *,
    corpus: str | Path | None = None,
    run: str | Path | None = None,
    cluster: Cluster | None = None,
    pair_tokens: tuple[int, int] = MEANS,
) -> Plan:
    """The plan of a training: steps and tokens, operations, memory, days and cost, and what looks wrong.

    Args:
        curriculum: the curriculum manifest.
        corpus: the corpus manifest, whose budget the sets hold where there is no run yet, and which says how
            often its sources may be read.
        run: a run folder with shards. Without it and ``corpus``, sets are taken to hold what is read.
        cluster: the machines; by default a host of eight H100.
        pair_tokens: of a prompt and of its answer, on average, where there is no run yet.

    Raises:
        ManifestError: a manifest is missing or not valid, or the sets are not those of the curriculum.
        ShardError: a shard is missing or is not what the manifest says.
    """
    file = Path(curriculum)
    manifest = load(file, CurriculumManifest)
    text = None if corpus is None else load(Path(corpus), CorpusManifest)
    if run is not None:
        limits = {source.name: source.max_epochs for source in text.sources} if text else {}
        shards = planned_shards(file, Path(run), limits)
    elif text is not None and corpus is not None:
        shards = of_corpus(text, _pieces(text, Path(corpus).parent), pair_tokens)
    else:
        shards = of_curriculum(manifest, PIECES, pair_tokens)
    return plan(manifest, shards, cluster or Cluster(), file.parent)


def _pieces(corpus: CorpusManifest, folder: Path) -> int:
    """Of the tokenizer that is given, or will be trained; mT5's where it is not there yet."""
    tokenizer = corpus.quality.tokenizer
    if tokenizer.model is None:
        return tokenizer.pieces
    file = folder / tokenizer.model
    return piece_count(file) if file.exists() else PIECES
