"""A run folder is a folder of this machine, or is behind a URL of an object store."""

from __future__ import annotations

import re
from pathlib import Path

from manifests.errors import UserError
from manifests.store.store_path import StorePath
from manifests.store.system import DRIVERS

# ``Path`` makes one slash of two.
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)
_SECRET = re.compile(r"[^/]*@|.*[?#]")


def run_folder(name: str | Path) -> Path:
    """The folder of a path, or of a URL, which may be still to be made.

    Raises:
        UserError: the URL is of another kind, names no bucket or host, or holds what may be a credential.
    """
    found = None if isinstance(name, StorePath) else _URL.fullmatch(str(name))
    if found is None:
        return Path(name) if isinstance(name, str) else name
    scheme, place = found[1].lower(), found[2]
    where = f"{scheme}://{place}"
    if scheme not in DRIVERS:
        known = ", ".join(f"{one}://" for one in DRIVERS)
        fix = f"name a folder of this machine, or a URL of {known}"
        raise UserError(f"a run folder cannot be behind {scheme}://", where=where, fix=fix)
    if _SECRET.match(place):
        fix = "leave out what stands before @ and after ?; credentials are taken from the environment"
        raise UserError("a run folder's URL is a bucket and a path alone", where=where, fix=fix)
    if not place.strip("/") or str(name).startswith(f"{found[1]}:///"):
        raise UserError("names no bucket or host", where=where, fix=f"write {scheme}://BUCKET/runs/NAME")
    return StorePath(f"{scheme}:", *place.split("/"))


def checked_run_folder(name: str | Path) -> Path:
    """The same, where it is not a file.

    Raises:
        UserError: it is one, or as ``run_folder`` says.
    """
    folder = run_folder(name)
    if folder.exists() and not folder.is_dir():
        raise UserError("is a file, not a run folder", where=folder, fix="name a folder")
    return folder


def local_run_folder(name: str | Path, what: str) -> Path:
    """The same for what works in a folder of this machine alone.

    Args:
        what: what does, as in ``a training``.

    Raises:
        UserError: it is behind a URL, or a file.
    """
    folder = checked_run_folder(name)
    if isinstance(folder, StorePath):
        fix = "name a folder of this machine"
        raise UserError(f"{what} cannot be in an object store yet", where=folder, fix=fix)
    return folder


def check_reachable(folder: Path, engine: str) -> None:
    """Sees to it that the workers of an engine have the folder, too.

    Raises:
        UserError: it is in the memory of this process.
    """
    if engine != "local" and isinstance(folder, StorePath) and folder.parts[0] == "memory:":
        fix = "take --engine local, or a folder that all workers reach"
        raise UserError("is in the memory of this process alone", where=folder, fix=fix)
