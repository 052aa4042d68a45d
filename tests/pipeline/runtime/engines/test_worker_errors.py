"""What is for the user reaches the command as it was raised, from every engine; a fault keeps its
traceback."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import traceback
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.kill import durable
from manifests.errors import DataShortError, UserError
from manifests.schema.documents import INGESTED
from manifests.stop_signals import Stopped, stops_at_once
from pipeline.runtime.batch_result import BatchPosition, BatchResult
from pipeline.runtime.context import StepContext
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.engines.worker_errors import user_errors_unwrapped
from pipeline.runtime.phases import Phases
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.transform import PartTask, Transform
from tests.pipeline.steps import measured
from tests.pipeline.toy import BUCKETS, LongEnough, Sizes, Texts, emit_sizes, reduce_sizes

pytestmark = pytest.mark.slow

SHORT = DataShortError("too little text", where="corpus.yaml", fix="add a source")


class Raises(Transform):
    """Meets an error in its second part."""

    schema = INGESTED

    def __init__(self, error: Exception) -> None:
        self._error = error

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        if where.part == 1:
            raise self._error
        return LongEnough().process(batch, where)


class Signals(LongEnough):
    """Is sent a signal in its third part."""

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        if where.part == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().process(batch, where)


def emit_nothing(index: int, path: Path) -> Iterator[tuple[int, bytes]]:
    raise SHORT
    yield


def reduce_nothing(bucket: int, payloads: list[bytes]) -> bytes:
    raise SHORT


def context(folder: Path, engine: Engine) -> StepContext:
    own = folder / "ingest"
    return StepContext("ingest", measured.corpus(), folder, own, own, (), engine, "fingerprint")


def tasks(count: int) -> list[PartTask]:
    return [PartTask(index, Texts(index)) for index in range(count)]


def arrives(caught: pytest.ExceptionInfo[DataShortError]) -> bool:
    error = caught.value
    return type(error) is DataShortError and str(error) == "corpus.yaml: too little text; add a source"


@pytest.fixture(scope="module")
def ray() -> Iterator[Engine]:
    engine = open_engine("ray", 2)
    yield engine
    engine.close()


def everywhere(folder: Path, engine: Engine) -> None:
    """A transform's error and those of both halves of a group-by."""
    run = Phases(context(folder, engine))
    with pytest.raises(DataShortError) as caught:
        run.map(Raises(SHORT), tasks(2))
    assert arrives(caught)
    sizes = run.extract("sizes", Sizes(), tasks(1))
    for emit, reduce in ((emit_nothing, reduce_sizes), (emit_sizes, reduce_nothing)):
        with pytest.raises(DataShortError) as caught:
            run.group("grouped", sizes, emit, reduce, BUCKETS)
        assert arrives(caught)
    assert list(folder.rglob("*.tmp")) == []
    with pytest.raises(ZeroDivisionError) as fault:
        run.map(Raises(ZeroDivisionError("a fault")), tasks(2))
    text = "".join(traceback.format_exception(fault.value))
    assert "test_worker_errors.py" in text
    assert "raise self._error" in text


def test_local_errors_arrive(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        everywhere(tmp_path, open_engine("local", 1))
    assert caplog.records == [], "the error is shown once, by the command"


def test_errors_of_ray_arrive(tmp_path: Path, ray: Engine) -> None:
    everywhere(tmp_path, ray)


class Fragile(LongEnough):
    """Loses its process at the first try of its second part, and its disk at that of its third."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> BatchResult:
        tried = self._folder / f"tried-{where.part}"
        if where.part in (1, 2) and not tried.exists():
            tried.touch()
            if where.part == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(errno.EIO, "Input/output error")
        return super().process(batch, where)


def test_a_lost_worker_and_a_failing_disk_change_no_byte(
    tmp_path: Path, ray: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    Phases(context(tmp_path / "local", open_engine("local", 1))).map(LongEnough(), tasks(5))
    (tmp_path / "ray").mkdir()
    with caplog.at_level(logging.INFO, "openba.progress"):
        parts = Phases(context(tmp_path / "ray", ray)).map(Fragile(tmp_path / "ray"), tasks(5))
    again = [record.getMessage() for record in caplog.records if "is tried again" in record.getMessage()]
    assert len(parts) == 5
    assert durable(tmp_path / "local" / "ingest") == durable(tmp_path / "ray" / "ingest")
    assert sorted(text.split(":")[0] for text in again) == [
        "task 1 is tried again (WorkerCrashedError",
        "task 2 is tried again (OSError",
    ]
    assert not list(tmp_path.rglob("*.tmp"))


def test_what_a_portable_runner_sends_as_text_is_read() -> None:
    text = (
        "Pipeline job-1 failed in state FAILED: bundle failed:"
        "Traceback (most recent call last):\n"
        '  File "apache_beam/runners/common.py", line 1498, in process\n'
        "pipeline.runtime.pipeline_error.PipelineError: runs/a/part-00000.arrow is missing\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "pipeline.runtime.pipeline_error.PipelineError: runs/a/part-00000.arrow is missing "
        "[while running 'read-ptransform-3']\n"
    )
    with pytest.raises(PipelineError) as caught, user_errors_unwrapped():
        raise RuntimeError(text)
    assert str(caught.value) == "runs/a/part-00000.arrow is missing"
    with pytest.raises(RuntimeError, match="job-1"), user_errors_unwrapped():
        raise RuntimeError(text.replace("pipeline.runtime.pipeline_error.PipelineError", "KeyError"))


def test_a_fault_in_handling_an_error_is_a_fault() -> None:
    with pytest.raises(KeyError), user_errors_unwrapped():  # noqa: PT012
        try:
            raise UserError("of the user")
        except UserError:
            raise KeyError("of the program")  # noqa: B904


def test_a_signal_stops_a_phase_that_says_how_far_it_came(tmp_path: Path) -> None:
    run = Phases(context(tmp_path, open_engine("local", 1)))
    with pytest.raises(Stopped) as caught, stops_at_once():
        run.map(Signals(), tasks(5))
    assert str(caught.value) == "stopped in ingest, 2 of 5 parts done; run the same command to go on"
    assert caught.value.exit_code == 143
    assert list(tmp_path.rglob("*.tmp")) == []
    assert len(run.map(LongEnough(), tasks(5))) == 5


def test_a_cluster_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    monkeypatch.setenv("RAY_ADDRESS", address)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    with pytest.raises(UserError) as caught:
        open_engine("ray", 1)
    message = str(caught.value)
    assert message.startswith(
        f"RAY_ADDRESS={address}: no Ray cluster answers ([Errno 111] Connection refused); "
    )
    assert "\n" not in message
    assert "RAY_AUTH_MODE" not in os.environ
