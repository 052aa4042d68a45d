"""Receipts of finished work: a part is whole if its receipt is there, and is reused while its fingerprint is
the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from manifests.border.json_files import read_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.files import write_json

FOLDER = ".receipts"


def receipt_path(folder: Path, name: str) -> Path:
    """Where the record of the work called ``name`` is in a step's folder."""
    return folder / FOLDER / f"{name}.json"


def recorded(folder: Path) -> set[str]:
    """The names of all work that has a record, of whatever fingerprint."""
    return {path.stem for path in (folder / FOLDER).glob("*.json")}


def write_receipt(folder: Path, name: str, fingerprint: str, value: Any) -> None:
    """Written after the work's files are durable under their final names."""
    write_json(receipt_path(folder, name), {"fingerprint": fingerprint, "value": value})


def read_receipt(folder: Path, name: str, fingerprint: str) -> Any | None:
    """The recorded value, or None where there is none, it is torn, or it belongs to other input or
    settings."""
    try:
        record = read_object(receipt_path(folder, name))
    except (FileNotFoundError, UnsoundFileError):
        return None
    if record.get("fingerprint") != fingerprint:
        return None
    return record.get("value")
