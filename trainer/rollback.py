"""Going back to the last checkpoint after the loss went wrong, past the samples that were read since."""

from __future__ import annotations

from curriculum.journal_events import Rollback
from curriculum.step_plan import StepPlan
from manifests.errors import UserError
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import Checkpoint
from trainer.distributed import decided_by_rank_0, storage_ranks
from trainer.monitor.divergence import Anomaly
from trainer.monitor.terminal import say
from trainer.training_loop import TrainingLoop


class DivergedError(UserError):
    """The training goes wrong again and again; the message names the step, its samples and the last
    checkpoint."""


def roll_back(loop: TrainingLoop, anomaly: Anomaly) -> None:
    """Notes in the journal that the run goes back to its last checkpoint and skips the samples read since.

    Raises:
        DivergedError: it has gone back as often as it may, or has no samples to go on with.
    """
    loop.prepared.close()  # it reads the curriculum, which is about to change
    loop.checkpoint_writer.wait()
    last = checkpoint.newest(loop.run.checkpoints, storage_ranks())
    decided_by_rank_0(lambda: _noted(loop, anomaly, last))


def _noted(loop: TrainingLoop, anomaly: Anomaly, last: Checkpoint | None) -> None:
    journal = loop.run.journal()
    event = Rollback(step=anomaly.step + 1, to=last.progress.step if last else 0, reason=anomaly.reason)
    done = sum(isinstance(past, Rollback) for past in journal.events)
    try:
        if done >= loop.run.manifest.train.guard.rollbacks:
            raise ValueError(f"the run was rolled back {done} times already")
        loop.curriculum.apply(event)
    except ValueError as error:
        raise DivergedError(
            f"{_describe(loop.curriculum.step(anomaly.step), anomaly, last)}; {error}",
            fix="lower the learning rate or look at the samples",
        ) from None
    journal.append(event)
    if loop.recorder:
        loop.recorder.callbacks.journal_event(event)
    say(f"step {event.step}: {event.reason}; back to step {event.to}, the samples since are skipped")


def _describe(plan: StepPlan, anomaly: Anomaly, last: Checkpoint | None) -> str:
    samples: dict[str, list[int]] = {name: [] for name in plan.sets}
    for part in plan.parts:
        for index, row in zip(part.samples.set_index.tolist(), part.samples.rows.tolist(), strict=True):
            samples[part.sets[index]].append(row)
    return (
        f"step {anomaly.step + 1} (stage {plan.stage}): {anomaly.reason}; its samples by set: {samples}; "
        f"the last checkpoint is {last.folder if last else 'none'}"
    )
