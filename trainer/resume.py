"""Where a training begins: at its newest whole checkpoint, which must be of this curriculum and these
shards."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from curriculum.plugins import stage_plugins
from manifests.json_lines import read_json_lines
from manifests.schema.curriculum import CurriculumManifest
from trainer.checkpoint.checkpoint import Checkpoint
from trainer.checkpoint.compatibility import CompatibilityError, check_compatibility, check_plugins
from trainer.monitor.loss_spikes import LossAnomaly, LossSpikeMonitor
from trainer.monitor.token_counter import TokenCounter
from trainer.run import TrainingRun


@dataclass
class Position:
    """How far a run has come: ``step`` steps, and the corpus tokens read of each set."""

    step: int = 0
    tokens: Counter[str] = field(default_factory=Counter)


def check_resumable(run: TrainingRun, found: Checkpoint) -> None:
    """Refuses a checkpoint that this run would not have led to.

    Raises:
        CompatibilityError: the message names the difference.
    """
    progress = found.progress
    if progress.shards != run.shards_sha256:
        raise CompatibilityError(f"{found.folder} was trained on other shards; train in another run folder")
    old = CurriculumManifest.model_validate_json(progress.curriculum)
    plugins = stage_plugins(run.manifest.stages[: progress.stages_begun], run.manifest_folder)
    check_compatibility(old, run.manifest, progress.stages_begun, str(found.folder))
    check_plugins(progress.plugins, plugins, str(found.folder))
    if len(run.journal().events) < progress.journal_events:
        raise CompatibilityError(
            f"{found.folder} knows of more events than journal.jsonl holds; restore the journal"
        )


def position_after(found: Checkpoint | None) -> Position:
    """The position after a checkpoint's last step."""
    if found is None:
        return Position()
    return Position(found.progress.step, Counter(found.progress.tokens_by_set))


def replay_metrics(
    run: TrainingRun, position: Position, token_counter: TokenCounter, loss_monitor: LossSpikeMonitor
) -> None:
    """Shows counter and monitor the lines of ``metrics.jsonl`` up to the position."""
    for line in read_json_lines(run.metrics_file):
        if line["step"] <= position.step:
            token_counter.observe(line)
            with suppress(LossAnomaly):  # settings that were changed later judge what comes later
                loss_monitor.observe(line["step"] - 1, line["stage"], line["loss"])
