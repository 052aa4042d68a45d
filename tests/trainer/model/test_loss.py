from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.model.loss import IGNORED, cross_entropy


def example(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    hidden, weight, bias = (
        torch.randn(23, 8, dtype=dtype),
        torch.randn(41, 8, dtype=dtype),
        torch.randn(41, dtype=dtype),
    )
    labels = torch.randint(0, 41, (23,))
    labels[[2, 3, 22]] = IGNORED
    return hidden.requires_grad_(), weight.requires_grad_(), bias.requires_grad_(), labels


@pytest.mark.parametrize("chunk", [1, 7, 20, 1000])
def test_loss_and_gradients_equal_torch(chunk: int) -> None:
    *parameters, labels = example(torch.float32)
    hidden, weight, bias = parameters
    total, count, _ = cross_entropy(hidden, weight, bias, labels, chunk)
    expected = F.cross_entropy(F.linear(hidden, weight, bias), labels, reduction="sum", ignore_index=IGNORED)
    assert count.item() == 20
    assert total.item() == pytest.approx(expected.item(), rel=1e-6)
    ours = torch.autograd.grad(total / 20, parameters)
    theirs = torch.autograd.grad(expected / 20, parameters)
    for one, two in zip(ours, theirs, strict=True):
        assert torch.allclose(one, two, atol=1e-6)


def plain(
    hidden: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, z_loss: float
) -> tuple[Tensor, Tensor]:
    """Cross-entropy and z-loss by their definitions (PaLM, section 5)."""
    logits = F.linear(hidden, weight, bias)[labels != IGNORED]
    log_z = logits.exp().sum(-1).log()
    nats = (log_z - logits.gather(1, labels[labels != IGNORED, None])[:, 0]).sum()
    return nats, z_loss * (log_z**2).sum()


@pytest.mark.parametrize("chunk", [1, 7, 20, 1000])
@pytest.mark.parametrize("z_loss", [1e-4, 0.3])
def test_z_loss_and_its_gradients_are_those_of_its_definition(chunk: int, z_loss: float) -> None:
    *parameters, labels = example(torch.float32)
    hidden, weight, bias = parameters
    total, count, parts = cross_entropy(hidden, weight, bias, labels, chunk, z_loss)
    nats, expected = plain(hidden, weight, bias, labels, z_loss)
    assert (count.item(), parts.requires_grad) == (20, False)
    assert parts.tolist() == pytest.approx([nats.item(), expected.item()], rel=1e-6)
    assert total.item() == parts.sum().item()
    ours = torch.autograd.grad(total / 20, parameters)
    theirs = torch.autograd.grad((nats + expected) / 20, parameters)
    for one, two in zip(ours, theirs, strict=True):
        assert torch.allclose(one, two, atol=1e-6)
    with torch.no_grad():
        assert torch.equal(cross_entropy(hidden, weight, bias, labels, chunk, z_loss)[2], parts)


@pytest.mark.parametrize("z_loss", [0.0, 0.3])
def test_gradients_are_the_derivatives(z_loss: float) -> None:
    *parameters, labels = example()

    def total(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return cross_entropy(hidden, weight, bias, labels, 7, z_loss)[0]

    assert torch.autograd.gradcheck(total, parameters, rtol=1e-6)


def test_without_z_loss_no_bit_changes() -> None:
    *parameters, labels = example(torch.float32)
    hidden, weight, bias = parameters
    total, _, parts = cross_entropy(hidden, weight, bias, labels, 7)
    nats = torch.zeros(())
    for start in range(0, 20, 7):
        real = labels != IGNORED
        rows, own = hidden[real][start : start + 7], labels[real][start : start + 7]
        nats -= F.linear(rows, weight, bias).log_softmax(-1).gather(1, own[:, None]).sum()
    assert torch.equal(total, nats)
    assert parts.tolist() == [total.item(), 0]


def test_no_gradient_no_gradient_work() -> None:
    hidden, weight, bias, labels = example(torch.float32)
    with torch.no_grad():
        total, *_ = cross_entropy(hidden, weight, bias, labels, 5)
    assert not total.requires_grad
    assert total.item() == pytest.approx(cross_entropy(hidden, weight, bias, labels)[0].item(), rel=1e-6)


def test_bfloat16_gradients_are_summed_in_float32() -> None:
    """4096 equal gradients of 2**-9 or so: added one by one in bfloat16 they would stop growing at 256 of
    them."""
    hidden = torch.ones(4096, 1, dtype=torch.bfloat16)
    weight = torch.zeros(2, 1, dtype=torch.bfloat16, requires_grad=True)
    bias = torch.zeros(2, dtype=torch.bfloat16, requires_grad=True)
    total, count, _ = cross_entropy(hidden, weight, bias, torch.zeros(4096, dtype=torch.int64), chunk=1)
    total.backward()
    assert count.item() == 4096
    assert weight.grad is not None
    assert weight.grad.flatten().tolist() == [-2048.0, 2048.0]
    assert total.dtype == torch.float32


def test_nothing_to_predict_costs_nothing() -> None:
    hidden, weight, bias, labels = example(torch.float32)
    total, count, _ = cross_entropy(hidden, weight, bias, torch.full_like(labels, IGNORED))
    total.backward()
    assert (total.item(), count.item()) == (0.0, 0)
    assert weight.grad is not None
    assert not weight.grad.any()


def test_logits_of_one_chunk_at_a_time() -> None:
    """The largest tensor that the loss makes is a chunk of logits, not those of all tokens."""
    sizes: list[int] = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            result = function(*args, **(kwargs or {}))
            sizes.extend(
                item.numel()
                for item in (result if isinstance(result, tuple) else (result,))
                if isinstance(item, Tensor)
            )
            return result

    hidden = torch.randn(512, 4, requires_grad=True)
    weight, bias = torch.randn(100, 4, requires_grad=True), torch.zeros(100, requires_grad=True)
    with Watch():
        cross_entropy(hidden, weight, bias, torch.zeros(512, dtype=torch.int64), chunk=64)[0].backward()
    assert max(sizes) == 64 * 100
