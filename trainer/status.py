"""Where a training is, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from curriculum.curriculum import Curriculum
from manifests.border.json_files import read_object
from manifests.border.logs import read_evaluations, read_metrics
from manifests.run_lock import holder
from trainer.amend_request import pending
from trainer.checkpoint.checkpoint import folders, step_of
from trainer.in_force import checked_in_force
from trainer.monitor.progress_file import NAME
from trainer.run import TrainingRun
from trainer.stage_request import asked_to_end

EVENTS = 5
"""Of the journal, the last ones, are told."""


def status(run: TrainingRun) -> dict[str, Any]:
    """What ``openba status --json`` prints: plain values, by name.

    Raises:
        ManifestError: the run is of another curriculum, or the shards lack what it asks for.
        UnsoundFileError, JournalError: a file of the run is damaged.
    """
    run = checked_in_force(run)
    curriculum, now = run.curriculum(), _now(run)
    step = now.get("step", 0)
    return {
        "run": str(run.folder),
        "state": _state(run),
        "step": step,
        "steps": curriculum.total_steps,
        "tokens": now.get("tokens", 0),
        "total_tokens": sum(stage.tokens for stage in curriculum.manifest.stages),
        **_stage(curriculum, step),
        "loss": now.get("loss"),
        "learning_rate": now.get("learning_rate"),
        "tokens_per_second": now.get("tokens_per_second"),
        "heldout": {line["stage"]: line["losses"] for line in read_evaluations(run.evaluations_file)},
        "checkpoints": sorted(map(step_of, folders(run.checkpoints))),
        "next": list(_next(curriculum, step, now)),
        "asked": {"ends": asked_to_end(run), "amended": pending(run)},
        "journal": [event.model_dump(exclude={"curriculum"}) for event in run.journal().events[-EVENTS:]],
    }


def _now(run: TrainingRun) -> dict[str, Any]:
    """The newest line of a step that is known: that of a running training, or of the checkpoint that the next
    one goes on from."""
    file = run.train_folder / NAME
    if file.exists() and holder(run.folder):
        return read_object(file)
    lines = read_metrics(run.metrics_file)
    last = max(map(step_of, folders(run.checkpoints)), default=0)
    return next((line for line in reversed(lines) if line["step"] <= last), {})


def _state(run: TrainingRun) -> str:
    command = holder(run.folder)
    if command:
        return f"in use by {command}"
    if run.finished:
        return "finished"
    return "stopped" if run.journal().begun else "not begun"


def _stage(curriculum: Curriculum, step: int) -> dict[str, Any]:
    """The stage of the next step; at the end, of the last."""
    at = min(step, curriculum.total_steps - 1)
    index = curriculum.stage_of(at)
    span, within = curriculum.spans[index], step - curriculum.spans[index].first
    share = float(span.quotas.share(within))
    return {
        "stage": span.stream.stage.name,
        "stage_number": index + 1,
        "stages": [one.stream.stage.name for one in curriculum.spans],
        "stage_step": within,
        "stage_steps": span.steps,
        **({"blend": share} if share < 1 else {}),
    }


def _next(curriculum: Curriculum, step: int, now: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What the plan has for the steps to come, each with its first step and, of a running training, the
    seconds until then at the present speed."""
    speed = now.get("tokens_per_second")
    coming: list[tuple[int, str]] = []
    for span in curriculum.spans:
        name, blended = span.stream.stage.name, span.first + span.quotas.blend_steps
        if span.steps and span.first > step:
            coming.append((span.first, f"{name} begins"))
        if span.first + span.steps > blended > max(step, span.first):
            coming.append((blended, f"{name} has taken the place of the stage before"))
    coming.append((curriculum.total_steps, "the end"))
    for at, what in coming:
        wait = (_tokens(curriculum, at) - _tokens(curriculum, step)) / speed if speed else None
        yield {"step": at, "what": what, **({"seconds": round(wait)} if wait is not None else {})}


def _tokens(curriculum: Curriculum, step: int) -> float:
    """Tokens that the plan reads in the first ``step`` steps."""
    spans = curriculum.spans
    return float(sum(span.quotas.tokens_read(min(max(step - span.first, 0), span.steps)) for span in spans))


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The same for people."""
    yield f"{found['run']}: {found['state']}"
    part = f", {found['blend']:.0%} of it, the rest of the stage before" if "blend" in found else ""
    yield (
        f"  stage     {found['stage']} ({found['stage_number']} of {len(found['stages'])}), "
        f"step {found['stage_step']:,} of {found['stage_steps']:,}{part}"
    )
    yield f"  steps     {found['step']:,} of {found['steps']:,}"
    yield f"  tokens    {found['tokens']:,} of {found['total_tokens']:,}"
    if found["loss"] is not None:
        yield f"  loss      {found['loss']:.4f}, learning rate {found['learning_rate']:.3g}"
    for stage, losses in found["heldout"].items():
        yield f"  held out  {stage}: {', '.join(f'{name} {loss:.4f}' for name, loss in losses.items())}"
    yield f"  kept      checkpoints of the steps {', '.join(map(str, found['checkpoints'])) or 'none'}"
    yield from _to_come(found)
    for event in found["journal"]:
        told = ", ".join(f"{key} {value}" for key, value in event.items() if key != "event")
        yield f"  journal   {event['event'].replace('_', ' ')}: {told}"


def _to_come(found: dict[str, Any]) -> Iterator[str]:
    for one in found["next"] if found["step"] < found["steps"] else ():
        when = ""
        if "seconds" in one:
            at = datetime.now().astimezone() + timedelta(seconds=one["seconds"])
            when = f", in {timedelta(seconds=one['seconds'])} (about {at:%Y-%m-%d %H:%M})"
        yield f"  next      step {one['step']:,}: {one['what']}{when}"
    if found["asked"]["ends"]:
        yield f"  asked     {found['asked']['ends']} ends with the step under way"
    if found["asked"]["amended"]:
        yield "  asked     the curriculum is amended at the next checkpoint"
