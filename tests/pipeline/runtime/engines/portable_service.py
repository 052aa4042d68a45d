"""Beam's own portable job service and a pool of its workers, each a process of its own in a folder of its own,
on the package that a job stages."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[4]
PACKAGES = ("manifests", "pipeline", "curriculum", "trainer", "openba")
SERVICE = "apache_beam.runners.portability.local_job_service_main"
POOL = "apache_beam.runners.worker.worker_pool_main"


@dataclass(frozen=True)
class Portable:
    """What a command is given, and where the workers' numbers are noted."""

    options: list[str]
    pool: Path
    pool_pid: int

    def workers(self) -> set[int]:
        """Numbers of the worker processes so far."""
        return {int(line) for line in (self.pool / "workers.txt").read_text().split()}


def build_wheel(folder: Path) -> Path:
    """A wheel of the checkout; setuptools leaves its own files beside what it builds, so that is a copy."""
    source = folder / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(folder), str(source)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@contextmanager
def portable_service(folder: Path) -> Iterator[Portable]:
    """Both processes until the block ends."""
    service, pool = folder / "service", folder / "pool"
    service.mkdir(parents=True)
    pool.mkdir()
    boot = pool / "boot"
    program = ROOT / "examples" / "beam" / "worker_boot.py"
    boot.write_text(f'#!/bin/sh\necho $$ >> "{pool}/workers.txt"\nexec {sys.executable} {program} "$@"\n')
    boot.chmod(0o755)
    jobs, workers = _free_port(), _free_port()
    with ExitStack() as stack:
        stack.enter_context(_process(SERVICE, ["--port", jobs, "--staging_dir", service / "staged"], service))
        arguments = ["--service_port", workers, "--container_executable", boot]
        process = stack.enter_context(_process(POOL, arguments, pool))
        for port in (jobs, workers):
            _wait_for(port)
        yield Portable(
            [
                f"job_endpoint=localhost:{jobs}",
                "environment_type=EXTERNAL",
                f"environment_config=localhost:{workers}",
                f"extra_package={build_wheel(folder)}",
            ],
            pool,
            process.pid,
        )


@contextmanager
def _process(module: str, arguments: list[object], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["TMPDIR"] = str(folder)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
        try:
            yield process
        finally:
            process.terminate()  # the pool ends its workers
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("localhost", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {port}")
