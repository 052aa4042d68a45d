"""The seven steps by name."""

from __future__ import annotations

from pipeline.runtime.step import Step
from pipeline.steps.decontaminate.decontaminate_step import DecontaminateStep
from pipeline.steps.dedup import DedupStep
from pipeline.steps.ingest import IngestStep
from pipeline.steps.language import LanguageStep
from pipeline.steps.privacy import PrivacyStep
from pipeline.steps.quality import QualityStep
from pipeline.steps.shards import ShardsStep

STEP_CLASSES: dict[str, type[Step]] = {
    step.name: step
    for step in (IngestStep, LanguageStep, QualityStep, DedupStep, PrivacyStep, DecontaminateStep, ShardsStep)
}
