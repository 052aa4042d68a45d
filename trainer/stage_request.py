"""A training, running or not, is asked to end its stage: a file in its folder says so, until that is done."""

from __future__ import annotations

from pathlib import Path

from curriculum.journal_events import StageEndedEarly
from manifests.border.json_files import read_object
from manifests.border.logs import read_metrics
from manifests.errors import UserError
from manifests.files import write_json
from trainer.distributed import decided_by_rank_0
from trainer.in_force import checked_in_force
from trainer.run import TrainingRun

REASON = "asked for by openba switch"


def _file(run: TrainingRun) -> Path:
    return run.train_folder / "switch.json"


def request_next_stage(run: TrainingRun, stage: str | None = None) -> tuple[str, str]:
    """Asks for the end of the stage under way, after the step that is being made.

    Args:
        stage: the one that shall begin; None: whichever comes next.

    Returns:
        The names of the stage that ends and of the one that begins.

    Raises:
        UserError: the run is not in training, or another stage comes next, or none.
    """
    run = checked_in_force(run)
    curriculum, lines = run.curriculum(), read_metrics(run.metrics_file)
    step = lines[-1]["step"] if lines else 0
    names = [span.stream.stage.name for span in curriculum.spans]
    if step == 0 or step >= curriculum.total_steps:
        state = "has not begun" if step == 0 else "has come to its end"
        raise UserError(f"the training {state}: no stage is under way", where=run.train_folder)
    index = curriculum.stage_of(step)
    if index + 1 == len(names):
        raise UserError(
            f"no stage comes after {names[index]}, which is under way",
            where=run.train_folder,
            fix="stop the training with Ctrl-C or SIGTERM, which write a checkpoint",
        )
    if stage not in (None, names[index + 1]):
        raise UserError(
            f"{names[index + 1]} comes after {names[index]}, which is under way, not {stage}",
            where=run.train_folder,
            fix=f"give --next or {names[index + 1]}",
        )
    write_json(_file(run), {"end": names[index]})
    return names[index], names[index + 1]


def asked_to_end(run: TrainingRun) -> str | None:
    """The stage that was asked to end, if it has not yet.

    Raises:
        UnsoundFileError: the file is damaged.
    """
    return read_object(_file(run)).get("end") if _file(run).exists() else None


def requested_end(run: TrainingRun, stage: str, step: int) -> StageEndedEarly | None:
    """The event that ends a stage after ``step`` steps, where that was asked for. Process 0 looks; every
    process gets its answer.

    Raises:
        UnsoundFileError: the file is damaged.
    """
    return decided_by_rank_0(lambda: _looked(run, stage, step))


def _looked(run: TrainingRun, stage: str, step: int) -> StageEndedEarly | None:
    if not _file(run).exists():
        return None
    asked, names = asked_to_end(run), [one.name for one in run.manifest.stages]
    if asked in names[names.index(stage) + 1 :]:
        return None  # the training went back to before it
    if asked == stage and not run.journal().has_ended(stage):
        return StageEndedEarly(stage=stage, step=step, reason=REASON)
    forget_request(run)  # that stage is over
    return None


def forget_request(run: TrainingRun) -> None:
    """What was asked for is done, and in the journal."""
    _file(run).unlink(missing_ok=True)
