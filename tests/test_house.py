"""How the packages stand to each other: floors, no circles, what only one room may import, short files."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "manifests": set(),
    "pipeline": {"manifests"},
    "curriculum": {"manifests"},
    "trainer": {"manifests", "curriculum"},
    "openba": {"manifests", "pipeline", "curriculum", "trainer"},
}
"""The floors. ``__main__`` files are doors, which open to the command line on top."""
ROOMS = {
    "ray": ("pipeline/runtime/engines/", "trainer/ray_launch.py", "openba/cluster/"),
    "deepspeed": ("trainer/engine.py",),
    "apache_beam": ("pipeline/runtime/",),
    "transformers": ("trainer/export/huggingface/",),
    "cryptography": ("manifests/ed25519_keys.py", "manifests/signature.py"),
    "pip": ("pipeline/setup/pip_archive.py",),
}
SPEAKERS = (
    "manifests/output.py",
    "trainer/monitor/terminal.py",
    "openba/cli/app.py",
    "pipeline/setup/pip_archive.py",
)
"""What may write to a terminal: two show its escapes, the third prints help in colour, the last is a program
whose lines another one reads."""
MOST_LINES = 300


def files(*packages: str) -> list[Path]:
    """Source files of some packages, relative to the root."""
    return sorted(path.relative_to(ROOT) for package in packages for path in (ROOT / package).rglob("*.py"))


@cache
def imports(file: Path) -> frozenset[str]:
    """Dotted names that a file imports anywhere in it, in functions and for type checking too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if is_module(name) else node.module for name in inner}
    return frozenset(names)


def is_module(name: str) -> bool:
    """Whether a dotted name is one of our files or packages, and not a name within one."""
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def module(file: Path) -> str:
    """The dotted name of a file."""
    return ".".join((file.parent if file.name == "__init__.py" else file.with_suffix("")).parts)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_go_down_the_floors(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = {
        str(file): sorted(name for name in imports(file) if name.split(".")[0] in MAY_IMPORT.keys() - allowed)
        for file in files(package)
        if file.name != "__main__.py"
    }
    assert {file: names for file, names in wrong.items() if names} == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    sources = {module(file): file for file in files(*MAY_IMPORT) if file.name != "__main__.py"}
    graph = {name: imports(file) & sources.keys() - {name} for name, file in sources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' -> '.join(error.args[1])}")


def test_what_runs_steps_knows_none_of_them() -> None:
    runtime = [file for file in files("pipeline") if file.parts[1] == "runtime"]
    wrong = {
        str(file): {name for name in imports(file) if name.startswith("pipeline.steps")} for file in runtime
    }
    assert len(wrong) > 20
    assert {file: names for file, names in wrong.items() if names} == {}


@pytest.mark.parametrize("library", ROOMS)
def test_a_library_is_known_in_its_room_only(library: str) -> None:
    users = [
        file for file in files(*MAY_IMPORT) if any(name.split(".")[0] == library for name in imports(file))
    ]
    assert users, f"nothing imports {library}"
    assert [str(file) for file in users if not str(file).startswith(ROOMS[library])] == []


def speaks(file: Path) -> list[int]:
    """Lines on which a file writes to the standard streams by itself."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ways = (
        "print",
        "sys.stdout.write",
        "sys.stderr.write",
        "typer.echo",
        "click.echo",
        "traceback.print_exc",
    )
    return [call.lineno for call in calls if ast.unparse(call.func) in ways]


def test_what_is_shown_goes_through_the_place_that_shows_escapes() -> None:
    assert speaks(Path("manifests/output.py")) != []
    found = {str(file): speaks(file) for file in files(*MAY_IMPORT) if str(file) not in SPEAKERS}
    assert {file: lines for file, lines in found.items() if lines} == {}


def test_no_file_is_long() -> None:
    lengths = {
        str(file): len((ROOT / file).read_text(encoding="utf-8").splitlines())
        for file in files(*MAY_IMPORT, "benchmarks", "examples", "tests")
    }
    assert {file: lines for file, lines in lengths.items() if lines > MOST_LINES} == {}
