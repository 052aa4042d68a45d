"""What a larger corpus takes follows from smaller ones: lines, limits, chances; the page shows it, escaped."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.errors import UserError
from manifests.report.scale import scale_page, scale_summary
from manifests.schema.fleet import Fleet
from manifests.schema.rates import Rates, StepRate
from manifests.schema.scale import Scale
from openba.cli.main import main
from pipeline.runtime import exchange
from pipeline.scale import model
from pipeline.scale.estimate import scaled
from pipeline.scale.fit import growth
from pipeline.scale.model import Model, shuffle_reads
from pipeline.scale.simulation import simulated
from pipeline.steps.dedup import buckets

CALM = Fleet(slow_tasks=0, faults=0)


def rates(mb: int, corpus: str = "measured") -> Rates:
    """A run of so many MB: 2 s once and 0.1 s a MB in tasks, 0.01 s a MB besides, 300 MB and 0.5 of each."""
    steps = tuple(
        StepRate(
            step=name,
            task_seconds=2 + 0.1 * mb,
            driver_seconds=0.01 * mb,
            peak_memory=300_000_000 + 500_000 * mb,
            written=900_000 * mb,
            files=4 * (mb // 8),
            parts=mb // 8,
            groups=3 if name == "dedup" else 0,
            shuffled=60_000 * mb if name == "dedup" else 0,
        )
        for name in ("ingest", "dedup", "shards")
    )
    return Rates(
        corpus=corpus,
        machine="a processor",
        text_bytes=mb * 10**6,
        tokens=mb * 250_000,
        part_bytes=8 * 10**6,
        steps=steps,
    )


def of_two_sizes(tokens: int = 400 * 10**9, fleet: Fleet | None = None) -> Scale:
    return scaled(tokens, [rates(8), rates(80)], fleet or Fleet())


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(1, 1e6), st.floats(1.1, 1e3))
def test_a_line_is_found_again(fixed: float, slope: float, small: float, times: float) -> None:
    sizes = (small, small * times)
    found = growth([(size, fixed + slope * size) for size in sizes])
    for size in (*sizes, sizes[1] * 10):
        assert found(size) == pytest.approx(fixed + slope * size, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(st.floats(1, 1e9), st.floats(0, 1e9)), min_size=1, max_size=4))
def test_a_figure_is_never_below_zero_nor_falls(points: list[tuple[float, float]]) -> None:
    found = growth(points)
    assert 0 <= found(1) <= found(1e3) <= found(1e12)


def test_one_size_is_in_proportion() -> None:
    assert growth([(8.0, 4.0)])(80.0) == 40.0


def test_what_is_done_once_is_told_from_what_grows() -> None:
    (load, *_) = Model([rates(8), rates(80)], CALM).loads(800e6)
    assert load.task_seconds == pytest.approx(82)
    assert load.driver_seconds == pytest.approx(8)
    assert load.driver_memory == pytest.approx(700e6)
    assert load.task_memory == pytest.approx(332e6), "of a part of 64 MB"
    assert (load.tasks, load.writes, load.reads) == (13, 52, 52)


def test_a_shuffle_asks_for_each_range_of_each_writer_and_no_more_than_its_limits() -> None:
    assert shuffle_reads(0) == 0
    assert shuffle_reads(1e6) == 1
    assert shuffle_reads(1 << 30) == 8 * 64
    assert shuffle_reads(1e15) == 500 * 2000


def test_runs_of_other_steps_are_refused() -> None:
    other = rates(8).model_copy(update={"steps": rates(8).steps[:2]})
    with pytest.raises(UserError, match="have not the same steps; measure one corpus at several sizes"):
        Model([rates(8), other], CALM)


@given(st.integers(1, 500), st.floats(0.01, 100), st.integers(1, 5), st.integers(1, 8))
def test_without_chances_tasks_fill_the_cores(tasks: int, seconds: float, nodes: int, cores: int) -> None:
    fleet = CALM.model_copy(update={"nodes": nodes, "cores": cores})
    found = simulated(tasks, seconds, 0.0, fleet)
    assert found.seconds == pytest.approx(seconds * -(-tasks // (nodes * cores)))
    assert (found.faults, found.retried) == (0, 0)
    assert found.stragglers == pytest.approx(0, abs=1e-6)
    assert found.store == pytest.approx(0, abs=1e-6)


def test_a_store_that_cannot_answer_more_is_what_is_waited_for() -> None:
    found = simulated(1000, 1.0, 0.5, CALM)
    assert found.seconds == pytest.approx(500), "half a second of the store a task, whatever the cores"
    assert found.store > 0.9 * 1000 * 250


def test_nodes_that_fail_cost_what_their_cores_are_at() -> None:
    fleet = CALM.model_copy(update={"faults": 8760.0})  # one an hour
    found = simulated(5000, 600.0, 0.0, fleet)
    assert found.retried == pytest.approx(5000 * (1 - 2.718281828 ** (-1 / 6)) / 0.846, rel=0.1)
    assert 0 < found.faults < found.retried * 600


def test_the_same_seed_gives_the_same_events_and_another_one_others() -> None:
    one = simulated(2000, 10.0, 0.001, Fleet())
    assert simulated(2000, 10.0, 0.001, Fleet()) == one
    assert simulated(2000, 10.0, 0.001, Fleet(seed=2)) != one


def test_the_first_three_walls_are_named_in_their_order() -> None:
    found = of_two_sizes()
    walls = [*found.walls, *found.beyond]
    assert [wall.tokens for wall in walls] == sorted(wall.tokens for wall in walls)
    assert walls[0].name == "memory of the driver"
    # 300 MB and .5 bytes a byte of text, of which a token has 4, in 64 GB
    assert walls[0].tokens == pytest.approx((64e9 - 300e6) / 0.5 / 4, rel=2e-3)
    assert walls[0].at_size == "800.3 GB of 64"
    assert len(walls) >= 3
    assert of_two_sizes(10**6).walls == ()


def test_costs_are_nodes_requests_and_storage() -> None:
    found = of_two_sizes(fleet=CALM)
    fleet = found.fleet
    nodes = 65 * fleet.price_node * found.wall_hours
    store = sum(step.written for step in found.steps) / 1e9 * fleet.price_storage
    requests = sum(step.reads * fleet.price_reads + step.writes * fleet.price_writes for step in found.steps)
    assert found.cost == pytest.approx(nodes + store + requests / 1000)


def test_the_page_shows_it_escaped() -> None:
    evil = '<script>alert("x")</script>'
    page = scale_page(scaled(10**9, [rates(8, evil), rates(80, evil)], Fleet()))
    assert evil not in page
    assert "&lt;script&gt;" in page
    for text in ("memory of the driver", "OSDI 2010, Mantri", "Where the time goes", "a processor"):
        assert text in page
    assert page.count("<svg") == 2


def test_every_assumption_has_its_source() -> None:
    marks = ("(", "Of your choice", "measure", "constants of", "Of the simulation", "there")
    for line in of_two_sizes().assumptions:
        assert any(mark in line for mark in marks), line


def test_the_command_says_what_the_page_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mb in (8, 80):
        (tmp_path / str(mb)).mkdir()
        (tmp_path / str(mb) / "rates.json").write_text(rates(mb).model_dump_json(), encoding="utf-8")
    runs = [str(tmp_path / "8"), str(tmp_path / "80")]
    command = ["scale", *runs, "--tokens", "400 B", "--fleet", "nodes=10", "--fleet", "memory=128 GB"]
    assert main([*command, "--to", str(tmp_path / "scale.html")]) == 0
    shown = capsys.readouterr().out
    fleet = Fleet.model_validate({"nodes": 10, "memory": "128 GB"})
    for what, figures in scale_summary(of_two_sizes(fleet=fleet)):
        assert f"{what}: {figures}" in shown
    assert (tmp_path / "scale.html").exists()
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tokens"] == 400 * 10**9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tokens", "many"], "'many' is not a token quantity"),
        (["--tokens", "1 B", "--fleet", "nodes=none"], "--fleet: nodes: "),
        (["--tokens", "1 B", "--fleet", "speeed=2"], "--fleet: speeed: "),
        (["--tokens", "1 B"], "rates.json: "),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["scale", str(tmp_path), *arguments]) != 0
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_the_model_of_a_shuffle_has_its_constants() -> None:
    assert (model.WRITER_BYTES, model.WRITERS) == (exchange.SOURCE_BYTES, exchange.FILES)
    assert (model.BUCKET_BYTES, model.READERS) == (buckets.BUCKET_BYTES, exchange.RANGES)
