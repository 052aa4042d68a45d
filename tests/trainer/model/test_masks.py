"""Examples in one row do not see each other, nor, with boundaries, do the documents of a chunk."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from manifests.schema.denoisers import Denoiser
from manifests.schema.objectives import InstructionObjective, PrefixObjective, UL2Objective
from tests.trainer.examples import SMALL, small_model
from tests.trainer.objectives.test_instruction import ragged
from trainer.data.batch import Batch
from trainer.model.masks import EVERYWHERE, NOWHERE, document_mask
from trainer.model.transformer import EncoderDecoder
from trainer.objectives import UL2, Instruction, Pairs, Prefix, build
from trainer.objectives.document_boundaries import document_numbers

SPANS = Denoiser(mode="X", mean_span=3, density=0.4)
STREAM = [
    UL2Objective(kind="ul2", chunk=24, denoisers=(SPANS,), boundaries=True),
    UL2Objective(
        kind="ul2", chunk=24, denoisers=(SPANS.model_copy(update={"placement": "anywhere"}),), boundaries=True
    ),
    UL2Objective(kind="ul2", chunk=24, denoisers=(Denoiser(mode="S", density=0.7),), boundaries=True),
    PrefixObjective(kind="prefix", source=12, target=12, boundaries=True),
]
IDS = ["spans", "spans anywhere", "suffix", "prefix"]


def stream(rows: int) -> np.ndarray:
    """Chunks of 24 distinct tokens, with documents that end behind tokens 6 and 16."""
    tokens = np.stack(
        [np.random.default_rng(row).permutation(np.arange(3, SMALL.pieces))[:24] for row in range(rows)]
    ).astype(np.uint32)
    tokens[:, [6, 16]] = SMALL.eos
    return tokens


def examples(objective: UL2Objective | PrefixObjective, tokens: np.ndarray) -> Batch:
    transform = build(objective, SMALL)
    assert isinstance(transform, UL2 | Prefix)
    return transform.apply(tokens, 0, np.arange(len(tokens), dtype=np.uint64))


def losses(model: EncoderDecoder, batch: Batch) -> Tensor:
    """Each label's loss: [batch, positions]."""
    seen: list[Tensor] = []
    handle = model.decoder.register_forward_hook(lambda module, arguments, output: seen.append(output))
    with torch.no_grad():
        total, *_ = model(**batch.inputs())
        logits = model.logits(seen[0])
    handle.remove()
    found = F.cross_entropy(
        logits.flatten(0, 1), torch.from_numpy(batch.labels).flatten(), reduction="none", ignore_index=-100
    )
    assert found.sum().item() == pytest.approx(total.item(), rel=1e-5)
    return found.view(batch.labels.shape)


def without_documents(batch: Batch) -> Batch:
    return replace(batch, encoder_documents=None, decoder_documents=None)


def test_documents_are_numbered_by_their_ends() -> None:
    assert document_numbers(np.array([[5, 1, 1, 6], [7, 8, 9, 1]]), eos=1).tolist() == [
        [0, 0, 1, 2],
        [0, 0, 0, 0],
    ]


def test_document_mask() -> None:
    documents = torch.tensor([[EVERYWHERE, 0, 1, 0, NOWHERE]])
    assert document_mask(documents, documents)[0, 0].int().tolist() == [
        [1, 0, 0, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 0, 1, 0, 0],
        [1, 1, 0, 1, 0],
        [1, 0, 0, 0, 1],
    ]
    assert document_mask(documents, documents, causal=True)[0, 0, 1].int().tolist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize("objective", STREAM, ids=IDS)
def test_every_position_knows_its_document(objective: UL2Objective | PrefixObjective) -> None:
    """A text token its own; a sentinel that of the token it stands for; the last one what it ends; the first
    positions none."""
    tokens = stream(8)
    batch = examples(objective, tokens)
    assert batch.encoder_documents is not None
    assert batch.decoder_documents is not None
    for row in range(8):
        document = {
            int(token): index
            for token, index in zip(tokens[row], document_numbers(tokens, SMALL.eos)[row], strict=True)
            if token > 1
        }
        labels = batch.labels[row][batch.labels[row] != -100].tolist()
        first = {
            label: document[after] for label, after in pairwise(labels) if label >= SMALL.pieces and after > 1
        }
        known = document | first
        for ids, documents in (
            (batch.encoder, batch.encoder_documents),
            (batch.decoder, batch.decoder_documents),
        ):
            real = documents[row] != NOWHERE
            assert documents[row, 0] == EVERYWHERE
            for token, found in list(
                zip(ids[row][real].tolist(), documents[row][real].tolist(), strict=True)
            )[1:]:
                assert token not in known or known[token] == found, token
            assert (ids[row][~real] == SMALL.pad).all()


@pytest.mark.parametrize("objective", STREAM, ids=IDS)
def test_nothing_is_learned_from_another_document(objective: UL2Objective | PrefixObjective) -> None:
    """Another text in the second document changes no prediction that starts from the others."""
    tokens = stream(8)
    other = tokens.copy()
    other[:, 7:16] = (tokens[:, 7:16] - 3 + 71) % 140 + 3
    model = small_model().eval()
    before, after = examples(objective, tokens), examples(objective, other)
    assert before.decoder_documents is not None
    outside = torch.from_numpy(
        (before.decoder_documents != 1) & (before.labels == after.labels) & (before.labels != -100)
    )
    inside = torch.from_numpy(before.decoder_documents == 1)
    change = (losses(model, before) - losses(model, after)).abs()
    assert outside.sum() > 4
    assert change[outside].max() < 1e-5
    assert change[inside].max() > 1e-2
    crossing = (losses(model, without_documents(before)) - losses(model, without_documents(after))).abs()
    assert crossing[outside].max() > 1e-3


@pytest.mark.parametrize("norm", ["sandwich", "pre"])
def test_pairs_in_a_row_are_what_they_are_alone(norm: str) -> None:
    objective = build(InstructionObjective(kind="instruction", source=20, target=9), SMALL)
    assert isinstance(objective, Instruction)
    prompts, targets = [[5, 6, 7], [8], [9, 10, 11, 12, 13]], [[20], [21, 22, 23, 24], [25, 26]]
    model = small_model(norm=norm)
    seeds = np.zeros(3, dtype=np.uint64)
    total, count, _ = model(**objective.apply(Pairs(ragged(*prompts), ragged(*targets)), 0, seeds).inputs())
    apart = [
        model(**objective.apply(Pairs(ragged(a), ragged(b)), 0, seeds[:1]).inputs())
        for a, b in zip(prompts, targets, strict=True)
    ]
    assert count == sum(part[1] for part in apart) == 13
    assert total.item() == pytest.approx(sum(part[0].item() for part in apart), rel=1e-5)
