"""Scores of a model on benchmarks: the harness asks and counts, over local items."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lm_eval.evaluator import evaluate
from lm_eval.tasks import TaskManager

from manifests.schema.benchmark_scores import BenchmarkScore, Place
from trainer.evaluation.harness.benchmarks import Benchmark, BenchmarkError
from trainer.evaluation.harness.harness_model import Cuts, HarnessModel
from trainer.evaluation.harness.item_scores import benchmark_score
from trainer.evaluation.harness.task_files import group_name, write_tasks

BOOTSTRAP = 1000
SEED = 1234


@dataclass(frozen=True)
class Asked:
    """What is asked of a model.

    Attributes:
        data: folder of the items.
        shots: examples before each question; None: as many as the paper's table has.
        limit: of the items of each part; None: all.
        run_programs: whether programs that the model writes may be run.
        touched: where the corpus held items, by id; None: nothing tells.
    """

    benchmarks: Sequence[Benchmark]
    data: Path
    shots: int | None = None
    limit: int | None = None
    run_programs: bool = False
    touched: Mapping[str, tuple[Place, ...]] | None = None


def score_benchmarks(model: HarnessModel, asked: Asked) -> list[BenchmarkScore]:
    """The scores, in the order asked for. Nothing is downloaded.

    Raises:
        BenchmarkError: items are missing or not as they should be, or programs would have to be run and may
            not.
    """
    with quiet(), tempfile.TemporaryDirectory(prefix="openba-tasks-") as folder:
        for benchmark in asked.benchmarks:
            _check_programs(benchmark, asked)
            write_tasks(Path(folder), benchmark, asked.data, asked.shots)
        manager = TaskManager(include_path=folder, include_defaults=False)
        return [_score(model, benchmark, manager, asked) for benchmark in asked.benchmarks]


def _check_programs(benchmark: Benchmark, asked: Asked) -> None:
    if (benchmark.own or {}).get("unsafe_code") and not asked.run_programs:
        raise BenchmarkError(
            f"{benchmark.name} runs programs that the model writes",
            where="--tasks",
            fix="allow it with --run-programs, or leave it out",
        )


def _score(model: HarnessModel, benchmark: Benchmark, manager: TaskManager, asked: Asked) -> BenchmarkScore:
    loaded = manager.load([group_name(benchmark)])
    for task in loaded["tasks"].values():
        task.set_fewshot_seed(seed=SEED)
    model.cuts = Cuts()
    found: dict[str, Any] = evaluate(
        lm=model,
        task_dict=loaded,
        limit=asked.limit,
        bootstrap_iters=BOOTSTRAP,
        confirm_run_unsafe_code=asked.run_programs,
    )
    return benchmark_score(benchmark, found, model.cuts, asked.touched)


@contextmanager
def quiet() -> Iterator[None]:
    """Lets the harness tell errors only: it warns of each task whose items are local."""
    logger = logging.getLogger("lm_eval")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
