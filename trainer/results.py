"""The files that a finished training leaves: ``stats.json`` and, last, ``manifest.json``."""

from __future__ import annotations

from manifests.border.logs import read_evaluations, read_metrics
from manifests.files import write_json
from manifests.schema.base import ManifestError
from manifests.schema.training import CheckpointFile, TrainingManifest
from trainer.monitor.peak_memory import peak_memory
from trainer.training_loop import TrainingLoop


def write_results(loop: TrainingLoop) -> None:
    """Writes both.

    Raises:
        ManifestError: there was nothing to train.
    """
    run, position = loop.run, loop.position
    last = loop.last_checkpoint
    if last is None:
        raise ManifestError("the curriculum has no steps; give its stages more tokens")
    _write_stats(loop)
    manifest = TrainingManifest(
        fingerprint=run.fingerprint,
        origin=loop.origin,
        curriculum=run.manifest.name,
        steps=position.step,
        skipped_steps=sum("skipped" in line for line in read_metrics(run.metrics_file)),
        tokens=position.tokens.total(),
        tokens_by_set=dict(sorted(position.tokens.items())),
        cut_pairs=run.cut_pairs,
        heldout_losses={line["stage"]: line["losses"] for line in read_evaluations(run.evaluations_file)},
        checkpoint=CheckpointFile(
            path=last.folder.relative_to(run.train_folder).as_posix(), sha256=last.sha256
        ),
    )
    write_json(run.training_manifest, manifest.model_dump())


def _write_stats(loop: TrainingLoop) -> None:
    stages = loop.run.manifest.stages
    peaks = peak_memory()
    stats = {
        "steps": loop.position.step - loop.first_step,
        **loop.stopwatch.figures(),
        "tokens_by_stage": {stage.name: loop.token_counter.of(stage.name) for stage in stages},
        "processes": loop.engine.world_size,
        "peak_memory_bytes": peaks["host"],
        **({"peak_device_memory_bytes": peaks["device"]} if "device" in peaks else {}),
    }
    write_json(loop.run.train_folder / "stats.json", stats)
