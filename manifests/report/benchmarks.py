"""The table of benchmark scores."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.report.run_record import RunRecord
from manifests.schema.benchmark_scores import BenchmarkScore, ItemsScore


@dataclass(frozen=True)
class BenchmarkRow:
    """A benchmark's scores, as they are shown; ``clean`` and ``touched`` are those of items apart."""

    step: int
    name: str
    metric: str
    shots: int
    items: int
    score: str
    chance: float
    clean: str
    touched: str


def benchmark_rows(record: RunRecord) -> list[BenchmarkRow]:
    """A row for each checkpoint and benchmark, in the order of the run's file."""
    return [_row(line.step, score) for line in record.benchmarks for score in line.benchmarks]


def _row(step: int, score: BenchmarkScore) -> BenchmarkRow:
    return BenchmarkRow(
        step=step,
        name=score.benchmark,
        metric=score.metric,
        shots=score.shots,
        items=score.score.items,
        score=shown(score.score),
        chance=score.chance,
        clean=shown(score.clean),
        touched=shown(score.touched),
    )


def shown(score: ItemsScore | None) -> str:
    """A score with its standard error; a dash where there is none."""
    if score is None:
        return "–"
    return f"{score.value:.3f}" + ("" if score.stderr is None else f" ± {score.stderr:.3f}")
