"""One archive of a pip package: downloaded with the machine's own pip settings, and verified."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from manifests.errors import UserError
from manifests.files import sha256
from manifests.schema.assets import Package

_PROGRAM = Path(__file__).with_name("pip_archive.py")
_MISMATCH = re.compile(r"Expected sha256 (\w+).*?Got\s+(\w+)", re.DOTALL)
_NO_SPACE = ("No space left on device", "Errno 28")
_NO_NETWORK = (
    "Max retries exceeded",
    "connection error",
    "Connection",
    "timed out",
    "name resolution",
    "ProxyError",
)


class FetchError(UserError):
    """An archive that could not be had, or is not the expected one; the message says what to do."""


def fetch(package: Package, folder: Path) -> Path:
    """Downloads one archive into ``folder``, which is made, and returns its path. Nothing of it is run.

    Raises:
        FetchError: no network, no space, no such release, or another SHA-256 than the manifest's.
    """
    folder.mkdir(parents=True)
    wanted = (package.name, package.version, package.archive, package.sha256)
    command = [sys.executable, str(_PROGRAM), *wanted, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        raise FetchError(explain(package, result.stderr))
    (archive,) = folder.iterdir()
    return verified(package, archive)


def verified(package: Package, archive: Path) -> Path:
    """The archive, if its SHA-256 is the manifest's.

    Raises:
        FetchError: it is another.
    """
    found = sha256(archive)
    if found != package.sha256:
        raise FetchError(_mismatch(package, package.sha256, found))
    return archive


def explain(package: Package, output: str) -> str:
    """What went wrong, out of pip's messages."""
    mismatch = _MISMATCH.search(output)
    if mismatch:
        return _mismatch(package, *mismatch.groups())
    release = f"{package.name} {package.version}"
    if any(sign in output for sign in _NO_SPACE):
        return f"{release}: the disk is full; free some space and run it again"
    if any(sign in output for sign in _NO_NETWORK):
        return (
            f"{release}: pip has no connection to its package index; check the network and pip's settings, "
            "then run it again"
        )
    errors = (
        [line for line in output.splitlines() if line.startswith("ERROR")]
        or output.strip().splitlines()[-1:]
        or ["no message"]
    )
    reason = errors[-1].removeprefix("ERROR: ")
    return f"{release}: pip could not download it ({reason}); check pip's settings, then run it again"


def _mismatch(package: Package, expected: str, found: str) -> str:
    return (
        f"{package.name} {package.version}: the archive's SHA-256 is not the one in manifests/assets.yaml: "
        f"expected {expected}, "
        f"found {found}; it was not unpacked. Find out why it changed before you change the manifest"
    )
