"""Cutting long documents into pieces: where, and how."""
