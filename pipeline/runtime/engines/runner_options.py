"""A Beam runner and its options, as the user named them, checked before anything is sent to it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from apache_beam.options import pipeline_options as beam_options
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.runner import create_runner

from manifests.errors import UserError
from pipeline.runtime.engines.job_service import options_of_service

RUNNERS = ("PortableRunner", "FlinkRunner", "SparkRunner", "DataflowRunner", "PrismRunner", "FnApiRunner")
_OPTION = "--runner-option"


class _Parser(beam_options._BeamArgumentParser):
    """Beam's own ends the process, after its usage of 300 lines."""

    def error(self, message: str) -> NoReturn:
        raise UserError(message, where=_OPTION, fix="give KEY=VALUE, or KEY alone for a switch")


def runner_options(runner: str, given: Sequence[str]) -> PipelineOptions:
    """The options of pipelines on a runner.

    Args:
        runner: one of Beam's runners by its name, or the dotted name of another one's class.
        given: ``KEY=VALUE`` of Beam's options, or ``KEY`` of one that is a switch.

    Raises:
        UserError: there is no such runner or option, one that the runner needs is missing, or the job service
            that is to run the pipelines does not answer.
    """
    name = _canonical(runner)
    flags = [f"--{option}" for option in given]
    parser = _Parser(allow_abbrev=False)
    for kind in sorted(PipelineOptions.__subclasses__(), key=lambda kind: kind.__name__):
        kind._add_argparse_args(parser)
    unknown = parser.parse_known_args(flags)[1]
    options = PipelineOptions([f"--runner={name}", *flags])
    _check_required(name, options)
    known = [text.removeprefix("--") for action in parser._actions for text in action.option_strings]
    known += check_service(options)
    for flag in unknown:
        _check_known(flag.removeprefix("--").partition("=")[0], name, known)
    _check_loads(name)
    return options


def _canonical(runner: str) -> str:
    if "." in runner:
        return runner
    names = {known.lower(): known for known in StandardOptions.KNOWN_RUNNER_NAMES}
    found: str | None = names.get(runner.lower(), names.get(f"{runner.lower()}runner"))
    if found is None:
        raise UserError(
            f"{runner!r} is no engine and no Beam runner",
            where="--engine",
            fix=f"give local, ray, one of {', '.join(RUNNERS)}, or the dotted name of a runner's class",
        )
    return found


def _check_required(name: str, options: PipelineOptions) -> None:
    # What Beam asks of a runner it knows by the name of its class, which need not be installed for that.
    stand_in = type(name, (), {"get_default_gcp_region": lambda self: None})
    errors = PipelineOptionsValidator(options, stand_in()).validate()
    portable = options.view_as(PortableOptions)
    if name == "PortableRunner" and not portable.job_endpoint:
        errors.append("Missing required option: job_endpoint.")
    if errors:
        told = " ".join(" ".join(error.split()) for error in errors)
        raise UserError(f"{name}: {told.rstrip('.')}", fix=f"add it as {_OPTION} KEY=VALUE")
    uber = options.view_as(beam_options.FlinkRunnerOptions).flink_submit_uber_jar
    jar = name in ("FlinkRunner", "SparkRunner") and not portable.job_endpoint and not uber
    if jar and shutil.which("java") is None:
        fix = f"install it, or name a job service that runs by {_OPTION} job_endpoint=HOST:PORT"
        raise UserError(f"{name} starts a job service in Java, which is not here", fix=fix)


def _check_loads(name: str) -> None:
    try:
        create_runner(name)
    except (ImportError, AttributeError, ValueError) as error:
        why = " ".join(str(error).split())
        fix = "install what it needs, or name another runner"
        raise UserError(f"the runner {name} cannot be loaded ({why})", where="--engine", fix=fix) from error


def check_service(options: PipelineOptions) -> list[str]:
    """Names of the options that the job service has beside Beam's own; none where no service is named.

    Raises:
        UserError: it does not answer.
    """
    portable = options.view_as(PortableOptions)
    if not portable.job_endpoint or portable.job_endpoint == "embed":
        return []
    return options_of_service(portable.job_endpoint)


def _check_known(option: str, runner: str, known: Sequence[str]) -> None:
    if option not in known:
        near = get_close_matches(option, known, 1)
        fix = f"did you mean {near[0]}?" if near else "see the runner's page in Beam's documentation"
        raise UserError(f"{runner} has no option {option!r}", where=_OPTION, fix=fix)
