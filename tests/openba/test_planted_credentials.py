"""Nothing that a run writes, prints or logs holds a credential of the addresses it reads from."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
import yaml
from fsspec.implementations.memory import MemoryFileSystem

from openba.cli.main import main

ROOT = Path(__file__).parents[2]
PLANTED = "wJalrXUtnFEMIK7MDENG"
URL = f"signed://user:{PLANTED}@host.example/one?X-Amz-Signature={PLANTED}&part=1"
LINE = "A plain sentence of a page that says something new, for the {} time, to whoever reads it here.\n"
PAGE = "".join(map(LINE.format, range(40))).encode()


class Signed(MemoryFileSystem):
    """Files behind signed addresses; what fails tells the whole address, as web clients do."""

    protocol = "signed"
    store: dict[str, Any] = {}  # noqa: RUF012 (as MemoryFileSystem has it)
    fails: type[Exception] | None = None

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path)

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, **how: Any) -> Any:
        return {path: {"name": path, "size": len(PAGE), "ETag": "1"}}

    def unstrip_protocol(self, name: str) -> str:
        return name

    def _open(self, path: str, *_: Any, **__: Any) -> Any:
        if self.fails:
            raise self.fails(f"403, message='Forbidden', url='{path}'")
        return io.BytesIO(PAGE)


@pytest.fixture
def corpus(tmp_path: Path) -> Iterator[Path]:
    """A manifest with a signed source."""
    fsspec.register_implementation("signed", Signed, clobber=True)
    file = tmp_path / "corpus.yaml"
    smallest = yaml.safe_load((ROOT / "manifests/presets/smallest/corpus.yaml").read_text(encoding="utf-8"))
    lines = {"document": "line", "format": "text"}
    smallest["sources"] = [{"name": "signed", "path": URL, **lines}]
    file.write_text(yaml.safe_dump(smallest), encoding="utf-8")
    yield file
    Signed.fails = None


def everything(folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """All that a command printed, and the names and bytes of all files."""
    shown = capsys.readouterr()
    files = [path for path in folder.rglob("*") if path.is_file()]
    content = "".join(f"{path}\n{path.read_bytes().decode('latin-1')}" for path in files)
    return shown.out + shown.err + content


def test_a_run_from_a_signed_address_keeps_its_signature_nowhere(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["ingest", "--corpus", str(corpus), "--run", str(run), "--verbose"]) == 0
    assert main(["report", str(run)]) == 0
    found = everything(run, capsys)
    assert "X-Amz-Signature=***&part=1" in (run / "ingest" / "manifest.json").read_text(encoding="utf-8")
    assert PLANTED not in found
    kept = json.loads((run / "ingest" / "manifest.json").read_text(encoding="utf-8"))["documents_kept"]
    assert kept == 40


def test_another_signature_of_the_same_address_is_no_change(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["ingest", "--corpus", str(corpus), "--run", str(tmp_path / "run"), "--quiet"]
    assert main(arguments) == 0
    corpus.write_text(
        corpus.read_text(encoding="utf-8").replace(PLANTED, "AnotherSignature99"), encoding="utf-8"
    )
    capsys.readouterr()
    assert main(arguments) == 0
    assert "as it was" in capsys.readouterr().out


@pytest.mark.parametrize("kind", [OSError, PermissionError, RuntimeError, ValueError])
@pytest.mark.parametrize("verbose", [True, False])
def test_a_read_that_fails_tells_no_credentials(
    tmp_path: Path,
    corpus: Path,
    kind: type[Exception],
    verbose: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Signed.fails = kind
    run = tmp_path / "run"
    assert main(["ingest", "--corpus", str(corpus), "--run", str(run), *(["-v"] if verbose else [])]) == 1
    found = everything(run, capsys)
    assert "403, message='Forbidden'" in found
    assert "***@host.example" in found
    assert PLANTED not in found


def test_what_fails_in_a_worker_tells_no_credentials(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    arguments = ["ingest", "--corpus", str(corpus), "--run", str(run), "--verbose"]
    assert main(arguments) == 0
    for name in ("manifest.json", "part-00000.arrow"):
        (run / "ingest" / name).unlink()
    for file in (run / "ingest").rglob("*.json"):
        if not file.name.startswith(".inputs"):
            file.unlink()
    Signed.fails = RuntimeError
    assert main(arguments) == 1
    found = everything(run, capsys)
    assert "403, message='Forbidden'" in found
    assert PLANTED not in found


def test_a_log_line_of_a_library_is_masked_and_escaped(
    tmp_path: Path, corpus: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from openba.cli.options import set_verbosity

    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    set_verbosity(verbose=True, quiet=True)
    try:
        raise RuntimeError(f"{URL}\x1b]0;owned\x07")
    except RuntimeError:
        logging.getLogger("s3fs").exception("could not read %s", URL)
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert PLANTED not in shown
    assert "\x1b" not in shown
