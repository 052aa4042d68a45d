"""Three hosts with addresses, processes and scratch folders of their own make the bytes that one process makes, while
one of them is lost, one is slow and one is away."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.hosts import Run, different
from benchmarks.kill import durable
from benchmarks.network_hosts import Hosts, why_not
from pipeline.__main__ import main
from tests import tiny

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not())]


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    with Hosts() as hosts:
        yield hosts
    left = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    assert hosts.bridge not in left
    assert not any(Path("/run/netns").glob(f"{hosts.bridge}*"))
    assert not hosts.own.parent.exists()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest's folder, with the run ``here`` of one process."""
    folder = tmp_path_factory.mktemp("reference")
    tiny.set_up(folder)
    assert main(["ingest", "--corpus", str(folder / "corpus.yaml"), "--run", str(folder / "here")]) == 0
    return folder


def test_each_host_has_its_own_address_and_scratch_folder(hosts: Hosts) -> None:
    assert len({host.address for host in hosts.hosts}) == 3
    for host in hosts.hosts:
        inner = subprocess.run(
            host.inside(["ls", str(hosts.own)]), capture_output=True, text=True, check=True
        )
        assert sorted(inner.stdout.split()) == sorted(os.listdir(host.scratch))  # noqa: PTH208
        assert host.processes("raylet/raylet")
    spaces = {
        Path(f"/proc/{host.pid}/ns/{kind}").readlink() for host in hosts.hosts for kind in ("net", "mnt")
    }
    assert len(spaces) == 6


def test_a_lost_a_slow_and_an_absent_host_change_no_byte(hosts: Hosts, reference: Path) -> None:
    run = Run(hosts, reference / "corpus.yaml", reference / "there", "ingest")
    run.go()
    chance = random.Random(0)
    with hosts.slowed(1):
        assert not run.ended(5), "there is still something to disturb"
        run.strike("host", chance)
        with hosts.cut_off(2):
            run.ended(10)
    run.strike("driver", chance)
    while not run.ended(60):
        pass
    assert run.struck == {"host": 1, "driver": 1}
    assert durable(reference / "there")
    assert different(reference / "here", reference / "there") == []
