"""What another manifest may say in the middle of a training: nothing that makes the past or the weights other
ones."""

from __future__ import annotations

from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.stage import Stage

FREE = frozenset(
    {
        "tokens",
        "until",
        "mixture",
        "global_batch",
        "micro_batch",
        "learning_rate",
        "optimizer",
        "z_loss",
        "max_epochs",
        "max_tokens",
        "used_up",
    }
)
"""Keys of the stage under way that another manifest may change."""

WHY = {
    "seed": "every sample and every mask is drawn from it",
    "model": "the weights are those of this model",
    "initial": "the training began from it",
    "lora": "the weights are those of these factors",
    "name": "it selects the stage's samples",
    "objective": "samples are numbered by what it makes of a set",
    "blend": "it has begun",
    "rehearse": "what is rehearsed is read on from where it stopped",
    "moments": "it says how the stage began",
    "leave_whole": "the order of its samples follows from it",
    "continue_from": "it says where the stage began to read",
}
"""Why a key stays as it is."""


def check_amendment(old: CurriculumManifest, new: CurriculumManifest, past: int, *, begun: bool) -> None:
    """Refuses a manifest that would change what has been trained.

    Args:
        past: how many stages are over.
        begun: whether the stage after them is under way.

    Raises:
        ManifestError: with the first key, both values, and why it stays.
    """
    for key in ("seed", "model", "initial", "lora"):
        _same(key, key, getattr(old, key), getattr(new, key))
    if old.train.precision != new.train.precision:
        raise ManifestError(
            f"train.precision is {old.train.precision} and cannot become {new.train.precision} in the middle "
            "of a training: the weights are of that precision; change it back"
        )
    if len(new.stages) < past + begun:
        raise ManifestError(
            f"the stages {', '.join(stage.name for stage in old.stages[: past + begun])} have begun and the "
            f"new manifest has only {', '.join(stage.name for stage in new.stages)}; put them back"
        )
    for before, after in zip(old.stages[:past], new.stages, strict=False):
        _same_stage(before, after, frozenset(), "is over")
    if begun:
        _same_stage(old.stages[past], new.stages[past], FREE, "is under way")


def _same_stage(old: Stage, new: Stage, free: frozenset[str], state: str) -> None:
    for key in Stage.model_fields:
        before, after = getattr(old, key), getattr(new, key)
        if key not in free and before != after:
            why = WHY.get(key, "its samples have been read")
            raise ManifestError(
                f"stage {old.name} {state}, and {key} cannot become {_shown(after)} from {_shown(before)}: "
                f"{why if free else 'its steps have been made'}; change it back"
            )


def _same(key: str, where: str, old: object, new: object) -> None:
    if old != new:
        raise ManifestError(
            f"{where} cannot change in the middle of a training: {WHY[key]}; change it back, or train in "
            "another run folder"
        )


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
