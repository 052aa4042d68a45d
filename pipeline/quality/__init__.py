"""The quality step: signals first, decisions second."""

from pipeline.quality.step import QualityStep

__all__ = ["QualityStep"]
