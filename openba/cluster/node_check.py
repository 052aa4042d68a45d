"""Whether every node of a cluster has the same Ray, Python and code, and sees the same storage."""

from __future__ import annotations

import hashlib
import os
import platform
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from manifests.errors import UserError
from manifests.files import sha256
from manifests.os_errors import os_errors_explained
from manifests.output import say
from openba.cluster.arguments import Places
from pipeline.runtime.engines.ray_address import check_address, unreachable

SECONDS = 180
"""How long a node has to answer; its first worker copies our code."""


@dataclass(frozen=True)
class Sight:
    """What a process sees: versions, the hash of our code, and what is wrong with its storage."""

    ray: str
    python: str
    code: str
    wrong: str = ""

    def __str__(self) -> str:
        return f"Ray {self.ray}, Python {self.python}, code {self.code[:8]}, {self.wrong or 'storage seen'}"

    @classmethod
    def here(cls, wrong: str = "") -> Sight:
        """That of this process."""
        return cls(ray.__version__, platform.python_version(), _code(), wrong)


@dataclass(frozen=True)
class Probe:
    """What a node looks for. ``folder``: one that the driver has made in the run folder, in which each node
    leaves a file; ``files``: hashes of the manifests."""

    working_folder: str
    folder: str
    key: str
    files: dict[str, str]

    def looked(self, node: str) -> str:
        """What is wrong here; "" if nothing is."""
        try:
            return self._looked(node)
        except OSError as error:
            return f"{error.filename}: {error.strerror}"

    def _looked(self, node: str) -> str:
        if not Path(self.working_folder).is_dir():
            return f"{self.working_folder} is not there"
        for name, expected in self.files.items():
            if sha256(Path(name)) != expected:
                return f"{name} is another file"
        if self.folder:
            if (Path(self.folder) / "driver").read_text(encoding="utf-8") != self.key:
                return f"{self.folder} is another folder"
            (Path(self.folder) / node).write_text(self.key, encoding="utf-8")
        return ""


def check_nodes(places: Places) -> None:
    """Says a line for each node of the cluster that RAY_ADDRESS names.

    Raises:
        UserError: a node has another Ray, Python or code, or does not see the storage.
    """
    with _connected(), _probe(places) as probe:
        nodes = [node for node in ray.nodes() if node["Alive"]]
        asked = {node["NodeID"]: _asked(node["NodeID"], probe) for node in nodes}
        ray.wait(list(asked.values()), num_returns=len(asked), timeout=SECONDS)
        wrong = [node for node in nodes if not _told(node, asked[node["NodeID"]], probe)]
    if wrong:
        names = ", ".join(node["NodeManagerAddress"] for node in wrong)
        raise UserError(
            f"{len(wrong)} of {len(nodes)} nodes cannot take part ({names})",
            fix="see their lines above: all need the same environment, and the run folder and manifests "
            "under the same path",
        )


def _asked(node: str, probe: Probe) -> Any:
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    return _look.options(scheduling_strategy=here).remote(probe, node)


@ray.remote(num_cpus=0, max_retries=1)  # type: ignore[untyped-decorator]
def _look(probe: Probe, node: str) -> Sight:
    return Sight.here(probe.looked(node))


def _told(node: dict[str, Any], answer: Any, probe: Probe) -> bool:
    """Says a node's line; whether all is well there."""
    title = f"node {node['NodeManagerAddress']}, {node['Resources'].get('CPU', 0):g} CPUs"
    try:
        sight: Sight = ray.get(answer, timeout=0)
    except Exception as error:  # whatever Ray could not do there
        say(f"{title}: no answer ({type(error).__name__}: {str(error).strip().splitlines()[-1][:200]})")
        return False
    if not sight.wrong and probe.folder and not (Path(probe.folder) / node["NodeID"]).exists():
        sight = Sight.here(f"what it writes into {probe.folder} does not arrive")
    say(f"{title}: {sight}")
    return sight == Sight.here()


@contextmanager
def _connected() -> Iterator[None]:
    address = os.environ.get("RAY_ADDRESS", "auto")
    check_address(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="error")
    except (ConnectionError, RuntimeError) as error:
        raise unreachable(address, str(error)) from None
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _probe(places: Places) -> Iterator[Probe]:
    files = {str(path.resolve()): _hash_on_the_head(path) for path in places.files}
    if places.run is None:
        yield Probe(str(Path.cwd()), "", "", files)
        return
    folder, key = places.run.resolve() / f".nodes-{secrets.token_hex(4)}", secrets.token_hex(16)
    with os_errors_explained(folder):
        folder.mkdir(parents=True)
        (folder / "driver").write_text(key, encoding="utf-8")
    try:
        yield Probe(str(Path.cwd()), str(folder), key, files)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):
            folder.parent.rmdir()  # where the run is still to be made


def _hash_on_the_head(path: Path) -> str:
    if not path.is_file():
        raise UserError("is not on the cluster", where=path.resolve(), fix="put it where every node sees it")
    return sha256(path)


@cache
def _code() -> str:
    """The hash of all our code, as this process would import it."""
    return _digest(sorted(Path(__file__).parents[2] / name for name in _packages()))


def _packages() -> Sequence[str]:
    from openba.cluster.jobs import PACKAGES

    return PACKAGES


def _digest(packages: Sequence[Path]) -> str:
    found = hashlib.sha256()
    for package in packages:
        for path in sorted(package.rglob("*.py")):
            found.update(f"{path.relative_to(package.parent)}\0".encode() + path.read_bytes())
    return found.hexdigest()
