"""A manifest given on the command line: a file, keys, or both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import typer
from pydantic import ValidationError

from manifests.schema.base import ManifestError, Strict, explain, load

Model = TypeVar("Model", bound=Strict)


def with_keys(given: Sequence[str], kind: type[Model], option: str) -> Model:
    """That of a file, else the defaults, with keys changed.

    Args:
        given: ``FILE`` or ``KEY=VALUE`` each.

    Raises:
        ManifestError: the file, or a key, is not valid.
        BadParameter: two files are given.
    """
    files = [Path(one) for one in given if "=" not in one]
    if len(files) > 1:
        raise typer.BadParameter(f"two manifests are given for {option}; name one")
    base = load(files[0], kind) if files else kind()
    keys = {one.partition("=")[0].strip(): one.partition("=")[2].strip() for one in given if "=" in one}
    try:
        return kind.model_validate(base.model_dump() | keys)
    except ValidationError as error:
        raise ManifestError(explain(error, Path(option), kind)) from None
