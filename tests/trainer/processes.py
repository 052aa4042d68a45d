"""Real processes that form one group over gloo, as torchrun makes them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def group(world_size: int) -> list[dict[str, str]]:
    """The environment of each process of a new group."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(world_size)}
    return [os.environ | address | {"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(world_size)]


def started(line: Sequence[str], world_size: int) -> list[subprocess.Popen[str]]:
    """A command in so many processes of one group, which has begun."""
    return [
        subprocess.Popen(
            line, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for environment in group(world_size)
    ]


def together(module: str, *arguments: object, world_size: int = 2) -> list[subprocess.CompletedProcess[str]]:
    """Runs ``python -m module arguments`` in so many processes; how each ended, in order of rank."""
    processes = started([sys.executable, "-W", "ignore", "-m", module, *map(str, arguments)], world_size)
    try:
        told = [process.communicate(timeout=120) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [
        subprocess.CompletedProcess(process.args, process.returncode, out, error)
        for process, (out, error) in zip(processes, told, strict=True)
    ]
