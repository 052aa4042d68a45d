"""JSON of run folders and of folders of models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import orjson

from manifests.border.regular_file import regular
from manifests.border.unsound_file import UnsoundFileError

_SURROGATE = "\\ud"
"""How JSON may write one."""


def read_json(path: Path) -> Any:
    """The value in a file.

    Raises:
        UnsoundFileError: it is not JSON.
        FileNotFoundError: there is no file.
    """
    try:
        return parsed_json(regular(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnsoundFileError(f"not readable as JSON: {error}", where=path) from None


def parsed_json(text: str) -> Any:
    """The value that a text says.

    Raises:
        ValueError: it is not JSON, nested too deep, or says half a character, which no file can hold.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _SURROGATE in text.lower():
        json.dumps(value, ensure_ascii=False).encode()
    return value


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
