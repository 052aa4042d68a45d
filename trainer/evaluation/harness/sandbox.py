"""Runs programs that a model has written: each in a process of its own, with limits, without a network."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

SECONDS = 5
MEMORY = 512 << 20
CHILD = Path(__file__).with_name("sandbox_child.py")
ISOLATED = (
    "unshare",
    *("--user", "--map-root-user", "--net"),
    *("--pid", "--fork", "--kill-child", "--mount-proc"),
)


def passes(program: str) -> bool:
    """Whether a Python program runs to its end without an exception, within SECONDS of time and MEMORY bytes.

    It runs in an empty temporary folder, with no environment, no standard input, few files and processes, and
    where the system allows it in namespaces without a network or the other processes. It could still read
    what the user can read: nothing here makes a program of an enemy harmless.
    """
    token = secrets.token_hex()
    with tempfile.TemporaryDirectory(prefix="openba-program-") as folder:
        file = Path(folder) / "program.py"
        file.write_text(program, encoding="utf-8", errors="surrogatepass")
        command = [*isolation(), sys.executable, "-I", str(CHILD), str(file), str(SECONDS), str(MEMORY)]
        try:
            done = subprocess.run(
                command,
                input=token.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                timeout=2 * SECONDS,
                start_new_session=True,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
    # A program that ends itself before its tests leaves the token out.
    return done.returncode == 0 and done.stdout == token.encode()


@cache
def isolation() -> tuple[str, ...]:
    """What a command begins with to be alone; nothing where the system allows no such namespaces."""
    if shutil.which(ISOLATED[0]) is None:
        return ()
    tried = subprocess.run([*ISOLATED, "true"], capture_output=True, timeout=2 * SECONDS, check=False)
    return ISOLATED if tried.returncode == 0 else ()
