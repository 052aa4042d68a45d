"""Deduplication: exact documents, near-duplicates, repeated paragraphs and runs of one character."""

from pipeline.steps.dedup.dedup_step import DedupStep

__all__ = ["DedupStep"]
