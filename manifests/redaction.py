"""Runs without the texts that they were made from: which files are gone on purpose, and taking them out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from manifests.errors import UserError
from manifests.files import sync, write_json
from manifests.personal_data import holds
from manifests.run_lock import run_lock
from manifests.schema.base import load
from manifests.schema.redaction import Redaction
from manifests.schema.steps import StepManifest
from manifests.step_order import steps_in
from manifests.store.local_copy import remove_tree

NAME = "redacted.json"
TRIAL = "trial"
"""The folder of trusted text and junk that `openba quality-report` makes."""


def redacted_in(run: Path) -> dict[str, tuple[str, ...]]:
    """By step, what is not in a run folder on purpose; nothing in a run as it was made.

    Raises:
        ManifestError: the record is not valid.
    """
    path = run / NAME
    return load(path, Redaction).steps if path.exists() else {}


def is_redacted(run: Path, step: str, path: str) -> bool:
    """Whether a file of a step's folder is gone on purpose."""
    return holds(redacted_in(run).get(step, ()), path)


def redact(run: Path) -> int:
    """Removes from a run folder all text from before the privacy step, all rejects, and what was made of them
    but for models trained on scrubbed text. What is removed is written down first, so that a redaction that
    was stopped is finished by the next.

    Returns:
        How many files were removed.

    Raises:
        UserError: the folder has no finished privacy step, or another command works in it.
    """
    with run_lock(run, "openba redact"):
        steps = {step: manifest.personal_data for step, manifest in finished(run, "redact").items()}
        known = redacted_in(run)
        steps = {step: tuple(dict.fromkeys((*names, *known.get(step, ())))) for step, names in steps.items()}
        write_json(run / NAME, Redaction(by="redact", steps=steps).model_dump(mode="json"))
        removed = 0
        for path in tqdm(list(_there(run, steps)), desc="redact", unit="file", leave=False, disable=None):
            removed += _removed(path)
        sync(run)
    return removed


def finished(run: Path, command: str) -> dict[str, StepManifest]:
    """The manifests of a run whose personal data are known.

    Raises:
        UserError: there is no privacy step, or a step of an earlier version, which does not tell.
    """
    steps = steps_in(run)
    fix = "run `openba corpus` to its end first"
    if "privacy" not in steps:
        raise UserError(
            f"has no finished privacy step, so that there is nothing to {command}", where=run, fix=fix
        )
    old = [step for step, manifest in steps.items() if not manifest.personal_data]
    if old:
        what = f"{old[0]} was made by an earlier version, which did not scrub all that leaves a run"
        raise UserError(what, where=run / old[0], fix=fix)
    return steps


def _there(run: Path, steps: Mapping[str, tuple[str, ...]]) -> Iterator[Path]:
    """Files and folders that are to go."""
    for step, names in steps.items():
        yield from (path for path in sorted((run / step).iterdir()) if holds(names, path.name))
    yield from (path for path in [run / TRIAL] if path.exists())


def _removed(path: Path) -> int:
    """Removes a file or a folder; returns how many files."""
    if path.is_dir() and not path.is_symlink():
        number = sum(found.is_file() for found in path.rglob("*"))
        remove_tree(path)
        return number
    path.unlink()
    return 1
