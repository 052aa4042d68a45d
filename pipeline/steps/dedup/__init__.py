"""Deduplication: exact documents, near-duplicates, repeated paragraphs and runs of one character."""
