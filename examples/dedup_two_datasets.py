"""Two datasets against each other: what of B stands in A, word for word or nearly?

python examples/dedup_two_datasets.py texts-a texts-b runs/two
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow.compute as pc
from base_manifests import write_corpus

import openba

STEPS = ["ingest", "language", "quality", "dedup"]
AGAINST_A = """
quality: {perplexity: null, tokenizer: {model: ../a/quality/tokenizer/part-00000.model}}
dedup: {index: ../a/dedup}
"""

if __name__ == "__main__":
    a, b, runs = map(Path, sys.argv[1:])
    openba.run_steps(write_corpus(runs / "a", a), runs / "a", STEPS)

    # Only the keys of A are read, none of its text.
    dedup = openba.run_steps(write_corpus(runs / "b", b, AGAINST_A), runs / "b", STEPS)[-1].manifest

    in_a = pc.match_substring(pc.field("detail"), " index=")
    known = openba.rejected(runs / "b", "dedup").to_table(filter=in_a)
    print(f"{known.num_rows} of {dedup.documents_in} documents of B stand in A:")
    for document in known.to_pylist():
        print(f"  {document['id']}  {document['reason']}  {document['detail']}")
    removed = sum(n for name, n in dedup.metrics.items() if name.startswith("paragraphs_removed/"))
    print(f"{removed} paragraphs of the others stand in A, or before in B, and were removed.")
