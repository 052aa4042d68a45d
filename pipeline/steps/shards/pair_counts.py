"""What became of the instruction pairs, counted for the step's manifest and the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from manifests.schema.instructions import InstructionSettings
from pipeline.steps.shards.instruction_budget import HELD, REJECTED, TRAIN, PairPlan
from pipeline.steps.shards.instruction_pairs import LANGUAGES
from pipeline.steps.shards.token_gather import Columns


def pair_counts(
    plan_: PairPlan, encoded: Columns, settings: InstructionSettings
) -> Iterator[tuple[str, int]]:
    """Additive counts by source: pairs read, kept, held out, and rejected by reason; and prompts that were
    cut."""
    shortened = pc.is_valid(encoded.column("shortened")).to_numpy()
    for index, source in enumerate(settings.sources):
        mine = plan_.source == index
        yield f"pairs/read/{source.name}", int(mine.sum())
        yield f"pairs/train/{source.name}", int((mine & (plan_.use == TRAIN)).sum())
        yield f"pairs/heldout/{source.name}", int((mine & (plan_.use >= HELD)).sum())
        yield f"pairs/cut/{source.name}", int((mine & (plan_.use > 0) & shortened).sum())
        reasons, counts = np.unique(plan_.reason[mine].astype(str), return_counts=True)
        yield from (
            (f"pairs/rejected/{reason}/{source.name}", int(count))
            for reason, count in zip(reasons, counts, strict=True)
            if reason
        )
    if settings.by_task:
        yield from _by_task(plan_, encoded)


def _by_task(plan_: PairPlan, encoded: Columns) -> Iterator[tuple[str, int]]:
    """``tasks/what/language/task``: pairs made, trained on, their tokens and templates, those held out, and
    those of both whose prompt was made to fit; ``tasks/rejected/reason/language/task``; and
    ``kinds/kind/language``, the trained tokens of templates of a kind."""
    template = encoded.column("template").combine_chunks().dictionary_encode()
    form = pc.fill_null(template.indices, -1).to_numpy()
    train, known = plan_.use == TRAIN, plan_.language >= 0
    shortened = pc.is_valid(encoded.column("shortened")).to_numpy()
    columns = {
        "made": known,
        "train": train,
        "heldout": plan_.use >= HELD,
        "cut": (plan_.use > REJECTED) & shortened,
        **{f"rejected/{why}": known & (plan_.reason == why) for why in sorted({*plan_.reason} - {""})},
    }
    for task, language, rows in _groups(plan_.task, plan_.language):
        name = f"{LANGUAGES[language]}/{plan_.tasks[task]}"
        counts = {what: int(chosen[rows].sum()) for what, chosen in columns.items()}
        mine = rows[train[rows]]
        counts |= {"tokens": int(plan_.tokens[mine].sum()), "templates": len(set(form[mine].tolist()) - {-1})}
        yield from ((f"tasks/{what}/{name}", count) for what, count in counts.items() if count)
    kinds = [name.split(" ", 1)[1] for name in template.dictionary.to_pylist()]
    trained: Counter[str] = Counter()
    for index, language, rows in _groups(form, np.where(train & (form >= 0), plan_.language, -1)):
        trained[f"kinds/{kinds[index]}/{LANGUAGES[language]}"] += int(plan_.tokens[rows].sum())
    yield from trained.items()


def _groups(
    first: npt.NDArray[np.int32], language: npt.NDArray[np.int8]
) -> Iterator[tuple[int, int, npt.NDArray[np.intp]]]:
    """The rows of each value and language; those without a language are left out."""
    code = np.where(language < 0, -1, first.astype(np.int64) * len(LANGUAGES) + language)
    order = np.argsort(code, kind="stable")
    values, starts = np.unique(code[order], return_index=True)
    for value, rows in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
        if value >= 0:
            yield *divmod(value, len(LANGUAGES)), rows
