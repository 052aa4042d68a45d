"""What Beam need not look for in our DoFns."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import apache_beam as beam
from apache_beam.transforms.core import get_function_args_defaults

from pipeline.runtime.worker_start import StartsWorker

Arguments = tuple[list[str], list[Any]]


class Stateless(StartsWorker, beam.DoFn):
    """Base of all our DoFns. None of them has state or timers; Beam looks for these in every method that
    ``dir`` names, eight times for each DoFn of a pipeline. And it asks for the arguments of the methods that
    it calls as often, which ``inspect`` finds anew each time. Both together are half of what a small pipeline
    costs."""

    def __dir__(self) -> Iterable[str]:
        return ()

    def _inspect_setup(self) -> Arguments:
        return _arguments(type(self).setup)

    def _inspect_start_bundle(self) -> Arguments:
        return _arguments(type(self).start_bundle)

    def _inspect_process(self) -> Arguments:
        return _arguments(type(self).process)

    def _inspect_finish_bundle(self) -> Arguments:
        return _arguments(type(self).finish_bundle)


@cache
def _arguments(method: Callable[..., Any]) -> Arguments:
    """Names and defaults of a method's arguments, without that of the DoFn itself."""
    (_, *names), defaults = get_function_args_defaults(method)
    return names, defaults
