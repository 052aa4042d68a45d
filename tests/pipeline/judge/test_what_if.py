"""What other rules would do is what they do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

import openba
from manifests.errors import UserError
from manifests.schema.base import load
from manifests.schema.rules import Rule
from manifests.schema.steps import StepManifest
from openba.cli.main import main
from pipeline.judge.rule_changes import RuleChange, changed_rules
from pipeline.judge.what_if import WhatIf, what_if

RULES = [
    Rule(name="short", signal="characters", languages=("en",), min=15.0, max=99.0),
    Rule(name="few_han", signal="han_ratio", languages=("zh",), min=0.5),
]


def asked(run: Path, *changes: str, sample: int = 0) -> WhatIf:
    return what_if(run, [RuleChange.of(change) for change in changes], sample, lambda texts: texts)


def test_the_rules_of_the_run_change_nothing(small_run: tuple[Path, Path]) -> None:
    manifest = load(small_run[1] / "quality" / "manifest.json", StepManifest)
    bounds = {rule["name"]: rule["min"] for rule in manifest.settings["rules"]}
    found = asked(small_run[1], f"zh_web_v2/short_text.min={bounds['zh_web_v2/short_text']}")
    assert (found.documents, found.kept) == (manifest.documents_in, manifest.documents_kept)
    assert (found.moves, found.examples) == ({}, [])


def test_the_answer_is_what_the_step_then_decides(small_run: tuple[Path, Path], tmp_path: Path) -> None:
    file, run = small_run
    changes = ["zh_web_v2/short_text.min=40", "gopher_v2/few_words=off", "zh_web_v2/letters.max=none"]
    found = asked(run, *changes)
    assert found.count(fall=True) > 50
    assert found.count(fall=False) > 5
    other = tmp_path / "run"
    for step in ("ingest", "language", "quality"):
        shutil.copytree(run / step, other / step)
    assert main(["quality", "--corpus", str(changed(file, tmp_path)), "--run", str(other)]) == 0
    before, after = (kept(one) for one in (run, other))
    assert found.count(fall=True) == len(before - after)
    assert found.count(fall=False) == len(after - before)


def changed(file: Path, folder: Path) -> Path:
    """The manifest with rules of its own in the place of those of its sets."""
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    mine = {"languages": ["zh"], "signal": "characters", "min": 40.0, "name": "zh_web_v2/short_text"}
    off: list[dict[str, Any]] = [
        {"name": name, "signal": "words", "languages": [], "min": 0.0}
        for name in ("gopher_v2/few_words", "zh_web_v2/letters")
    ]
    own = {rule["name"] for rule in (mine, *off)}
    rest = [rule for rule in data["quality"].get("rules", []) if rule["name"] not in own]
    data["quality"]["rules"] = [*rest, mine, *off]
    return write(data, folder / "corpus.yaml")


def write(data: dict[str, Any], path: Path) -> Path:
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def kept(run: Path) -> set[str]:
    return set(openba.kept(run, "quality").to_table(["id"])["id"].to_pylist())


def test_examples_say_which_and_why(small_run: tuple[Path, Path]) -> None:
    found = asked(small_run[1], "zh_web_v2/short_text.min=40", sample=7)
    assert len(found.examples) == 7
    known = openba.kept(small_run[1], "quality").to_table(["id", "text"]).to_pydict()
    texts = dict(zip(known["id"], known["text"], strict=True))
    for moved in found.examples:
        assert moved.after == f"zh_web_v2/short_text: characters {len(texts[moved.id])} < 40"
        assert (moved.before, moved.language) == ("", "zh")
        assert texts[moved.id].startswith(moved.text)


def test_what_is_shown_is_scrubbed(small_run: tuple[Path, Path]) -> None:
    def masked(texts: pa.Array) -> pa.Array:
        return pa.array(["masked"] * len(texts))

    found = what_if(small_run[1], [RuleChange("zh_web_v2/short_text", "min", 40.0)], 2, masked)
    assert {moved.text for moved in found.examples} == {"masked"}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("a.min=1", RuleChange("a", "min", 1.0)),
        ("set_v1/b.max=-2.5", RuleChange("set_v1/b", "max", -2.5)),
        ("set_v1/b.c.max=none", RuleChange("set_v1/b.c", "max", None)),
        ("set_v1/b=off", RuleChange("set_v1/b", "off")),
    ],
)
def test_changes_are_read(change: str, wanted: RuleChange) -> None:
    assert RuleChange.of(change) == wanted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("a.min", "'' is no number"),
        ("a=1", "'a=1' is no change of a rule"),
        ("a.mean=1", "no change of a rule"),
        ("a.min=x", "'x' is no number"),
        ("a.max=inf", "'inf' is no number"),
        ("a.max=nan", "'nan' is no number"),
        (".min=1", "no change of a rule"),
        ("a.min=1=2", "'1=2' is no number"),
    ],
)
def test_what_is_no_change_is_refused(change: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        RuleChange.of(change)


def test_rules_are_changed_in_their_places() -> None:
    changes = [RuleChange("short", "min", 20.0), RuleChange("few_han", "off")]
    assert [(rule.name, rule.own) for rule in changed_rules(RULES, changes)] == [("short", (20.0, 99.0))]
    both = [RuleChange("short", "min", 200.0), RuleChange("short", "max", 300.0)]
    assert changed_rules(RULES, both)[0].own == (200.0, 300.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (RuleChange("shrot", "min", 1.0), "there is no rule 'shrot'.*did you mean short"),
        (RuleChange("zebra", "off"), "the run judged by: short, few_han"),
        (RuleChange("short", "min", 100.0), "min 100 is above max 99: it would drop all"),
        (RuleChange("few_han", "min", None), "'few_han' would have no bound left.*few_han=off"),
    ],
)
def test_impossible_changes_are_refused(change: RuleChange, message: str) -> None:
    with pytest.raises(UserError, match=message):
        changed_rules(RULES, [change])


def test_the_command_prints_counts_and_documents(
    small_run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["whatif", "zh_web_v2/short_text.min=40", "--run", str(small_run[1]), "--sample", "2"]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert lines[0] == (
        f"of {found['documents']:,} documents {found['kept']:,} are kept: {found['fall']:,} of them would "
        "fall, and 0 would come back"
    )
    assert lines[1] == f"  {found['fall']:9,}  zh    kept -> zh_web_v2/short_text"
    assert sum("falls by zh_web_v2/short_text: characters" in line for line in lines) == 2
    assert len(found["examples"]) == 2


def test_a_run_without_a_quality_step_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["whatif", "a=off", "--run", str(tmp_path)]) == 1
    assert "the quality step has not been run" in capsys.readouterr().err
