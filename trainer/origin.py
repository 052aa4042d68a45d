"""The weights that a training begins from, where they are not new: an export's, a checkpoint's or a run's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from manifests.errors import UserError
from manifests.files import cached_sha256
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.initial import Initial, Origin
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import MANIFEST, Checkpoint
from trainer.checkpoint.compatibility import differences
from trainer.distributed import Ranks
from trainer.engine_state import MOMENTS, StateSource
from trainer.export.hf_folder import CONFIG
from trainer.export.hf_weights import HFWeights
from trainer.export.safetensors_files import weight_files
from trainer.resume import warn_of_damage
from trainer.run import TrainingRun

_CHECKPOINTS = Path("train", "checkpoints")


class OriginError(UserError):
    """Weights that this training cannot begin from; the message says why, and what to do."""


class FreshMoments:
    """Weights that are read from elsewhere, with moments of 0, as before the first update."""

    updates, averaged = 0, False

    def __init__(self, read: Callable[[str, int, int], Tensor]) -> None:
        self._read = read

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened weight or moment: float32 [numel]."""
        fresh = name.startswith(tuple(f"{moment}." for moment in MOMENTS))
        return torch.zeros(1).expand(numel) if fresh else self._read(name, start, numel)


def opened_origin(run: TrainingRun, initial: Initial, ranks: Ranks) -> tuple[Origin, StateSource]:
    """What ``initial.weights`` names: its record, and its weights and moments to be read by slices. Each of
    the processes hashes some of its files.

    Raises:
        OriginError, ManifestError, CheckpointError: there are no weights, they are damaged, are another
            model's or another tokenizer's; or moments are wanted, and there are none.
    """
    folder = run.manifest_folder / initial.weights
    found = _checkpoint(folder, ranks)
    if found is None:
        return _of_export(run, initial, folder, ranks)
    ranks.decided(lambda: _check_checkpoint(run, found))
    return _of_checkpoint(initial, found)


def _checkpoint(folder: Path, ranks: Ranks) -> Checkpoint | None:
    """The checkpoint that a folder is, or the newest of a run's; None where it is an export."""
    kind = ranks.decided(lambda: _kind(folder))
    if kind == CONFIG:
        return None
    if kind == MANIFEST:
        found = checkpoint.read(folder, ranks)
        what, fix = "lacks files, or holds others than were written", "copy it again"
    else:
        found = checkpoint.newest(folder / _CHECKPOINTS, ranks)
        if found and ranks.rank == 0:
            warn_of_damage(found)
        what, fix = "has no checkpoint", "train it first"
    if found is None:
        raise OriginError(what, where=folder, fix=f"{fix}, or name other weights")
    return found


def checkpoint_of(folder: Path, step: int | None) -> Path:
    """The folder of a run's checkpoint after a step; other folders as they are."""
    if step is None or not (folder / _CHECKPOINTS).exists():
        return folder
    return checkpoint.folder_of(folder / _CHECKPOINTS, step)


def _kind(folder: Path) -> str:
    for kind in (CONFIG, MANIFEST, _CHECKPOINTS.as_posix()):
        if (folder / kind).exists():
            return kind
    raise OriginError(
        f"holds neither {CONFIG} (an export), {MANIFEST} (a checkpoint) nor {_CHECKPOINTS.as_posix()} (a run)"
        if folder.is_dir()
        else "no such folder",
        where=folder,
        fix="name a folder with weights to begin from",
    )


def _of_export(run: TrainingRun, initial: Initial, folder: Path, ranks: Ranks) -> tuple[Origin, StateSource]:
    if initial.moments == "kept":
        raise OriginError(
            "initial.moments is kept, but an export has no moments",
            where=folder,
            fix="set it to fresh, or begin from a checkpoint",
        )
    files = ranks.decided(lambda: sorted(weight_files(folder)))
    mine = files[ranks.rank :: ranks.size]
    hashed = ranks.all_did(lambda: {file.name: cached_sha256(file) for file in mine})
    hashes = {name: hash_ for part in hashed for name, hash_ in part.items()}
    weights = HFWeights(folder, run.manifest.model, run.shards.vocabulary)
    ranks.all_did(lambda: weights.check_output(ranks.rank, ranks.size))
    origin = Origin(
        path=initial.weights, files=dict(sorted(hashes.items())), dtypes=list(weights.dtypes), moments="fresh"
    )
    return origin, FreshMoments(weights.read)


def _of_checkpoint(initial: Initial, found: Checkpoint) -> tuple[Origin, StateSource]:
    kept = initial.moments == "kept"
    files = {name: hash_ for name, hash_ in found.files.items() if kept or name.startswith("weights")}
    step = found.progress.step
    origin = Origin(path=initial.weights, files=files, dtypes=["float32"], moments=initial.moments, step=step)
    reader = found.open()
    return origin, reader if kept else FreshMoments(reader.read)


def _check_checkpoint(run: TrainingRun, found: Checkpoint) -> None:
    curriculum = CurriculumManifest.model_validate_json(found.progress.curriculum)
    if curriculum.lora:
        raise OriginError(
            "holds LoRA's factors alone", where=found.folder, fix="export it, and begin from the export"
        )
    free = {"dropout", "init_std"}  # what computes nothing in trained weights
    models = (curriculum.model, run.manifest.model)
    theirs, ours = (model.model_dump(mode="json", exclude=free) for model in models)
    for key, before, now in differences(theirs, ours, "model"):
        raise OriginError(
            f"was trained with {key} = {before}, and the curriculum says {now}",
            where=found.folder,
            fix=f"set {key} to {before}, or begin from other weights",
        )
    _check_tokenizer(run, found)


def _check_tokenizer(run: TrainingRun, found: Checkpoint) -> None:
    theirs, ours = found.progress.tokenizer, run.shards.vocabulary.model.sha256
    if found.progress.shards == run.shards_sha256 or theirs == ours:
        return
    if not theirs:
        raise OriginError(
            "was written by an earlier version, which did not note its tokenizer",
            where=found.folder,
            fix="export it with its own curriculum and run, and begin from the export",
        )
    raise OriginError(
        "was trained with another tokenizer than made this run's shards, so that its ids mean other text: "
        f"its hash is {theirs}, and theirs {ours}",
        where=found.folder,
        fix="make the shards with that tokenizer (quality.tokenizer.model), or begin from other weights",
    )
