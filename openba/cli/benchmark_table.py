"""Benchmark scores as text."""

from __future__ import annotations

from manifests.report.benchmarks import shown
from manifests.schema.benchmark_scores import BenchmarkScore, BenchmarkScores, ItemsScore

_COLUMNS = f"{'benchmark':<14} {'metric':<12} {'shots':>5} {'items':>6} {'score':>16}"
HEADER = f"{_COLUMNS} {'chance':>7}  clean / touched"


def lines_of(scores: BenchmarkScores) -> list[str]:
    """A table, a line for each benchmark, with its parts below it where it has several."""
    title = f"checkpoint of step {scores.step}, {scores.harness}"
    limited = f", {scores.limit} items of each part at most" if scores.limit else ""
    rows = [line for score in scores.benchmarks for line in _rows(score)]
    return [f"{title}{limited}", HEADER, *rows, *_notes(scores)]


def _rows(score: BenchmarkScore) -> list[str]:
    apart = " / ".join(shown(part) for part in (score.clean, score.touched))
    known = score.clean is not None or score.touched is not None
    first = _row(
        score, score.benchmark, score.score, f"{score.chance:7.3f}  {apart if known else 'not known'}"
    )
    parts = score.parts.items() if len(score.parts) > 1 else ()
    return [first, *(_row(score, f"  {name}"[:14], part, "") for name, part in parts)]


def _row(score: BenchmarkScore, name: str, part: ItemsScore, rest: str) -> str:
    return f"{name:<14} {score.metric:<12} {score.shots:>5} {part.items:>6} {shown(part):>16} {rest}".rstrip()


def _notes(scores: BenchmarkScores) -> list[str]:
    return [
        f"note: {score.benchmark}: of {score.cut_prompts} of {score.prompts} prompts only the end was read, "
        "as the model was trained on shorter ones; give fewer --shots"
        for score in scores.benchmarks
        if score.cut_prompts
    ]
