"""Pair shards: instruction pairs in a seeded order, a file for about equally many tokens, never half a
pair."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from manifests.border.npy_files import mapped_array
from manifests.schema.instructions import InstructionSettings
from manifests.schema.shards import HELDOUT_TASKS, TokenSet
from pipeline.runtime.context import StepContext
from pipeline.runtime.npy_files import save_durably
from pipeline.runtime.phases import Phases
from pipeline.steps.shards.instruction_budget import TASK_HELD, TRAIN, PairPlan
from pipeline.steps.shards.instruction_pairs import LANGUAGES, PAIR
from pipeline.steps.shards.sampling_keys import WRITE, keys
from pipeline.steps.shards.token_gather import Columns
from pipeline.steps.shards.token_sets import shard_entries, source_shares, unigram_entropy

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Writes shards of pairs. ``listing`` is the .npy file of their rows in the encoded columns, int64
    [pairs]; shard i holds ``listing[bounds[i]:bounds[i + 1]]``."""

    columns: Columns
    listing: Path
    bounds: tuple[int, ...]

    def __call__(self, index: int, path: Path) -> None:
        rows = mapped_array(self.listing, np.int64, (None,))[self.bounds[index] : self.bounds[index + 1]]
        table = self.columns.take(PAIR.names, np.asarray(rows))
        batch = pa.RecordBatch.from_arrays([column.combine_chunks() for column in table.columns], schema=PAIR)
        with pa.ipc.new_file(path, PAIR) as writer:
            writer.write_batch(batch)


def write_pairs(
    context: StepContext,
    encoded: Columns,
    plan: PairPlan,
    language: Literal["en", "zh"],
    use: int,
    vocabulary_size: int,
) -> TokenSet:
    """The set ``biflan_<language>``, for training or held out, or, of tasks that are held out,
    ``biflan_<language>_tasks``. Its unigram entropy is that of the targets, which are what is predicted."""
    settings = context.corpus.shards
    assert isinstance(settings.instructions, InstructionSettings)
    heldout = use != TRAIN
    chosen = (plan.use == use) & (plan.language == LANGUAGES.index(language))
    rows = np.flatnonzero(chosen)
    rows = rows[np.lexsort((rows, keys(plan.hash[rows], context.corpus.seed, WRITE)))]
    name = f"biflan_{language}" + (HELDOUT_TASKS if use == TASK_HELD else "")
    phase = f"heldout-{name}" if heldout else name
    bounds = _bounds(plan.tokens[rows], settings.shard_tokens)
    listing = save_durably(context.folder / "plan" / f"{phase}.npy", rows)
    paths = Phases(context).each(phase, Pairs(encoded, listing, bounds), len(bounds) - 1)
    sizes = [int(plan.tokens[rows[start:end]].sum()) for start, end in itertools.pairwise(bounds)]
    available = chosen if heldout else (plan.use == TRAIN) | (plan.reason == "over_budget")
    return TokenSet(
        name=name,
        language=language,
        kind="pairs",
        tokens=sum(sizes),
        rows=len(rows),
        documents=len(rows),
        shard_tokens=settings.shard_tokens,
        shards=shard_entries(paths, sizes, context.folder),
        sources=source_shares(
            [source.name for source in settings.instructions.sources],
            plan.source,
            plan.tokens,
            chosen.astype(np.int64),
            available & (plan.language == LANGUAGES.index(language)),
        ),
        budget=None
        if heldout
        else round(settings.instructions.tokens * settings.instructions.ratio[language]),
        unigram_entropy=unigram_entropy(paths, "target", vocabulary_size),
    )


def _bounds(tokens: Int64, shard: int) -> tuple[int, ...]:
    """Where shards begin among the pairs, and their end: a shard ends after the pair that fills it."""
    _, first = np.unique((np.cumsum(tokens) - tokens) // shard, return_index=True)
    return (*map(int, first), len(tokens))
