"""Which code decides what a curriculum trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from curriculum.plugins import all_plugins, stage_plugins
from manifests.files import sha256
from manifests.plugins import PluginError
from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.toy import curriculum_manifest, stage

MODULES = {"losses": "def low(record): ...", "mine": "class Copy: ...", "watch": "class Watch: ..."}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    return tmp_path


def manifest(metric: str = "losses:low") -> CurriculumManifest:
    """A stage that ends by a metric of the user's own, a stage with an objective of theirs, and a callback."""
    ends = stage("ends", {"en": 1.0}, 12_800, until={"threshold": {"metric": metric, "below": 1.0}})
    own = stage("own", {"en": 1.0}, 12_800, objective={"kind": "plugin", "use": "mine:Copy"})
    plain = curriculum_manifest(own).model_dump(mode="json", exclude_none=True)
    plain["stages"].append(ends)
    plain["train"] |= {"callbacks": ["watch:Watch"], "evaluate_every": 10}
    return CurriculumManifest.model_validate(plain)


def test_the_objectives_and_metrics_of_the_stages_decide_the_training(folder: Path) -> None:
    found = stage_plugins(manifest().stages, folder)
    assert found == {
        "mine:Copy": sha256(folder / "mine.py"),
        "losses:low": sha256(folder / "losses.py"),
    }


def test_callbacks_are_plug_ins_too(folder: Path) -> None:
    found = all_plugins(manifest(), folder)
    assert found == stage_plugins(manifest().stages, folder) | {"watch:Watch": sha256(folder / "watch.py")}


def test_another_code_is_another_fingerprint(folder: Path) -> None:
    before = stage_plugins(manifest().stages, folder)
    (folder / "losses.py").write_text("def low(record): return 0", encoding="utf-8")
    after = stage_plugins(manifest().stages, folder)
    assert before["losses:low"] != after["losses:low"]
    assert before["mine:Copy"] == after["mine:Copy"]


def test_a_metric_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(PluginError, match="plug-in gone:low: there is no module 'gone'"):
        stage_plugins(manifest("gone:low").stages, folder)
