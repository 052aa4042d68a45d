"""The curriculum that a run is in the course of: the one that it was begun with, or one that amended it. The
journal keeps them, so that a replay needs no other file."""

from __future__ import annotations

from dataclasses import replace

from manifests.schema.base import ManifestError
from trainer.checkpoint.compatibility import check_shards, deciding, differences
from trainer.run import TrainingRun


def in_force(run: TrainingRun) -> TrainingRun:
    """The run with the curriculum that is in force, where it was opened with an earlier one of its journal;
    else as it is.

    Raises:
        JournalError: see Journal.
    """
    known = run.journal().curricula
    if not known or agrees(run) or not any(deciding(run.manifest) == deciding(old) for old in known):
        return run
    kept = {"initial": run.manifest.initial, "train": run.manifest.train}
    return replace(run, manifest=known[-1].model_copy(update=kept))


def checked_in_force(run: TrainingRun) -> TrainingRun:
    """The same; but a curriculum or shards of which the journal does not know are refused.

    Raises:
        ManifestError: it names the first key that differs, and both values.
        CompatibilityError: the shards are others.
        JournalError: see Journal.
    """
    run, journal = in_force(run), run.journal()
    if journal.begun is None:
        return run
    check_shards(journal.begun.shards, run.shards_sha256, str(journal.file), run.shard_manifest)
    for key, there, here in differences(deciding(journal.curricula[-1]), deciding(run.manifest)):
        raise ManifestError(
            f"is of another curriculum, with {key} = {there}, not {here}",
            where=journal.file,
            fix="give the manifest that the run was begun with, or let `openba amend` change the run",
        )
    return run


def agrees(run: TrainingRun) -> bool:
    """Whether the run was opened with the curriculum that is in force."""
    known = run.journal().curricula
    return bool(known) and deciding(run.manifest) == deciding(known[-1])
