"""Deduplication: exact documents, near-duplicates, repeated paragraphs and runs of one character."""

from pipeline.dedup.step import DedupStep

__all__ = ["DedupStep"]
