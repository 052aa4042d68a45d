"""The steps by name: the seven, and those of the user's own."""

from __future__ import annotations

from manifests.schema.corpus import CorpusManifest
from pipeline.runtime.step import Step
from pipeline.runtime.user_step import UserStep
from pipeline.steps.decontaminate.decontaminate_step import DecontaminateStep
from pipeline.steps.dedup.dedup_step import DedupStep
from pipeline.steps.ingest.ingest_step import IngestStep
from pipeline.steps.language.language_step import LanguageStep
from pipeline.steps.privacy.privacy_step import PrivacyStep
from pipeline.steps.quality.quality_step import QualityStep
from pipeline.steps.shards.shards_step import ShardsStep

STEP_CLASSES: dict[str, type[Step]] = {
    step.name: step
    for step in (IngestStep, LanguageStep, QualityStep, DedupStep, PrivacyStep, DecontaminateStep, ShardsStep)
}


def step_named(name: str, corpus: CorpusManifest) -> Step:
    """A step of a corpus, whose manifest may name steps of the user's own.

    Raises:
        KeyError: it has none of that name.
    """
    own = {entry.name: entry for entry in corpus.steps}
    return UserStep(own[name]) if name in own else STEP_CLASSES[name]()
