"""Names of files as they are written into a run: without personal data, and still different."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import pyarrow as pa

from pipeline.steps.privacy.scrubber import Scrubber


def scrubbed_names(names: Sequence[str], scrubber: Scrubber) -> list[str]:
    """The names, which all differ, with a placeholder for each datum. Of those that become equal all but the
    first are numbered in the order given: ``<EMAIL>.txt``, ``<EMAIL>~2.txt``."""
    clean = _clean(_clean(names, scrubber, endings=True), scrubber, endings=False)
    taken = {name for name, new in zip(names, clean, strict=True) if name == new}
    shown: list[str] = []
    numbers: dict[str, int] = {}
    for name, new in zip(names, clean, strict=True):
        shown.append(new if name == new else _unlike(new, taken, numbers))
        taken.add(shown[-1])
    return shown


def _clean(names: Sequence[str], scrubber: Scrubber, endings: bool) -> list[str]:
    """The names with placeholders, looked at with their ending (zhang@163.com) or without it: what ends in
    .txt is no address to the scrubber, since that is no domain."""
    rests = ["" if endings else PurePosixPath(name).suffix for name in names]
    heads = [name.removesuffix(rest) for name, rest in zip(names, rests, strict=True)]
    clean = scrubber.with_placeholders(removed=True).texts(pa.array(heads, pa.string())).texts.to_pylist()
    return [head + rest for head, rest in zip(clean, rests, strict=True)]


def _unlike(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """The name, numbered where it is taken. ``numbers``: the last one that each name had."""
    path, found = PurePosixPath(name), name
    while found in taken:
        numbers[name] = numbers.get(name, 1) + 1
        found = path.with_name(f"{path.stem}~{numbers[name]}{path.suffix}").as_posix()
    return found
