"""What is loaded before there is any work: little enough for half a second."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import openba

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "apache_beam", "ray", "deepspeed", "pyarrow", "numpy", "numba", "pandas", "yaml"}


def loaded(statement: str) -> set[str]:
    """Names of the modules after a statement, in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print('loaded', *sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.rpartition("loaded ")[2].split())


def test_the_library_loads_nothing_heavy() -> None:
    assert not loaded("import openba") & (HEAVY | {"typer", "rich", "pydantic"})


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["corpus", "--corpus", "c"]])
def test_the_command_line_alone_loads_nothing_heavy(arguments: list[str]) -> None:
    names = loaded(f"from openba.cli.main import main; main({arguments})")
    assert "typer" in names
    assert not names & HEAVY


def test_the_curriculum_is_read_without_torch() -> None:
    assert "torch" not in loaded("import openba; openba.curriculum")


def test_every_public_name_is_there() -> None:
    assert dir(openba) == sorted(openba.__all__)
    assert all(getattr(openba, name).__doc__ for name in openba.__all__)
    with pytest.raises(AttributeError, match="no attribute 'kpet'"):
        openba.kpet  # noqa: B018


def test_steps_from_python_say_nothing_of_what_beam_does_not_find(tmp_path: Path) -> None:
    call = f"openba.run_steps({str(tmp_path / 'none.yaml')!r}, {str(tmp_path / 'run')!r})"
    work = f"import contextlib, openba.steps\nwith contextlib.suppress(openba.steps.UserError):\n    {call}"
    done = subprocess.run(
        [sys.executable, "-c", work],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
