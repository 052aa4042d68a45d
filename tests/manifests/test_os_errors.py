"""What the system refuses is one line with the path, whichever library met it."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from safetensors import SafetensorError

from manifests.errors import UserError
from manifests.os_errors import explained, os_errors_explained


class Disk(Exception):
    """An error of a library of its own kind."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        pa.ArrowException("[Errno 28] Error writing bytes to file. Detail: No space left on device"),
        OSError("Error writing bytes to file. Detail: [errno 28] No space left on device"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        Disk("cannot write: no space left on device"),
    ],
)
def test_a_full_disk_is_told_with_the_bytes(tmp_path: Path, error: Exception) -> None:
    path = tmp_path / "not" / "yet" / "part.arrow"
    found = explained(error, path, needed=3_000_000)
    assert type(found) is UserError
    what, where, fix = found.what, found.where, found.fix
    assert where == str(path)
    assert fix == "free some space there and run the same command again"
    assert what.startswith("No space left on device (at least 3,000,000 bytes needed, ")
    free = int(what.removesuffix(" bytes free)").rsplit(maxsplit=1)[-1].replace(",", ""))
    assert abs(free - shutil.disk_usage(tmp_path).free) < 1 << 30
    assert str(found).count("\n") == 0


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EDQUOT, "Disk quota exceeded ("),
        (errno.EROFS, "Read-only file system; name a folder that can be written to"),
        (errno.EACCES, "Permission denied; correct the permissions"),
        (errno.EPERM, "Operation not permitted; correct the permissions"),
        (errno.ENAMETOOLONG, "File name too long; choose a shorter name"),
    ],
)
def test_other_refusals_say_what_to_do(tmp_path: Path, number: int, message: str) -> None:
    assert message in str(explained(OSError(number, "text"), tmp_path))
    assert message in str(explained(SafetensorError(f"I/O error: text (os error {number})"), tmp_path))


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory"),
        ValueError("28 pieces"),
        UserError("Permission denied"),
        OSError("disk full"),
    ],
)
def test_other_errors_stay_what_they_are(tmp_path: Path, error: Exception) -> None:
    assert explained(error, tmp_path) is None
    with pytest.raises(type(error)) as caught, os_errors_explained(tmp_path):
        raise error
    assert caught.value is error


def test_the_file_that_the_error_names_is_the_one_shown(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(UserError, match=f"^{path}: Permission denied"), os_errors_explained(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))
    with pytest.raises(UserError, match=f"^{tmp_path}: Read-only file"), os_errors_explained(tmp_path):
        raise OSError(errno.EROFS, "Read-only file system")
