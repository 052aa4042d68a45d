from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from manifests.schema.base import ManifestError
from manifests.schema.denoisers import OPENBA_RELEASED, Denoiser
from manifests.schema.objectives import PrefixObjective, UL2Objective
from tests.trainer.examples import RELEASED, SMALL
from trainer.data.batch import Batch
from trainer.model.loss import IGNORED
from trainer.objectives import UL2, Prefix, build
from trainer.objectives.span_corruption import random_ends

V = RELEASED
SUFFIX = 2


def seeds(rows: int, first: int = 0) -> npt.NDArray[np.uint64]:
    return np.arange(first, first + rows, dtype=np.uint64)


def chunks(rows: int, length: int = 568) -> npt.NDArray[np.uint32]:
    return np.random.default_rng(0).integers(3, V.pieces, (rows, length), dtype=np.uint32)


def released(chunk: int = 568) -> UL2:
    objective = build(UL2Objective(kind="ul2", chunk=chunk, preset="openba-released"), V)
    assert isinstance(objective, UL2)
    return objective


def examples(batch: Batch) -> list[tuple[list[int], list[int], list[int]]]:
    """Each example's encoder and decoder input and labels, without padding, whether they are rows or lie end
    to end in one."""
    if batch.decoder_lengths is None:
        lengths = (
            [batch.encoder.shape[1]] * len(batch.encoder)
            if batch.encoder_lengths is None
            else batch.encoder_lengths.tolist()
        )
        targets = (batch.labels != IGNORED).sum(axis=1).tolist()
        rows = zip(
            batch.encoder.tolist(),
            batch.decoder.tolist(),
            batch.labels.tolist(),
            lengths,
            targets,
            strict=True,
        )
        assert all(set(encoder[length:]) <= {V.pad} for encoder, _, _, length, _ in rows)
        rows = zip(
            batch.encoder.tolist(),
            batch.decoder.tolist(),
            batch.labels.tolist(),
            lengths,
            targets,
            strict=True,
        )
        return [
            (encoder[:length], decoder[:target], labels[:target])
            for encoder, decoder, labels, length, target in rows
        ]
    assert batch.encoder_lengths is not None
    assert len(batch.encoder) == len(batch.decoder) == len(batch.labels) == 1
    cut = lambda row, lengths: [part.tolist() for part in np.split(row[0], np.cumsum(lengths)[:-1])]  # noqa: E731
    encoder = cut(batch.encoder, batch.encoder_lengths)
    return list(
        zip(encoder, *(cut(row, batch.decoder_lengths) for row in (batch.decoder, batch.labels)), strict=True)
    )


def restored(batch: Batch) -> list[list[int]]:
    """The chunks, put together again from what the encoder reads and what the decoder writes; checks the
    layout on the way."""
    return [_restored(encoder, labels) for encoder, _, labels in examples(batch)]


def _restored(encoder: list[int], labels: list[int]) -> list[int]:
    assert encoder[0] in {V.mode("R"), V.mode("S"), V.mode("X")}
    assert encoder[-1] == labels[-1] == V.eos
    first = V.sentinel(0)
    spans: dict[int, list[int]] = {}
    for token in labels[:-1]:
        if V.pieces <= token <= first:
            assert token == first - len(spans), "sentinels count up from extra_id_0"
            spans[token] = []
        else:
            spans[first - len(spans) + 1].append(token)
    assert [token for token in encoder if V.pieces <= token <= first] == list(spans)
    return [token for item in encoder[1:-1] for token in spans.get(item, [item])]


@pytest.mark.parametrize(
    ("denoiser", "mode", "spans", "encoder", "decoder"),
    [
        (0, "R", 28, 513, 114),
        (1, "R", 11, 496, 97),
        (3, "X", 95, 381, 380),
        (4, "X", 36, 322, 321),
        (5, "X", 1, 486, 87),
        (6, "X", 4, 290, 289),
    ],
)
def test_released_layouts(
    denoiser: int, mode: Literal["R", "X"], spans: int, encoder: int, decoder: int
) -> None:
    batch = released().apply(chunks(16), denoiser, seeds(16))
    assert batch.encoder.shape == (16, encoder)
    assert batch.labels.shape == batch.decoder.shape == (16, decoder)
    assert batch.encoder_lengths is None
    assert batch.padding == 0
    assert set(batch.encoder[:, 0].tolist()) == {V.mode(mode)}
    sentinels = (batch.labels >= V.pieces) & (batch.labels <= V.sentinel(0))
    assert (sentinels.sum(axis=1) == spans).all()
    assert batch.tokens == 16 * (encoder + decoder)


def test_released_mean_lengths() -> None:
    """427 real encoder and 194.5 real decoder tokens a sample, over the seven denoisers."""
    batches = [released().apply(chunks(512), denoiser, seeds(512)) for denoiser in range(7)]
    assert np.mean([(batch.tokens - batch.targets) / 512 for batch in batches]) == pytest.approx(427, abs=0.6)
    assert np.mean([batch.targets / 512 for batch in batches]) == pytest.approx(194.5, abs=0.6)


@pytest.mark.parametrize("denoiser", range(7))
def test_every_token_once_and_in_order(denoiser: int) -> None:
    tokens = chunks(64)
    batch = released().apply(tokens, denoiser, seeds(64))
    assert restored(batch) == tokens.tolist()


@pytest.mark.parametrize("denoiser", range(7))
def test_decoder_input_is_the_labels_one_later(denoiser: int) -> None:
    batch = released().apply(chunks(8), denoiser, seeds(8))
    for _, decoder, labels in examples(batch):
        assert decoder == [V.pad, *labels[:-1]]
    assert batch.encoder.dtype == batch.decoder.dtype == batch.labels.dtype == np.int64


@pytest.mark.parametrize("denoiser", range(7))
def test_an_example_depends_on_its_chunk_and_seed_alone(denoiser: int) -> None:
    tokens = chunks(32)
    together = released().apply(tokens, denoiser, seeds(32, 7))
    mixed = np.random.default_rng(1).permutation(32)[:9]
    apart = released().apply(tokens[mixed], denoiser, seeds(32, 7)[mixed])
    assert examples(apart) == [examples(together)[row] for row in mixed]


def test_seeds_give_different_examples_of_one_chunk() -> None:
    same = np.repeat(chunks(1), 100, axis=0)
    batch = released().apply(same, 0, seeds(100))
    assert len({row.tobytes() for row in batch.encoder}) == 100


@pytest.mark.parametrize("denoiser", [0, 1, 3, 4, 5, 6])
def test_density_and_mean_span_are_exact(denoiser: int) -> None:
    drawn = OPENBA_RELEASED[denoiser]
    assert drawn.mean_span is not None
    labels = released().apply(chunks(4), denoiser, seeds(4)).labels
    sentinels = ((labels >= V.pieces) & (labels <= V.sentinel(0))).sum(axis=1)
    masked = labels.shape[1] - 1 - sentinels
    assert (masked == round(568 * drawn.density)).all()
    assert (sentinels == max(1, round(568 * drawn.density / drawn.mean_span))).all()


def test_suffixes_are_uniform_up_to_a_quarter() -> None:
    batch = released().apply(chunks(20_000), SUFFIX, seeds(20_000))
    assert batch.encoder_lengths is not None
    assert batch.decoder_lengths is not None
    lengths = batch.decoder_lengths - 2
    assert (lengths.min(), lengths.max()) == (1, 142)
    counts = np.bincount(lengths, minlength=143)[1:]
    assert (
        (counts - 20_000 / 142) ** 2 / (20_000 / 142)
    ).sum() < 200  # chi square, 141 degrees of freedom: beyond 200 once in 1200
    assert (batch.encoder_lengths == 568 + 3 - lengths).all()
    assert (batch.encoder_lengths.max(), batch.decoder_lengths.max()) == (570, 144)
    assert batch.padding == 0


def test_suffix_layout() -> None:
    for encoder, decoder, labels in examples(released().apply(chunks(4), SUFFIX, seeds(4))):
        assert (encoder[0], *encoder[-2:]) == (V.mode("S"), V.sentinel(0), V.eos)
        assert decoder[:2] == [V.pad, V.sentinel(0)]
        assert (labels[0], labels[-1]) == (V.sentinel(0), V.eos)


def test_suffixes_in_rows_are_the_same_examples() -> None:
    """With boundaries they are padded, because they need masks."""
    with_boundaries = UL2Objective(kind="ul2", chunk=568, preset="openba-released", boundaries=True)
    objective = build(with_boundaries, V)
    assert isinstance(objective, UL2)
    rows = objective.apply(chunks(8), SUFFIX, seeds(8))
    assert rows.decoder_lengths is None
    assert rows.padding > 0
    assert examples(rows) == examples(released().apply(chunks(8), SUFFIX, seeds(8)))


@given(total=st.integers(1, 300), share=st.floats(0, 1), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=100, deadline=None)
def test_random_lengths_add_up(total: int, share: float, seed: int) -> None:
    pieces = max(1, round(total * share))
    lengths = np.diff(
        random_ends(total, pieces, np.full(3, seed, dtype=np.uint64), stream=0), axis=1, prepend=0
    )
    assert lengths.shape == (3, pieces)
    assert (lengths.sum(axis=1) == total).all()
    assert lengths.min() >= 1
    assert (lengths == lengths[0]).all()


def test_every_way_of_cutting_is_equally_likely() -> None:
    """6 tokens in 3 pieces can be cut in 10 ways."""
    lengths = np.diff(random_ends(6, 3, seeds(50_000), stream=1), axis=1, prepend=0)
    ways, counts = np.unique(lengths, axis=0, return_counts=True)
    assert len(ways) == 10
    assert (
        (counts - 5000) ** 2 / 5000
    ).sum() < 28  # chi square, 9 degrees of freedom: beyond 28 once in 1000


def test_examples_are_pinned() -> None:
    """The very bytes: a change here changes what every seed means, and with it every replay."""
    objective = build(
        UL2Objective(
            kind="ul2", chunk=12, denoisers=(Denoiser(mode="X", mean_span=2, density=0.5), OPENBA_RELEASED[2])
        ),
        SMALL,
    )
    assert isinstance(objective, UL2)
    tokens = np.arange(10, 22, dtype=np.uint32)[None]
    spans, suffix = (objective.apply(tokens, denoiser, np.array([1], dtype=np.uint64)) for denoiser in (0, 1))
    assert spans.encoder.tolist() == [[252, 10, 11, 249, 13, 14, 15, 248, 19, 247, 1]]
    assert spans.labels.tolist() == [[249, 12, 248, 16, 17, 18, 247, 20, 21, 1]]
    assert suffix.encoder.tolist() == [[251, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 249, 1]]
    assert suffix.labels.tolist() == [[249, 20, 21, 1]]


@pytest.mark.parametrize(
    ("chunk", "denoiser", "reason"),
    [
        (
            568,
            Denoiser(mode="X", mean_span=1, density=0.5),
            "284 spans, but 100 sentinels; give a shorter chunk or a greater mean_span",
        ),
        (10, Denoiser(mode="X", mean_span=1, density=0.9), "no room for 9 spans"),
        (3, Denoiser(mode="S", density=0.25), "no room for a suffix"),
    ],
)
def test_impossible_denoisers_are_refused(chunk: int, denoiser: Denoiser, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        UL2Objective(kind="ul2", chunk=chunk, denoisers=(denoiser,))


def test_a_tokenizer_with_fewer_sentinels_is_found_when_the_objective_is_made() -> None:
    objective = UL2Objective(kind="ul2", chunk=200, denoisers=(Denoiser(mode="X", mean_span=2, density=0.5),))
    build(objective, V)
    with pytest.raises(ManifestError, match="50 spans, but 49 sentinels; give a shorter chunk"):
        build(objective, V.model_copy(update={"sentinels": 49}))


def test_prefix_is_stage_two_as_released() -> None:
    objective = build(PrefixObjective(kind="prefix", source=1024, target=1024), V)
    assert isinstance(objective, Prefix)
    assert (objective.shape.chunk_length, objective.shape.longest) == (2048, (1027, 1025))
    tokens = chunks(3, 2048)
    batch = objective.apply(tokens, 0, seeds(3))
    assert (batch.encoder.shape, batch.labels.shape) == ((3, 1027), (3, 1025))
    assert (batch.encoder[:, 1:-2] == tokens[:, :1024]).all()
    assert (batch.encoder[:, [0, -2, -1]] == [V.mode("S"), V.sentinel(0), V.eos]).all()
    assert (batch.labels[:, 1:] == tokens[:, 1024:]).all()
    assert (batch.labels[:, 0] == V.sentinel(0)).all()
    assert (batch.encoder_lengths, batch.padding) == (None, 0)


@pytest.mark.parametrize("preset", ["openba-released", "ul2"])
def test_no_position_of_stage_one_is_padding(preset: str) -> None:
    objective = build(UL2Objective.model_validate({"kind": "ul2", "chunk": 568, "preset": preset}), V)
    assert isinstance(objective, UL2)
    for denoiser in range(7):
        batch = objective.apply(chunks(16), denoiser, seeds(16))
        assert batch.padding == 0
        assert batch.tokens == batch.encoder.size + batch.decoder.size
