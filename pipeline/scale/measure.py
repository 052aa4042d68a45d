"""What each step of a corpus takes on this machine: a whole run in this process, with its CPU time split
between the work that an engine shares out and the rest."""

from __future__ import annotations

from pathlib import Path

from manifests.errors import UserError
from manifests.files import write_json
from manifests.schema.base import load
from manifests.schema.rates import Rates, StepRate
from manifests.schema.shards import ShardManifest
from manifests.schema.steps import StepManifest
from manifests.step_order import steps_of
from pipeline.runtime.engines.metered_engine import MeteredEngine, cpu_seconds
from pipeline.runtime.run import CorpusRun
from pipeline.steps.registry import step_named

NAME = "rates.json"


def measure(corpus: Path, run: Path) -> Rates:
    """Runs all steps in a new folder and writes what they took to ``rates.json`` there.

    Raises:
        UserError: the folder is there already; whatever the steps raise.
    """
    if run.exists():
        fix = "take a new --run"
        raise UserError("is there already, and what is done cannot be measured", where=run, fix=fix)
    engine = MeteredEngine()
    work = CorpusRun(corpus, run, engine)
    with work.held("openba measure"):
        steps = [_measured(work, run, name, engine) for name in steps_of(work.corpus)]
    first = load(run / steps[0].step / "manifest.json", StepManifest)
    shards = load(run / "shards" / "shards.json", ShardManifest)
    found = Rates(
        corpus=work.corpus.name,
        machine=_processor(),
        text_bytes=sum(count.bytes for count in first.counts),
        tokens=sum(one.tokens for one in (*shards.sets.values(), *shards.heldout.values())),
        part_bytes=work.corpus.ingest.part_bytes,
        steps=tuple(steps),
    )
    write_json(run / NAME, found.model_dump(mode="json"))
    return found


def _measured(run: CorpusRun, folder: Path, name: str, engine: MeteredEngine) -> StepRate:
    before = cpu_seconds(), engine.seconds, engine.groups, engine.shuffled
    _forget_peak()
    outcome = run.step(step_named(name, run.corpus))
    tasks = engine.seconds - before[1]
    files = [path.stat().st_size for path in (folder / name).rglob("*") if path.is_file()]
    return StepRate(
        step=name,
        task_seconds=round(tasks, 3),
        driver_seconds=round(max(0.0, cpu_seconds() - before[0] - tasks), 3),
        peak_memory=_peak_memory(),
        written=sum(files),
        files=len(files),
        parts=len(outcome.manifest.parts),
        groups=engine.groups - before[2],
        shuffled=engine.shuffled - before[3],
    )


def _forget_peak() -> None:
    """proc(5): writing 5 sets the peak of the resident memory back to what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int:
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
