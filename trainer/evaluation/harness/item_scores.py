"""The harness's results as scores: whole, by part, and apart for items that the corpus held."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from lm_eval.api.metrics import mean, mean_stderr

from manifests.schema.benchmark_scores import BenchmarkScore, ItemsScore, Place, TouchedItem
from trainer.evaluation.harness.benchmarks import Benchmark
from trainer.evaluation.harness.harness_model import Cuts
from trainer.evaluation.harness.metrics import corpus_bleu
from trainer.evaluation.harness.task_files import group_name, task_name

Touched = Mapping[str, tuple[Place, ...]]


def benchmark_score(
    benchmark: Benchmark, results: Mapping[str, Any], cuts: Cuts, touched: Touched | None
) -> BenchmarkScore:
    """Of what the harness found for a benchmark's group, with its samples."""
    samples = {
        name.removeprefix(task_name(benchmark, "")): lines for name, lines in results["samples"].items()
    }
    every = [line for lines in samples.values() for line in lines]
    held = None if touched is None else {str(line["doc"]["id"]) for line in every} & touched.keys()
    return BenchmarkScore(
        benchmark=benchmark.name,
        metric=benchmark.metric,
        shots=int(next(iter(results["n-shot"].values()))),
        chance=chance_level(benchmark, [line["doc"] for line in every]),
        score=_whole(benchmark, results, every),
        parts={name: _over(benchmark, lines) for name, lines in samples.items()},
        cut_prompts=cuts.cut,
        prompts=cuts.prompts,
        **({} if held is None else _apart(benchmark, every, held)),
        touched_items=tuple(TouchedItem(item=item, places=touched[item]) for item in sorted(held or ()))
        if touched
        else (),
    )


def _whole(benchmark: Benchmark, results: Mapping[str, Any], samples: Sequence[Any]) -> ItemsScore:
    """As the harness counts its group. It has no error of BLEU by characters."""
    if benchmark.metric == "bleu":
        return _over(benchmark, samples)
    found = results["results"][group_name(benchmark)]
    (value,) = (number for key, number in found.items() if key.startswith(f"{benchmark.metric},"))
    (stderr,) = (number for key, number in found.items() if key.startswith(f"{benchmark.metric}_stderr,"))
    return ItemsScore(value=float(value), stderr=_number(stderr), items=len(samples))


def _apart(benchmark: Benchmark, samples: Sequence[Any], held: set[str]) -> dict[str, ItemsScore]:
    groups = {
        "clean": [line for line in samples if str(line["doc"]["id"]) not in held],
        "touched": [line for line in samples if str(line["doc"]["id"]) in held],
    }
    return {name: _over(benchmark, lines) for name, lines in groups.items() if lines}


def _over(benchmark: Benchmark, samples: Sequence[Any]) -> ItemsScore:
    """The metric over some items, with the harness's own means and errors."""
    values = [line[benchmark.metric] for line in samples]
    if benchmark.metric == "bleu":
        value, stderr = corpus_bleu(values, chinese=benchmark.parts[0].endswith("zho_Hans"))
        return ItemsScore(value=value, stderr=_number(stderr), items=len(values))
    error = mean_stderr(values) if len(values) > 1 else None
    return ItemsScore(value=float(mean(values)), stderr=_number(error), items=len(values))


def _number(value: Any) -> float | None:
    number = float(value) if isinstance(value, int | float) else math.nan
    return number if math.isfinite(number) else None


def chance_level(benchmark: Benchmark, items: Sequence[Mapping[str, Any]]) -> float:
    """What guessing scores, on average: known, or told by the options that the items name."""
    if benchmark.chance is not None:
        return benchmark.chance
    targets = {str(item["target"]) for item in items}
    return fmean(_chance(str(item["input"]), targets) for item in items)


def _chance(question: str, targets: set[str]) -> float:
    """One in as many options as a question of BIG-Bench Hard names: ``(A)`` ..., or ``- Yes``. Without
    options, one in two where the items have two answers; others cannot be guessed."""
    options = re.findall(r"^(?:\([A-Z]\)|- )", question, re.MULTILINE)
    if len(options) > 1:
        return 1 / len(options)
    return 0.5 if targets < {"True", "False", "Yes", "No", "yes", "no", "valid", "invalid"} else 0.0
