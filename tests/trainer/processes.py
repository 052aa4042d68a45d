"""Real processes that form one group over gloo, as torchrun makes them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
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
