"""Writes the locks: the environment at the versions of ``constraints.txt`` (``requirements.lock``), what
builds some of it (``requirements-build.lock``), and the tools around it (``requirements-tools.lock``, of
``tools/requirements.txt``), with the SHA-256 of each archive that pip may take on Linux (x86-64, arm64).

    python -m tools.lock          # make lock

The indexes and archives are those of pip's own settings. Nothing is downloaded but their lists of files, and
nothing of a package is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pip._internal.cli.cmdoptions import make_target_python
from pip._internal.commands import create_command
from pip._internal.commands.download import DownloadCommand
from pip._internal.index.package_finder import PackageFinder
from pip._internal.models.link import Link

from manifests.files import atomic_write, sha256

ROOT = Path(__file__).parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
LOCK = ROOT / "requirements.lock"
BUILD_LOCK = ROOT / "requirements-build.lock"
TOOLS = ROOT / "tools" / "requirements.txt"
TOOLS_LOCK = ROOT / "requirements-tools.lock"
PROJECT = "openba-pipeline"
EXTRAS = frozenset({"", "test", "docs", "sign", "s3", "eval"})
BUILD = {"setuptools": "84.2.1", "wheel": "0.48.0", "pybind11": "3.1.0", "cmake": "4.4.5"}
"""What builds deepspeed, fasttext-community and kenlm, which are source packages, and our own."""
MACHINES = ("x86_64", "aarch64")
# glibc 2.39 is Ubuntu 24.04's. Each is a tag of its own: pip takes a list literally.
_GLIBC = (*(f"manylinux_2_{minor}" for minor in range(5, 40)), "manylinux1", "manylinux2010", "manylinux2014")
_HEAD = "# Made by `make lock`; not to be edited.\n"


def pins(file: Path) -> dict[str, str]:
    """Versions of a list of pins by normalised name."""
    lines = file.read_text(encoding="utf-8").split()
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


def closure(name: str, extras: frozenset[str], seen: set[tuple[str, str]]) -> set[str]:
    """Normalised names of all that a package of this environment asks for, on Linux, with it.

    Raises:
        PackageNotFoundError: one of them is not installed.
    """
    found: set[str] = {canonicalize_name(name)}
    for extra in sorted(extras - {extra for one, extra in seen if one == name}):
        seen.add((name, extra))
        for requirement in map(Requirement, distribution(name).requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                wanted = frozenset(requirement.extras) | {""}
                found |= closure(canonicalize_name(requirement.name), wanted, seen)
    return found


def finders() -> Iterator[PackageFinder]:
    """pip's own search for archives, for each machine: wheels first, then whatever is there."""
    for machine in MACHINES:
        command = create_command("download")
        assert isinstance(command, DownloadCommand)
        platforms = [f"--platform={tag}_{machine}" for tag in (*_GLIBC, "linux")]
        options, _ = command.parse_args(
            ["--quiet", "--python-version=3.11", "--no-deps", "--only-binary=:none:", *platforms]
        )
        with command.main_context():
            session = command.get_default_session(options)
            yield command._build_package_finder(options, session, make_target_python(options), True)


def archives(finder: PackageFinder, name: str, version: str) -> Iterator[Link]:
    """The archives that pip may take: the wheels, or else the source package."""
    found = [one for one in finder.find_all_candidates(name) if str(one.version) == version]
    wheels = [one.link for one in found if one.link.is_wheel]
    yield from wheels or (one.link for one in found)


def hashed(link: Link) -> str:
    """The SHA-256 that the index tells, or that of a file on this machine.

    Raises:
        ValueError: there is neither.
    """
    if link.is_file:
        return sha256(Path(link.file_path))
    if link.hash_name != "sha256" or link.hash is None:
        raise ValueError(f"the index tells no SHA-256 of {link.filename}")
    return link.hash


def locked(names: Iterable[str], versions: dict[str, str], search: list[PackageFinder]) -> str:
    """The text of a lock.

    Raises:
        KeyError: a package has no pin.
        ValueError: its release has no archive for a machine. A build such as ``+cpu`` need not be for all.
    """
    lines = [_HEAD]
    for name in sorted(names):
        version = versions[name]
        hashes: set[str] = set()
        for machine, finder in zip(MACHINES, search, strict=True):
            found = {hashed(link) for link in archives(finder, name, version)}
            if not found and "+" not in version:
                raise ValueError(f"{name}=={version}: no archive for {machine}")
            hashes |= found
        tail = "".join(f" \\\n    --hash=sha256:{one}" for one in sorted(hashes))
        lines.append(f"{name}=={version.partition('+')[0]}{tail}\n")
    return "".join(lines)


def main() -> None:
    """Writes all of them."""
    versions, tools = pins(CONSTRAINTS), pins(TOOLS)
    search = list(finders())
    names = closure(PROJECT, EXTRAS, set()) - {PROJECT}
    for file, text in (
        (LOCK, locked(names, versions, search)),
        (BUILD_LOCK, locked(BUILD, BUILD, search)),
        (TOOLS_LOCK, locked(tools, tools, search)),
    ):
        with atomic_write(file) as temporary:
            temporary.write_text(text, encoding="utf-8")
        print(f"{file.name}: {text.count('==')} packages, {text.count('--hash')} archives")


if __name__ == "__main__":
    main()
