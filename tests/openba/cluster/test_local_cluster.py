"""A cluster of one's own: jobs run on it with the code and the paths of here, and nothing is left of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kill import durable
from openba.cluster.local_head import local_head
from openba.cluster.marked_processes import marked
from pipeline.runtime.worker_start import _kernel_cache
from tests import tiny

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


def openba(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "openba", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own, with the kernels that are compiled already, and a cluster."""
    kernels, home = _kernel_cache(), tmp_path_factory.mktemp("home")
    (home / ".cache" / "openba-pipeline").mkdir(parents=True)
    (home / ".cache" / "openba-pipeline" / "kernels").symlink_to(kernels.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        up = openba(home, "cluster", "up", "--workers", "2")
        assert up.returncode == 0, up.stderr
        yield home
        openba(home, "cluster", "down")


def test_a_job_gives_the_same_bytes_as_a_command(home: Path, tmp_path: Path) -> None:
    tiny.set_up(tmp_path)
    done = openba(tmp_path, "submit", "--", "ingest", "--corpus", "corpus.yaml", "--run", "there")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^node [\d.]+, 2 CPUs: Ray [\d.]+, Python 3\.11\.\d+, code \w{8}, storage seen$", done.stdout, re.M)  # fmt: skip
    assert re.search(r"^ingest +120 in +120 kept +0 rejected", done.stdout, re.M)
    assert openba(tmp_path, "ingest", "--corpus", "corpus.yaml", "--run", "here").returncode == 0
    assert durable(tmp_path / "there") == durable(tmp_path / "here")
    assert list((tmp_path / "there").glob(".nodes-*")) == []
    number = re.search(r"^(ingest-\w{8}) on http://127.0.0.1:", done.stderr, re.M)
    assert number
    again = openba(tmp_path, "submit", "--attach", number[1])
    assert (again.returncode, again.stdout) == (0, done.stdout)


def test_a_jobs_failure_is_ours(home: Path, tmp_path: Path) -> None:
    done = openba(tmp_path, "submit", "--", "ingest", "--corpus", "none.yaml", "--run", "there")
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last == f"error: {tmp_path}/none.yaml: is not on the cluster; put it where every node sees it"
    assert not (tmp_path / "there").exists()


def test_another_cluster_cannot_be_had_and_no_token_is_refused(home: Path) -> None:
    up = openba(home, "cluster", "up")
    assert (up.returncode, "runs already" in up.stderr) == (1, True)
    head = local_head()
    assert head
    assert head.processes > 5
    refused = openba(home, "submit", "--address", head.address, "--attach", "ingest-0")
    assert refused.returncode == 1
    assert "the cluster wants a token" in refused.stderr
    unknown = openba(home, "submit", "--attach", "ingest-0")
    assert f"{head.address}: no job ingest-0 (running: none)" in unknown.stderr


def test_down_ends_its_processes_and_no_others(home: Path) -> None:
    head = local_head()
    assert head
    own = {"OPENBA_CLUSTER": "another"}
    bystander = subprocess.Popen(["sleep", "100"], env=os.environ | own, start_new_session=True)
    try:
        assert openba(home, "cluster", "down").stdout == "the local cluster has ended\n"
        assert bystander.poll() is None
    finally:
        os.kill(bystander.pid, signal.SIGKILL)
        bystander.wait()
    assert marked(head.mark) == set()
    assert not Path(head.folder).exists()
    assert local_head() is None
    assert openba(home, "cluster", "status").stdout == "no local cluster runs\n"
