"""Settings of the shards step."""

from __future__ import annotations

from pydantic import model_validator

from manifests.schema.base import Tokens, UnusedLeftOut
from manifests.schema.instructions import InstructionSettings
from manifests.schema.rehydrate import RehydrateSettings
from manifests.schema.rules import Language
from manifests.schema.values import Fraction


class ShardSettings(UnusedLeftOut):
    """How many tokens of each language, and how they are laid down."""

    optional_keys = ("rehydrate",)
    budget: dict[Language, Tokens]
    """Tokens of each language, as in ``{en: 190 B, zh: 190 B, code: 20 B}``. A budget that the corpus cannot
    meet is an error."""
    tolerance: Fraction = 0.001
    """How far a language may be from its budget, as a share; documents are taken whole."""
    heldout: Fraction = 0.005
    """Share of documents that are set aside for held-out losses, chosen by hash."""
    shard_tokens: Tokens = 100_000_000
    """Tokens in a shard; only a set's last one holds fewer. A shard of 100 M takes 400 MB."""
    instructions: InstructionSettings | None = None
    """The instruction pairs, where they are wanted."""
    rehydrate: RehydrateSettings | None = None
    """Weights of documents by the number of their near duplicates, where they are wanted."""

    @model_validator(mode="after")
    def _rehydrated_languages_have_a_budget(self) -> ShardSettings:
        for language in self.rehydrate.weights if self.rehydrate else ():
            if language not in self.budget:
                raise ValueError(
                    f"rehydrate.weights: {language} has no budget; give it one in shards.budget, or remove it"
                )
        return self
