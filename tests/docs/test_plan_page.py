"""The preset's plan in the documentation is the plan."""

from __future__ import annotations

from pathlib import Path

from manifests.report.plan import plan_summary
from manifests.schema.base import load
from manifests.schema.cluster import Cluster
from openba.plan import plan_training
from tests.curriculum.plan.sound import PRESET
from tests.curriculum.plan.test_warnings import PLANTED

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "plan.md").read_text(encoding="utf-8")


def test_the_plan_of_the_preset_is_as_the_guide_says() -> None:
    cluster = load(PRESET / "cluster.yaml", Cluster)
    plan = plan_training(PRESET / "curriculum.yaml", corpus=PRESET / "corpus.yaml", cluster=cluster)
    assert [line for what, figures in plan_summary(plan) if (line := f"{what}: {figures}") not in PAGE] == []
    assert [stage.steps for stage in plan.stages if f"{stage.steps:,}" not in PAGE] == []


def test_the_guide_names_every_kind_of_warning() -> None:
    assert [kind for kind in PLANTED if f"`{kind}`" not in PAGE] == []
