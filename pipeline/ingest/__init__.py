"""Ingest: files to documents."""

from pipeline.ingest.step import IngestStep

__all__ = ["IngestStep"]
