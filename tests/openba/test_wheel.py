"""The wheel holds everything that a run outside the checkout needs."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("openba", "manifests", "pipeline", "curriculum", "trainer")
LEFT_OUT = shutil.ignore_patterns("__pycache__")


def test_presets_rules_templates_and_types_are_in_the_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=LEFT_OUT)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        ".",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
    ]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("openba_pipeline-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (entries,) = (name for name in names if name.endswith("entry_points.txt"))
        assert "openba = openba.cli.main:entry" in archive.read(entries).decode()
    data = [
        *ROOT.glob("manifests/**/*.yaml"),
        *ROOT.glob("manifests/**/*.html"),
        *ROOT.glob("pipeline/**/*.yaml"),
    ]
    assert len(data) > 10
    assert {path.relative_to(ROOT).as_posix() for path in data} <= names
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
