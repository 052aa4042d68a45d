"""The quality step: signals first, decisions second."""

from pipeline.steps.quality.quality_step import QualityStep

__all__ = ["QualityStep"]
