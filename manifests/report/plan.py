"""The page of a plan, and its summary in a few lines."""

from __future__ import annotations

from pathlib import Path

from manifests.files import atomic_write
from manifests.report.number_format import count, share, short, size
from manifests.report.plan_pictures import days_text, memory_picture, mixture_picture, rate_picture
from manifests.report.template import rendered
from manifests.schema.plan import Plan


def write_plan(plan: Plan, target: Path) -> Path:
    """Writes the page and returns its path. The same plan gives the same bytes."""
    with atomic_write(target) as temporary:
        temporary.write_text(plan_page(plan), encoding="utf-8")
    return target


def plan_page(plan: Plan) -> str:
    """The page: one file that needs no other."""
    pictures = {
        "rates": rate_picture(plan),
        "mixture": mixture_picture(plan),
        "memory": memory_picture(plan),
    }
    summary = plan_summary(plan)
    return rendered("plan.html", {"plan": plan, "summary": summary, "days": days_text, **pictures})


def plan_summary(plan: Plan) -> list[tuple[str, str]]:
    """Pairs of what and figures."""
    layout, cluster, cheapest = plan.layout, plan.cluster, plan.cheapest
    return [
        ("model", f"{short(plan.parameters)} parameters, {count(plan.vocabulary)} rows of embedding"),
        ("training", f"{count(plan.steps)} steps, {short(plan.tokens)} tokens, in {len(plan.stages)} stages"),
        ("sets", plan.shards),
        ("operations", _operations(plan)),
        (
            "layout",
            f"{layout.name}, on {_number(cluster.gpus, 'GPU')} of {size(cluster.memory)} in "
            f"{_number(cluster.hosts, 'host')}",
        ),
        ("memory", _memory(plan)),
        (
            "cheapest that fits",
            f"{cheapest.name}: {days_text(cheapest.days)}, {short(cheapest.cost)}"
            if cheapest
            else "none: take more GPUs",
        ),
        (
            "time",
            f"{days_text(layout.days)}; {days_text(plan.shortest_days)} if the network's time is hidden",
        ),
        (
            "cost",
            f"{short(layout.cost)} at {cluster.price:g} for a GPU and an hour; {short(plan.energy)} kWh",
        ),
        (
            "checkpoints",
            f"{size(plan.checkpoint)} each, {size(plan.checkpoints)} for those that stay",
        ),
        ("warnings", str(len(plan.warnings)) if plan.warnings else "none"),
    ]


def _number(count_: int, what: str) -> str:
    return f"{count(count_)} {what}{'s' * (count_ > 1)}"


def _operations(plan: Plan) -> str:
    more = f", and {plan.recomputed:.3g} that recompute does again" if plan.recomputed else ""
    return f"{plan.flops:.4g} FLOP{more}"


def _memory(plan: Plan) -> str:
    memory, cluster = plan.layout.memory, plan.cluster
    verdict = "fits" if plan.layout.fits else "does not fit"
    return (
        f"{size(memory.gpu)} of a GPU ({share(memory.gpu, cluster.memory)}), {size(memory.host)} of a host: "
        f"{verdict}"
    )
