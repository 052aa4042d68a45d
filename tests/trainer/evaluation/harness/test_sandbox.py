"""Programs of models: what passes, and what they cannot do."""

from __future__ import annotations

import pytest

from trainer.evaluation.harness import sandbox
from trainer.evaluation.harness.sandbox import isolation, passes


def test_a_program_passes_if_it_comes_to_its_end() -> None:
    assert passes("def one():\n    return 1\nassert one() == 1\n")
    assert passes("print('日' * 100_000)\n")


@pytest.mark.parametrize(
    "program",
    [
        "assert 1 == 2",
        "def broken(:",
        "import sys\nsys.exit(0)\nassert False",
        "import os\nos._exit(0)",
        "open('large', 'wb').write(bytes(1 << 22))",
        "bytes(1 << 30)",
        "import os\nassert 'HOME' in os.environ",
    ],
)
def test_a_program_that_fails_or_asks_for_too_much_does_not(program: str) -> None:
    assert not passes(program)


def test_a_program_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "SECONDS", 1)
    assert not passes("while True:\n    pass")


def test_a_program_has_no_network() -> None:
    if not isolation():
        pytest.skip("this system gives no namespaces to a user")
    assert passes("import socket\nassert [name for _, name in socket.if_nameindex()] == ['lo']")
