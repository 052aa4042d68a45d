"""Benchmarks of the field, scored by EleutherAI's lm-evaluation-harness."""
