"""Which command lines go to a cluster, and what they need to see there."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from openba.cli.app import command
from openba.cluster.arguments import Places, on_ray

LINE = ["ingest", "--corpus", "c.yaml", "--run", "runs/a"]


def test_ray_is_the_engine_unless_another_is_named() -> None:
    assert on_ray(LINE, command()) == [*LINE, "--engine", "ray"]
    assert on_ray([*LINE, "--engine", "local"], command()) == [*LINE, "--engine", "local"]


def test_the_run_and_the_manifests_are_looked_for() -> None:
    assert Places.of(LINE, command()) == Places(Path("runs/a"), (Path("c.yaml"),))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["report", "runs/a"], "'report' does not run on a cluster; call it here"),
        (["ingest", "--run", "runs/a"], "Missing option '--corpus'"),
        (["inject"], "No such command 'inject'"),
    ],
)
def test_a_wrong_line_is_refused_before_anything_is_sent(line: list[str], message: str) -> None:
    with pytest.raises(typer.TyperException) as caught:
        on_ray(line, command())
    assert message in caught.value.format_message()
