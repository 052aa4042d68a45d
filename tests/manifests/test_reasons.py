"""Every reason for which a step or a reader rejects is explained, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from manifests.schema.documents import STEPS
from manifests.schema.reasons import PAIR_REASONS, REASONS

PIPELINE = Path(__file__).parents[2] / "pipeline"
FILES = [*(PIPELINE / "readers").rglob("*.py"), *(PIPELINE / "steps").rglob("*.py")]
KNOWN = {reason for reasons in (*REASONS.values(), PAIR_REASONS) for reason in reasons}
ERRORS = ("DamagedFileError", "BrokenResponseError")


def strings(node: ast.AST) -> Iterator[str]:
    """The constants of an expression, and those that an f-string begins with."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
            yield part.value


def given(tree: ast.AST) -> Iterator[str]:
    """What is passed as a ``reason``, or is the first argument of an error that has one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "reason" and isinstance(keyword.value, ast.Constant):
                    yield from strings(keyword.value)
            if isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                yield from strings(node.args[0])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_reason_that_is_given_is_explained(file: Path) -> None:
    for reason in given(ast.parse(file.read_text(encoding="utf-8"))):
        assert reason in KNOWN or any(known.startswith(reason) for known in KNOWN if reason.endswith("_"))


def test_every_reason_that_is_explained_is_given() -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in FILES)
    made = {f"truncated_{kind}" for kind in ("gzip", "zstd", "bz2", "xz")}
    assert [reason for reason in sorted(KNOWN - made) if f'"{reason}"' not in source] == []


def test_the_steps_are_those_of_a_run() -> None:
    assert [step for step in STEPS if step in REASONS] == list(REASONS)
    assert all(text.strip() for reasons in REASONS.values() for text in reasons.values())
