"""A run in an object store has the bytes of one in a folder: in memory, and on a real S3 server, through its bad
days."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from manifests.errors import UserError
from manifests.files import sha256
from manifests.run_folder import run_folder
from manifests.run_lock import EXPIRY, NAME, run_lock
from manifests.store import system
from manifests.store.scratch import clear_scratch
from manifests.store.store_path import StorePath
from manifests.verify import verify
from openba.documents import kept
from openba.steps import run_steps
from tests import tiny
from tests.object_server import Request, faulty_proxy, leftovers, reach

FIRST = ("ingest", "language")


def bytes_of(run: Path) -> dict[str, str]:
    """The hash of each durable file, but for timings, which differ, and what remembers sizes and times."""
    files = [path for path in run.rglob("*") if isinstance(path, StorePath) or path.is_file()]
    names = {str(path.relative_to(run)): path for path in files}
    return {
        name: sha256(path)
        for name, path in sorted(names.items())
        if not name.endswith(("stats.json", ".inputs.json"))
    }


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus, and in ``run`` all of its steps in a folder."""
    folder = tmp_path_factory.mktemp("corpus")
    tiny.set_up(folder)
    run_steps(folder / "corpus.yaml", folder / "run")
    return folder


def of(steps: Sequence[str], found: dict[str, str]) -> dict[str, str]:
    return {name: one for name, one in found.items() if name.split("/")[0] in steps}


def test_all_steps_in_memory_have_the_bytes_of_a_folder(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clear_scratch()
    monkeypatch.setenv("OPENBA_SCRATCH", str(tmp_path))
    run = run_folder(f"memory://bucket/{tmp_path.name}")
    run_steps(corpus / "corpus.yaml", run)
    assert bytes_of(run) == bytes_of(corpus / "run")
    found = verify(run)
    assert (found.problems, found.documents) == ([], 120)
    assert [outcome.worked for outcome in run_steps(corpus / "corpus.yaml", run)] == [False] * 7
    assert kept(run, "ingest").to_table(columns=["id"]).num_rows == 120
    clear_scratch()
    assert leftovers(tmp_path) == []


def test_steps_on_a_failing_s3_server_have_the_bytes_of_a_folder(
    corpus: Path, in_s3: str, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "_FIRST", 0.0)
    kinds = ("busy", "slow down", "reset", "lost", "cut")

    def fault(request: Request) -> str | None:
        bad = request.number % 7 == 3
        old = request.lists and request.number % 2
        return "old" if old else kinds[request.number // 7 % 5] if bad else None

    with faulty_proxy(s3, fault) as proxy:
        reach(monkeypatch, proxy.url)
        run_steps(corpus / "corpus.yaml", in_s3, FIRST)
        reach(monkeypatch, s3)
    assert set(kinds) <= set(proxy.faults)
    assert leftovers(tmp_path / "scratch") == []
    assert bytes_of(run_folder(in_s3)) == of(FIRST, bytes_of(corpus / "run"))


def test_a_run_in_a_store_is_held_by_one_command(in_s3: str) -> None:
    run = run_folder(in_s3)
    with run_lock(run, "openba corpus"):
        second = run_lock(run, "openba verify")
        with pytest.raises(UserError, match=r"is in use by `openba corpus` \(host .*wait for it or stop it"):
            second.__enter__()
        assert (run / NAME).exists()
    assert not (run / NAME).exists()


def test_a_lock_in_a_store_that_is_no_longer_renewed_is_taken_over(in_s3: str) -> None:
    run = run_folder(in_s3)
    with run_lock(run, "openba corpus"):
        held = json.loads((run / NAME).read_text())
        (run / NAME).write_text(json.dumps(held | {"host": "elsewhere", "key": "another"}))
        second = run_lock(run, "openba verify")
        with pytest.raises(UserError, match=f"host elsewhere.*if it is dead, remove {run}/.lock"):
            second.__enter__()
        late = {"host": "elsewhere", "key": "another", "renewed": held["renewed"] - 2 * EXPIRY}
        (run / NAME).write_text(json.dumps(held | late))
        with run_lock(run, "openba verify"):
            assert json.loads((run / NAME).read_text())["command"] == "openba verify"
    assert not (run / NAME).exists()


@pytest.mark.slow
def test_a_run_on_s3_that_was_killed_goes_on_and_has_the_bytes_of_a_folder(
    corpus: Path, in_s3: str, s3: str, tmp_path: Path
) -> None:
    killed: list[subprocess.Popen[bytes]] = []

    def fault(request: Request) -> None:
        if request.method == "PUT" and "language/.receipts/part-00002" in request.path:
            os.kill(killed[0].pid, signal.SIGKILL)

    arguments = ["corpus", "--corpus", str(corpus / "corpus.yaml"), "--run", in_s3]
    with faulty_proxy(s3, fault) as proxy:
        environment = os.environ | {"AWS_ENDPOINT_URL": proxy.url}
        killed.append(subprocess.Popen([sys.executable, "-m", "openba", *arguments], env=environment))
        assert killed[0].wait() == -signal.SIGKILL
    run = run_folder(in_s3)
    assert (run / NAME).exists()
    assert leftovers(tmp_path / "scratch") != []
    worked = [outcome.worked for outcome in run_steps(corpus / "corpus.yaml", in_s3)]
    assert worked == [False, *[True] * 6]
    assert bytes_of(run) == bytes_of(corpus / "run")
    assert not (run / NAME).exists()
    clear_scratch()
    assert leftovers(tmp_path / "scratch") == []
