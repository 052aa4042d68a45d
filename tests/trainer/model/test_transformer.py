from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from manifests.schema.model import ModelSettings
from tests.trainer.examples import RELEASED, SMALL, small_model, small_settings
from trainer.model.attention import CrossAttention, SelfAttention
from trainer.model.block import DecoderBlock, Residual
from trainer.model.feedforward import FeedForward
from trainer.model.kv_cache import LayerKVCache
from trainer.model.rope import Rotation, rotation
from trainer.model.rope import rotate as rotate_into
from trainer.model.transformer import EncoderDecoder


def tokens(rows: int, positions: int, seed: int = 0) -> Tensor:
    return torch.randint(3, SMALL.pieces, (rows, positions), generator=torch.Generator().manual_seed(seed))


def rotate(x: Tensor, turn: Rotation) -> Tensor:
    return rotate_into(x, turn, torch.empty_like(x))


def openba_15b(norm: str) -> EncoderDecoder:
    sizes = {
        "d_model": 4096,
        "encoder_layers": 12,
        "decoder_layers": 36,
        "heads": 40,
        "head_size": 128,
        "d_ff": 16384,
    }
    with torch.device("meta"):
        return EncoderDecoder(ModelSettings.model_validate(sizes | {"norm": norm}), RELEASED.padded)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_released_settings_count_the_released_parameters() -> None:
    model = openba_15b("pre")
    assert parameters(model.encoder.blocks[0]) == 219_188_224
    assert parameters(model.decoder.blocks[0]) == 303_101_952
    assert parameters(model) == 14_567_703_040


def test_sandwich_has_two_gains_a_sublayer_and_no_bias_in_norms() -> None:
    names = dict(openba_15b("sandwich").decoder.blocks[0].named_parameters())
    norms = sorted(name for name in names if "norm" in name)
    sublayers = ("attention", "cross_attention", "feedforward")
    assert norms == sorted(
        f"{sublayer}.{norm}.weight" for sublayer in sublayers for norm in ("norm", "output_norm")
    )


def test_biases_are_on_attention_and_output_only() -> None:
    model = small_model(norm="sandwich")
    biased = {
        name.rsplit(".", 2)[-2]
        for name, _ in model.named_parameters()
        if name.endswith("bias") and "." in name
    }
    assert biased == {"qkv", "q", "kv", "out"}
    assert not any("feedforward" in name for name, _ in model.named_parameters() if name.endswith("bias"))
    assert model.output_bias.shape == (SMALL.padded,)


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_weights_start_as_released(norm: str) -> None:
    model = EncoderDecoder(
        small_settings(d_model=128, heads=4, head_size=64, d_ff=384, encoder_layers=12, norm=norm), 2048
    )
    for name, weight in model.named_parameters():
        if weight.ndim == 2:
            expected = 0.02 / 24**0.5 if name.endswith("out.weight") else 0.02
            assert weight.std().item() == pytest.approx(expected, rel=0.03), name
        else:
            gain = 0.02 if name.endswith("output_norm.weight") else 1
            assert torch.allclose(weight, torch.tensor(float(gain if name.endswith("norm.weight") else 0))), (
                name
            )


def test_same_seed_same_weights() -> None:
    one, two, other = (small_model(seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[name], two[name]) for name in one)
    drawn = [name for name, weight in one.items() if weight.ndim == 2]
    assert not any(torch.equal(one[name], other[name]) for name in drawn)


def test_rotation_keeps_lengths_and_makes_products_depend_on_distance_only() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 8, generator=generator)
    at = lambda x, position: rotate(x, rotation(torch.tensor([position]), 8, 10_000.0, x))  # noqa: E731
    assert torch.allclose(at(query, 100).norm(), query.norm())
    assert torch.allclose((at(query, 9) * at(key, 4)).sum(), (at(query, 105) * at(key, 100)).sum(), atol=1e-5)
    assert not torch.allclose((at(query, 9) * at(key, 4)).sum(), (at(query, 9) * at(key, 5)).sum(), atol=1e-3)


def test_rotation_pairs_halves() -> None:
    x = torch.tensor([1.0, 0.0, 0.0, 0.0]).view(1, 1, 1, 4)
    turned = rotate(x, rotation(torch.tensor([1]), 4, 10_000.0, x)).flatten()
    assert turned.tolist() == pytest.approx([math.cos(1), 0, math.sin(1), 0])


def test_self_attention_is_the_textbook_formula() -> None:
    settings = small_settings()
    torch.manual_seed(0)
    attention = SelfAttention(settings, causal=True)
    x = torch.randn(2, 5, 16)
    turn = rotation(torch.arange(5), 8, 10_000.0, x)
    queries, keys, values = (part.view(2, 5, 3, 8) for part in attention.qkv(x).chunk(3, dim=-1))
    scores = torch.einsum("bqhd,bkhd->bhqk", rotate(queries, turn), rotate(keys, turn)) / 8**0.5
    scores.masked_fill_(torch.ones(5, 5).triu(1).bool(), -torch.inf)
    mixed = torch.einsum("bhqk,bkhd->bqhd", scores.softmax(-1), values).reshape(2, 5, 24)
    assert torch.allclose(attention(x, turn), attention.out(mixed), atol=1e-6)


def test_feed_forward_is_the_textbook_formula() -> None:
    """SwiGLU: the gate's rows first, 11008 wide in the 15 B model, no biases."""
    torch.manual_seed(0)
    layer = FeedForward(small_settings(d_ff=768))
    assert layer.gate_up.weight.shape == (2 * 512, 16)
    assert layer.gate_up.bias is layer.out.bias is None
    x = torch.randn(2, 5, 16)
    gate, up = x @ layer.gate_up.weight[:512].T, x @ layer.gate_up.weight[512:].T
    assert torch.allclose(layer(x), (gate * torch.sigmoid(gate) * up) @ layer.out.weight.T, atol=1e-6)


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_each_sublayer_reads_a_norm_and_adds_to_the_residual(norm: str) -> None:
    """Sandwich: x + norm(sublayer(norm(x))); pre: x + sublayer(norm(x)); self-attention, attention to the
    source, feed-forward; no norm behind the addition, and one at the end of each stack."""
    model = small_model(norm=norm).eval()
    block = model.decoder.blocks[0]
    assert isinstance(block, DecoderBlock)
    assert [name for name, _ in block.named_children()] == ["attention", "cross_attention", "feedforward"]
    for position, gain in enumerate(
        parameter for name, parameter in block.named_parameters() if "norm.weight" in name
    ):
        torch.nn.init.constant_(gain, 0.5 + position / 4)  # so that no norm could stand for another
    x, memory = torch.randn(2, 2, 5, 16, generator=torch.Generator().manual_seed(0))
    turn = rotation(torch.arange(5), 8, 10_000.0, x)

    def normed(one: Any, value: Tensor) -> Tensor:
        if norm == "sandwich":
            return value / (value.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * one.weight
        centred = value - value.mean(-1, keepdim=True)
        return centred / (centred.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * one.weight + one.bias

    expected = x
    sublayers: list[tuple[Residual, tuple[Any, ...]]] = [
        (block.attention, (turn,)),
        (block.cross_attention, (memory,)),
        (block.feedforward, ()),
    ]
    for residual, inputs in sublayers:
        out = residual.sublayer(normed(residual.norm, expected), *inputs)
        expected = expected + (normed(residual.output_norm, out) if norm == "sandwich" else out)
    assert torch.allclose(block(x, turn, memory, None, None), expected, atol=1e-5)
    seen: list[Tensor] = []
    model.decoder.blocks[-1].register_forward_hook(lambda module, arguments, output: seen.append(output))
    assert torch.allclose(model.decoder(x, memory), normed(model.decoder.norm, seen[0]), atol=1e-5)


def test_only_self_attention_knows_positions() -> None:
    """The source's order does not matter to attention from the decoder; to self-attention it does."""
    torch.manual_seed(0)
    settings = small_settings(init_std=0.5)
    x, order = torch.randn(1, 6, 16), torch.tensor([3, 1, 5, 0, 2, 4])
    cross, own = CrossAttention(settings), SelfAttention(settings, causal=False)
    assert torch.allclose(cross(x, x[:, order]), cross(x, x), atol=1e-6)
    turn = rotation(torch.arange(6), 8, 10_000.0, x)
    assert not torch.allclose(own(x[:, order], turn), own(x, turn)[:, order], atol=1e-3)


def test_decoder_sees_no_later_token() -> None:
    model = small_model()
    memory, _ = model.encode(tokens(2, 7))
    first, second = tokens(2, 9, 1), tokens(2, 9, 2)
    second[:, :6] = first[:, :6]
    one, two = model.decode(first, memory), model.decode(second, memory)
    assert torch.allclose(one[:, :6], two[:, :6], atol=1e-6)
    assert not torch.allclose(one[:, 6], two[:, 6], atol=1e-2)


def test_encoder_and_decoder_see_every_token_they_may() -> None:
    model = small_model()
    source, decoder = tokens(1, 7), tokens(1, 6, 1)
    before = model.decode(decoder, model.encode(source)[0])[0, -1]
    for changed in range(7):
        other = source.clone()
        other[0, changed] = 3 + (other[0, changed] - 2) % 100
        assert not torch.allclose(model.decode(decoder, model.encode(other)[0])[0, -1], before, atol=1e-3), (
            changed
        )


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_padding_changes_nothing(norm: str) -> None:
    model = small_model(norm=norm)
    source, decoder = tokens(3, 9), tokens(3, 6, 1)
    labels = tokens(3, 6, 2)
    lengths = torch.tensor([9, 4, 6])
    labels[1, 3:] = -100
    total, count, _ = model(source, decoder, labels, lengths)
    apart = [
        model(source[i : i + 1, :n], decoder[i : i + 1, :m], labels[i : i + 1, :m])
        for i, n, m in ((0, 9, 6), (1, 4, 3), (2, 6, 6))
    ]
    assert count == sum(part[1] for part in apart) == 15
    assert total.item() == pytest.approx(sum(part[0].item() for part in apart), rel=1e-5)


def test_dropout_follows_the_seed_and_stops_in_evaluation() -> None:
    model = small_model(dropout=0.3)
    batch = (tokens(2, 9), tokens(2, 6, 1), tokens(2, 6, 2))
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        losses.append(model(*batch)[0].item())
    assert losses[0] == losses[1] != losses[2]
    model.eval()
    assert model(*batch)[0].item() == model(*batch)[0].item()
    assert model(*batch)[0].item() == pytest.approx(small_model()(*batch)[0].item())


def test_several_positions_after_cached_ones_are_refused() -> None:
    model = small_model().eval()
    memory, mask = model.encode(tokens(1, 4))
    caches = [LayerKVCache() for _ in model.decoder.blocks]
    model.decode(tokens(1, 3), memory, mask, caches)
    with pytest.raises(ValueError, match="2 positions after 3 in the cache"):
        model.decode(tokens(1, 2), memory, mask, caches)


FAR = [0, 1, 255, 256, 257, 511, 1000, 1001, 1023, 1025, 2047, 4095, 8191]


@pytest.mark.parametrize(("kind", "error"), [(torch.float32, 2e-3), (torch.bfloat16, 5e-3)])
@pytest.mark.parametrize("base", [500.0, 10_000.0])
def test_rotations_of_far_positions_are_right_in_every_type(
    kind: torch.dtype, error: float, base: float
) -> None:
    """Half a step of bfloat16 below 1 is .002; float32 has lost .0005 of a turn at position 8191."""
    cos, sin = rotation(torch.tensor(FAR), 128, base, torch.empty(0, dtype=kind))
    angles = torch.tensor(FAR, dtype=torch.float64)[:, None] * base ** -(
        torch.arange(64, dtype=torch.float64) / 64
    )
    assert cos.dtype == sin.dtype == kind
    assert (cos[:, 0].double() - angles.cos()).abs().max() < error
    assert (sin[:, 0].double() - angles.sin()).abs().max() < error


def test_a_far_query_in_bfloat16_still_knows_its_neighbour_from_itself() -> None:
    """Products of bfloat16 queries and keys 0 to 3 apart at position 1000 are those of float64 at position
    0."""
    query, key = torch.randn(2, 1, 1, 1, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    halves = lambda x, at: rotate(x, rotation(torch.tensor([at]), 64, 10_000.0, x)).double()  # noqa: E731
    for distance in range(4):
        near = (halves(query, distance) * halves(key, 0)).sum()
        far = (halves(query.bfloat16(), 1000 + distance) * halves(key.bfloat16(), 1000)).sum()
        assert far.item() == pytest.approx(near.item(), abs=0.1), distance
