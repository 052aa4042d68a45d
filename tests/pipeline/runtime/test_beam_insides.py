"""What we use of Beam's insides is still as we found it; where a new version differs, a test here says so."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from types import MethodType
from typing import ClassVar

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, SetupOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.core import (
    _StateDoFnParam,
    _TimerDoFnParam,
    get_function_args_defaults,
    get_function_arguments,
)
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import BagStateSpec, TimerSpec, get_dofn_specs

from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.engines.local_options import LocalOptions, local_options
from pipeline.runtime.jobs import ApplyWork, ReadPart
from pipeline.runtime.part_sinks import WritePart
from pipeline.runtime.stateless import Arguments, Stateless


class Watched(ApplyFunction):
    """Notes when it is asked for the names of its methods, or for the arguments of one."""

    asked: ClassVar[list[str]] = []

    def __dir__(self) -> Iterable[str]:
        self.asked.append("dir")
        return super().__dir__()

    def _inspect_process(self) -> Arguments:
        self.asked.append("process")
        return super()._inspect_process()


def test_beam_looks_for_state_in_the_methods_that_dir_names() -> None:
    Watched.asked.clear()
    assert get_dofn_specs(Watched(abs)) == (set(), set())
    assert Watched.asked == ["dir"], "else the names that our DoFns give are of no use"


def test_beam_asks_our_dofns_for_the_arguments_of_their_methods() -> None:
    Watched.asked.clear()
    with beam.Pipeline(runner=FnApiRunner(), options=local_options()) as pipeline:
        pipeline | beam.Create([1]) | beam.ParDo(Watched(abs))
    assert "process" in Watched.asked, "else what our DoFns say of themselves is of no use"


def test_what_our_dofns_say_of_their_methods_is_so() -> None:
    ours = [kind for kind in _all_kinds(Stateless) if kind.__module__.startswith("pipeline.")]
    assert {ReadPart, ApplyWork, WritePart, ApplyFunction} <= set(ours)
    for kind in ours:
        dofn: beam.DoFn = object.__new__(kind)
        for name in ("setup", "start_bundle", "process", "finish_bundle"):
            method = getattr(dofn, name)
            assert get_function_arguments(dofn, name) == get_function_args_defaults(method), kind.__name__


def test_none_of_our_dofns_has_state_or_timers_that_beam_would_not_see() -> None:
    for kind in _all_kinds(Stateless):
        dofn: beam.DoFn = object.__new__(kind)
        for name in object.__dir__(dofn):
            if isinstance(method := getattr(dofn, name), MethodType):
                of_beam = [value for value in get_function_args_defaults(method)[1] if is_state(value)]
                assert not of_beam, f"{kind.__name__}.{name}"


def test_state_and_timers_are_told_from_other_arguments() -> None:
    state = beam.DoFn.StateParam(BagStateSpec("seen", beam.coders.VarIntCoder()))
    timer = beam.DoFn.TimerParam(TimerSpec("due", TimeDomain.WATERMARK))
    assert is_state(state)
    assert is_state(timer)
    assert not is_state(beam.DoFn.WindowParam)


def is_state(value: object) -> bool:
    return isinstance(value, (_StateDoFnParam, _TimerDoFnParam))


def _all_kinds(kind: type) -> list[type]:
    below: list[type] = kind.__subclasses__()
    return [found for one in below for found in (one, *_all_kinds(one))]


def test_the_local_options_say_what_beam_s_say() -> None:
    options = LocalOptions()
    plain = PipelineOptions([], direct_num_workers=1, direct_running_mode="in_memory")
    assert options.get_all_options() == plain.get_all_options()
    for view in (StandardOptions, DirectOptions, SetupOptions):
        assert options.view_as(view).get_all_options() == plain.view_as(view).get_all_options()


def test_their_views_are_made_once_and_share_their_values() -> None:
    options = LocalOptions()
    assert options.view_as(DirectOptions) is options.view_as(DirectOptions)
    assert copy.deepcopy(options) is options
    options.view_as(DirectOptions).direct_num_workers = 3
    assert options.view_as(PipelineOptions).view_as(DirectOptions).direct_num_workers == 3
    assert local_options() is local_options()


def test_a_pipeline_runs_with_them_again_and_again() -> None:
    for _ in range(2):
        with beam.Pipeline(runner=FnApiRunner(), options=local_options()) as pipeline:
            pipeline | beam.Create([1]) | beam.ParDo(ApplyFunction(abs))
