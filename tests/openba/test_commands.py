"""The command ``openba``: its help, its exit codes and its JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import manifests.__main__
import pipeline.__main__
import trainer.__main__
from manifests.check import KINDS
from openba.cli.app import command
from openba.cli.main import main
from tests.manifests.small_run import build_corpus

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "demo setup check corpus ingest language quality dedup privacy decontaminate shards quality-report "
    "calibrate measure scale plan train evaluate benchmark generate export import report verify schema near redact "
    "share sign replay seen switch amend status whatif rejects why "
    "cluster submit "
).split()
DEMO = ROOT / "manifests" / "presets" / "demo"


def test_the_commands_are_these() -> None:
    assert set(command().commands) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    text = capsys.readouterr().out
    assert f"Usage: openba {name}" in text
    assert f"openba {name}" in text.partition("Examples:")[2]


def test_python_m_is_the_same_command_line() -> None:
    assert pipeline.__main__.main is trainer.__main__.main is manifests.__main__.main is main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "error: No such command 'trian'. Did you mean 'train'?; see `openba --help`"),
        (["train", "--run", "r"], "error: Missing option '--curriculum'; see `openba train --help`"),
        (["corpus", "--speed"], "error: No such option: --speed; see `openba corpus --help`"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"{message}\n")


def test_without_a_command_there_is_help_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "decontaminate" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "--curriculum", "c.yaml", "--run", "memory://bucket/run"],
        ["generate", "--curriculum", "c.yaml", "--run", "memory://bucket/run"],
        ["demo", "--run", "memory://bucket/run"],
    ],
)
def test_a_training_in_an_object_store_is_refused_in_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert capsys.readouterr().err == (
        "error: memory://bucket/run: a training cannot be in an object store yet; name a folder of this "
        "machine\n"
    )


def test_another_python_is_refused_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(sys, "version_info", (3, 13, 2))
        assert main(["corpus"]) == 1
    assert "this is Python 3.13.2, but openba needs Python 3.11; install it" in capsys.readouterr().err


def test_check_gives_errors_and_warnings_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nkind: rules\nname: mine\nrulse: []\n", encoding="utf-8")
    curriculum = DEMO.parent / "openba-15b" / "curriculum.yaml"
    assert main(["check", str(wrong), str(curriculum), "--json"]) == 1
    bad, good = json.loads(capsys.readouterr().out)
    assert (bad["file"], bad["kind"]) == (str(wrong), None)
    assert any("rulse" in line and "correct its spelling" in line for line in bad["errors"])
    assert (good["kind"], good["errors"]) == ("CurriculumManifest", [])
    assert "always the chunk's end" in good["warnings"][0]


def test_every_line_of_a_manifests_errors_is_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("version: 1\nkind: curriculum\nnmae: mine\n", encoding="utf-8")
    assert main(["check", str(wrong)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) > 1
    assert all(line.startswith(f"error: {wrong}: ") for line in lines)


def test_schema_is_that_of_the_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "corpus"]) == 0
    assert json.loads(capsys.readouterr().out) == KINDS["corpus"].model_json_schema()
    assert main(["schema", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == list(KINDS)
    assert main(["schema", "recipe"]) == 1
    assert "name one of assets, cluster, corpus" in capsys.readouterr().err


def test_verify_and_report_give_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_corpus(tmp_path)
    assert main(["verify", str(tmp_path), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["documents"], found["problems"]) == (13, [])
    (tmp_path / "ingest" / "part-00000.arrow").unlink()
    assert main(["verify", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"] == [
        f"{tmp_path / 'ingest' / 'part-00000.arrow'}: missing"
    ]
    assert main(["report", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["summary"]["privacy"] == "email 17, phone cn 9"
    assert Path(report["report"]).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "openba", "schema", "corpus"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_steps_as_json_and_nothing_to_do(
    small_run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--corpus", str(small_run[0]), "--run", str(small_run[1])]
    assert main(["corpus", *arguments, "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["step"] for line in lines] == COMMANDS[4:11]
    assert not any(line["worked"] for line in lines)
    for line in lines:
        assert line["documents_in"] == line["documents_kept"] + line["documents_rejected"] > 0
    assert main(["privacy", *arguments]) == 0
    assert capsys.readouterr().out.endswith("as it was\n")
