"""Whether a changed curriculum may continue a run: only if it would have led to the same checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curriculum.journal import Journal
from manifests.errors import UserError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.initial import Initial, Origin
from manifests.schema.training_plugins import PluginObjective

_ANEW = "train in another run folder, or move this run's train folder away to begin anew"


Change = tuple[str, Any, Any]
"""A key of a manifest, and its values before and after."""


class CompatibilityError(UserError):
    """The checkpoint was made by another curriculum; the message names the key and the ways out."""


def check_shards(old: str, new: str, where: str, manifest: Path) -> None:
    """Refuses a checkpoint whose shards, and with them its tokenizer, were others. Both are hashes of shard
    manifests.

    Args:
        where: the checkpoint, for the message.
        manifest: of the shards that are there now, for the message.

    Raises:
        CompatibilityError: with both hashes.
    """
    if old != new:
        raise CompatibilityError(
            f"{where} was trained on shards with the manifest {old}, and that of {manifest} is {new}",
            fix=f"put the shards and the tokenizer back, or {_ANEW}",
        )


def check_model(old: CurriculumManifest, new: CurriculumManifest, where: str) -> None:
    """Refuses a checkpoint of another model than the curriculum's, or of other LoRA factors, whose weights
    would not fit or mean something else.

    Raises:
        CompatibilityError: with the first key that differs.
    """
    kept = {"model", "lora"}
    _refuse(old.model_dump(mode="json", include=kept), new.model_dump(mode="json", include=kept), "", where)


def check_compatibility(
    old: CurriculumManifest, new: CurriculumManifest, stages_begun: int, where: str
) -> None:
    """Refuses a manifest that differs from the checkpoint's in anything that has had an effect: seed, model,
    precision, and the stages that have begun. Later stages, the name, and how the work is spread and saved
    may change.

    Args:
        stages_begun: number of stages (of ``old``) that had at least one step.
        where: the checkpoint, for the message.

    Raises:
        CompatibilityError: with the first key that differs; or the checkpoint's stages were drawn otherwise.
    """
    for stage in old.stages[:stages_begun]:
        if not isinstance(stage.objective, PluginObjective) and stage.micro_batch < sum(
            stage.objective.longest
        ):
            raise CompatibilityError(
                f"{where} was trained by an earlier version, which drew a denoiser for each micro batch of "
                f"{stage.micro_batch} sequences",
                fix=f"finish the training with that version, or {_ANEW}",
            )
    _refuse(_past(old, stages_begun), _past(new, stages_begun), "", where)


def _refuse(old: Any, new: Any, key: str, where: str) -> None:
    for changed, before, now in differences(old, new, key):
        raise CompatibilityError(
            f"{where} was trained with {changed} = {before}, and the curriculum now says {now}",
            fix=f"change it back, let `openba amend` change what is to come, or {_ANEW}",
        )


def check_origin(old: Origin | None, new: Initial | None, agree: bool, where: str) -> None:
    """Refuses a checkpoint of a run that began from other weights than the curriculum names now.

    Args:
        agree: whether they are the same (see trainer.run.TrainingRun.begins_from).
        where: the checkpoint, for the message.

    Raises:
        CompatibilityError: with both.
    """
    if not agree:
        began, named = (f"{one.moments} moments" if one else "" for one in (old, new))
        raise CompatibilityError(
            f"{where} is of a run that began from {f'{old.path} ({began})' if old else 'new weights'}, and "
            f"the curriculum now names {f'{new.weights} ({named})' if new else 'none'}",
            fix=f"leave initial (--from) out to go on from the checkpoint, or {_ANEW}",
        )


def check_journal(lines: int, head: str, journal: Journal, where: str) -> None:
    """Refuses a checkpoint that was made when the journal told more, or other things.

    Args:
        lines: of the journal then; ``head``: the hash of the last one, where it is known.
        where: the checkpoint, for the message.

    Raises:
        CompatibilityError: it was.
    """
    if len(journal.hashes) < lines or head not in ("", *journal.hashes):
        raise CompatibilityError(
            f"{where} knows of more events than journal.jsonl holds; restore the journal"
        )


def check_plugins(old: dict[str, str], new: dict[str, str], where: str) -> None:
    """Refuses a plug-in of a stage that has begun, if its code has changed since. Both are fingerprints by
    reference.

    Raises:
        CompatibilityError: with the first that differs.
    """
    for reference, fingerprint in new.items():
        if old.get(reference) != fingerprint:
            raise CompatibilityError(
                f"{where} was trained with other code of the plug-in {reference}",
                fix=f"change it back, or {_ANEW}",
            )


def _past(manifest: CurriculumManifest, stages_begun: int) -> dict[str, Any]:
    found = deciding(manifest)
    return found | {"stages": found["stages"][:stages_begun]}


def deciding(manifest: CurriculumManifest) -> dict[str, Any]:
    """What of a curriculum decides the weights that it leads to."""
    data = manifest.model_dump(mode="json")
    train = {"precision": data["train"]["precision"]}
    return {
        "seed": data["seed"],
        "model": data["model"],
        "lora": data.get("lora"),
        "train": train,
        "stages": [
            {key: value for key, value in stage.items() if key != "micro_batch"} for stage in data["stages"]
        ],
    }


def differences(old: Any, new: Any, key: str = "") -> Iterator[Change]:
    """The keys below ``key`` in which two manifests differ, with both values."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in dict.fromkeys((*old, *new)):
            yield from differences(old.get(name), new.get(name), f"{key}.{name}".lstrip("."))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, now) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, now, f"{key}[{index}]")
    elif old != new:
        yield key, old, new
