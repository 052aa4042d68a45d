"""Tasks of the harness over local items: a folder of YAML, a file for each part of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lm_eval.tasks
import yaml

from trainer.evaluation.harness.benchmarks import Benchmark, BenchmarkError
from trainer.evaluation.harness.local_items import Part, parts, read_items
from trainer.evaluation.harness.own_tasks import Function

STOCK = Path(lm_eval.tasks.__file__).parent
DATASET = Function("trainer.evaluation.harness.local_items.local_dataset")


class _Dumper(yaml.SafeDumper):
    """Knows functions."""


_Dumper.add_representer(Function, lambda dumper, name: dumper.represent_scalar("!function", str(name)))


def write_tasks(folder: Path, benchmark: Benchmark, data: Path, shots: int | None) -> str:
    """Writes a benchmark's tasks, and their group, whose name is returned.

    Raises:
        BenchmarkError: items are missing, not as they should be, or fewer than ``shots`` of the split that
            examples come from; or the harness has no such part.
    """
    found = parts(benchmark, data)
    count = benchmark.shots if shots is None else shots
    for part in found:
        _check_items(benchmark, part, count)
        _write(folder / f"{task_name(benchmark, part.name)}.yaml", _task(benchmark, part, count))
    group = {
        "group": group_name(benchmark),
        "task": [task_name(benchmark, part.name) for part in found],
        "aggregate_metric_list": [{"metric": benchmark.metric, "weight_by_size": True}],
    }
    _write(folder / f"{group['group']}.yaml", group)
    return str(group["group"])


def group_name(benchmark: Benchmark) -> str:
    """Of all of a benchmark's parts; the harness has groups of its own of the plain name."""
    return f"openba_{benchmark.name}"


def task_name(benchmark: Benchmark, part: str) -> str:
    """Of one of its parts."""
    return f"{benchmark.name}_{part}"


def _task(benchmark: Benchmark, part: Part, shots: int) -> dict[str, Any]:
    """The keys of a part's task. What the harness has is included, and only its source of items replaced."""
    local = {
        "task": task_name(benchmark, part.name),
        "custom_dataset": DATASET,
        "dataset_kwargs": {
            "files": {split: str(file.absolute()) for split, file in _read(benchmark, part)},
            "fields": list(benchmark.fields),
        },
        "num_fewshot": shots,
    }
    if not benchmark.stock:
        return (
            {
                "test_split": benchmark.split,
                "fewshot_split": _examples(benchmark, part),
            }
            | (benchmark.own or {})
            | local
        )
    stock = STOCK / benchmark.stock.format(part=part.name)
    if not stock.is_file():
        raise BenchmarkError(
            f"the harness has no part {part.name} of {benchmark.name}",
            where=part.files[benchmark.split],
            fix="correct the name of its folder",
        )
    return {"include": str(stock), "fewshot_split": _examples(benchmark, part)} | local


def _read(benchmark: Benchmark, part: Part) -> Sequence[tuple[str, Path]]:
    wanted = {benchmark.split, benchmark.examples}
    return [(split, file) for split, file in part.files.items() if split in wanted]


def _examples(benchmark: Benchmark, part: Part) -> str | None:
    return benchmark.examples if benchmark.examples in part.files else None


def _check_items(benchmark: Benchmark, part: Part, shots: int) -> None:
    counts = {split: len(read_items(file, benchmark.fields)) for split, file in _read(benchmark, part)}
    own = benchmark.shots if not benchmark.examples else 0
    available = counts.get(benchmark.examples, own)
    if shots > available:
        raise BenchmarkError(
            f"{shots} examples are asked for, and there are {available}",
            where=f"{part.files[benchmark.split].parent}/{benchmark.examples or benchmark.split}.jsonl",
            fix=f"give --shots {available}, or add items",
        )


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.dump(content, Dumper=_Dumper, allow_unicode=True), encoding="utf-8")
