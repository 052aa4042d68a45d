"""The corpus manifest: which sources, and the settings of the seven steps. It is data; a threshold is changed
here, never in code."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import UnusedLeftOut
from manifests.schema.decontaminate import DecontaminateSettings
from manifests.schema.dedup import DedupSettings
from manifests.schema.documents import LANGUAGES, STEPS
from manifests.schema.language import LanguageSettings
from manifests.schema.plugins import StepPlugin, check_steps
from manifests.schema.privacy import PrivacySettings
from manifests.schema.quality import QualitySettings
from manifests.schema.shard_settings import ShardSettings
from manifests.schema.sources import IngestSettings, Source
from manifests.schema.values import Name


class CorpusManifest(UnusedLeftOut):
    """Everything that decides the corpus. Same manifest and same input: same bytes out."""

    optional_keys = ("steps",)
    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["corpus"]
    """Tells a corpus manifest from the others."""
    name: Name
    """The corpus's name, in the report."""
    seed: int = 0
    """Seed of everything that is drawn: samples, folds, held-out documents, the documents of the shards."""
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """Where documents come from."""
    ingest: IngestSettings = IngestSettings()
    """How the input is cut into parts, and how long a document may be."""
    language: LanguageSettings
    """How languages are told."""
    quality: QualitySettings
    """Signals, models and rules."""
    dedup: DedupSettings = DedupSettings()
    """What counts as a duplicate."""
    privacy: PrivacySettings
    """What becomes of personal data."""
    decontaminate: DecontaminateSettings = DecontaminateSettings()
    """The benchmarks that must not be in the corpus."""
    shards: ShardSettings
    """The token budget and the shards."""
    steps: tuple[StepPlugin, ...] = ()
    """Steps of your own, before or after any of the seven."""

    @model_validator(mode="after")
    def _consistent(self) -> CorpusManifest:
        check_steps(self.steps, STEPS)
        names = [source.name for source in self.sources]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sources: two sources are called {twice[0]!r}; names must differ")
        for rule in self.quality.rules:
            strange = sorted(set(rule.spare.sources) - set(names))
            if strange:
                raise ValueError(
                    f"quality.rules: {rule.name!r} spares {strange[0]!r}, which is no source; known are "
                    f"{', '.join(names)}"
                )
        unknown = set(self.shards.budget) - set(LANGUAGES)
        if unknown:
            raise ValueError(
                f"shards.budget: unknown language {sorted(unknown)[0]!r}; known are {', '.join(LANGUAGES)}"
            )
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant; a line each."""
        rehydrate = self.shards.rehydrate
        found = rehydrate.warnings(self.sources) if rehydrate else ()
        return tuple(f"shards.rehydrate: {warning}" for warning in found)
