"""Names of files as they are written into a run: without personal data, and still different."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from pipeline.steps.privacy.scrubber import Scrubber


def scrubbed_names(names: Sequence[str], scrubber: Scrubber) -> list[str]:
    """The names, which all differ, with a placeholder for each datum. Of those that become equal all but the
    first are numbered in the order given: ``<EMAIL>.txt``, ``<EMAIL>~2.txt``."""
    clean = scrubber.with_placeholders().texts(pa.array(names, pa.string())).texts.to_pylist()
    taken = {name for name, new in zip(names, clean, strict=True) if name == new}
    shown: list[str] = []
    numbers: dict[str, int] = {}
    for name, new in zip(names, clean, strict=True):
        shown.append(new if name == new else _unlike(new, taken, numbers))
        taken.add(shown[-1])
    return shown


def _unlike(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The name, numbered where it is taken. ``numbers``: the last one that each name had."""
    path, found = PurePosixPath(name), name
    while found in taken:
        numbers[name] = numbers.get(name, 1) + 1
        found = path.with_name(f"{path.stem}~{numbers[name]}{path.suffix}").as_posix()
    return found
