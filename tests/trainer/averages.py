"""``python -m tests.trainer.averages``, a process of a group: engines that average their weights. Process 0 prints as
JSON, by precision, ZeRO stage and offloading, how far the average is from its definition, and what is wrong after a
state was loaded."""

from __future__ import annotations

import json

import torch.distributed as dist
from torch import Tensor

from manifests.schema.optimization import Optimizer
from manifests.schema.train_settings import TrainSettings
from tests.trainer.next_byte import NextByte, micro_batches
from tests.trainer.states import engine_of, held
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.engine_state import EngineState
from trainer.forward_pass import ForwardPass

EMA = 0.7
KINDS = (
    ("fp32", 0, "none"),
    ("fp32", 1, "none"),
    ("fp32", 3, "none"),
    ("bf16", 2, "none"),
    ("bf16", 3, "all"),
)


def states(engine: TrainingEngine) -> list[EngineState]:
    """Those of all processes."""
    mine = engine.state()
    found = [mine] * dist.get_world_size()
    dist.all_gather_object(found, mine)
    return found


def whole(found: list[EngineState], kind: str) -> dict[str, Tensor]:
    """Weights or averages, flattened, by parameter."""
    slices = [piece for state in found for piece in getattr(state, kind)]
    sizes: dict[str, int] = {}
    for piece in slices:
        sizes[piece.name] = sizes.get(piece.name, 0) + len(piece.values)
    source = held(*found)
    return {
        name.removeprefix("average."): source.read(name, 0, size).double() for name, size in sizes.items()
    }


def measured(precision: str, zero: int, offload: str) -> tuple[float, float, float]:
    """The average's greatest distance from its definition after eight updates, from the weights, and from itself
    after another update was made and the state loaded."""
    data = {"precision": precision, "zero": zero, "offload": offload, "ema": EMA}
    engine = engine_of(NextByte(width=40), TrainSettings.model_validate(data), Optimizer())
    work = [ForwardPass(batch) for batch in micro_batches(6, 64)[dist.get_rank() :: dist.get_world_size()]]
    expected = whole(states(engine), "weights")
    for update in range(1, 9):
        engine.step(work, 0.01, Optimizer())
        decay = min(EMA, (1 + update) / (10 + update))
        for name, weight in whole(states(engine), "weights").items():
            expected[name] = decay * expected[name] + (1 - decay) * weight
    there = states(engine)
    found, weights = whole(there, "averages"), whole(there, "weights")
    engine.step(work, 0.01, Optimizer())
    engine.load(held(*there))
    back = whole(states(engine), "averages")
    engine.close()
    assert found.keys() == expected.keys() == back.keys()

    def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
        return max(float((one[name] - other[name]).abs().max()) for name in one)

    return distance(found, expected), distance(found, weights), distance(found, back)


def main() -> None:
    join_process_group()
    with deterministic_cpu(threads=1):
        found = {" ".join(map(str, kind)): measured(*kind) for kind in KINDS}
    if dist.get_rank() == 0:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
