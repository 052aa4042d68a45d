"""What a stage trains: each objective's settings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict
from manifests.schema.denoisers import PRESETS, Denoiser
from manifests.schema.shards import SENTINELS
from manifests.schema.training_plugins import PluginObjective
from manifests.schema.values import Positive


class UL2Objective(Strict):
    """Mixture of denoisers over chunks of the token stream, drawn uniformly."""

    kind: Literal["ul2"]
    """Mixture of denoisers (Tay et al. 2022)."""
    chunk: Positive
    """Stream tokens of a sample. OpenBA-15B: 568, which make 570 encoder positions at most."""
    preset: Literal["openba-released", "ul2"] | None = None
    """A published mixture: ``openba-released`` (the scripts of OpenNLG/OpenBA, ef4716b) or ``ul2`` (table 1
    of Tay et al. 2022). Instead of ``denoisers``."""
    denoisers: tuple[Denoiser, ...] = ()
    """The denoisers, each drawn as often. Instead of ``preset``."""
    boundaries: bool = False
    """True: no token attends to another document's tokens in its chunk. False: attention crosses them, as
    released."""

    @model_validator(mode="after")
    def _usable(self) -> UL2Objective:
        if (self.preset is None) == (not self.denoisers):
            raise ValueError(
                "give either preset or denoisers, not both or none; for example preset: openba-released"
            )
        problem = next(filter(None, (one.misfit(self.chunk, SENTINELS) for one in self.mixture)), None)
        if problem:
            raise ValueError(problem)
        return self

    @property
    def longest(self) -> tuple[int, int]:
        """Greatest lengths of an example in the encoder and in the decoder, special tokens included."""
        return self.chunk + 3, self.chunk + 3

    @property
    def mixture(self) -> tuple[Denoiser, ...]:
        """The denoisers to draw from."""
        return self.denoisers if self.preset is None else PRESETS[self.preset]

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant: span denoisers that a chunk of this length turns into a second S
        denoiser."""
        advice = (
            "kept, because the released code does so"
            if self.preset == "openba-released"
            else "set placement: anywhere"
        )
        return tuple(
            f"denoiser {denoiser} on a chunk of {self.chunk} masks one span of "
            f"{denoiser.masked(self.chunk)} tokens, which is always the "
            f"chunk's end; {advice}"
            for denoiser in self.mixture
            if denoiser.mode != "S" and denoiser.placement == "tail" and denoiser.spans(self.chunk) == 1
        )


class PrefixObjective(Strict):
    """The encoder reads the first part of a chunk, the decoder writes the rest: OpenBA's length
    adaptation."""

    kind: Literal["prefix"]
    """Prefix language modelling (Raffel et al. 2020, section 3.2.1)."""
    source: Positive
    """Stream tokens that the encoder reads. OpenBA-15B: 1024."""
    target: Positive
    """Stream tokens that the decoder writes. OpenBA-15B: 1024."""
    boundaries: bool = False
    """True: no token attends to another document's tokens in its chunk. False: attention crosses them, as
    released."""

    @property
    def chunk(self) -> int:
        """Stream tokens of one sample."""
        return self.source + self.target

    @property
    def longest(self) -> tuple[int, int]:
        """Lengths of an example in the encoder and in the decoder, special tokens included."""
        return self.source + 3, self.target + 1


class InstructionObjective(Strict):
    """The encoder reads a prompt, the decoder writes its answer."""

    kind: Literal["instruction"]
    """Instruction pairs (Wei et al. 2022, Flan)."""
    source: Annotated[int, Field(ge=4)]
    """Encoder positions of a pair, at most, special tokens included. OpenBA-15B: 1024."""
    target: Annotated[int, Field(ge=3)]
    """Decoder positions of a pair, at most, special tokens included. OpenBA-15B: 256."""

    @property
    def longest(self) -> tuple[int, int]:
        """Greatest lengths of an example in the encoder and in the decoder, special tokens included."""
        return self.source, self.target


BuiltInObjective = UL2Objective | PrefixObjective | InstructionObjective
Objective = Annotated[BuiltInObjective | PluginObjective, Field(discriminator="kind")]
