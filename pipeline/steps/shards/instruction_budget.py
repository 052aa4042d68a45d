"""BiFlan, second half: which pairs go in, so that the languages share the token budget as the manifest
says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import check
from manifests.schema.instructions import InstructionSettings, Mixing
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.instruction_pairs import LANGUAGES
from pipeline.steps.shards.near_pairs import near_duplicates
from pipeline.steps.shards.pair_hashes import pair_hashes
from pipeline.steps.shards.sampling_keys import ORDER, keys, set_aside
from pipeline.steps.shards.shortfall import ShardBudgetError, too_few_pairs
from pipeline.steps.shards.task_mixing import beyond, task_shares
from pipeline.steps.shards.task_records import matches
from pipeline.steps.shards.token_budget import Cap, Documents, plan
from pipeline.steps.shards.token_gather import Columns

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 0.004
"""Of each language's share of the tokens, without ``mixing``: the ratio of two languages is then right within
1 %."""
SHOWN = 50
"""Names of tasks in a message, at most."""
REJECTED, TRAIN, HELD, TASK_HELD = range(4)
"""Uses of pairs: the last is for those of tasks that are held out."""


@dataclass(frozen=True)
class PairPlan:
    """Columns [pairs] over the encoded files' rows: ``tokens`` (prompt and target), ``hash``, ``source``,
    ``task`` (of ``tasks``, which are sorted) and ``language`` (indices; -1 none), ``use``: REJECTED, TRAIN,
    HELD or TASK_HELD; ``reason`` of the rejected, else empty."""

    tokens: Int64
    hash: npt.NDArray[np.uint64]
    source: npt.NDArray[np.int32]
    tasks: tuple[str, ...]
    task: npt.NDArray[np.int32]
    language: npt.NDArray[np.int8]
    use: npt.NDArray[np.int8]
    reason: npt.NDArray[np.object_]

    def reject(self, rows: Bools, why: str) -> None:
        """Rejects those of ``rows`` [pairs] that are not rejected yet."""
        self.reason[rows & (self.use > REJECTED)] = why
        self.use[rows] = REJECTED

    def alive(self) -> Bools:
        """Pairs that may be trained on."""
        return np.asarray(self.use == TRAIN)


def plan_pairs(encoded: Columns, settings: InstructionSettings, heldout: float, seed: int) -> PairPlan:
    """Chooses the pairs: exact duplicates out, at most ``max_pairs`` a source, ``heldout`` of the rest and
    the tasks that are held out set aside, records out that are nearly others, then ``settings.tokens`` shared
    by ``settings.ratio`` and, among tasks, by ``settings.mixing``.

    Raises:
        ShardBudgetError: a language has too few pairs.
        PipelineError: a pattern of tasks to hold out fits none.
    """
    pairs = _read(encoded, settings)
    key = keys(pairs.hash, seed, ORDER)
    pairs.reject(_repeated(pairs.hash, pairs.alive()), "duplicate")
    for index, source in enumerate(settings.sources):
        if source.max_pairs is not None:
            mine = np.flatnonzero(pairs.alive() & (pairs.source == index))
            pairs.reject(beyond(mine, np.zeros(len(key), np.int64), key, source.max_pairs), "max_pairs")
    unit = pc.fill_null(encoded.column("unit"), 0).to_numpy()
    unit = np.where(pc.is_null(encoded.column("unit")).to_numpy(), pairs.hash, unit)
    _set_aside(pairs, unit, settings, heldout, seed)
    if settings.near_duplicates is not None:
        nearly = near_duplicates(encoded, pairs.task, pairs.use, key, settings.near_duplicates)
        pairs.reject(nearly, "near_duplicate")
    _share_out(pairs, key, settings)
    return pairs


def _read(encoded: Columns, settings: InstructionSettings) -> PairPlan:
    """The encoded pairs; those without a reason are all for training so far."""
    prompt, target = (_lengths(encoded, name) for name in ("prompt", "target"))
    names = pa.array([source.name for source in settings.sources])
    source = pc.index_in(encoded.column("source"), value_set=names)
    check(source.null_count == 0, encoded.paths[0], "has pairs of a source that the manifest does not name")
    tasks = sorted(pc.unique(encoded.column("task")).to_pylist())
    task = pc.index_in(encoded.column("task"), value_set=pa.array(tasks, pa.string()))
    language = pc.fill_null(pc.index_in(encoded.column("language"), value_set=pa.array(LANGUAGES)), -1)
    reason = pc.fill_null(encoded.column("reason"), "").to_numpy(zero_copy_only=False).astype(object)
    return PairPlan(
        prompt + target,
        np.concatenate([pair_hashes(batch) for batch in encoded.batches()]),
        source.to_numpy().astype(np.int32),
        tuple(tasks),
        task.to_numpy().astype(np.int32),
        language.to_numpy().astype(np.int8),
        np.where(reason == "", TRAIN, REJECTED).astype(np.int8),
        reason,
    )


def _set_aside(
    pairs: PairPlan, unit: npt.NDArray[np.uint64], settings: InstructionSettings, heldout: float, seed: int
) -> None:
    """Holds out whole tasks, and a share of the other records of each language, all pairs of one together."""
    known = pa.array(pairs.tasks, pa.string())
    for pattern in settings.heldout_names:
        if not pc.any(matches(known, (pattern,))).as_py():
            raise PipelineError(
                f"shards.instructions.heldout_tasks: no task is called {pattern!r}, here or in a cluster; "
                f"correct it, lest a task be trained on; there are {', '.join(pairs.tasks[:SHOWN])}"
            )
    named = matches(known, settings.heldout_names)
    whole = named.to_numpy(zero_copy_only=False)[pairs.task]
    pairs.use[whole & pairs.alive()] = TASK_HELD
    for index in range(len(LANGUAGES)):
        rows = np.flatnonzero(pairs.alive() & (pairs.language == index))
        pairs.use[rows[set_aside(unit[rows], heldout, seed)]] = HELD


def _share_out(pairs: PairPlan, key: npt.NDArray[np.uint64], settings: InstructionSettings) -> None:
    """Rejects what is beyond the caps of tasks, and what the budget has no room for."""
    mixing = settings.mixing
    group = pairs.task.astype(np.int64) * len(LANGUAGES) + pairs.language
    if mixing is not None and mixing.cap is not None:
        pairs.reject(beyond(np.flatnonzero(pairs.alive()), group, key, mixing.cap), "task_cap")
    rows = np.flatnonzero(pairs.alive())
    by = pairs.source if mixing is None else pairs.task
    names = [source.name for source in settings.sources] if mixing is None else pairs.tasks
    documents = Documents(
        pairs.tokens[rows], by[rows], pairs.language[rows], key[rows], np.ones(len(rows), np.int32)
    )
    times = _planned(documents, [Cap(name) for name in names], settings, mixing)
    unused = np.zeros(len(key), np.bool_)
    unused[rows[times == 0]] = True
    pairs.reject(unused, "over_budget")


def _planned(
    documents: Documents, caps: list[Cap], settings: InstructionSettings, mixing: Mixing | None
) -> Int64:
    budgets = {
        str(name): round(settings.tokens * settings.ratio[name])
        for name in LANGUAGES
        if settings.ratio.get(name)
    }
    shares = task_shares(documents, len(caps), len(LANGUAGES), mixing.temperature) if mixing else None
    tolerance = mixing.tolerance if mixing else TOLERANCE
    try:
        return plan(documents, budgets, LANGUAGES, caps, tolerance, shares)
    except ShardBudgetError as error:
        raise too_few_pairs(error.shortfalls, settings) from None


def _lengths(encoded: Columns, name: str) -> Int64:
    return np.asarray(pc.list_value_length(encoded.column(name)).to_numpy(), np.int64)


def _repeated(hashes: npt.NDArray[np.uint64], alive: Bools) -> Bools:
    """Living pairs whose hash an earlier living pair has."""
    rows = np.flatnonzero(alive)
    _, first = np.unique(hashes[rows], return_index=True)
    repeated = alive.copy()
    repeated[rows[first]] = False
    return repeated
