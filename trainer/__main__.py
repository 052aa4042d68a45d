"""``python -m trainer``: what torchrun, DeepSpeed's launcher and Ray start; the same as ``openba``."""

from __future__ import annotations

from openba.cli.main import entry, main

__all__ = ["main"]

if __name__ == "__main__":
    entry()
