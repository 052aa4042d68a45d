"""What runs in the sandbox's process: limits, then the program, then the sign that it came to its end. It
imports nothing of ours."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

FILES, FILE_BYTES, PROCESSES = 32, 1 << 20, 16


def limit(seconds: int, memory: int) -> None:
    """Sets what the process may use at most."""
    for kind, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, PROCESSES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))


def main(file: str, seconds: str, memory: str) -> None:
    """Runs a program; its own output goes nowhere."""
    token = sys.stdin.read()
    program = Path(file).read_text(encoding="utf-8")
    limit(int(seconds), int(memory))
    answer, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    exec(compile(program, "program.py", "exec"), {"__name__": "__main__"})
    os.write(answer, token.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
