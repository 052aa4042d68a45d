"""BiFlan, second half: which pairs go in, so that the languages share the token budget as the manifest
says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import check
from manifests.schema.instructions import InstructionSettings
from pipeline.steps.shards.instruction_pairs import LANGUAGES
from pipeline.steps.shards.sampling_keys import ORDER, keys, set_aside
from pipeline.steps.shards.shortfall import ShardBudgetError, too_few_pairs
from pipeline.steps.shards.token_budget import Cap, Documents, plan
from pipeline.steps.shards.token_gather import Columns, flat
from pipeline.text.arrow.kernel import kernel

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

TOLERANCE = 0.004
"""Of each language's share of the tokens: the ratio of two languages is then right within 1 %."""


@dataclass(frozen=True)
class PairPlan:
    """Columns [pairs] over the encoded files' rows: ``tokens`` (prompt and target), ``hash``, ``source`` and
    ``language`` (indices; -1 none), ``use``: 0 rejected, 1 train, 2 held out; ``reason`` of the rejected,
    else empty."""

    tokens: Int64
    hash: npt.NDArray[np.uint64]
    source: npt.NDArray[np.int32]
    language: npt.NDArray[np.int8]
    use: npt.NDArray[np.int8]
    reason: npt.NDArray[np.object_]


def plan_pairs(encoded: Columns, settings: InstructionSettings, heldout: float, seed: int) -> PairPlan:
    """Chooses the pairs: exact duplicates out, ``heldout`` of the rest set aside by hash, at most
    ``max_pairs`` a source, then ``settings.tokens`` shared by ``settings.ratio``.

    Raises:
        ShardBudgetError: a language has too few pairs.
    """
    prompt, target = (_lengths(encoded, name) for name in ("prompt", "target"))
    names = pa.array([source.name for source in settings.sources])
    found = pc.index_in(encoded.column("source"), value_set=names)
    check(found.null_count == 0, encoded.paths[0], "has pairs of a source that the manifest does not name")
    source = found.to_numpy().astype(np.int32)
    language = (
        pc.fill_null(pc.index_in(encoded.column("language"), value_set=pa.array(LANGUAGES)), -1)
        .to_numpy()
        .astype(np.int8)
    )
    reason = pc.fill_null(encoded.column("reason"), "").to_numpy(zero_copy_only=False).astype(object)
    hashes = np.concatenate([_hashes(batch) for batch in encoded.batches()])
    alive = reason == ""
    _reject(reason, alive, _repeated(hashes, alive), "duplicate")
    key = keys(hashes, seed, ORDER)
    for index, settings_source in enumerate(settings.sources):
        if settings_source.max_pairs is not None:
            rows = np.flatnonzero(alive & (source == index))
            beyond = np.zeros(len(alive), np.bool_)
            beyond[rows[np.argsort(key[rows], kind="stable")][settings_source.max_pairs :]] = True
            _reject(reason, alive, beyond, "max_pairs")
    held = np.zeros(len(alive), np.bool_)
    for index in range(len(LANGUAGES)):
        rows = np.flatnonzero(alive & (language == index))
        held[rows[set_aside(hashes[rows], heldout, seed)]] = True
    rows = np.flatnonzero(alive & ~held)
    tokens = prompt + target
    budgets = {
        str(name): round(settings.tokens * settings.ratio[name])
        for name in LANGUAGES
        if settings.ratio.get(name)
    }
    caps = [Cap(settings_source.name) for settings_source in settings.sources]
    alike = np.ones(np.shape(key[rows]), np.int32)
    documents = Documents(tokens[rows], source[rows], language[rows], key[rows], alike)
    try:
        times = plan(documents, budgets, LANGUAGES, caps, TOLERANCE)
    except ShardBudgetError as error:
        raise too_few_pairs(error.shortfalls, settings) from None
    over = np.zeros(len(alive), np.bool_)
    over[rows[times == 0]] = True
    _reject(reason, alive, over, "over_budget")
    return PairPlan(tokens, hashes, source, language, np.where(held, 2, alive).astype(np.int8), reason)


def _reject(reason: npt.NDArray[np.object_], alive: Bools, rows: Bools, why: str) -> None:
    reason[rows & alive] = why
    alive &= ~rows


def _lengths(encoded: Columns, name: str) -> Int64:
    return np.asarray(pc.list_value_length(encoded.column(name)).to_numpy(), np.int64)


def _repeated(hashes: npt.NDArray[np.uint64], alive: Bools) -> Bools:
    """Living pairs whose hash an earlier living pair has."""
    rows = np.flatnonzero(alive)
    _, first = np.unique(hashes[rows], return_index=True)
    repeated = alive.copy()
    repeated[rows[first]] = False
    return repeated


def _hashes(batch: pa.RecordBatch) -> npt.NDArray[np.uint64]:
    """A hash of each pair's tokens [pairs]. Tokens are the text (nothing is lost in them), so equal tokens
    are equal pairs."""
    prompts, prompt_starts = flat(batch.column("prompt"))
    targets, target_starts = flat(batch.column("target"))
    return np.asarray(hash_pairs(prompts, prompt_starts, targets, target_starts))


@kernel
def hash_pairs(
    prompts: npt.NDArray[np.uint32],
    prompt_starts: Int64,
    targets: npt.NDArray[np.uint32],
    target_starts: Int64,
) -> npt.NDArray[np.uint64]:
    """FNV-1a over 32-bit words instead of bytes; the prompt's end is a word that no token is."""
    out = np.empty(len(prompt_starts) - 1, np.uint64)
    prime = np.uint64(0x100000001B3)
    for row in range(len(out)):
        value = np.uint64(0xCBF29CE484222325)
        for at in range(prompt_starts[row], prompt_starts[row + 1]):
            value = (value ^ np.uint64(prompts[at])) * prime
        value = (value ^ np.uint64(0xFFFFFFFF)) * prime
        for at in range(target_starts[row], target_starts[row + 1]):
            value = (value ^ np.uint64(targets[at])) * prime
        out[row] = value
    return out


def pair_counts(
    plan_: PairPlan, encoded: Columns, settings: InstructionSettings
) -> Iterator[tuple[str, int]]:
    """Additive counts by source: pairs read, kept, held out, and rejected by reason; and prompts that were
    cut."""
    cut = encoded.column("cut").to_numpy()
    for index, source in enumerate(settings.sources):
        mine = plan_.source == index
        yield f"pairs/read/{source.name}", int(mine.sum())
        yield f"pairs/train/{source.name}", int((mine & (plan_.use == 1)).sum())
        yield f"pairs/heldout/{source.name}", int((mine & (plan_.use == 2)).sum())
        yield f"pairs/cut/{source.name}", int((mine & (plan_.use > 0) & cut).sum())
        reasons, counts = np.unique(plan_.reason[mine].astype(str), return_counts=True)
        yield from (
            (f"pairs/rejected/{reason}/{source.name}", int(count))
            for reason, count in zip(reasons, counts, strict=True)
            if reason
        )
