"""A quality signal of your own, and a rule on it: documents that exclaim too much are rejected.

python examples/own_filter.py texts runs/own-filter
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from base_manifests import write_corpus

import openba

OWN = """
quality:
  signals:
    - {use: "own_filter:exclamations", range: [0, 20]}
  rules:
    - {name: exclaims, signal: exclamations, languages: [en, zh], max: 5}
"""


def exclamations(batch: pa.RecordBatch) -> npt.NDArray[np.float64]:
    """Exclamation marks in 1,000 characters: float64 [documents]."""
    texts = batch.column("text").to_pylist()
    return np.array([1000 * sum(map(text.count, "!！")) / max(1, len(text)) for text in texts])


if __name__ == "__main__":
    texts, run = Path(sys.argv[1]), Path(sys.argv[2])
    openba.run_steps(write_corpus(run, texts, OWN), run, ["ingest", "language", "quality"])

    rejected = openba.rejected(run, "quality").to_table(filter=pc.field("reason") == "exclaims")
    print(f"{rejected.num_rows} documents exclaim too much:")
    for document in rejected.to_pylist():
        print(f"  {document['id']}  {document['detail']}")
