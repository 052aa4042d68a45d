"""The quality step: signals first, decisions second."""
