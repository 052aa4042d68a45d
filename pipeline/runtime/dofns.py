"""The kinds of DoFn that jobs are made of, beside those that read and write parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.runtime.stateless import Stateless


class TaskSource(Stateless):
    """The impulse of a pipeline -> its tasks, one after another, where there is no other worker to share them
    with."""

    def __init__(self, tasks: Sequence[Any]) -> None:
        self._tasks = tasks

    def process(self, impulse: bytes) -> Iterator[Any]:
        """All tasks."""
        yield from self._tasks


class ApplyFunction(Stateless):
    """Each element -> what a function makes of it."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def process(self, element: Any) -> Iterator[Any]:
        """The function's value."""
        yield self._function(element)
