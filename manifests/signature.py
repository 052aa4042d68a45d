"""A signature over all files of a folder: a run, an export, a checkpoint.

``SHA256SUMS`` lists the hashes of its files; ``SHA256SUMS.sig`` is the Ed25519 signature of that list.
Both are plain: ``openssl pkeyutl -verify -rawin`` and ``sha256sum --check`` understand them, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from manifests.border.regular_file import regular
from manifests.ed25519_keys import private_key, public_key
from manifests.errors import UserError
from manifests.files import atomic_write
from manifests.os_errors import os_errors_explained
from manifests.run_folder import local_run_folder
from manifests.run_lock import run_lock
from manifests.signed_files import (
    HEAD,
    LISTING,
    SIGNATURE,
    NoRegularFileError,
    hashed,
    line,
    names,
    parsed,
)

_LONGEST = 1 << 30
"""Bytes of a listing that is read: some ten million files."""


@dataclass
class SignedFolder:
    """How many files were checked, and each one that is not as it was signed, as a line that names it."""

    files: int = 0
    problems: list[str] = field(default_factory=list)


def sign(folder: Path, key_file: Path) -> int:
    """Signs all files of a folder and returns how many there are. A signature that is there is replaced.

    Raises:
        UserError: the key is of no use, there is no such folder or no file in it, it holds a link or anything
            else that is no file, another command works in it, or it cannot be written to.
    """
    key = private_key(key_file)
    _check_folder(folder)
    with run_lock(folder, "openba sign"), os_errors_explained(folder):
        lines = [line(name, _hash(folder, name)) for name in names(folder)]
        if not lines:
            raise UserError("holds no files", where=folder, fix="name a run, an export or a checkpoint")
        listing = HEAD + b"".join(lines)
        for name, content in ((LISTING, listing), (SIGNATURE, key.sign(listing))):
            with atomic_write(folder / name) as temporary:
                temporary.write_bytes(content)
    return len(lines)


def _hash(folder: Path, name: str) -> str:
    try:
        return hashed(folder, name)
    except NoRegularFileError as error:
        fix = "remove it: a signature covers files and no links"
        raise UserError("is no regular file", where=folder / str(error), fix=fix) from None


def verify_signature(folder: Path, key_file: Path) -> SignedFolder:
    """Checks a folder's signature, then every file: its hash, whether it is missing, whether one was added.

    Raises:
        UserError: the key is of no use, or the folder has no signature, or not one by this key.
    """
    key = public_key(key_file)
    _check_folder(folder)
    listing, signature = _read(folder / LISTING, _LONGEST), _read(folder / SIGNATURE, 65)
    from cryptography.exceptions import InvalidSignature

    if len(signature) != 64:
        fix = "get the folder again from where it was signed"
        raise UserError("is no Ed25519 signature, which has 64 bytes", where=folder / SIGNATURE, fix=fix)
    try:
        key.verify(signature, listing)
        signed = parsed(listing)
    except (InvalidSignature, ValueError):
        fix = "it was signed with another key, or the list of files was changed"
        raise UserError(f"is not signed by {key_file}", where=folder / LISTING, fix=fix) from None
    with os_errors_explained(folder):
        return _compared(folder, signed)


def _compared(folder: Path, signed: dict[str, str]) -> SignedFolder:
    found = SignedFolder()
    for name in names(folder):
        found.files += 1
        problem = _problem(folder, name, signed.pop(name, None))
        if problem:
            found.problems.append(f"{_shown(folder, name)}: {problem}")
    found.problems += [f"{_shown(folder, name)}: is missing, and was signed" for name in signed]
    return found


def _problem(folder: Path, name: str, sha256: str | None) -> str | None:
    try:
        if sha256 is None:
            return "was added after the folder was signed"
        return None if hashed(folder, name) == sha256 else "was changed after it was signed"
    except NoRegularFileError:
        return "is no regular file, and was one when it was signed"


def _shown(folder: Path, name: str) -> str:
    return str(folder / name).replace("\n", "\\n")


def _check_folder(folder: Path) -> None:
    local_run_folder(folder, "what is signed")
    if not folder.is_dir():
        raise UserError("no such folder", where=folder, fix="name a run, an export or a checkpoint")


def _read(file: Path, most: int) -> bytes:
    try:
        with regular(file).open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        fix = "sign it by `openba sign`, or get the folder whole"
        raise UserError(f"cannot be read ({error.strerror})", where=file, fix=fix) from None
    if len(content) > most:
        raise UserError(f"is larger than {most:,} bytes", where=file, fix="get the folder again")
    return content
