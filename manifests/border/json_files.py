"""JSON of run folders and of folders of models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from manifests.border.unsound_file import UnsoundFileError


def read_json(path: Path) -> Any:
    """The value in a file.

    Raises:
        UnsoundFileError: it is not JSON.
        FileNotFoundError: there is no file.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UnsoundFileError(f"not readable as JSON: {error}", where=path) from None


def read_object(path: Path) -> dict[str, Any]:
    """The keys and values in a file.

    Raises:
        UnsoundFileError: it is not JSON, or another value.
        FileNotFoundError: there is no file.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise UnsoundFileError(f"expected keys and values, found {type(found).__name__}", where=path)
    return found


def meta_object(meta: str | None, path: object = "") -> dict[str, Any]:
    """What a document's ``meta`` says.

    Raises:
        UnsoundFileError: it is no JSON object.
    """
    try:
        found = orjson.loads(meta or "{}")
    except orjson.JSONDecodeError as error:
        raise UnsoundFileError(f"a document's meta is no JSON ({error})", where=path) from None
    if not isinstance(found, dict):
        raise UnsoundFileError("a document's meta has no keys", where=path)
    return found
