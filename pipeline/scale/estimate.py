"""A corpus of a size on a fleet: what it takes, and what gives out."""

from __future__ import annotations

from collections.abc import Sequence

from manifests.schema.fleet import Fleet
from manifests.schema.rates import Rates
from manifests.schema.scale import Scale, ScaledStep
from pipeline.scale.model import READERS, WRITERS, Burden, Model
from pipeline.scale.simulation import simulated
from pipeline.scale.walls import walls


def scaled(tokens: int, measured: Sequence[Rates], fleet: Fleet) -> Scale:
    """A corpus of so many tokens on a fleet, and the limits that it meets.

    Raises:
        UserError: as Model.
    """
    model = Model(measured, fleet)
    text = model.text_bytes(tokens)
    found = walls(model, fleet, tokens)
    return Scale(
        tokens=tokens,
        text_bytes=int(text),
        measured=tuple(_told(rates) for rates in measured),
        fleet=fleet,
        steps=tuple(_step(load, fleet) for load in model.loads(text)),
        walls=tuple(wall for wall in found if wall.tokens <= tokens),
        beyond=tuple(wall for wall in found if wall.tokens > tokens),
        assumptions=_assumptions(fleet),
    )


def _step(load: Burden, fleet: Fleet) -> ScaledStep:
    requests = load.request_seconds(fleet) / load.tasks
    found = simulated(load.tasks, load.task_seconds / load.tasks, requests, fleet)
    hours = (found.seconds + load.driver_seconds) / 3600
    return ScaledStep(
        step=load.step,
        core_hours=load.task_seconds / 3600,
        driver_hours=load.driver_seconds / 3600,
        tasks=load.tasks,
        shuffled=load.shuffled,
        reads=load.reads,
        writes=load.writes,
        written=load.written,
        task_memory=load.task_memory,
        driver_memory=load.driver_memory,
        wall_hours=hours,
        cost=_cost(load, hours, fleet),
        simulated=found,
    )


def _cost(load: Burden, hours: float, fleet: Fleet) -> float:
    nodes = (fleet.nodes + 1) * fleet.price_node * hours
    requests = load.reads / 1000 * fleet.price_reads + load.writes / 1000 * fleet.price_writes
    return nodes + requests + load.written / 1e9 * fleet.price_storage * fleet.months


def _told(rates: Rates) -> str:
    text, tokens = f"{rates.text_bytes / 1e6:.1f} MB of text", f"{rates.tokens:,} tokens"
    return f"{rates.corpus}: {text}, {tokens}, on {rates.machine}"


def _assumptions(fleet: Fleet) -> tuple[str, ...]:
    """What the figures rest on: the measured runs, the shuffle's constants, and the fleet's keys with their
    texts."""
    own = (
        "CPU seconds, bytes, files and memory of each step: measured in the runs named above; lines through "
        "the smallest and the largest, by bytes of text",
        f"a shuffle has at most {WRITERS} writers and {READERS} readers, each of which asks every writer's "
        "file once: constants of pipeline/runtime/exchange.py",
    )
    named = (
        f"{name} = {getattr(fleet, name)}: {' '.join((key.description or '').split())}"
        for name, key in type(fleet).model_fields.items()
        if name not in ("version", "kind")
    )
    return (*own, *named)
