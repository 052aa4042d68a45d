"""Names and values that were made to be carried out by a terminal, on every kind of line of the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from openba.cli.main import main

ROOT = Path(__file__).parents[2]
TITLE = "\x1b]0;owned\x07\x9b31m\r\x08\u202e"
SHOWN = "\\x1b]0;owned\\x07\\u009b31m\\x0d\\x08\\u202e"


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """What was printed: nothing that a terminal carries out, and the name as it is written."""
    captured = capsys.readouterr()
    found = captured.out + captured.err
    assert not set(found) & set("\x1b\x07\x9b\r\x08\u202e")
    return found


def test_a_manifest_of_a_hostile_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / f"{TITLE}.yaml"
    assert main(["check", str(file)]) == 1
    assert f"{SHOWN}.yaml: no such manifest" in shown(capsys)
    file.write_text(
        "version: 1\nkind: corpus\nname: '\\u001b[31m'\n" + '"\\e]0;owned": 1\n', encoding="utf-8"
    )
    assert main(["check", str(file)]) == 1
    assert f"{SHOWN}.yaml: " in shown(capsys)
    assert main(["check", "--json", str(file)]) == 1
    assert json.loads(capsys.readouterr().out)[0]["file"] == str(file)


def test_a_run_folder_of_a_hostile_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("verify", "report"):
        assert main([command, str(tmp_path / TITLE)]) == 1
        assert SHOWN in shown(capsys)


def test_a_word_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--{TITLE}"]) == 2
    assert "see `openba --help`" in shown(capsys)


def test_files_and_fields_of_hostile_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / f"{TITLE}.jsonl").write_text(f"{json.dumps({TITLE: 1})}\n" * 300, encoding="utf-8")
    manifest = yaml.safe_load((ROOT / "manifests/presets/smallest/corpus.yaml").read_text(encoding="utf-8"))
    manifest["sources"] = [{"name": "pages", "path": "pages", "format": "jsonl"}]
    (tmp_path / "corpus.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    code = main(["ingest", "--corpus", str(tmp_path / "corpus.yaml"), "--run", str(tmp_path / "run"), "-v"])
    assert code == 1
    found = shown(capsys)
    assert f"found {SHOWN}" in found
    assert "missing_text" in found


def test_an_error_in_a_program_shows_hostile_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(file: Path) -> None:
        raise RuntimeError(f"{TITLE} of {file}")

    monkeypatch.setattr("manifests.check.check", fail)
    assert main(["check", TITLE]) == 1
    assert f"RuntimeError: {SHOWN} of {SHOWN}" in shown(capsys)
