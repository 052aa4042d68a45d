"""A step of your own, between quality and dedup: what stands behind "See also" is cut off, and what is then
too short is rejected.

python examples/own_step.py texts runs/own-step
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from base_manifests import write_corpus

import openba

OWN = """
steps:
  - {use: "own_step:without_see_also", name: see_also, after: quality, settings: {least: 300}}
"""


def without_see_also(batch: pa.RecordBatch, settings: dict[str, Any]) -> tuple[pa.Array, pa.Array]:
    """A reason for each document (null keeps it), and its new text."""
    texts = pc.replace_substring_regex(batch.column("text"), r"(?s)\n\s*See also\b.*", "\n")
    short = pc.less(pc.utf8_length(texts), settings["least"])
    return pc.if_else(short, "short_without_see_also", None), texts


if __name__ == "__main__":
    texts, run = Path(sys.argv[1]), Path(sys.argv[2])
    for outcome in openba.run_steps(write_corpus(run, texts, OWN), run):
        step = outcome.manifest
        print(f"{step.step:<14}{step.documents_in:>5} in{step.documents_kept:>7} kept")
        if step.step == "see_also":
            print(
                f"{'':<14}{step.metrics['documents_changed']:>5} of them without what stood behind 'See also'"
            )
