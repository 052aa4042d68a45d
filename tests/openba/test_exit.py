"""What an exception of a command comes to: text and exit code."""

from __future__ import annotations

import errno

import pytest

from manifests.errors import DataShortError, UserError
from manifests.stop_signals import StopSignal
from openba.cli.exit import run


def ends(error: BaseException) -> int:
    """The exit code of a command that ends with ``error``."""

    def action() -> int:
        raise error

    return run(action, ["corpus", "--run", "my run"])


def test_an_error_of_the_user_is_its_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(UserError("holds no text", where="a.txt", fix="write some")) == 1
    assert capsys.readouterr().err == "error: a.txt: holds no text; write some\n"


def test_too_little_text_has_a_code_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(DataShortError("100 tokens short")) == 3
    assert capsys.readouterr().err == "error: 100 tokens short\n"


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (StopSignal(2), 130), (StopSignal(15), 143)]
)
def test_a_signal_is_128_and_its_number(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(error) == code
    assert capsys.readouterr().err == "interrupted\n"


def test_what_the_system_refuses_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(OSError(errno.EROFS, "Read-only file system", "/mnt/prompts.txt")) == 1
    message = "error: /mnt/prompts.txt: Read-only file system; name a folder that can be written to\n"
    assert capsys.readouterr().err == message


def test_anything_else_shows_where_it_happened_and_how_to_report_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends(ZeroDivisionError("division by zero")) == 1
    *trace, last = capsys.readouterr().err.splitlines()
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-1] == "ZeroDivisionError: division by zero"
    assert last.startswith("This is a bug in openba-pipeline ")
    assert "'ZeroDivisionError: division by zero'" in last
    assert last.endswith("from `openba corpus --run 'my run'`")


def test_a_pipe_that_breaks_elsewhere_is_not_passed_over(capfd: pytest.CaptureFixture[str]) -> None:
    assert ends(BrokenPipeError("a worker is gone")) == 1
    assert "BrokenPipeError: a worker is gone" in capfd.readouterr().err
