"""A signal: the share of a document's letters that are capitals."""

import numpy as np


def capitals(batch):
    """float64 [documents]."""
    texts = batch.column("text").to_pylist()
    return np.array([sum(map(str.isupper, text)) / max(1, sum(map(str.isalpha, text))) for text in texts])
