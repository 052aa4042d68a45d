"""A Beam runner is reached by its name and its options; what is wrong with them is one line."""

from __future__ import annotations

import socket
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import (
    FlinkRunnerOptions,
    GoogleCloudOptions,
    PipelineOptions,
    PortableOptions,
    SetupOptions,
    WorkerOptions,
)
from apache_beam.portability.api import beam_runner_api_pb2

from manifests.errors import UserError
from openba.cli.main import main
from pipeline.runtime.engines.job_tasks import Gate
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.engines.runner_engine import RunnerEngine
from pipeline.runtime.jobs import TransformParts
from pipeline.runtime.part_sinks import WritePart
from pipeline.runtime.transform import PartTask
from tests.pipeline.toy import LongEnough, Texts

WORKERS = "worker.example:50000"
JOBS = {
    "FlinkRunner": ["flink_master=flink.example:8081", "flink_submit_uber_jar", "parallelism=64"],
    "SparkRunner": ["spark_master_url=spark.example:7077", "spark_submit_uber_jar"],
    "DataflowRunner": [
        "project=my-project",
        "region=europe-west4",
        "temp_location=gs://my-bucket/tmp",
        "max_num_workers=100",
    ],
}


def options(runner: str, *given: str) -> PipelineOptions:
    engine = open_engine(runner, 1, given, Path("run"))
    assert isinstance(engine, RunnerEngine)
    return engine.pipeline_options


def graph(asked: PipelineOptions) -> beam_runner_api_pb2.Pipeline:
    pipeline = beam.Pipeline(options=asked)
    work = TransformParts(LongEnough(), WritePart(Path("x"), LongEnough.schema, {0: "x", 1: "x"}))
    tasks = [PartTask(index, Texts(index)) for index in range(2)]
    pipeline | beam.Create(tasks, reshuffle=True) | "gate" >> beam.ParDo(Gate(Path("job"))) | work
    return pipeline.to_runner_api(default_environment=pipeline.runner.default_environment(asked))


@pytest.mark.parametrize("runner", ["FlinkRunner", "SparkRunner"])
def test_a_phase_is_one_graph_that_runs_in_the_workers_named(runner: str) -> None:
    asked = options(runner, *JOBS[runner], "environment_type=EXTERNAL", f"environment_config={WORKERS}")
    components = graph(asked).components
    names = [transform.unique_name for transform in components.transforms.values()]
    for name in ("Create/MaybeReshuffle/Reshuffle", "gate", "read", "apply", "write"):
        assert any(found == name or found.endswith(f"/{name}") for found in names), name
    (environment,) = components.environments.values()
    payload = beam_runner_api_pb2.ExternalPayload.FromString(environment.payload)
    assert payload.endpoint.url == WORKERS


def test_options_arrive_as_what_they_are() -> None:
    flink = options("FlinkRunner", *JOBS["FlinkRunner"]).view_as(FlinkRunnerOptions)
    assert (flink.flink_master, flink.flink_submit_uber_jar) == ("flink.example:8081", True)
    assert flink.parallelism == 64
    asked = options("dataflow", *JOBS["DataflowRunner"], "extra_package=a.whl", "extra_package=b.whl")
    assert asked.view_as(GoogleCloudOptions).project == "my-project"
    assert asked.view_as(WorkerOptions).max_num_workers == 100
    assert asked.view_as(SetupOptions).extra_packages == ["a.whl", "b.whl"]
    assert asked.get_all_options()["runner"] == "DataflowRunner"


def test_a_job_may_take_longer_than_an_answer_of_the_service() -> None:
    asked = options("FlinkRunner", *JOBS["FlinkRunner"]).view_as(PortableOptions)
    assert asked.job_server_timeout > 365 * 86_400, "Beam's default fails jobs after 300 s"


def test_the_containers_of_workers_are_in_the_graph() -> None:
    asked = options("FlinkRunner", *JOBS["FlinkRunner"], "environment_config=registry.example/openba:1")
    asked.view_as(PortableOptions).environment_type = "DOCKER"
    (environment,) = graph(asked).components.environments.values()
    payload = beam_runner_api_pb2.DockerPayload.FromString(environment.payload)
    assert payload.container_image == "registry.example/openba:1"


@pytest.mark.parametrize(
    ("runner", "given", "message"),
    [
        (
            "Fink",
            [],
            "--engine: 'Fink' is no engine and no Beam runner; give local, ray, one of PortableRunner",
        ),
        ("no.such.Runner", [], "the runner no.such.Runner cannot be loaded (No module named 'no'); install"),
        ("local", ["a=1"], "--runner-option: the engine local has no runner options; name a Beam runner"),
        (
            "PortableRunner",
            [],
            "PortableRunner: Missing required option: job_endpoint; add it as --runner-opt",
        ),
        (
            "DataflowRunner",
            ["region=x"],
            "Missing required option: project; add it as --runner-option KEY=VAL",
        ),
        ("FlinkRunner", ["flink_mster=x"], "has no option 'flink_mster'; did you mean flink_master?"),
        ("FlinkRunner", ["qwertyuiop=x"], "has no option 'qwertyuiop'; see the runner's page"),
        ("FlinkRunner", ["parallelism=x"], "argument --parallelism: invalid int value: 'x'; give KEY=VALUE"),
        ("FlinkRunner", ["streaming=true"], "argument --streaming: ignored explicit argument 'true'; give"),
        (
            "PortableRunner",
            ["job_endpoint=x"],
            "job_endpoint=x: no Beam job service answers (invalid literal",
        ),
    ],
)
def test_what_is_wrong_is_one_line(
    runner: str, given: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    flags = [part for option in given for part in ("--runner-option", option)]
    place = ["--corpus", "corpus.yaml", "--run", str(tmp_path / "run")]
    assert main(["corpus", *place, "--runner", runner, *flags]) == 1
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1, "one line, and no usage of Beam's"
    assert shown.startswith("error: ")


def test_a_job_service_that_is_not_there_is_told_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(UserError) as caught:
        options("PortableRunner", f"job_endpoint={address}")
    assert str(caught.value) == (
        f"--runner-option job_endpoint={address}: no Beam job service answers ([Errno 111] Connection refused); "
        "start it, or correct the address, and run the same command again"
    )


def test_without_java_a_runner_that_starts_its_own_service_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        UserError, match=r"SparkRunner starts a job service in Java, which is not here; install"
    ):
        options("SparkRunner")
