"""The locks say what the constraints and pyproject.toml say, without asking any index."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-tools.lock")
_ENTRY = re.compile(r"([a-z0-9-]+)==([\w.!]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def locked(name: str) -> dict[str, str]:
    """Versions by name, of a lock in which nothing stands but names, versions and hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    head, _, body = text.partition("\n")
    assert head == "# Made by `make lock`; not to be edited."
    assert _ENTRY.sub("", body) == "", "a line of the lock has no version or no SHA-256"
    return {found[1]: found[2] for found in _ENTRY.finditer(body)}


def pinned(file: str = "constraints.txt") -> dict[str, str]:
    """Versions by name of a list of pins, without the name of a build."""
    lines = (ROOT / file).read_text(encoding="utf-8").split()
    pairs = (line.split("==") for line in lines)
    return {canonicalize_name(name): release.partition("+")[0] for name, release in pairs}


def test_every_locked_version_is_the_pinned_one() -> None:
    pins = pinned()
    found = locked("requirements.lock")
    assert len(found) > 100
    assert {name: release for name, release in found.items() if pins.get(name) != release} == {}


def test_the_tools_have_their_pins_and_no_other() -> None:
    assert locked("requirements-tools.lock") == pinned("tools/requirements.txt")


def test_everything_that_pyproject_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    found = locked("requirements.lock")
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        assert name in found, f"{name} is in pyproject.toml and not in the lock; run make lock"
        assert requirement.specifier.contains(found[name]), name


def test_what_builds_us_is_locked() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]["requires"]
    found = locked("requirements-build.lock")
    assert all(Requirement(one).specifier.contains(found[Requirement(one).name]) for one in build)
    assert {"setuptools", "wheel", "pybind11", "cmake"} <= set(found)
    both = set(found) & set(locked("requirements.lock"))
    assert {name: found[name] for name in both} == {name: pinned()[name] for name in both}


def test_set_up_takes_nothing_that_is_not_in_a_lock() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "LOCKED := install --quiet --no-deps --require-hashes --no-build-isolation\n" in makefile
    recipe = makefile.split(".venv/.ready: pyproject.toml", 1)[1].split("\n\n", 1)[0]
    installs = [line.strip() for line in recipe.splitlines() if "$(PIP)" in line]
    assert [line for line in installs if "$(LOCKED)" not in line] == [
        "$(PIP) install --quiet --no-deps --no-build-isolation --editable .",
        "$(PIP) check",
    ]


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_index(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert "index" not in text


def test_this_environment_is_the_locked_one() -> None:
    found = {name: version(name).partition("+")[0] for name in ("numpy", "pyarrow", "ray", "deepspeed")}
    assert found == {name: locked("requirements.lock")[name] for name in found}
