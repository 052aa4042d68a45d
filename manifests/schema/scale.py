"""What a corpus of a given size takes, as ``openba scale`` writes it."""

from __future__ import annotations

from manifests.schema.base import Strict
from manifests.schema.fleet import Fleet


class Simulated(Strict):
    """A step's tasks on the fleet, one after another where no core is free."""

    seconds: float
    """From the first task's start to the last one's end."""
    ideal: float
    """If all tasks took the same and nothing went wrong."""
    stragglers: float
    """Core seconds beyond those of tasks without slow ones."""
    tail: float
    """Core seconds idle at the end, while others still work."""
    faults: float
    """Core seconds of work that was lost with a node and done again."""
    store: float
    """Core seconds spent waiting for the store's answers."""
    retried: int
    """Tasks that were done again."""


class ScaledStep(Strict):
    """What a step takes at that size."""

    step: str
    """Its name."""
    core_hours: float
    """Of tasks, on the fleet's cores."""
    driver_hours: float
    """Of the one process that leads."""
    tasks: int
    """As many as it has parts."""
    shuffled: int
    """Bytes of keys that go through shuffles."""
    reads: int
    """GET requests to the store."""
    writes: int
    """PUT requests to the store."""
    written: int
    """Bytes that it leaves."""
    task_memory: int
    """Bytes of a task's process."""
    driver_memory: int
    """Bytes of the leading process."""
    wall_hours: float
    """Tasks as simulated, then the driver."""
    cost: float
    """Nodes for that time, requests and storage."""
    simulated: Simulated
    """Where the tasks' time goes."""


class Wall(Strict):
    """A limit, and the size of corpus at which it is met."""

    name: str
    """What gives out."""
    tokens: float
    """The first size at which it does."""
    at_size: str
    """What is needed and what there is, at the size asked for."""
    fix: str
    """What moves it."""


class Scale(Strict):
    """A corpus of a size on a fleet."""

    tokens: int
    """In the shards."""
    text_bytes: int
    """Of text that the sources must hold."""
    measured: tuple[str, ...]
    """The runs that the figures come from."""
    fleet: Fleet
    """The machines and the store."""
    steps: tuple[ScaledStep, ...]
    """In their order."""
    walls: tuple[Wall, ...]
    """Those that are met at that size or below, the first one first."""
    beyond: tuple[Wall, ...]
    """Those that are met later."""
    assumptions: tuple[str, ...]
    """What the figures rest on, with its source."""

    @property
    def wall_hours(self) -> float:
        """Of all steps, one after another."""
        return sum(step.wall_hours for step in self.steps)

    @property
    def cost(self) -> float:
        """Of all steps."""
        return sum(step.cost for step in self.steps)
