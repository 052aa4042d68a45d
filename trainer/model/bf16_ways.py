"""How products of bfloat16 are made on a CPU: natively, or of float32 copies ("widened").

Which is faster depends on the processor and on the sizes: with AVX512-BF16 a Linear is 4 times as fast
natively as widened, and the attention of short examples 3 times as slow. The result is about as exact either
way: products of bfloat16 numbers are exact in float32, in which either way adds them up. But its last bits
differ, so that a training keeps to one choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import torch
from torch import Tensor

from manifests.schema.base import Strict

Way = Literal["native", "widened"]


class Bf16Ways(Strict):
    """The way of each kind of product."""

    products: Way = "native"
    """Of linear layers and the loss."""
    attention: Way = "native"
    """Of queries, keys and values."""


NATIVE = Bf16Ways()
_WAYS: ContextVar[Bf16Ways] = ContextVar("bf16_ways")


@contextmanager
def bf16_ways(ways: Bf16Ways) -> Iterator[None]:
    """While the block runs, products of bfloat16 on the CPU are made in these ways; else natively."""
    token = _WAYS.set(ways)
    try:
        yield
    finally:
        _WAYS.reset(token)


def current_ways() -> Bf16Ways:
    """Those of the innermost bf16_ways that runs; natively where there is none."""
    return _WAYS.get(NATIVE)


def widened(x: Tensor, kind: Literal["products", "attention"] = "products") -> bool:
    """Whether products of ``x`` are to be made of float32 copies."""
    if x.dtype != torch.bfloat16 or x.device.type != "cpu":
        return False
    ways = current_ways()
    return (ways.attention if kind == "attention" else ways.products) == "widened"
