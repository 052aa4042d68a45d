"""SHA-256 of the input files, remembered by path, size and time of change, so that a run with nothing to do reads nothing."""

from __future__ import annotations

import json
from pathlib import Path

from manifests.files import sha256, write_json


class HashCache:
    """Hashes kept in a JSON file. Whatever is wrong with that file, the worst that follows is that hashes are computed again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, list[int | str]] = {}
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
            known = None
        if isinstance(known, dict):
            self._known = known
        self._seen: dict[str, list[int | str]] = {}

    def sha256(self, path: Path) -> str:
        """Of a file's bytes, as 64 hexadecimal digits."""
        status = path.stat()
        key: list[int | str] = [status.st_size, status.st_mtime_ns]
        known = self._known.get(str(path))
        found = known if isinstance(known, list) and len(known) == 3 and known[:2] == key else [*key, sha256(path)]
        self._seen[str(path)] = found
        return str(found[2])

    def save(self) -> None:
        """Keeps the hashes that were asked for since the beginning."""
        if self._seen != self._known:
            write_json(self._file, self._seen)
