"""Which files of a run hold text as it was before the privacy step: nobody but their owner may read them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from manifests.store.store_path import StorePath

PRIVACY = "privacy"
ALL, REJECTED = "*", "rejected"
MODELS = ("tokenizer", "models", "classifiers")
"""Folders of a step before the privacy step that hold none: what is in them was trained on scrubbed text, or
is made of token ids that nothing puts in an order."""
RECORDS = ("manifest.json", "stats.json")
_NO_MODES = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EROFS}


def personal_data_of(step: str, order: Sequence[str]) -> tuple[str, ...]:
    """What of a step's folder holds personal data, where the steps run in this order; see
    ``StepManifest.personal_data``."""
    return (ALL,) if order.index(step) < order.index(PRIVACY) else (REJECTED,)


def holds(patterns: Sequence[str], path: str) -> bool:
    """Whether a file of a step's folder is meant by these names."""
    first = PurePosixPath(path).parts[0]
    return first in patterns or (ALL in patterns and path not in RECORDS and first not in MODELS)


def make_private(folder: Path, patterns: Sequence[str]) -> None:
    """Takes the right to read from everybody but the owner: folders have mode 0700 then, files 0600. A file
    system without modes, and a store, are left as they are."""
    if isinstance(folder, StorePath):
        return
    for pattern in patterns:
        top = folder if pattern == ALL else folder / pattern
        for path, _, files in os.walk(top):
            _set_mode(Path(path), 0o700)
            for name in files:
                _set_mode(Path(path, name), 0o600)


@contextmanager
def created_private(patterns: Sequence[str]) -> Iterator[None]:
    """Where all of a step's folder is personal data, what this process makes is private from its first byte,
    and ``make_private`` need not touch a file again, whose hash is then known no longer."""
    before = os.umask(0o077) if ALL in patterns else None
    try:
        yield
    finally:
        if before is not None:
            os.umask(before)


def _set_mode(path: Path, mode: int) -> None:
    try:
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) != mode:
            path.chmod(mode)
    except OSError as error:
        if error.errno not in _NO_MODES:
            raise
