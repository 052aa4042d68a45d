"""Where a training begins: at its newest whole checkpoint, which must be of this curriculum and these
shards. One process reads it from storage, for all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import torch.distributed as dist

from curriculum.journal import Journal
from curriculum.plugins import all_plugins, stage_plugins
from manifests.border.logs import read_metrics
from manifests.errors import UserError
from manifests.files import digest
from manifests.output import complain
from trainer.checkpoint.checkpoint import Checkpoint, newest
from trainer.checkpoint.compatibility import (
    check_journal,
    check_origin,
    check_plugins,
    check_shards,
)
from trainer.data.shard_verification import verify
from trainer.distributed import decided_by_rank_0, storage_ranks
from trainer.monitor.divergence import DivergenceMonitor
from trainer.monitor.token_counter import TokenCounter
from trainer.monitor.usual_loss import untrained_loss
from trainer.run import TrainingRun


@dataclass
class Position:
    """How far a run has come: ``step`` steps, and the corpus tokens read of each set."""

    step: int = 0
    tokens: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Start:
    """What a training finds in its run folder: the journal, the newest whole checkpoint (None: it begins
    anew), and what the steps before it have shown to counter and monitor."""

    journal: Journal
    checkpoint: Checkpoint | None
    position: Position
    token_counter: TokenCounter
    monitor: DivergenceMonitor


def find_start(run: TrainingRun) -> Start:
    """Reads the run folder; files are compared with their hashes, each by one of the processes.

    Raises:
        ShardError: a shard is missing or has changed.
        CheckpointError: there are checkpoints, but no whole one.
        CompatibilityError: this run would not have led to the checkpoint.
        JournalError: a line of the journal is not an event.
    """
    ranks = storage_ranks()
    verify(run.shard_folder, run.shards, run.verified_shards, ranks)
    found = newest(run.checkpoints, ranks)
    return decided_by_rank_0(lambda: _start(run, found))


def _start(run: TrainingRun, found: Checkpoint | None) -> Start:
    journal = run.journal()
    if found is not None:
        warn_of_damage(found)
        check_resumable(run, found, journal)
    start = Start(
        journal,
        found,
        position_after(found),
        TokenCounter(run.shards.sets),
        DivergenceMonitor(
            run.manifest.train.guard, untrained_loss(run.manifest.model, run.shards.vocabulary.padded)
        ),
    )
    _replay_metrics(run, start)
    return start


def check_agreement(run: TrainingRun) -> None:
    """Compares what each process has read when it began: on some hosts a file may be that of a minute ago, or
    another one.

    Raises:
        UserError: curriculum, shard manifest or plug-ins of a process are not those of process 0; in all.
    """
    mine = {
        "curriculum": digest(run.manifest.model_dump(mode="json")),
        "shards": run.shards_sha256,
        "plug-ins": digest(all_plugins(run.manifest, run.manifest_folder)),
    }
    seen: list[dict[str, str]] = [mine] * dist.get_world_size()
    dist.all_gather_object(seen, mine)
    for rank, other in enumerate(seen):
        for what, found in other.items():
            if found != seen[0][what]:
                raise UserError(
                    f"process {rank} has read other {what} than process 0: {found} and {seen[0][what]}",
                    where=run.folder,
                    fix="see that every process reads the same files, then run the command again",
                )


def warn_of_damage(found: Checkpoint) -> None:
    """Names the newer checkpoints that are not whole, on standard error."""
    for folder in found.passed_over:
        complain(f"{folder}: warning: is damaged; {found.folder.name} is used instead")


def check_resumable(run: TrainingRun, found: Checkpoint, journal: Journal) -> None:
    """Refuses a checkpoint that this run would not have led to.

    Raises:
        CompatibilityError: the message names the difference.
    """
    progress = found.progress
    check_shards(progress.shards, run.shards_sha256, str(found.folder), run.shard_manifest)
    plugins = stage_plugins(run.manifest.stages[: progress.stages_begun], run.manifest_folder)
    check_plugins(progress.plugins, plugins, str(found.folder))
    agree = run.begins_from(progress.origin)
    check_origin(progress.origin, run.manifest.initial, agree, str(found.folder))
    check_journal(progress.journal_events, progress.journal_head, journal, str(found.folder))


def position_after(found: Checkpoint | None) -> Position:
    """The position after a checkpoint's last step."""
    if found is None:
        return Position()
    return Position(found.progress.step, Counter(found.progress.tokens_by_set))


def _replay_metrics(run: TrainingRun, start: Start) -> None:
    for line in read_metrics(run.metrics_file):
        if line["step"] <= start.position.step:
            start.token_counter.observe(line)
            start.monitor.observe(line)  # settings that were changed later judge what comes later
