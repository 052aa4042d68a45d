"""The state that a run goes on from. A LoRA training's factors are in its checkpoints, and its frozen weights
where it began from."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from manifests.errors import UserError
from manifests.schema.initial import Initial, Origin
from trainer.checkpoint.checkpoint import ALONE, Checkpoint
from trainer.chosen_checkpoint import Which, chosen_checkpoint, state_of
from trainer.distributed import Ranks
from trainer.engine_state import StateSource
from trainer.export.parameter_layout import parameter_shapes
from trainer.model.lora import FACTORS, MergedWeights, Read
from trainer.origin import OriginError, checkpoint_of, opened_origin
from trainer.run import TrainingRun
from trainer.run_engine import initial_weights


class AdaptedState:
    """Factors, their moments and averages from ``own``, frozen weights from ``base``. ``updates`` made
    before; ``averaged``: averages of the factors are there."""

    def __init__(self, own: StateSource, base: StateSource) -> None:
        self._own, self._base = own, base
        self.updates, self.averaged = own.updates, own.averaged

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened parameter or moment: float32 [numel]."""
        return (self._own if name.endswith(FACTORS) else self._base).read(name, start, numel)


def opened_state(
    run: TrainingRun, found: Checkpoint | None, ranks: Ranks
) -> tuple[Origin | None, StateSource]:
    """What a run goes on from: its own checkpoint, or else the origin that the curriculum names, or else new
    weights; and the record of the origin.

    Raises:
        CheckpointError: this process does not find the checkpoint that process 0 has found.
        OriginError, ManifestError, CheckpointError: see trainer.origin.opened_origin and _base.
    """
    lora = run.manifest.lora is not None
    if found:
        own = found.open()
        return found.progress.origin, AdaptedState(own, _base(run, found, ranks)) if lora else own
    if run.manifest.initial:
        origin, state = opened_origin(run, run.manifest.initial, ranks)
        return origin, AdaptedState(initial_weights(run), state) if lora else state
    if lora:
        fix = "name them in initial.weights, or by --from"
        raise OriginError("lora trains beside given weights, and none are named", fix=fix)
    return None, initial_weights(run)


def plain_weights(
    run: TrainingRun, which: Which = "last", ranks: Ranks = ALONE, *, average: bool = False
) -> Read:
    """Reads a checkpoint's weights, or their ``average``, LoRA's factors added, by the names of
    EncoderDecoder.

    Raises:
        UserError: see trainer.chosen_checkpoint.
        OriginError: see _base.
    """
    found = chosen_checkpoint(run, which, ranks)
    own = state_of(found, average=average)
    if run.manifest.lora is None:
        return own.read
    shapes = parameter_shapes(run.manifest.model, run.shards.vocabulary)
    return MergedWeights(_base(run, found, ranks).read, own.read, run.manifest.lora, shapes).read


def _base(run: TrainingRun, found: Checkpoint, ranks: Ranks) -> StateSource:
    """The weights that a LoRA checkpoint's factors were trained beside.

    Raises:
        OriginError: they are not there any more, or are others.
    """
    origin = found.progress.origin
    assert origin is not None
    folder = checkpoint_of(run.manifest_folder / origin.path, origin.step)
    try:
        now, state = opened_origin(run, Initial(weights=str(folder.absolute())), ranks)
    except UserError as error:
        raise _lost(found, folder, str(error)) from None
    if now.files != origin.files:
        raise _lost(found, folder, "it holds other weights now")
    return state


def _lost(found: Checkpoint, folder: Path, why: str) -> OriginError:
    return OriginError(
        f"holds LoRA's factors alone, and needs the weights that they were trained beside: {why}",
        where=found.folder,
        fix=f"put the weights back into {folder}",
    )
