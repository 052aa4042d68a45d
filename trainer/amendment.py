"""How a run's journal begins, and how another curriculum comes into force."""

from __future__ import annotations

from dataclasses import replace

from curriculum.journal_events import Amendment, Begun, Rollback
from manifests.errors import UserError
from manifests.schema.curriculum import CurriculumManifest
from trainer.checkpoint.checkpoint import Checkpoint, newest
from trainer.checkpoint.compatibility import (
    check_compatibility,
    check_journal,
    check_shards,
    deciding,
    differences,
)
from trainer.distributed import decided_by_rank_0, storage_ranks
from trainer.in_force import agrees, in_force
from trainer.monitor.terminal import say
from trainer.run import TrainingRun

EDITED = "stages to come were edited"


class Amended(Exception):
    """The curriculum was amended, and the checkpoint from which its new steps begin is on disk."""


def begun(run: TrainingRun) -> TrainingRun:
    """The run as it is trained now: its journal begins with its curriculum, and stages to come that were
    edited amend it. Every process calls it.

    Raises:
        CompatibilityError: something was edited that has had an effect.
        ManifestError: the shards have too little for what was edited.
        JournalError: see Journal.
    """
    manifest = decided_by_rank_0(lambda: in_force(run).manifest)
    current = run if manifest == run.manifest else replace(run, manifest=manifest)
    if not decided_by_rank_0(lambda: agrees(current)):
        found = newest(run.checkpoints, storage_ranks())
        decided_by_rank_0(lambda: _begin(current, found))
    return current


def _begin(run: TrainingRun, found: Checkpoint | None) -> None:
    journal = run.journal()
    if found is None:  # nothing of what the journal tells is left
        if journal.file.exists():
            journal.file.replace(journal.file.with_suffix(".before.jsonl"))
        run.journal().append(_first_line(run, run.manifest))
        return
    progress, where = found.progress, str(found.folder)
    check_shards(progress.shards, run.shards_sha256, where, run.shard_manifest)
    check_journal(progress.journal_events, progress.journal_head, journal, where)
    if journal.begun is None:  # it was begun by an earlier version
        journal.append(_first_line(run, CurriculumManifest.model_validate_json(progress.curriculum)))
    check_compatibility(journal.curricula[-1], run.manifest, progress.stages_begun, where)
    if not agrees(run):
        append(run, amendment(run, run.manifest, progress.step, EDITED))


def _first_line(run: TrainingRun, manifest: CurriculumManifest) -> Begun:
    return Begun(curriculum=_bare(manifest), shards=run.shards_sha256)


def _bare(manifest: CurriculumManifest) -> CurriculumManifest:
    """Without what the weights came from, of which the checkpoints tell."""
    return manifest.model_copy(update={"initial": None})


def amendment(run: TrainingRun, manifest: CurriculumManifest, step: int, reason: str) -> Amendment:
    """The event that amends a run from global step ``step`` on.

    Raises:
        ManifestError: the past would be another, or the shards have too little.
        UserError: the journal decides on later steps, which the training has yet to make again.
    """
    journal = run.journal()
    decided = [event.step for event in journal.events if not isinstance(event, Rollback)]
    if max(decided, default=0) > step:
        raise UserError(
            f"decides on step {max(decided)}, and the training is at step {step}",
            where=journal.file,
            fix="amend the curriculum after that step",
        )
    event = Amendment(step=step, curriculum=_bare(manifest), reason=reason)
    run.curriculum(journal).apply(event)
    return event


def append(run: TrainingRun, event: Amendment) -> None:
    """Writes it to the journal, and says what it changes."""
    old, new = deciding(run.journal().curricula[-1]), deciding(event.curriculum)
    run.journal().append(event)
    changes = "; ".join(f"{key} = {now}, not {before}" for key, before, now in differences(old, new))
    say(f"step {event.step}: the curriculum is amended ({event.reason}): {changes}")
