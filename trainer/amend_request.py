"""A training, running or not, is asked to go on with an edited curriculum: a file in its folder holds that,
until it is in the journal or refused."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from manifests.border.json_files import read_object
from manifests.border.logs import read_metrics
from manifests.border.unsound_file import UnsoundFileError
from manifests.errors import UserError
from manifests.files import write_json
from manifests.output import complain
from manifests.schema.curriculum import CurriculumManifest
from trainer.amendment import amendment, append, begun
from trainer.checkpoint.checkpoint import newest
from trainer.checkpoint.compatibility import Change, deciding, differences
from trainer.distributed import decided_by_rank_0, storage_ranks
from trainer.run import TrainingRun

REASON = "asked for by openba amend"


def _file(run: TrainingRun) -> Path:
    return run.train_folder / "amend.json"


def request_amendment(edited: Path, folder: Path) -> list[Change]:
    """Asks for the curriculum in the file ``edited`` from the next checkpoint of a run on.

    Returns:
        What it changes.

    Raises:
        ManifestError: there is no such curriculum, the past would be another, or the shards have too little.
        UserError: the run has not begun, or goes on as it is already.
    """
    run = TrainingRun.open(edited, folder)
    known, lines = run.journal().curricula, read_metrics(run.metrics_file)
    if not known or not lines:
        fix = "edit its curriculum, and run `openba train`"
        raise UserError("the training has not begun", where=run.train_folder, fix=fix)
    changes = list(differences(deciding(known[-1]), deciding(run.manifest)))
    if not changes:
        raise UserError(
            "says what the run is doing already", where=edited, fix="edit its stages, then amend the run"
        )
    event = amendment(run, run.manifest, lines[-1]["step"], REASON)
    write_json(_file(run), event.curriculum.model_dump(mode="json"))
    return changes


def pending(run: TrainingRun) -> bool:
    """Whether a training has yet to see what it was asked for."""
    return _file(run).exists()


def current(run: TrainingRun) -> TrainingRun:
    """The run as it is trained from its newest checkpoint on, amended where that was asked for. Every process
    calls it.

    Raises:
        CompatibilityError, ManifestError, JournalError: see trainer.amendment.begun.
    """
    run = begun(run)
    if decided_by_rank_0(lambda: pending(run)):
        found = newest(run.checkpoints, storage_ranks())
        if found and take_amendment(run, found.progress.step):
            return begun(run)
    return run


def take_amendment(run: TrainingRun, step: int) -> bool:
    """Amends a run from global step ``step`` on, where that was asked for and can be; what cannot be is said,
    and the training goes on as it is. Process 0 looks; every process gets its answer.

    Raises:
        JournalError: see Journal.
    """
    return decided_by_rank_0(lambda: _taken(run, step))


def _taken(run: TrainingRun, step: int) -> bool:
    if not pending(run):
        return False
    try:
        asked = _asked(run)
        known = deciding(asked) == deciding(run.journal().curricula[-1])  # killed before it forgot
        if not known:
            append(run, amendment(run, asked, step, REASON))
    except UserError as error:
        complain(f"step {step}: the curriculum is not amended: {error}")
        known = True
    _file(run).unlink()
    return not known


def _asked(run: TrainingRun) -> CurriculumManifest:
    try:
        return CurriculumManifest.model_validate(read_object(_file(run)))
    except ValidationError as error:
        raise UnsoundFileError(f"is no curriculum: {error.errors()[0]['msg']}", where=_file(run)) from None
