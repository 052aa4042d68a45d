"""Junk that the project makes by itself, to ask what the rules of quality catch."""

from pipeline.judge.junk.junk_set import KINDS, LANGUAGES, make

__all__ = ["KINDS", "LANGUAGES", "make"]
