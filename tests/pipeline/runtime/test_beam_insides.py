"""What we use of Beam's insides is still as we found it; where a new version differs, a test here says so."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import apache_beam as beam
from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, SetupOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.userstate import get_dofn_specs

from pipeline.runtime.dofns import ApplyFunction
from pipeline.runtime.engines.local_options import LocalOptions, local_options
from pipeline.runtime.stateless import Stateless


class Watched(ApplyFunction):
    """Notes when it is asked for the names of its methods."""

    asked = 0

    def __dir__(self) -> Iterable[str]:
        Watched.asked += 1
        return super().__dir__()


def test_beam_looks_for_state_in_the_methods_that_dir_names() -> None:
    assert get_dofn_specs(Watched(abs)) == (set(), set())
    assert Watched.asked == 1, "else the names that our DoFns give are of no use"


def test_dir_names_every_method_that_our_dofns_have() -> None:
    named = set(dir(ApplyFunction(abs)))
    assert {"setup", "start_bundle", "process", "finish_bundle"} == named
    ours = [kind for kind in _all_kinds(Stateless) if kind.__module__.startswith("pipeline.")]
    assert len(ours) > 5
    for kind in ours:
        own = {name for name in vars(kind) if not name.startswith("_")}
        assert own <= named, f"{kind.__name__} has methods that Beam would not see"


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
