"""SHA-256 of the input files, remembered by location, size and stamp of change, so that a run with nothing to
do reads nothing."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from manifests.border.json_files import read_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.credentials import without_credentials
from manifests.files import write_json
from manifests.schema.base import ManifestError
from pipeline.readers.input_files import InputFile, readable

_BLOCK = 1 << 20


class HashCache:
    """Hashes kept in a JSON file. Whatever is wrong with that file, the worst that follows is that hashes are
    computed again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[int | str]] = {}
        with suppress(FileNotFoundError, UnsoundFileError):
            self._known = read_object(file)
        self._seen: dict[str, list[int | str]] = {}

    def sha256(self, file: InputFile) -> str:
        """Of a file's bytes, as 64 hexadecimal digits. A file that its file system cannot stamp is hashed
        each time.

        Raises:
            ManifestError: the file cannot be read.
        """
        if file.stamp is None:
            return _sha256(file)
        key: list[int | str] = [file.size, file.stamp]
        location = without_credentials(readable(file.location))
        known = self._known.get(location)
        found = (
            known
            if isinstance(known, list) and len(known) == 3 and known[:2] == key
            else [*key, _sha256(file)]
        )
        self._seen[location] = found
        return str(found[2])

    def save(self) -> None:
        """Keeps the hashes that were asked for since the beginning."""
        if self._seen != self._known:
            write_json(self._file, self._seen)


def _sha256(file: InputFile) -> str:
    digest = hashlib.sha256()
    try:
        with file.open() as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        fix = "make it readable or leave it out by the source's `exclude`"
        raise ManifestError(f"{readable(file.location)} cannot be read ({error}); {fix}") from None
    return digest.hexdigest()
