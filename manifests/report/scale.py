"""The page of what a corpus of a size takes, and its summary in a few lines."""

from __future__ import annotations

from pathlib import Path

from manifests.files import atomic_write
from manifests.report.number_format import count, short, size
from manifests.report.plan_pictures import days_text
from manifests.report.scale_pictures import time_picture, wall_picture
from manifests.report.template import rendered
from manifests.schema.scale import Scale


def write_scale(scale: Scale, target: Path) -> Path:
    """Writes the page and returns its path. The same figures give the same bytes."""
    with atomic_write(target) as temporary:
        temporary.write_text(scale_page(scale), encoding="utf-8")
    return target


def scale_page(scale: Scale) -> str:
    """The page: one file that needs no other."""
    content = {
        "scale": scale,
        "summary": scale_summary(scale),
        "hours": hours_text,
        "walls": wall_picture(scale),
        "time": time_picture(scale),
    }
    return rendered("scale.html", content)


def scale_summary(scale: Scale) -> list[tuple[str, str]]:
    """Pairs of what and figures."""
    fleet, steps = scale.fleet, scale.steps
    requests = sum(step.reads + step.writes for step in steps)
    task, driver = (max(getattr(step, name) for step in steps) for name in ("task_memory", "driver_memory"))
    first = [*scale.walls, *scale.beyond][:3]
    return [
        ("corpus", f"{short(scale.tokens)} tokens of {size(scale.text_bytes)} of text"),
        (
            "fleet",
            f"{count(fleet.nodes)} nodes and a driver, of {fleet.cores} cores and {size(fleet.memory)}",
        ),
        ("time", hours_text(scale.wall_hours)),
        ("cores", f"{short(sum(step.core_hours for step in steps))} core hours"),
        ("cost", f"{short(scale.cost)} at {fleet.price_node:g} for a node and an hour, with the store"),
        ("shuffled", size(sum(step.shuffled for step in steps))),
        ("storage", f"{size(sum(step.written for step in steps))}, in {short(requests)} requests"),
        (
            "memory",
            f"{size(task)} a task, {size(driver)} the driver",
        ),
        ("first walls", "; ".join(f"{wall.name} at {short(wall.tokens)} tokens" for wall in first)),
    ]


def hours_text(hours: float) -> str:
    """As ``days_text``; nothing is a dash."""
    return days_text(hours / 24) if hours else "–"
