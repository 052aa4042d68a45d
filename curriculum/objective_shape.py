"""What others must know of an objective: its samples, its denoisers, the lengths of its examples."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from curriculum.pair_lengths import PairLengths
from manifests.schema.objectives import (
    BuiltInObjective,
    InstructionObjective,
    PrefixObjective,
    UL2Objective,
)
from manifests.schema.shards import TokenSet


@dataclass(frozen=True)
class ObjectiveShape:
    """The shape of an objective's samples and examples.

    Attributes:
        chunk_length: stream tokens of one sample; None where a sample is a pair of prompt and target.
        denoisers: ways to make an example of a sample, at least 1; each sample has one of them.
        longest: greatest lengths of an example in the encoder and in the decoder, special tokens included.
        special: how many of these the objective adds to each prompt and, before any ``</s>``, to each target.
    """

    chunk_length: int | None
    denoisers: int
    longest: tuple[int, int]
    special: tuple[int, int] = (0, 0)

    @property
    def room(self) -> tuple[int, int]:
        """Tokens of a prompt and of a target that are read, at most; the others are cut out."""
        return self.longest[0] - self.special[0], self.longest[1] - self.special[1]

    @property
    def reads(self) -> Literal["stream", "pairs"]:
        """The kind of token set that the samples come from."""
        return "pairs" if self.chunk_length is None else "stream"

    def samples(self, tokens: TokenSet) -> int:
        """Whole samples that a set of the right kind holds."""
        return tokens.rows if self.chunk_length is None else tokens.tokens // self.chunk_length

    def sample_tokens(self, tokens: TokenSet, lengths: PairLengths | None = None) -> Fraction:
        """Tokens that are read of one sample of a set, on average; of pairs without ``lengths`` all are."""
        if self.chunk_length is not None:
            return Fraction(self.chunk_length)
        read = tokens.tokens if lengths is None else tokens.tokens - lengths.cut(*self.room).tokens
        return Fraction(read, max(tokens.rows, 1))


def built_in_shape(objective: BuiltInObjective) -> ObjectiveShape:
    """The shape of an objective that is no plug-in."""
    match objective:
        case UL2Objective():
            return ObjectiveShape(objective.chunk, len(objective.mixture), objective.longest)
        case PrefixObjective():
            return ObjectiveShape(objective.chunk, 1, objective.longest)
        case InstructionObjective():
            return ObjectiveShape(None, 1, objective.longest, special=(3, 1))
