"""What a source declares as code: it is code, or unfit, and never prose."""

from __future__ import annotations

import asyncio.protocols
import email.charset
import graphlib
import gzip
import inspect
import json
import re
import tokenize
from pathlib import Path
from types import ModuleType

import pytest

from tests.pipeline.steps.language.test_language_step import ENGLISH, FRENCH, HANS, identify, needs_model

SHARED = Path(__file__).parents[5] / "shared" / "corpus"


@needs_model
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x" * 98 + "=", True),
        ("x" * 99 + "=", True),
        ("x" * 100 + "=", False),
        ("take a b c;", True),
        ("take a b c d e;", False),
        ("take a b c d e f g h; i; j; k;", True),
        ("take a b c d e f g h i j k l m n; o; p;", False),
    ],
)
def test_code_has_a_mark_for_a_hundred_bytes_and_three_for_ten_marks_of_prose(text: str, code: bool) -> None:
    found = identify([text], source="code", min_score=0.0)
    assert found.kept.column("language").to_pylist() == ["code"] * code
    assert found.rejected.column("reason").to_pylist() == ["not_code"] * (not code)


@needs_model
def test_what_a_source_declares_as_code_is_code_or_unfit_and_never_prose() -> None:
    texts = [inspect.getsource(tokenize), ENGLISH, HANS, FRENCH, "# This directory is a package.\n", ""]
    found = identify(texts, source="code")
    assert found.kept.column("language").to_pylist() == ["code"]
    assert found.kept.column("language_score").to_pylist() == [1]
    assert found.rejected.column("reason").to_pylist() == ["not_code"] * 5
    assert found.rejected.column("language").to_pylist() == [None] * 5
    assert found.rejected.column("detail").to_pylist()[3] == "0 of code, 0.16 of prose"
    assert "code" not in identify(texts[:1]).kept.column("language").to_pylist()


@needs_model
@pytest.mark.parametrize("module", [graphlib, re, asyncio.protocols, email.charset])
def test_programs_that_explain_themselves_at_length_are_code(module: ModuleType) -> None:
    found = identify([inspect.getsource(module)], source="code")
    assert found.kept.column("language").to_pylist() == ["code"]


@needs_model
@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
def test_of_real_programs_hardly_any_is_unfit_and_none_is_prose() -> None:
    with gzip.open(SHARED / "code_pypi.jsonl.gz") as file:
        texts = [text for text in (json.loads(line)["text"] for line in file) if len(text) > 200]
    found = identify(texts, source="code")
    assert set(found.kept.column("language").to_pylist()) == {"code"}
    assert set(found.rejected.column("reason").to_pylist()) == {"not_code"}
    assert found.rejected.num_rows <= 0.03 * len(texts)


@needs_model
def test_a_module_of_statements_is_code_though_most_of_it_is_documentation() -> None:
    words = "The base of the errors that the readers of this package raise when a file cannot be read"
    errors = "".join(
        f'class Error{at}(Exception):\n    """{words} {at}."""\n\n    pass\n\n\n' for at in range(6)
    )
    prose = "".join(f"Error{at} is the class of errors.\n    {words}\n\n" for at in range(6))
    found = identify([errors, prose], source="code", min_score=0.0)
    assert found.kept.column("text").to_pylist() == [errors]
    assert found.rejected.column("reason").to_pylist() == ["not_code"]


@needs_model
def test_a_module_that_only_imports_names_is_code() -> None:
    names = "".join(f"    ExtractIsoWeekDay{place},\n" for place in range(40))
    found = identify([f"from .datetime import (\n{names})\n", names.replace(",", "")], source="code")
    assert found.kept.column("id").to_pylist() == ["code:0"]
    assert found.rejected.column("reason").to_pylist() == ["not_code"]
