"""Ingest: files to documents."""

from pipeline.steps.ingest.ingest_step import IngestStep

__all__ = ["IngestStep"]
