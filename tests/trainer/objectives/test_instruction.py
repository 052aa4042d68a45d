"""Instruction pairs, as released."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.objectives import InstructionObjective
from tests.trainer.examples import SMALL
from tests.trainer.objectives.test_released_layouts import V, seeds
from trainer.data.batch import Batch
from trainer.objectives import Instruction, Pairs, Ragged, TrainingObjective, build


def ragged(*rows: list[int]) -> Ragged:
    return Ragged(
        np.array([token for row in rows for token in row], dtype=np.uint32), np.cumsum([0, *map(len, rows)])
    )


def paired(objective: TrainingObjective, prompts: list[list[int]], targets: list[list[int]]) -> Batch:
    return objective.apply(Pairs(ragged(*prompts), ragged(*targets)), 0, seeds(len(prompts)))


def test_instruction_layout() -> None:
    objective = build(InstructionObjective(kind="instruction", source=7, target=4), V)
    assert isinstance(objective, Instruction)
    batch = paired(objective, [[11, 12], [], [13, 14, 15, 16, 17]], [[21], [], [22, 23, 24, 25]])
    s, e, eos = V.mode("S"), V.sentinel(0), V.eos
    assert batch.encoder.tolist() == [[s, 11, 12, e, eos, s, e, eos, s, 13, 14, 16, 17, e, eos]]
    assert batch.labels.tolist() == [[e, 21, eos, e, eos, e, 22, 23, 24]]
    assert batch.decoder.tolist() == [[0, e, 21, 0, e, 0, e, 22, 23]]
    assert batch.encoder_lengths is not None
    assert batch.encoder_lengths.tolist() == [5, 3, 7]
    assert batch.decoder_lengths is not None
    assert batch.decoder_lengths.tolist() == [3, 2, 4]
    assert (batch.targets, batch.tokens, batch.padding) == (9, 24, 0)
    assert batch.encoder.dtype == batch.decoder.dtype == batch.labels.dtype == np.int64


def test_instructions_are_cut_to_the_released_lengths() -> None:
    objective = build(InstructionObjective(kind="instruction", source=1024, target=256), V)
    assert isinstance(objective, Instruction)
    batch = paired(objective, [[7] * 5000, [7] * 1021], [[8] * 5000, [8] * 254])
    assert batch.encoder_lengths is not None
    assert batch.encoder_lengths.tolist() == [1024, 1024]
    assert batch.decoder_lengths is not None
    assert batch.decoder_lengths.tolist() == [256, 256]
    assert batch.labels[0, [255, 511]].tolist() == [8, V.eos]


def test_the_end_of_a_prompt_where_the_question_stands_is_never_lost() -> None:
    objective = build(InstructionObjective(kind="instruction", source=8, target=4), V)
    text, question = list(range(11, 40)), [90, 91, 92]
    batch = paired(objective, [text + question], [[21]])
    assert batch.encoder.tolist() == [[V.mode("S"), 11, 12, *question, V.sentinel(0), V.eos]]


PAIR = st.tuples(st.lists(st.integers(3, 149), max_size=30), st.lists(st.integers(3, 149), max_size=20))


@given(st.lists(PAIR, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_pairs_lie_end_to_end_whatever_their_lengths(pairs: list[tuple[list[int], list[int]]]) -> None:
    """Together they are what each is alone, one after the other."""
    objective = build(InstructionObjective(kind="instruction", source=20, target=9), SMALL)
    assert isinstance(objective, Instruction)
    prompts, targets = [prompt for prompt, _ in pairs], [target for _, target in pairs]
    together = paired(objective, prompts, targets)
    apart = [paired(objective, [prompt], [target]) for prompt, target in pairs]
    for name in ("encoder", "decoder", "labels"):
        joined = together.inputs()[name]
        assert joined is not None
        assert joined.tolist() == [[x for one in apart for x in getattr(one, name)[0].tolist()]], name
    for (prompt, target), one in zip(pairs, apart, strict=True):
        read = prompt if len(prompt) <= 17 else prompt[:8] + prompt[-9:]
        assert one.encoder[0].tolist() == [SMALL.mode("S"), *read, SMALL.sentinel(0), SMALL.eos]
        assert one.labels[0].tolist() == [SMALL.sentinel(0), *target, SMALL.eos][:9]
