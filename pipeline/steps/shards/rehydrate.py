"""Rehydration: documents are weighed by the size of their cluster, and what became of each size is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.rehydrate import SizeWeight
from manifests.schema.shards import ClusterSizeShare
from pipeline.runtime.context import StepContext
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.rejected_copies import JointClusters, joint_clusters
from pipeline.steps.shards.inventory import Inventory
from pipeline.steps.shards.rejection_rates import SizeRange, measured_ranges

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

ONE = 1000
"""The weight of 1 epoch: weights are whole thousandths, so that they add up exactly in any order."""


@dataclass(frozen=True)
class Rehydration:
    """``sizes`` [documents of the inventory]: size of each one's cluster. ``ranges`` by language, ascending,
    the first at 1; documents of other languages weigh 1 epoch."""

    sizes: Int64
    ranges: Mapping[str, tuple[SizeRange, ...]]

    def weights(self, inventory: Inventory) -> npt.NDArray[np.int32]:
        """The weight of each document, in thousandths of an epoch."""
        weights = np.full(len(self.sizes), ONE, np.int32)
        for language, ranges in self.ranges.items():
            mine = inventory.of(language)
            epochs = np.array([round(one.epochs * ONE) for one in ranges])
            weights[mine] = np.maximum(epochs, 1)[_places(self.sizes[mine], ranges)]
        return weights

    def shares(
        self, language: str, inventory: Inventory, times: Int64, available: Bools
    ) -> tuple[ClusterSizeShare, ...]:
        """What each range gave to a language's set; ``times`` [documents] used, of those ``available``."""
        ranges = self.ranges.get(language, ())
        if not ranges:
            return ()
        mine = np.flatnonzero(available)
        place, tokens, used = _places(self.sizes[mine], ranges), inventory.tokens[mine] + 1, times[mine]
        has, written, documents = (
            np.bincount(place, values, len(ranges)).astype(np.int64).tolist()
            for values in (tokens, tokens * used, used > 0)
        )
        return tuple(
            ClusterSizeShare(
                at_least=one.at_least,
                rejected=one.rejected,
                weight=one.epochs,
                documents=documents[index],
                tokens=written[index],
                available_tokens=has[index],
                epochs=round(written[index] / has[index], 6) if has[index] else 0.0,
            )
            for index, one in enumerate(ranges)
        )


def rehydration(context: StepContext, inventory: Inventory) -> Rehydration | None:
    """The weights that the manifest gives, or asks to be measured; None where it wants none.

    Raises:
        PipelineError: documents do not say how many duplicates they have, or earlier steps are not there.
    """
    settings = context.corpus.shards.rehydrate
    if settings is None:
        return None
    sizes, ranges = _duplicates(context), dict[str, tuple[SizeRange, ...]]()
    measured = [name for name, weights in settings.weights.items() if weights == "measured"]
    joint = joint_clusters(context) if measured else None
    joint_sizes = _joint_sizes(context, joint) if joint else sizes
    for language, weights in settings.weights.items():
        if weights == "measured":
            assert joint is not None
            sizes[inventory.of(language)] = joint_sizes[inventory.of(language)]
            ranges[language] = _measured(joint, language, settings.most)
        else:
            ranges[language] = given_ranges(weights)
    return Rehydration(sizes, ranges)


def given_ranges(weights: Sequence[SizeWeight]) -> tuple[SizeRange, ...]:
    """The manifest's weights, after that of the sizes below them."""
    ranges = tuple(SizeRange(weight.at_least, weight.epochs) for weight in weights)
    return ranges if ranges[0].at_least == 1 else (SizeRange(1, 1.0), *ranges)


def _places(sizes: Int64, ranges: Sequence[SizeRange]) -> npt.NDArray[np.intp]:
    """The range that each size is in."""
    return np.searchsorted([one.at_least for one in ranges], sizes, side="right") - 1


def _duplicates(context: StepContext) -> Int64:
    """The sizes of the documents' clusters as the dedup step has them."""
    chunks = []
    for task in context.tasks():
        for batch in task.reader:
            if "duplicates" not in batch.schema.names:
                raise PipelineError(
                    "shards.rehydrate: the documents have no column `duplicates`; run `openba dedup` and the "
                    "steps after it again, or remove the key"
                )
            chunks.append(pc.fill_null(batch.column("duplicates"), 1))
    sizes = np.asarray(pa.chunked_array(chunks, pa.int32()).to_numpy(), np.int64)
    if sizes.min(initial=1) < 1:
        raise PipelineError(
            "shards.rehydrate: a document has less than 1 duplicate, itself included; run `openba dedup` and "
            "the steps after it again"
        )
    return sizes


def _joint_sizes(context: StepContext, joint: JointClusters) -> Int64:
    """The sizes of the documents' clusters with the quality step's rejects."""
    sizes = [np.empty(0, np.int64)]
    for task in context.tasks():
        ids = [batch.column("id") for batch in task.reader]
        sizes.append(joint.sizes_of(task.index, pa.chunked_array(ids, pa.string())))
    return np.concatenate(sizes)


def _measured(joint: JointClusters, language: str, most: float) -> tuple[SizeRange, ...]:
    """Of all documents of a language that are in no cluster of an earlier run's."""
    mine = pc.fill_null(pc.equal(joint.language, language), False).to_numpy() & (joint.sizes > 0)
    return measured_ranges(joint.sizes[mine], joint.rejected[mine], most)
