"""Layers with a backward pass of their own against what torch derives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from tests.trainer.examples import small_settings
from trainer.model.attention_heads import split_heads
from trainer.model.bf16_linear import Linear
from trainer.model.bf16_ways import Bf16Ways, bf16_ways, widened
from trainer.model.feedforward import FeedForward
from trainer.model.masks import Segments, attend
from trainer.model.norm import RMSNorm
from trainer.model.rope import rotation


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return (
        torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        .to(dtype)
        .requires_grad_()
    )


def check(
    ours: Callable[..., Tensor], theirs: Callable[..., Tensor], *inputs: Tensor, tolerance: float = 1e-12
) -> None:
    """Same outputs, and same gradients of a sum in which no two outputs weigh the same."""
    results = []
    for function in (ours, theirs):
        out = function(*inputs)
        weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).view_as(out)
        results.append((out, *torch.autograd.grad((out * weights).sum(), inputs)))
    for one, two in zip(*results, strict=True):
        assert one.dtype == two.dtype
        assert torch.allclose(one, two, rtol=tolerance, atol=tolerance * float(two.detach().abs().max()))


@pytest.mark.parametrize("shape", [(2, 3, 8), (5, 8), (1, 1, 8)])
def test_rms_norm(shape: tuple[int, ...]) -> None:
    def ours(x: Tensor, weight: Tensor) -> Tensor:
        norm = RMSNorm(8, eps=1e-5, dtype=torch.float64)
        del norm.weight
        norm.weight = weight  # type: ignore[assignment]
        return norm(x)

    check(ours, lambda x, weight: F.rms_norm(x, (8,), weight, 1e-5), random(*shape), random(8, seed=1))
    tiny = (random(*shape) * 1e-4).detach().requires_grad_()  # where eps counts
    check(ours, lambda x, weight: F.rms_norm(x, (8,), weight, 1e-5), tiny, random(8, seed=1))


def test_rms_norm_of_bfloat16_is_rounded_once() -> None:
    norm = RMSNorm(64, eps=1e-5, dtype=torch.bfloat16)
    x = random(7, 64, dtype=torch.bfloat16)
    weights = random(7, 64, seed=2, dtype=torch.bfloat16).detach()
    found = (norm(x), *torch.autograd.grad(norm(x), (x, norm.weight), weights))
    exact, gain = x.detach().double().requires_grad_(), norm.weight.detach().double().requires_grad_()
    out = F.rms_norm(exact, (64,), gain, 1e-5)
    for one, two in zip(
        found, (out, *torch.autograd.grad(out, (exact, gain), weights.double())), strict=True
    ):
        assert one.dtype == torch.bfloat16
        assert torch.allclose(one.double(), two, rtol=2**-8, atol=1e-5)


def test_swiglu() -> None:
    layer = FeedForward(small_settings()).double()

    def theirs(x: Tensor) -> Tensor:
        gate, up = F.linear(x, layer.gate_up.weight).chunk(2, dim=-1)
        return F.linear(F.silu(gate) * up, layer.out.weight)

    check(layer, theirs, random(2, 3, 16))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_split_heads_with_rotation(part: int) -> None:
    cos, sin = turn = rotation(torch.tensor([0, 1, 5, 9]), 8, 10_000.0, random(1))

    def theirs(projected: Tensor) -> Tensor:
        heads = projected.view(2, 4, 3, 2, 8)[:, :, part].transpose(1, 2)
        first, second = heads.chunk(2, dim=-1)
        c, s = cos.squeeze(1), sin.squeeze(1)
        return heads if part == 2 else torch.cat((first * c - second * s, second * c + first * s), dim=-1)

    check(lambda projected: split_heads(projected, 3, 8, turn)[part], theirs, random(2, 4, 48))


def test_split_heads_without_rotation() -> None:
    theirs = lambda projected: torch.stack(projected.view(2, 4, 2, 3, 8).transpose(1, 3).unbind(2))  # noqa: E731
    check(lambda projected: torch.stack(split_heads(projected, 2, 8)), theirs, random(2, 4, 48))


@pytest.mark.parametrize("bias", [True, False])
def test_widened_products_are_as_exact_as_one_rounding(bias: bool) -> None:
    """Against the exact product of the same bfloat16 numbers."""
    layer = Linear(64, 24, bias=bias, dtype=torch.bfloat16)
    x = random(2, 5, 64, dtype=torch.bfloat16)
    with bf16_ways(Bf16Ways(products="widened")):
        out = layer(x)
    weights = random(*out.shape, seed=3, dtype=torch.bfloat16).detach()
    parameters = [x, *layer.parameters()]
    grads = torch.autograd.grad(out, parameters, weights)
    exact = [one.detach().double().requires_grad_() for one in parameters]
    exact_out = F.linear(exact[0], exact[1], exact[2] if bias else None)
    exact_grads = torch.autograd.grad(exact_out, exact, weights.double())
    for one, two in zip((out, *grads), (exact_out, *exact_grads), strict=True):
        assert one.dtype == torch.bfloat16
        assert torch.allclose(one.double(), two, rtol=2**-8, atol=1e-5)


@pytest.mark.parametrize("mask", [None, Segments((3, 4), (2, 5))])
def test_widened_attention(mask: Segments | None) -> None:
    queries, keys, values = (random(1, 2, 7, 8, seed=seed, dtype=torch.bfloat16) for seed in range(3))
    exact = attend(queries.double(), keys.double(), values.double(), mask, causal=False)
    with bf16_ways(Bf16Ways(attention="widened")):
        found = attend(queries, keys, values, mask, causal=False)
    assert found.dtype == torch.bfloat16
    assert torch.allclose(found.double(), exact, rtol=2**-8, atol=1e-5)


def test_only_bfloat16_products_of_the_chosen_kind_are_widened() -> None:
    wide, narrow = torch.ones(2), torch.ones(2, dtype=torch.bfloat16)
    assert not widened(narrow), "natively where nothing was chosen"
    with bf16_ways(Bf16Ways(attention="widened")):
        assert widened(narrow, "attention")
        assert not widened(narrow)
        assert not widened(wide, "attention")
        with bf16_ways(Bf16Ways(products="widened")):
            assert widened(narrow)
            assert not widened(narrow, "attention")
    assert not widened(narrow, "attention")
