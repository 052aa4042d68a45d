"""What several test packages share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from manifests.store.scratch import clear_scratch
from pipeline.runtime.worker_start import start_worker
from tests.object_server import BUCKET, environment, reach, s3_server
from tests.small import run_corpus, small_corpus

# A kernel is compiled at its first call: how long an example takes says nothing. A commit passes or fails
# everywhere alike; new examples are looked for with --hypothesis-profile=search.
settings.register_profile("project", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile("project")


def pytest_configure() -> None:
    """Kernels are compiled once for all tests: the worker is started before any test module is loaded."""
    start_worker()


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """What starts a Ray cluster is slow."""
    for item in items:
        if "ray" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The small manifest and a finished run of it; not to be changed."""
    folder = tmp_path_factory.mktemp("small")
    file = small_corpus(folder)
    assert run_corpus(file, folder / "run") == 0
    return file, folder / "run"


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a real S3 server, in a process of its own."""
    with s3_server() as url:
        yield url


@pytest.fixture
def in_s3(s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a folder of the test's own in that server, which this process and those that it starts
    reach."""
    for name, value in environment(s3, tmp_path / "scratch").items():
        monkeypatch.setenv(name, value)
    reach(monkeypatch, s3)
    clear_scratch()
    yield f"s3://{BUCKET}/{tmp_path.name}"
    clear_scratch()
