"""The logs of a training, one JSON object a line, as ``MetricLog`` writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from manifests.border.unsound_file import UnsoundFileError
from manifests.json_lines import whole_lines
from manifests.schema.benchmark_scores import BenchmarkScores

_Model = TypeVar("_Model", bound=BaseModel)
_Count = Annotated[int, Field(ge=0)]


class _Line(BaseModel):
    """What both logs have; a line may have more."""

    model_config = ConfigDict(extra="allow", strict=True)

    step: _Count


class _Metrics(_Line):
    stage: str
    loss: float | None
    learning_rate: float
    tokens: _Count
    tokens_by_set: dict[str, _Count] = {}
    expected: float | None = None
    blend: float = 1.0
    part: float = 1.0


class _Evaluation(_Line):
    stage: str
    losses: dict[str, float]


def read_metrics(file: Path) -> list[dict[str, Any]]:
    """The whole lines of ``metrics.jsonl``; none if there is no file.

    Raises:
        UnsoundFileError: one of them is not that of a step.
    """
    return _read(file, _Metrics)


def read_evaluations(file: Path) -> list[dict[str, Any]]:
    """The whole lines of ``evaluation.jsonl``; none if there is no file.

    Raises:
        UnsoundFileError: one of them tells no held-out losses.
    """
    return _read(file, _Evaluation)


def read_benchmarks(file: Path) -> list[BenchmarkScores]:
    """The whole lines of ``benchmarks.jsonl``; none if there is no file.

    Raises:
        UnsoundFileError: one of them tells no scores.
    """
    return [_valid(file, line, BenchmarkScores) for line in whole_lines(file)]


def step_of_line(file: Path, line: bytes) -> int:
    """The step of a line of either log.

    Raises:
        UnsoundFileError: it has none.
    """
    return int(_validated(file, line, _Line)["step"])


def _read(file: Path, kind: type[_Line]) -> list[dict[str, Any]]:
    return [_validated(file, line, kind) for line in whole_lines(file)]


def _validated(file: Path, line: bytes, kind: type[_Line]) -> dict[str, Any]:
    """The keys that the line has."""
    return _valid(file, line, kind).model_dump(exclude_unset=True)


def _valid(file: Path, line: bytes, kind: type[_Model]) -> _Model:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "line"
        raise UnsoundFileError(
            f"a line of it is none of the log: {key}: {first['msg']}", where=file
        ) from None
