"""Ingest: files to documents."""
