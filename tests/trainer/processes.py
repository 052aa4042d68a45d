"""Real processes that form one group over gloo, as torchrun makes them."""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Ended = subprocess.CompletedProcess[str]


def group(world_size: int) -> list[dict[str, str]]:
    """The environment of each process of a new group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world_size)}
    return [os.environ | address | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(world_size)]


def started(lines: Sequence[list[str]]) -> list[subprocess.Popen[str]]:
    """A group of processes that has begun, of one command line each."""
    return [
        subprocess.Popen(
            line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for line, environment in zip(lines, group(len(lines)), strict=True)
    ]


def ended(lines: Sequence[list[str]]) -> list[Ended]:
    """How each process of such a group ended, in order of rank."""
    processes = started(lines)
    try:
        told = [process.communicate(timeout=400) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [
        Ended(process.args, process.returncode, out, error)
        for process, (out, error) in zip(processes, told, strict=True)
    ]


def modules(name: str, *arguments: object, world_size: int = 2) -> list[list[str]]:
    """The command line of a module for each of so many processes."""
    return [[sys.executable, "-W", "ignore", "-m", name, *map(str, arguments)]] * world_size


def forked(name: str, *arguments: object, world_size: int = 2) -> list[Ended]:
    """How each process of a group that runs a module ended, in order of rank. They are forks of a process that has
    imported what a training does (see fork_server)."""
    server = _fork_server()
    assert server.stdin
    assert server.stdout
    told = [*map(str, arguments)]
    with tempfile.TemporaryDirectory() as folder:
        order = {"module": name, "arguments": told, "environments": group(world_size), "folder": folder}
        print(json.dumps(order), file=server.stdin, flush=True)
        codes = json.loads(server.stdout.readline())
        output = [
            [(Path(folder) / f"{rank}.{end}").read_text() for end in ("out", "err")]
            for rank in range(world_size)
        ]
    return [Ended([name, *told], code, *texts) for code, texts in zip(codes, output, strict=True)]


@cache
def _fork_server() -> subprocess.Popen[str]:
    """One for each process of the tests; it ends with it."""
    line = [sys.executable, "-W", "ignore", "-m", "tests.trainer.fork_server"]
    server = subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.kill)
    return server
