"""Examples-proportional mixing of tasks (Raffel et al. 2020, section 3.5.2), in tokens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipeline.steps.shards.token_budget import Documents

Int64 = npt.NDArray[np.int64]
_SCALE = 1 << 20


def beyond(
    rows: npt.NDArray[np.intp], group: Int64, key: npt.NDArray[np.uint64], most: int
) -> npt.NDArray[np.bool_]:
    """Which pairs are beyond the first ``most`` of their group in the order of their keys.

    Args:
        rows: the pairs that count. ``group`` and ``key``: [pairs], of all.

    Returns:
        bool [pairs].
    """
    order = rows[np.lexsort((rows, key[rows], group[rows]))]
    of, first = group[order], np.zeros(len(key), np.bool_)
    place = np.arange(len(order)) - np.searchsorted(of, of)
    first[order[place >= most]] = True
    return first


def task_shares(documents: Documents, tasks: int, languages: int, temperature: float) -> Int64:
    """By what tasks share the tokens of a language: int64 [tasks, languages].

    A task of n pairs is drawn n ** (1 / temperature) times as often as one of a single pair, and gives its
    tokens a pair each time. At a temperature of 1 that is the number of its tokens.
    """
    tokens, pairs = np.zeros((2, tasks, languages), np.int64)
    place = (documents.source, documents.language)
    np.add.at(tokens, place, documents.tokens)
    np.add.at(pairs, place, 1)
    if temperature == 1:
        return tokens
    # By Python's own power: numpy's may differ in the last bit from one processor to another.
    rates = [float(max(count, 1)) ** (1 / temperature - 1) for count in pairs.reshape(-1).tolist()]
    return np.asarray(np.rint(tokens * np.array(rates).reshape(tokens.shape) * _SCALE), np.int64)
