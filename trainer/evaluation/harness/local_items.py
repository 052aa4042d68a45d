"""Items of benchmarks, from JSON lines: checked before the harness sees them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets import Dataset

from manifests.border.json_files import parsed_json
from manifests.border.regular_file import regular
from trainer.evaluation.harness.benchmarks import LETTERS, Benchmark, BenchmarkError

_ANSWERS: dict[str, set[Any]] = {
    "correct_answer_num": {"1", "2", "3", "4"},
    "Answer": set(LETTERS),
    "answer": {*LETTERS, 0, 1, 2, 3},
}
"""What a field that tells the right answer may hold."""


@dataclass(frozen=True)
class Part:
    """A part of a benchmark, such as a subject: its files by split."""

    name: str
    files: dict[str, Path]


def parts(benchmark: Benchmark, data: Path) -> list[Part]:
    """The parts of a benchmark that have items below ``data``, by name.

    Raises:
        BenchmarkError: there is none, or a part that counts is missing.
    """
    folder = data / benchmark.folder
    found = sorted(path.parent.name for path in folder.glob(f"*/{benchmark.split}.jsonl"))
    layout = f"{folder}/PART/{benchmark.split}.jsonl"
    if not found:
        raise BenchmarkError(
            f"no items of {benchmark.name}",
            where=layout,
            fix=f"make them with `openba benchmark {benchmark.folder}`",
        )
    if missing := sorted(set(benchmark.parts) - set(found)):
        raise BenchmarkError(
            f"no items of {benchmark.name}'s part {missing[0]}", where=layout, fix="add them"
        )
    return [Part(name, _files(folder / name)) for name in benchmark.parts or found]


def _files(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.jsonl"))}


def read_items(file: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The items of a file. One without an ``id`` is called by its line's number.

    Raises:
        BenchmarkError: a line is no item with these fields, or there is none.
    """
    lines = regular(file).read_bytes().splitlines()
    items = [_item(file, number, line, fields) for number, line in enumerate(lines, 1) if line.strip()]
    if not items:
        raise BenchmarkError("no item in it", where=file, fix="convert the benchmark again")
    return items


def _item(file: Path, number: int, line: bytes, fields: tuple[str, ...]) -> dict[str, Any]:
    try:
        item = parsed_json(line.decode())
    except ValueError as error:
        raise BenchmarkError(f"not JSON ({error})", where=f"{file}:{number}") from None
    missing = [name for name in fields if not isinstance(item, dict) or name not in item]
    if missing:
        raise BenchmarkError(
            f"no field {missing[0]}", where=f"{file}:{number}", fix=f"an item has {', '.join(fields)}"
        )
    for name in _ANSWERS.keys() & set(fields):
        if item[name] not in _ANSWERS[name]:
            raise BenchmarkError(f"{name} is {item[name]!r}", where=f"{file}:{number}", fix="correct it")
    return {"id": f"line {number}", **item}


def local_dataset(files: dict[str, str], fields: list[str], **_: Any) -> dict[str, Dataset]:
    """The items by split, as the harness asks for them; ``_`` is what its tasks note about themselves."""
    keep = ["id", *fields]
    return {
        split: Dataset.from_list(
            [{name: item[name] for name in keep} for item in read_items(Path(file), tuple(fields))]
        )
        for split, file in files.items()
    }
