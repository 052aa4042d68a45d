"""A copy of a run that can be given away: shards, models, report and manifests, and no text from before the
privacy step."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from manifests.border.json_files import read_object
from manifests.border.regular_file import regular
from manifests.errors import UserError
from manifests.files import safe_join, sync, write_json
from manifests.personal_data import ALL, MODELS, REJECTED
from manifests.redaction import NAME, finished
from manifests.report.page import render
from manifests.report.scrubbing import Scrub
from manifests.run_folder import local_run_folder
from manifests.run_lock import run_lock
from manifests.schema.base import load
from manifests.schema.redaction import Redaction
from manifests.schema.steps import StepManifest
from manifests.schema.training import TrainingManifest

SHARDS = "shards"
_TRAINING_LOGS = ("manifest.json", "journal.jsonl", "metrics.jsonl", "evaluation.jsonl")
_BLOCK = 1 << 20


class _Copy(NamedTuple):
    """A file to copy, relative to the run, and the SHA-256 that it must have, if somebody wrote that down."""

    path: Path
    sha256: str | None


def share(run: Path, target: Path, scrub: Scrub) -> int:
    """Makes the folder ``target``, whole or not at all.

    It has the shards with all that training reads, the models that were trained on scrubbed text, the
    manifests of all steps, a report, and of a finished training its last checkpoint and logs;
    ``redacted.json`` names what it leaves out, so that `openba verify` can tell that from damage.

    Returns:
        How many bytes were copied.

    Raises:
        UserError: the folders lie in one another, ``target`` is there, the run is not finished or does
            nothing with personal data, a file is damaged, or another command works in the run.
    """
    _check_target(run, target)
    with run_lock(run, "openba share"):
        steps = _checked(run)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(8)}.tmp"
        try:
            temporary.mkdir(parents=True)
            copied = _copy_all(run, temporary, list(_files(run, steps)))
            write_json(temporary / NAME, _left_out(steps).model_dump(mode="json"))
            (temporary / "report.html").write_text(render(run, scrub), encoding="utf-8")
            sync(temporary)
            if target.exists():
                target.rmdir()
            temporary.rename(target)
            sync(target.parent)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
    return copied


def _check_target(run: Path, target: Path) -> None:
    here, there = run.resolve(), local_run_folder(target, "a copy").resolve()
    if there.is_relative_to(here) or here.is_relative_to(there):
        raise UserError(f"lies in the run {run}, or around it", where=target, fix="name a folder elsewhere")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UserError("is there already", where=target, fix="name a folder that is not there, or remove it")


def _checked(run: Path) -> dict[str, StepManifest]:
    """The steps' manifests of a run that may be given away."""
    steps = finished(run, "share")
    if SHARDS not in steps:
        raise UserError("has no shards", where=run, fix="run `openba corpus` to its end first")
    settings = steps["privacy"].settings
    if not settings.get("actions") and not settings.get("kinds"):
        raise UserError(
            "its privacy step left all personal data where they were",
            where=run,
            fix="name kinds in privacy.actions and run `openba corpus` again",
        )
    return steps


def _left_out(steps: dict[str, StepManifest]) -> Redaction:
    """All documents, and rejects; but the table of what went into the shards stays."""
    names: dict[str, tuple[str, ...]] = dict.fromkeys(steps, (ALL,))
    names[SHARDS] = (REJECTED,)
    return Redaction(by="share", steps=names)


def _files(run: Path, steps: dict[str, StepManifest]) -> Iterator[_Copy]:
    for step, manifest in steps.items():
        yield _Copy(Path(step, "manifest.json"), None)
        kept = [part.kept for part in manifest.parts] if step == SHARDS else []
        yield from (
            _Copy(Path(step, file.path), file.sha256)
            for file in (*manifest.files, *kept)
            if step == SHARDS or Path(file.path).parts[0] in MODELS
        )
    yield from _training(run)


def _training(run: Path) -> Iterator[_Copy]:
    """Of a finished training: the last checkpoint, and what was logged."""
    path = run / "train" / "manifest.json"
    if not path.exists():
        return
    yield from (
        _Copy(Path("train", name), None) for name in _TRAINING_LOGS if (run / "train" / name).exists()
    )
    checkpoint = Path("train", load(path, TrainingManifest).checkpoint.path)
    yield _Copy(checkpoint / "checkpoint.json", None)
    listed = read_object(run / checkpoint / "checkpoint.json")["files"]
    yield from (_Copy(checkpoint / name, expected) for name, expected in listed.items())


def _copy_all(run: Path, target: Path, files: list[_Copy]) -> int:
    sizes = [safe_join(run, str(file.path)).stat().st_size for file in files]
    with tqdm(total=sum(sizes), desc="share", unit="B", unit_scale=True, leave=False, disable=None) as bar:
        for file in files:
            _copy(run / file.path, target / file.path, file.sha256, bar)
    return sum(sizes)


def _copy(source: Path, target: Path, expected: str | None, bar: tqdm[None]) -> None:
    """Copies a file that has the bytes it should have."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with regular(source).open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
            bar.update(len(block))
    if expected is not None and digest.hexdigest() != expected:
        raise UserError(
            f"was changed after it was written (SHA-256 {digest.hexdigest()[:12]}…, its manifest says "
            f"{expected[:12]}…)",
            where=source,
            fix="run `openba verify`, and the step or the training again",
        )
    sync(target)
