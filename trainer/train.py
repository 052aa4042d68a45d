"""Training a run: from its newest checkpoint to the end of the curriculum."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress

import torch.distributed as dist

from curriculum.plugins import CALLBACKS
from manifests.broken_pipe import output_may_be_lost
from manifests.os_errors import os_errors_explained
from manifests.output import complain
from manifests.plugins import resolve
from manifests.run_lock import run_lock
from manifests.stop_signals import StopFlag, Stopped, stop_signals
from trainer.amend_request import current
from trainer.amendment import Amended
from trainer.bf16_choice import bf16_choice
from trainer.checkpoint.saving import remove_leftovers
from trainer.data.idle_ranks import idle_warnings
from trainer.determinism import deterministic_cpu
from trainer.distributed import HELD, decided_by_rank_0, join_process_group, lost_processes_explained
from trainer.in_force import in_force
from trainer.model.bf16_ways import bf16_ways
from trainer.monitor.callbacks import Callbacks
from trainer.monitor.divergence import LossAnomaly
from trainer.monitor.plugin_callback import PluginCallback
from trainer.results import write_results
from trainer.resume import check_agreement
from trainer.rollback import roll_back
from trainer.run import TrainingRun
from trainer.training_loop import TrainingLoop


def train(run: TrainingRun, callbacks: Sequence[object] = (), *, quiet: bool = False) -> bool:
    """Trains a run to its end, continuing from its newest whole checkpoint. False if there was nothing to do.

    Args:
        callbacks: told of every step and evaluation (see trainer.monitor.callbacks), beside TensorBoard and
            (unless ``quiet``) the progress bar or log, and those that the manifest names.

    Raises:
        ManifestError, ShardError: manifests or shards that cannot be used.
        CompatibilityError: the newest checkpoint was made by another curriculum or from other shards.
        CheckpointError: a checkpoint could not be written.
        DivergedError: the run has been rolled back as often as it may, or cannot be.
        Stopped: SIGTERM or Ctrl-C came; a checkpoint was written.
        LostProcessError: another process of the training ended.
        PluginError: a plug-in cannot be found, or failed.
        UserError: another command uses the run folder, it cannot be written to, or processes do not read the
            same manifests.
    """
    join_process_group()
    if decided_by_rank_0(lambda: in_force(run).finished):
        return False
    check_agreement(run)
    _warn_of_idle_ranks(run)
    with (
        Callbacks([*callbacks, *_plugin_callbacks(run)]) as told,
        output_may_be_lost(),
        os_errors_explained(run.train_folder),
        lost_processes_explained(),
        _exclusive(run),
        deterministic_cpu(run.manifest.train.threads),
        bf16_ways(bf16_choice(run)),
        stop_signals() as stop,
    ):
        while not _attempt(current(run), told, stop, quiet=quiet):
            gc.collect()  # the model of that attempt, before another one is made
    return True


def _warn_of_idle_ranks(run: TrainingRun) -> None:
    if dist.get_rank() == 0:
        for warning in idle_warnings(run, dist.get_world_size()):
            complain(f"warning: {warning}")


def _attempt(run: TrainingRun, callbacks: Callbacks, stop: StopFlag, *, quiet: bool) -> bool:
    """Trains from the newest checkpoint to the end. False if it ended in a rollback or an amendment: the next
    attempt reads it in the journal, as a run that was killed would."""
    with _closing(TrainingLoop(run, callbacks, stop, quiet=quiet)) as loop:
        try:
            loop.run_to_end()
        except LossAnomaly as found:
            roll_back(loop, found.anomaly)
            return False
        except Amended:
            return False
        if loop.recorder:
            write_results(loop)
    return True


@contextmanager
def _closing(loop: TrainingLoop) -> Iterator[TrainingLoop]:
    """Closes the loop at the end. After a failure, what cannot be closed is passed over: the failure says
    more. After a signal nothing is waited for."""
    try:
        yield loop
    except BaseException as error:
        with suppress(OSError):
            loop.close(wait=not isinstance(error, Stopped | KeyboardInterrupt))
        raise
    loop.close(wait=True)


def _plugin_callbacks(run: TrainingRun) -> list[PluginCallback]:
    """Those that the manifest names; only process 0 has them."""
    references = run.manifest.train.callbacks if dist.get_rank() == 0 else ()
    return [PluginCallback(resolve(reference, CALLBACKS, run.manifest_folder)) for reference in references]


@contextmanager
def _exclusive(run: TrainingRun) -> Iterator[None]:
    """Process 0 locks the run folder, unless the launcher has, and removes what broken-off saves have
    left."""
    if dist.get_rank() != 0:
        yield
        return
    with nullcontext() if HELD in os.environ else run_lock(run.folder, "openba train"):
        remove_leftovers(run.checkpoints)
        for broken in run.train_folder.glob(".*.tmp"):
            broken.unlink()
        yield
