"""What the project asks of its own files: short ones, and a docstring on everything that others may use."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("openba", "manifests", "pipeline", "curriculum", "trainer", "examples")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def public(body: list[ast.stmt], path: str = "") -> Iterator[tuple[str, Definition]]:
    """Public classes, functions and methods with their dotted names; what a function defines inside itself is
    nobody's to use."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield path + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{path}{node.name}.")


class Documentation:
    """Who documents what: methods by class, and the classes' bases, over many modules."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._bases: dict[str, list[str]] = {}
        self._documented: set[tuple[str, str]] = set()
        for node in (
            node
            for source in sources
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.ClassDef)
        ):
            self._bases[node.name] = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
            self._documented |= {
                (node.name, name) for name, one in public(node.body) if ast.get_docstring(one)
            }

    def inherited(self, cls: str, method: str) -> bool:
        """Whether a base of the class, or a base of that, documents the method."""
        return any(
            (base, method) in self._documented or self.inherited(base, method)
            for base in self._bases.get(cls, ())
        )

    def missing(self, source: str) -> list[str]:
        """Names of a module's public definitions that have no docstring, neither of their own nor of what
        they override."""
        tree = ast.parse(source)
        without = [name for name, node in public(tree.body) if ast.get_docstring(node) is None]
        missing = [
            name
            for name in without
            if not self.inherited(*name.split(".")[-2:] if "." in name else ("", name))
        ]
        return missing if ast.get_docstring(tree) or not tree.body else ["module", *missing]


def test_the_check_finds_what_it_should() -> None:
    source = (
        'class A:\n    """A."""\n    def b(self): "B."\n    def c(self): ...\n    def _d(self): ...\n'
        'class E(A):\n    """E."""\n    def b(self): ...\n    def c(self): ...\n'
        'def b():\n    """B."""\n    def f(): ...\ndef g(): ...\nclass H: ...\n'
    )
    assert Documentation([source]).missing(source) == ["module", "A.c", "E.c", "g", "H"]
    assert len(FILES) > 150


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_has_a_docstring(package: str) -> None:
    sources = {path: path.read_text(encoding="utf-8") for path in FILES}
    documentation = Documentation(sources.values())
    mine = {path.relative_to(ROOT): documentation.missing(source) for path, source in sources.items()}
    assert {
        str(path): missing for path, missing in mine.items() if missing and path.parts[0] == package
    } == {}
