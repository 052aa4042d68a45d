"""Beam's portable job service runs all steps in workers of its own, on the package that was staged: the same
bytes; and nothing of a job whose command is gone writes beside the next one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

import apache_beam as beam
import grpc
import pytest
import yaml
from apache_beam.portability.api import beam_job_api_pb2, beam_job_api_pb2_grpc
from apache_beam.runners.portability.local_job_service import LocalJobServicer

from benchmarks.kill import durable
from manifests.errors import UserError
from openba.cli.main import main
from pipeline.runtime.engines.job_tasks import FOLDER, Gate, allowed_job
from pipeline.runtime.engines.open_engine import open_engine
from tests.pipeline.at_hand import needs_texts
from tests.pipeline.plugins import write_plugin
from tests.pipeline.runtime.engines.portable_service import ROOT, Portable, portable_service

SMALLEST = ROOT / "manifests" / "presets" / "smallest" / "corpus.yaml"
WHERE = '''
import os
from pathlib import Path
from typing import cast

import numpy as np

import pipeline


def where(batch):
    """Notes the process and its package; fills the pipe of a standard output that nobody reads."""
    print("x" * 200_000)
    with (Path(__file__).parent / "seen.txt").open("a") as file:
        print(os.getpid(), pipeline.__file__, file=file)
    return np.zeros(batch.num_rows)
'''


def corpus(folder: Path) -> Path:
    """The smallest corpus, with a signal that says where it was measured."""
    write_plugin(folder, "where", WHERE)
    text = SMALLEST.read_text(encoding="utf-8").replace("../../..", str(ROOT))
    manifest = yaml.safe_load(text)
    manifest["quality"]["signals"] = [{"use": "where:where", "range": [0, 1]}]
    file = folder / "corpus.yaml"
    file.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def portable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portable]:
    """The service and the pool, started once."""
    with portable_service(tmp_path_factory.mktemp("portable")) as started:
        yield started


def counters(endpoint: str) -> dict[str, int]:
    """Our counters of all jobs of a service, added up."""
    with grpc.insecure_channel(endpoint) as channel:
        stub = beam_job_api_pb2_grpc.JobServiceStub(channel)
        found: dict[str, int] = {}
        for job in stub.GetJobs(beam_job_api_pb2.GetJobsRequest()).job_info:
            answer = stub.GetJobMetrics(beam_job_api_pb2.GetJobMetricsRequest(job_id=job.job_id))
            for info in answer.metrics.committed:
                if info.labels.get("NAMESPACE") == "openba":
                    # Beam's varint of an int64 (beam:coder:varint:v1), of numbers below 2**63
                    value = sum((byte & 127) << 7 * place for place, byte in enumerate(info.payload))
                    found[info.labels["NAME"]] = found.get(info.labels["NAME"], 0) + value
    return found


@pytest.mark.slow
@needs_texts
def test_all_steps_have_the_same_bytes_in_workers_of_a_job_service(
    portable: Portable, tmp_path: Path
) -> None:
    file, seen = corpus(tmp_path), tmp_path / "seen.txt"
    here = ["corpus", "--corpus", str(file), "--run"]
    assert main([*here, str(tmp_path / "local")]) == 0
    assert {line.split()[0] for line in seen.read_text().splitlines()} == {str(os.getpid())}
    seen.unlink()
    flags = [part for option in portable.options for part in ("--runner-option", option)]
    assert main([*here, str(tmp_path / "run"), "--runner", "PortableRunner", *flags]) == 0
    assert durable(tmp_path / "run") == durable(tmp_path / "local")
    places = [line.split(maxsplit=1) for line in seen.read_text().splitlines()]
    assert places
    workers = portable.workers()
    assert {int(pid) for pid, _ in places} <= workers
    assert not workers & {os.getpid(), portable.pool_pid}
    assert {Path(place).parents[2] for _, place in places} == {portable.pool}, "the staged package is at work"
    assert not (tmp_path / "run" / FOLDER).exists()
    counted = counters(portable.options[0].partition("=")[2])
    assert counted["documents"] > counted["rejected"] >= 0
    assert counted["bytes"] > 100_000


def at_work(job: Path) -> Generator[int]:
    """A task behind the gate; what follows it has not begun."""
    return cast("Generator[int]", Gate(job).process(1))


def through(job: Path) -> list[int]:
    """What a task's work sees of the gate."""
    return list(Gate(job).process(1))


def test_tasks_pass_while_their_command_is_there(tmp_path: Path) -> None:
    with allowed_job(tmp_path) as job:
        assert through(job) == [1]
    with pytest.raises(UserError, match="the command that sent this job is no longer there"):
        through(job)
    assert list(tmp_path.iterdir()) == []


def test_the_next_command_waits_for_the_tasks_of_a_killed_one(tmp_path: Path) -> None:
    killed = allowed_job(tmp_path)
    task = at_work(killed.__enter__())
    assert next(task) == 1, "it is at work, and its command is gone without a word"
    with pytest.raises(UserError) as caught, allowed_job(tmp_path):
        pass
    message = str(caught.value)
    assert f"{tmp_path}: tasks of an earlier job are still at work in it (host " in message
    assert f"pid {os.getpid()}; 1 in all); wait until they end, or stop the job on its runner" in message
    task.close()
    with allowed_job(tmp_path) as job:
        assert through(job) == [1]


def test_word_of_a_task_that_died_holds_nobody_up(tmp_path: Path) -> None:
    with allowed_job(tmp_path) as job:
        tasks = at_work(job)
        next(tasks)
        (word,) = job.glob("tasks/*/.lock")
        dead = word.read_text().replace(f'"pid": {os.getpid()}', '"pid": 4194305')
        word.write_text(dead)
        shutil.copytree(job, tmp_path / "kept")
        tasks.close()
    (tmp_path / FOLDER).mkdir()
    (tmp_path / "kept").rename(tmp_path / FOLDER / "earlier")
    with allowed_job(tmp_path) as job:
        assert through(job) == [1]


def test_a_job_service_that_goes_away_is_one_line(tmp_path: Path) -> None:
    service = LocalJobServicer(str(tmp_path / "staged"))
    port = service.start_grpc_server()
    engine = open_engine("PortableRunner", 1, [f"job_endpoint=localhost:{port}"], tmp_path / "run")
    service.stop(0)
    with pytest.raises(UserError, match="no Beam job service answers"):
        engine.run([1], beam.Map(str))
    assert not (tmp_path / "run" / FOLDER).exists()
