"""A signal: the share of a document's letters that are capitals."""

import numpy as np


def capitals(batch):
    """float64 [documents]."""
    return np.array([share(text) for text in batch.column("text").to_pylist()])


def share(text):
    """0 where there are no letters."""
    return sum(map(str.isupper, text)) / max(1, sum(map(str.isalpha, text)))
