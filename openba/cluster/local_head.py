"""A Ray head on this machine, to try jobs with: its ports, its folder, its token, its processes, and no
others."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from manifests.border.json_files import read_object
from manifests.errors import UserError
from manifests.files import write_json
from openba.cluster.dashboard import headers, ray_version
from openba.cluster.marked_processes import VARIABLE, end, marked

HOST = "127.0.0.1"
OBJECT_STORE = 200_000_000
"""Bytes of shared memory: parts go through files, never through it."""
PORTS = ("--port", "--dashboard-port", "--ray-client-server-port", "--dashboard-agent-listen-port")


@dataclass(frozen=True)
class LocalHead:
    """A head that was started here. ``mark``: of its processes (see marked_processes); ``folder``: Ray's
    own, sockets and logs."""

    mark: str
    port: int
    dashboard_port: int
    folder: str

    @property
    def address(self) -> str:
        """Of its dashboard, which jobs are submitted to."""
        return f"http://{HOST}:{self.dashboard_port}"

    @property
    def token(self) -> str:
        """What it wants from those who come; no other user can read it."""
        return token_file().read_text(encoding="utf-8")

    @property
    def processes(self) -> int:
        """How many of its processes there are."""
        return len(marked(self.mark))


def token_file() -> Path:
    """Where the token is."""
    return _notes() / "token"


def local_head() -> LocalHead | None:
    """The head that was started here, if any of its processes lives."""
    try:
        head = LocalHead(**read_object(_notes() / "head.json"))
    except FileNotFoundError:
        return None
    return head if marked(head.mark) else None


def start(cpus: int) -> LocalHead:
    """Starts one.

    Raises:
        UserError: there is one already, or it does not come up.
    """
    if local_head():
        raise UserError("a local cluster runs already", fix="use it, or end it with `openba cluster down`")
    stop()
    head, ports = _noted()
    try:
        _start(head, ports, cpus)
    except BaseException:
        stop()
        raise
    return head


def stop() -> bool:
    """Ends the head's processes and removes its folder. Whether there was one."""
    file = _notes() / "head.json"
    if not file.exists():
        return False
    head = LocalHead(**read_object(file))
    end(head.mark)
    shutil.rmtree(head.folder, ignore_errors=True)
    shutil.rmtree(_notes())
    return True


def _notes() -> Path:
    return Path.home() / ".cache" / "openba-pipeline" / "cluster"


def _noted() -> tuple[LocalHead, dict[str, int]]:
    """A head that is written down before it is started, so that it can be ended whatever happens."""
    ports = _free_ports()
    # short, for the path of a socket has 107 bytes
    folder = tempfile.mkdtemp(prefix="openba-ray-", dir="/tmp")
    head = LocalHead(secrets.token_hex(8), ports["--port"], ports["--dashboard-port"], folder)
    write_json(_notes() / "head.json", asdict(head))
    descriptor = os.open(token_file(), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(secrets.token_hex(32))
    return head, ports


def _free_ports() -> dict[str, int]:
    with ExitStack() as held:
        sockets = {name: held.enter_context(socket.create_server((HOST, 0))) for name in PORTS}
        return {name: opened.getsockname()[1] for name, opened in sockets.items()}


def _start(head: LocalHead, ports: dict[str, int], cpus: int) -> None:
    options = [f"{name}={port}" for name, port in ports.items()]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", f"--node-ip-address={HOST}"),
            *(*options, "--min-worker-port=0", "--max-worker-port=0", f"--num-cpus={cpus}"),
            *(f"--dashboard-host={HOST}", f"--temp-dir={head.folder}", "--disable-usage-stats"),
            f"--object-store-memory={OBJECT_STORE}",
        ],
        env=_environment(head),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        why = " ".join(done.stdout.split())[-500:]
        raise UserError(f"Ray did not start ({why})", where=head.folder, fix="see its logs there")
    ray_version(head.address, headers(head.token))


def _environment(head: LocalHead) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    own.pop("RAY_ADDRESS", None)
    return own | {
        VARIABLE: head.mark,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token_file()),
    }
