"""Hosts on one machine: network namespaces on a bridge, each with its address, its processes, its scratch folder and
its shared memory, that can be killed, cut off and slowed down."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

PORT = 6379
SHARED_MEMORY, OBJECT_STORE = "250m", 100_000_000
PERIOD, AWAKE = 1.0, 0.1
"""Of a host that is slowed tenfold: the seconds between two stops, and the share of them that it works."""


def why_not() -> str:
    """Why there can be no such hosts here; "" if there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "unshare", "nsenter", "mount") if shutil.which(name) is None]
    if missing:
        return f"there is no {missing[0]}"
    tried = subprocess.run(["unshare", "-n", "-m", "-p", "--fork", "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else "this system allows no namespaces"


@dataclass
class Host:
    """One host. ``first``: the process that all others of it descend from, and that ends with it."""

    name: str
    address: str
    link: str
    scratch: Path
    first: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number here of its process 1."""
        assert self.first is not None
        return int(Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text().split()[0])

    def processes(self, word: str = "") -> list[int]:
        """Its processes, by their numbers here, with a word in their command line."""
        space = Path(f"/proc/{self.pid}/ns/pid").readlink()
        return [pid for pid in _pids() if _of(pid, space) and word in _command_line(pid)]

    def inside(self, command: Sequence[str]) -> list[str]:
        """The command that runs another one on the host."""
        here = ["env", f"--chdir={Path.cwd()}"]
        return ["nsenter", "-t", str(self.pid), "-m", "-p", "-n", "--", *here, *command]


@dataclass
class Hosts:
    """So many hosts with a Ray node each, of so many CPUs; the first one is the head. To be used as a context: in the
    end nothing of them is left."""

    count: int = 3
    cpus: int = 1
    hosts: list[Host] = field(default_factory=list)
    _left: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Hosts:
        mark = secrets.token_hex(2)
        self.bridge, network = f"ob{mark}", f"10.{77 + int(mark[:2], 16) % 100}.{int(mark[2:], 16)}"
        scratch = Path(tempfile.mkdtemp(prefix="oh-", dir="/tmp"))
        self._left.callback(shutil.rmtree, scratch, ignore_errors=True)
        self.own = scratch / "own"  # where each host has its own scratch folder
        self.own.mkdir()
        try:
            self._add("link", "add", self.bridge, "type", "bridge", undo=("link", "del", self.bridge))
            _ip("addr", "add", f"{network}.1/24", "dev", self.bridge)
            _ip("link", "set", self.bridge, "up")
            self.outside = f"{network}.1"
            for number in range(self.count):
                self.hosts.append(self._connected(number, mark, network, scratch))
                self.start(number)
        except BaseException:
            self._left.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._left.close()

    @property
    def address(self) -> str:
        """Of the cluster."""
        return f"{self.hosts[0].address}:{PORT}"

    def start(self, number: int) -> None:
        """Starts a host, and Ray on it; returns when its raylet runs."""
        host = self.hosts[number]
        shutil.rmtree(host.scratch, ignore_errors=True)
        host.scratch.mkdir(parents=True)
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", f"--num-cpus={self.cpus}"]
        ray += [f"--node-ip-address={host.address}", "--disable-usage-stats"]
        ray += [f"--object-store-memory={OBJECT_STORE}"]
        head = ["--head", f"--port={PORT}", "--include-dashboard=false", f"--temp-dir={self.own}"]
        ray += [f"--address={self.address}"] if number else head
        script = (
            f"ip link set lo up; mount -t tmpfs -o size={SHARED_MEMORY} tmpfs /dev/shm; "
            f'mount --bind {host.scratch} {self.own}; exec "$@"'
        )
        host.first = subprocess.Popen(
            ["ip", "netns", "exec", host.name, "unshare", "-m", "-p", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh", *ray],
            env=self.environment(), stdout=(host.scratch / "out").open("wb"), stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._left.callback(self.kill, number)
        out = host.scratch / "out"
        _until(lambda: "Ray runtime started" in out.read_text(), f"Ray starts on {host.name}")

    def environment(self) -> dict[str, str]:
        """Of a program on a host."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        own |= {"RAY_AUTH_MODE": "disabled", "RAY_memory_monitor_refresh_ms": "0", "TMPDIR": str(self.own)}
        own |= {"RAY_worker_niceness": "0"}
        return own | {"RAY_health_check_timeout_ms": "5000", "RAY_health_check_period_ms": "3000"}

    def kill(self, number: int) -> None:
        """Ends a host at once, as a power cut would."""
        first = self.hosts[number].first
        if first is not None and first.poll() is None:
            first.kill()
            first.wait()

    @contextmanager
    def cut_off(self, number: int) -> Iterator[None]:
        """No packet goes to a host or comes from it until the block ends."""
        _ip("link", "set", self.hosts[number].link, "down")
        try:
            yield
        finally:
            _ip("link", "set", self.hosts[number].link, "up")

    @contextmanager
    def slowed(self, number: int) -> Iterator[None]:
        """A host works a tenth of the time until the block ends."""
        end, host = threading.Event(), self.hosts[number]
        thread = threading.Thread(target=_stop_and_go, args=(host, end), daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def driver(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Starts a program on the head, with the address of the cluster."""
        head = self.hosts[0]
        with log.open("ab") as out:
            return subprocess.Popen(
                head.inside(command), env=self.environment() | {"RAY_ADDRESS": self.address}, stdout=out, stderr=out, start_new_session=True
            )  # fmt: skip

    def _connected(self, number: int, mark: str, network: str, scratch: Path) -> Host:
        name, address = f"ob{mark}h{number}", f"{network}.{10 + number}"
        self._add("netns", "add", name, undo=("netns", "del", name))
        ends = ("type", "veth", "peer", "name", "eth0", "netns", name)
        self._add("link", "add", f"{name}v", *ends, undo=("link", "del", f"{name}v"))
        _ip("link", "set", f"{name}v", "master", self.bridge, "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        return Host(name, address, f"{name}v", scratch / f"h{number}")

    def _add(self, *words: str, undo: Sequence[str]) -> None:
        _ip(*words)
        self._left.callback(_ip, *undo)


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def _until(true: object, what: str, seconds: float = 120) -> None:
    assert callable(true)
    deadline = time.monotonic() + seconds
    while True:
        with suppress(OSError, IndexError):
            if true():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _of(pid: int, space: Path) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/ns/pid").readlink() == space
    return False


def _command_line(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _stop_and_go(host: Host, end: threading.Event) -> None:
    def send(number: int) -> None:
        for pid in host.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    while not end.is_set():
        with suppress(OSError, IndexError):
            send(signal.SIGSTOP)
            end.wait(PERIOD * (1 - AWAKE))
            send(signal.SIGCONT)
            end.wait(PERIOD * AWAKE)
    with suppress(OSError, IndexError):
        send(signal.SIGCONT)
