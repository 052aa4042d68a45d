"""A pass through the model asks a GPU for no value, and waits for nothing that is copied to it.

The pass runs on the ``meta`` device, which has shapes and no values, as a GPU has none for the host that is ahead of it:
what asks for one cannot go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from manifests.schema.objectives import InstructionObjective, PrefixObjective, UL2Objective
from tests.trainer.examples import SMALL, small_settings
from trainer.data.batch import Batch, on_device
from trainer.data.joined_batch import join
from trainer.data.ragged import Pairs, Ragged
from trainer.model.loss import IGNORED, cross_entropy
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import build

META = torch.device("meta")
ASK = {"_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "_unique2", "unique_dim", "equal"}


class Waits(TorchDispatchMode):
    """Counts the operations at which the host would wait for a GPU: those whose result's shape or value it asks for,
    and copies between devices that are not asked to go on beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.seen = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name, kwargs = function.overloadpacket.__name__, kwargs or {}
        self.seen += 1
        masks = name in ("index", "index_put", "index_put_") and any(
            isinstance(place, Tensor) and place.dtype == torch.bool for place in args[1]
        )
        if name in ASK or masks or self._copies(name, args, kwargs):
            self.found[name] += 1
        return function(*args, **kwargs)

    @staticmethod
    def _copies(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        if name == "_to_copy":
            device = kwargs.get("device")
            other = device is not None and torch.device(device).type != args[0].device.type
            return other and not kwargs.get("non_blocking", False)
        if name == "copy_":
            waits = not (kwargs.get("non_blocking", False) or (len(args) > 2 and args[2]))
            return bool(waits and args[0].device.type != args[1].device.type and args[1].dim())
        return False


def batches() -> Iterator[tuple[str, Batch]]:
    """Rows, padded rows, rows and a packed row with documents, denoisers joined, and pairs."""
    tokens = (np.arange(4 * 96, dtype=np.uint32) ** 2 % 61 + 3).reshape(4, 96)
    tokens[:, 40] = 1  # where a document ends
    seeds = np.arange(4, dtype=np.uint64)
    ul2 = build(UL2Objective(kind="ul2", chunk=96, preset="openba-released"), SMALL)
    yield from ((f"denoiser {index}", ul2.apply(tokens, index, seeds)) for index in (0, 4, 6))
    yield "joined", join([ul2.apply(tokens, index, seeds) for index in range(7)])
    for boundaries in (False, True):
        prefix = PrefixObjective(kind="prefix", source=48, target=48, boundaries=boundaries)
        yield f"prefix, boundaries {boundaries}", build(prefix, SMALL).apply(tokens, 0, seeds)
    within = UL2Objective(kind="ul2", chunk=96, preset="openba-released", boundaries=True)
    yield "joined documents", join([build(within, SMALL).apply(tokens, index, seeds) for index in (0, 6)])
    pairs = Pairs(Ragged.of([tokens[0, :9], tokens[1, :5]]), Ragged.of([tokens[2, :4], tokens[3, :7]]))
    instruction = build(InstructionObjective(kind="instruction", source=16, target=12), SMALL)
    yield "pairs", instruction.apply(pairs, 0, seeds[:2])


BATCHES = dict(batches())


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
@pytest.mark.parametrize("recompute", [False, True], ids=["kept", "recomputed"])
@pytest.mark.parametrize("name", BATCHES)
def test_forward_and_backward_wait_for_nothing(name: str, recompute: bool, norm: str) -> None:
    with META:
        model = EncoderDecoder(small_settings(dropout=0.1, norm=norm), SMALL.padded, recompute=recompute)
    inputs = BATCHES[name].inputs()
    with Waits() as waits:
        loss, _, _ = model(**on_device(inputs, META), z_loss=1e-4)
        loss.backward()
    assert loss.device == META
    assert all(weight.grad is not None for weight in model.parameters())
    assert waits.seen > 200
    assert waits.found == {}


def asks(labels: Tensor) -> None:
    hidden, weight, bias = torch.ones(3, 2), torch.ones(5, 2), torch.ones(5)
    cross_entropy(hidden, weight, bias, labels)


@pytest.mark.parametrize(
    ("wait", "named"),
    [
        (lambda: asks(torch.tensor([1, IGNORED, 2])), "nonzero"),
        (lambda: torch.ones(3).sum().item(), "_local_scalar_dense"),
        (lambda: torch.ones(3)[torch.tensor([True, False, True])], "index"),
        (lambda: torch.ones(3).to(META), "_to_copy"),
        (lambda: torch.empty(3, device=META).copy_(torch.ones(3)), "copy_"),
    ],
)
def test_what_waits_is_seen(wait: Callable[[], object], named: str) -> None:
    with Waits() as waits:
        wait()
    assert waits.found[named] == 1
