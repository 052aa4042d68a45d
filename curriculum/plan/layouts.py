"""The ways to lay a training over a cluster's GPUs, and what each takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from curriculum.plan.parameters import Parameters
from curriculum.plan.process_memory import MicroBatch, process_memory
from curriculum.plan.stage_work import StageWork
from curriculum.plan.timing import cost, days
from curriculum.zero import zero_stage
from manifests.schema.cluster import Cluster
from manifests.schema.model import ModelSettings
from manifests.schema.plan import PlannedLayout, PlannedRanks
from manifests.schema.train_settings import TrainSettings


@dataclass(frozen=True)
class Layouts:
    """Those of the training that ``work`` is, stage by stage; ``model`` has ``parameters``."""

    work: list[StageWork]
    model: ModelSettings
    parameters: Parameters

    def layout(self, settings: TrainSettings, cluster: Cluster) -> PlannedLayout:
        """What it takes with these settings."""
        memory = process_memory(self.parameters, self.model, settings, cluster, self._micro_batches())
        took = days(self.work, self.parameters, settings, cluster)
        return PlannedLayout(
            zero=zero_stage(settings, cluster.gpus),
            recompute=settings.recompute,
            offload=settings.offload,
            memory=memory,
            fits=memory.gpu <= cluster.memory * (1 - cluster.spare) and memory.host <= cluster.host_memory,
            days=took,
            cost=cost(took, cluster),
        )

    def all(self, settings: TrainSettings, cluster: Cluster) -> tuple[PlannedLayout, ...]:
        """All there are with the precision of ``settings``, the cheapest first; of those that cost the same,
        the one that leaves most memory free."""
        found = {
            (one.zero, one.recompute, one.offload): one
            for one in (self.layout(each, cluster) for each in self._settings(settings))
        }
        return tuple(sorted(found.values(), key=lambda one: (one.days, one.memory.gpu)))

    def ranks(self, settings: TrainSettings, cluster: Cluster) -> tuple[PlannedRanks, ...]:
        """The layout of ``settings`` on an eighth to four times as many GPUs."""
        numbers = sorted({max(1, cluster.gpus * 2**power // 8) for power in range(6)})
        return tuple(self._on(settings, cluster.model_copy(update={"gpus": number})) for number in numbers)

    def _on(self, settings: TrainSettings, cluster: Cluster) -> PlannedRanks:
        took = days(self.work, self.parameters, settings, cluster)
        shares = {
            work.curriculum.spans[work.index].stream.stage.name: work.dealt(cluster.gpus).useful_share
            for work in self.work
        }
        return PlannedRanks(gpus=cluster.gpus, useful_shares=shares, days=took, cost=cost(took, cluster))

    def _settings(self, settings: TrainSettings) -> Iterator[TrainSettings]:
        most = 2 if self.parameters.trained_count < self.parameters.count else 3  # LoRA
        for zero, recompute, offload in product(range(most + 1), (False, True), ("none", "optimizer", "all")):
            allowed = zero >= {"none": 0, "optimizer": 1, "all": 3}[offload]
            if allowed and (zero or settings.precision == "fp32"):
                changes = {"zero": zero, "recompute": recompute, "offload": offload}
                yield settings.model_copy(update=changes)

    def _micro_batches(self) -> Iterator[MicroBatch]:
        """Full ones of each stage, encoder and decoder in the proportion of its examples."""
        for work in self.work:
            budget = work.curriculum.spans[work.index].stream.stage.micro_batch
            source, target = work.lengths
            sources = round(budget * source / ((source + target) or 1))
            yield sources, budget - sources
