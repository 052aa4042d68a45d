"""A step as the engine takes it: its plan, and this process's part of its work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from curriculum.curriculum import Curriculum
from curriculum.flops import step_flops
from curriculum.step_plan import StepPlan
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.forward_pass import ForwardPass
from trainer.objectives import TrainingObjective


@dataclass(frozen=True)
class PreparedStep:
    """A step's plan, and of this process: its forward passes, the corpus tokens in them by set, and the
    floating-point operations that they take."""

    plan: StepPlan
    work: list[ForwardPass]
    tokens: Counter[str]
    flops: float


@dataclass(frozen=True)
class StepPreparation:
    """Reads and noises a curriculum's samples, packs and joins them. It is called beside the training: what
    it uses is changed by nobody meanwhile. ``micro_batches`` are tokens, by stage."""

    curriculum: Curriculum
    objectives: Mapping[str, TrainingObjective]
    micro_batches: Mapping[str, int]
    loader: StepLoader

    def prepare(self, step: int) -> PreparedStep:
        """Global step ``step``, a function of curriculum and shards alone.

        Raises:
            ShardError: a shard was changed under the training.
            PluginError: the objective is a plug-in, and failed.
        """
        plan = self.curriculum.step(step)
        budget = self.micro_batches[plan.stage]
        work: list[ForwardPass] = []
        tokens: Counter[str] = Counter()
        for loaded, idle in self.loader.load(drawn(plan, self.objectives), budget):
            work.append(ForwardPass(loaded.batch, idle=idle))
            tokens.update(Counter() if idle else loaded.tokens)
        return PreparedStep(plan, work, tokens, self._flops(work))

    def _flops(self, work: list[ForwardPass]) -> float:
        settings, vocabulary = self.loader.model, self.loader.vocabulary
        return float(
            sum(step_flops(settings, vocabulary, *one.batch.lengths) for one in work if not one.idle)
        )
