"""The plan of a training, as ``openba plan`` writes it: what will be read and computed, what it takes, and
what looks wrong."""

from __future__ import annotations

from typing import Literal

from manifests.schema.base import Strict
from manifests.schema.cluster import Cluster

Offload = Literal["none", "optimizer", "all"]


class PlannedSet(Strict):
    """What a stage reads of a set."""

    name: str
    """The set's name."""
    samples: int
    """Chunks or pairs."""
    tokens: int
    """Corpus tokens."""


class PlannedStage(Strict):
    """What a stage reads and computes."""

    name: str
    """The stage's name."""
    first: int
    """Its first global step."""
    steps: int
    """Its steps."""
    sets: tuple[PlannedSet, ...]
    """What it reads; what it rehearses or blends in of other stages, too."""
    source: float
    """Tokens of an example in the encoder, on average."""
    target: float
    """The same in the decoder."""
    flops: int
    """Operations of forward and backward passes, as MFU counts them."""
    recomputed: int
    """Operations that activation checkpointing does again, beside them."""
    micro_batches: int
    """Passes of a process in a step."""
    useful_share: float
    """Part of the processes' time in which none waits for another one."""
    compute_seconds: float
    """Of a step, waiting for other processes included."""
    network_seconds: float
    """Of a step, if nothing of it is hidden behind the products."""
    rates: tuple[float, float, float]
    """Learning rates: of the first step, the greatest, of the last step."""

    @property
    def tokens(self) -> int:
        """Corpus tokens of all sets."""
        return sum(one.tokens for one in self.sets)

    @property
    def seconds(self) -> float:
        """Of the whole stage."""
        return self.steps * (self.compute_seconds + self.network_seconds)


class PlannedSource(Strict):
    """What the whole training reads of a set."""

    set: str
    """The set's name."""
    tokens: int
    """Tokens that there are."""
    read: int
    """Tokens that are read, again and again counted."""
    sources: dict[str, float]
    """How often the tokens of each source of the corpus are read: its epochs in the shards, times those of
    the set. Empty before there are shards."""

    @property
    def epochs(self) -> float:
        """How often the set is read."""
        return self.read / self.tokens


class PlannedMemory(Strict):
    """Bytes of a process (GPU) at its fullest moment in a step."""

    weights: int
    """Weights in the training precision."""
    gradients: int
    """Gradients, float32."""
    optimizer: int
    """float32 weights, moments, averages."""
    activations: int
    """What a micro batch keeps for its backward pass, and the layer that is computed."""
    working: int
    """Buffers, logits, gathered weights and gradients of the largest parameter."""
    start: int
    """All of it while the engine is made, where that is more."""
    host: int
    """Of a host, with all of its GPUs: what is offloaded, and copies of a checkpoint on its way."""

    @property
    def step(self) -> int:
        """All of it in a step."""
        return self.weights + self.gradients + self.optimizer + self.activations + self.working

    @property
    def gpu(self) -> int:
        """What a GPU must have."""
        return max(self.step, self.start)


class PlannedLayout(Strict):
    """A way to lay the training over the cluster's GPUs."""

    zero: int
    """The ZeRO stage at work."""
    recompute: bool
    """Activation checkpointing."""
    offload: Offload
    """What lies in the host's memory."""
    memory: PlannedMemory
    """Bytes of a process."""
    fits: bool
    """Whether GPU and host have so much."""
    days: float
    """Of the training, if nothing of the network's time is hidden."""
    cost: float
    """In the cluster's currency."""

    @property
    def name(self) -> str:
        """In a few words."""
        parts = (f"ZeRO {self.zero}", "recompute" if self.recompute else "activations kept")
        return ", ".join((*parts, *(() if self.offload == "none" else (f"offload {self.offload}",))))


class PlannedRanks(Strict):
    """The training on another number of GPUs."""

    gpus: int
    """How many."""
    useful_shares: dict[str, float]
    """By stage: see PlannedStage."""
    days: float
    """Of the training."""
    cost: float
    """In the cluster's currency."""


class PlanWarning(Strict):
    """What is possible, but hardly meant."""

    kind: str
    """Its kind, for programs."""
    text: str
    """What is wrong, where, and what to do."""


class Plan(Strict):
    """A training, before it is started."""

    version: Literal[1] = 1
    """Version of the format."""
    kind: Literal["plan"] = "plan"
    """Tells a plan from manifests."""
    name: str
    """The curriculum's name."""
    shards: str
    """Where the sets' sizes are from: a run, a corpus manifest's budget, or an assumption."""
    vocabulary: int
    """Rows of the embedding."""
    parameters: int
    """Of the model."""
    trained: int
    """Of these, trained: all but with LoRA."""
    cluster: Cluster
    """The machines."""
    stages: tuple[PlannedStage, ...]
    """In order."""
    sources: tuple[PlannedSource, ...]
    """By set."""
    layout: PlannedLayout
    """That of the curriculum manifest."""
    layouts: tuple[PlannedLayout, ...]
    """All there are on the cluster's GPUs, with the manifest's micro batches, the cheapest first."""
    ranks: tuple[PlannedRanks, ...]
    """The manifest's layout on fewer and on more GPUs."""
    checkpoint: int
    """Bytes of a checkpoint."""
    checkpoints: int
    """Bytes of those that stay: ``train.keep``, and the best one."""
    rates: tuple[tuple[int, float], ...]
    """Learning rates over the steps: some points of the curve."""
    mixture: tuple[tuple[int, dict[str, float]], ...]
    """Shares of the sets over the tokens read: some points."""
    assumptions: tuple[str, ...]
    """What the figures rest on, a line each."""
    warnings: tuple[PlanWarning, ...]
    """What looks wrong."""

    @property
    def steps(self) -> int:
        """All steps."""
        return sum(stage.steps for stage in self.stages)

    @property
    def tokens(self) -> int:
        """Corpus tokens read."""
        return sum(stage.tokens for stage in self.stages)

    @property
    def flops(self) -> int:
        """Operations, those that are done again not counted."""
        return sum(stage.flops for stage in self.stages)

    @property
    def recomputed(self) -> int:
        """Operations that are done again."""
        return sum(stage.recomputed for stage in self.stages)

    @property
    def shortest_days(self) -> float:
        """If all of the network's time is hidden behind the products."""
        return sum(stage.steps * stage.compute_seconds for stage in self.stages) / 86_400

    @property
    def energy(self) -> float:
        """Kilowatt-hours, those of the building included."""
        hours = 24 * self.layout.days
        return hours * self.cluster.gpus * self.cluster.power / 1000 * self.cluster.pue

    @property
    def cheapest(self) -> PlannedLayout | None:
        """The cheapest layout that fits, if any does."""
        return next((layout for layout in self.layouts if layout.fits), None)
