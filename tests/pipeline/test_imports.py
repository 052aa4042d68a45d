"""How the pipeline's modules depend on each other, and what importing them does."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imports(source: str) -> set[str]:
    """The modules of ours that a module imports anywhere: inside functions, and for types alone, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.startswith("pipeline.")}


def graph(package: str) -> dict[str, set[str]]:
    names = {}
    for path in (ROOT / package).rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return {name: (imports(path.read_text("utf-8")) & set(names)) - {name} for name, path in names.items()}


def test_no_module_of_the_pipeline_needs_itself() -> None:
    modules = graph("pipeline")
    assert len(modules) > 100
    assert "pipeline.runtime.context" in modules["pipeline.runtime.phases"]
    TopologicalSorter(modules).prepare()


def test_a_circle_is_found_even_where_it_is_for_types_alone() -> None:
    source = "if TYPE_CHECKING:\n    from pipeline.b import B\ndef f():\n    import pipeline.c\n"
    assert {"pipeline.b", "pipeline.c"} <= imports(source)
    with pytest.raises(CycleError):
        TopologicalSorter({"pipeline.a": {"pipeline.b"}, "pipeline.b": {"pipeline.a"}}).prepare()


def test_the_floor_of_the_runtime_knows_no_step() -> None:
    modules = graph("pipeline")
    low = {name: needs for name, needs in modules.items() if name.startswith("pipeline.runtime.")}
    assert {
        name for name, needs in low.items() if any(need.startswith("pipeline.steps") for need in needs)
    } == set()


WORK = """
import os, sys
before = dict(os.environ)
import pipeline
assert not {"numba", "apache_beam", "pyarrow", "numpy"} & set(sys.modules)
import pipeline.runtime.worker_start, pipeline.text.similarity.minhash, pipeline.steps.registry
import numba
assert dict(os.environ) == before
assert not [finder for finder in sys.meta_path if type(finder).__module__.startswith("pipeline")]
print(repr(numba.config.CACHE_DIR))
"""


def test_importing_sets_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert done.stdout == "''\n"
