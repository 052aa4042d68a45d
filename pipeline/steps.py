"""The seven steps by name."""

from __future__ import annotations

from pipeline.decontaminate import DecontaminateStep
from pipeline.dedup import DedupStep
from pipeline.ingest import IngestStep
from pipeline.language import LanguageStep
from pipeline.privacy import PrivacyStep
from pipeline.quality import QualityStep
from pipeline.shards import ShardsStep
from pipeline.step import Step

STEP_CLASSES: dict[str, type[Step]] = {
    step.name: step for step in (IngestStep, LanguageStep, QualityStep, DedupStep, PrivacyStep, DecontaminateStep, ShardsStep)
}
