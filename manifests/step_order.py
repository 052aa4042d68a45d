"""The order of a corpus's steps: as the manifest says, and as a run folder has them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from manifests.border.json_files import read_object
from manifests.border.unsound_file import UnsoundFileError
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import STEPS
from manifests.schema.steps import StepManifest


def steps_of(corpus: CorpusManifest) -> tuple[str, ...]:
    """The names of all steps of a corpus, in the order in which they run: the seven, and the user's own
    before or after them. Those at the same place run in the order of the manifest."""
    order = list(STEPS)
    own = {step.name: step for step in corpus.steps}
    for step in corpus.steps:
        anchor = step.after or step.before
        place = order.index(str(anchor))
        if step.after is not None:
            place += 1
            while place < len(order) and order[place] in own and own[order[place]].after == step.after:
                place += 1
        order.insert(place, step.name)
    return tuple(order)


def steps_in(run: Path) -> dict[str, StepManifest]:
    """The manifests of a run folder's finished steps, in the order in which documents went through them. A
    step of the user's own is left out where nothing was made from what it kept, as when it was taken out of
    the manifest.

    Raises:
        ManifestError: a manifest is not valid.
    """
    found = {name: load(run / name / "manifest.json", StepManifest) for name in _step_folders(run)}
    order = [step for step in STEPS if step in found]
    way = order[-1:]
    while way and (before := found[way[0]].input_step) in found and before not in way:
        way.insert(0, before)
    for step, next_step in reversed(list(pairwise(way))):
        if step not in STEPS:
            order.insert(order.index(next_step), step)
    while tips := [
        name for name in found if order and name not in order and found[name].input_step == order[-1]
    ]:
        order.append(tips[0])
    return {step: found[step] for step in order}


def step_before(step: str, manifest: StepManifest) -> str:
    """The step from whose documents a step was made; empty for the first one."""
    place = STEPS.index(step) if step in STEPS else 0
    return manifest.input_step or (STEPS[place - 1] if place else "")


def _step_folders(run: Path) -> list[str]:
    """The folders whose manifest is that of a step."""
    files = sorted(run.glob("*/manifest.json"))
    return [file.parent.name for file in files if file.parent.name in STEPS or _is_step(file)]


def _is_step(file: Path) -> bool:
    try:
        return bool(read_object(file).get("kind") == "step")
    except UnsoundFileError:
        return False
