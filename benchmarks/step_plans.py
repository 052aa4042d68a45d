"""How long a step's plan takes, wherever it is, and what memory a curriculum takes: 400 B tokens, steps of 4,096
samples, mixtures of every form.

    python -m benchmarks.step_plans
"""

from __future__ import annotations

import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

from curriculum.curriculum import Curriculum
from curriculum.journal_events import Amendment, Rollback
from curriculum.mixture import _order
from manifests.output import say
from manifests.schema.curriculum import CurriculumManifest
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SIZES = {"en": 190 * 10**9, "zh": 190 * 10**9, "code": 20 * 10**9, "math": 7 * 10**9, "web": 3 * 10**9}
SHARDS = shard_manifest(SIZES)
RECIPE = {"en": 0.475, "zh": 0.475, "code": 0.05}
RATE = {"schedule": "cosine", "peak": 1e-4, "minimum": 1e-5, "warmup_steps": 2000}
STEPS = 300


def whole(mixture: Any, **changes: Any) -> CurriculumManifest:
    """One stage of 400 B tokens."""
    objective = {"kind": "ul2", "chunk": 568, "preset": "openba-released"}
    settings = {"objective": objective, "global_batch": 4096, "learning_rate": RATE, "used_up": "repeat"}
    return curriculum_manifest(stage("ul2", mixture, "400 B", **settings | changes))


def amended() -> Curriculum:
    """Ten amendments, each rolled back over once."""
    curriculum = Curriculum(whole(RECIPE), SHARDS)
    for number in range(10):
        step = 10_000 * (number + 1)
        mixture = {"en": 0.475 - number / 100, "zh": 0.475, "code": 0.05 + number / 100}
        curriculum.apply(Amendment(step=step, curriculum=whole(mixture), reason="more code"))
        curriculum.apply(Rollback(step=step + 500, to=step - 500, reason="spike"))
    return curriculum


def ramp() -> list[dict[str, Any]]:
    """Between five sets, over all of the stage."""
    return [
        {"tokens": 0, "shares": RECIPE},
        {"tokens": "200 B", "shares": {"en": 0.4, "zh": 0.4, "code": 0.2}},
        {"tokens": "400 B", "shares": {"en": 0.2, "zh": 0.2, "code": 0.2, "math": 0.3, "web": 0.1}},
    ]


def tempered() -> dict[str, Any]:
    """From sizes to shares that are more alike."""
    points = [{"tokens": 0, "value": 1}, {"tokens": "400 B", "value": 5}]
    return {"sets": list(SIZES), "temperature": points}


CURRICULA = {
    "shares of the recipe": lambda: Curriculum(whole(RECIPE), SHARDS),
    "shares without a common denominator": lambda: Curriculum(
        whole({"en": 0.4712, "zh": 0.4788123, "code": 0.0499877}), SHARDS
    ),
    "shares that change, five sets": lambda: Curriculum(whole(ramp()), SHARDS),
    "a temperature that changes, five sets": lambda: Curriculum(whole(tempered()), SHARDS),
    "sets that are used up": lambda: Curriculum(
        whole(
            {"en": 0.4, "zh": 0.4, "code": 0.1, "math": 0.05, "web": 0.05}, used_up="others",
        ),
        SHARDS,
    ),
    "blocks that are left whole": lambda: Curriculum(whole(RECIPE, leave_whole=2048), SHARDS),
    "ten amendments and rollbacks": amended,
}  # fmt: skip


def milliseconds(make: Callable[[], Any]) -> float:
    """Of processor time, since other programs may run beside."""
    start = time.process_time()
    make()
    return 1000 * (time.process_time() - start)


def steady(curriculum: Curriculum, k: int) -> float:
    """A step's plan, at best of five times."""
    return min(milliseconds(lambda: curriculum.step(k)) for _ in range(5))


def main() -> None:
    """Prints a line for each curriculum: to make it, a step (median and slowest of many at random, and the first
    one, when nothing is at hand), memory."""
    for name, make in CURRICULA.items():
        say(f"{name}: {measured(make)}")


def measured(make: Callable[[], Curriculum]) -> str:
    """The line of one curriculum."""
    draw = random.Random(1)
    tracemalloc.start()
    curriculum = make()
    steps = [draw.randrange(curriculum.total_steps) for _ in range(STEPS)]
    curriculum.step(steps[0])
    memory = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    made = milliseconds(make)
    _order.cache_clear()
    first = milliseconds(lambda: curriculum.step(steps[0]))
    times = [steady(curriculum, k) for k in steps]
    return (
        f"made in {made:.1f} ms; step(k) median {statistics.median(times):.2f} ms, slowest of {len(times)} "
        f"{max(times):.2f} ms, first {first:.2f} ms; {memory:.1f} MB"
    )


if __name__ == "__main__":
    main()
