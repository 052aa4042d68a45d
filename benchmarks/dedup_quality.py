"""How many true near-duplicates the dedup step finds, and how many documents it removes wrongly, against
exact Jaccard similarity.

    python -m benchmarks.dedup_quality FOLDER_OF_JSONL_GZ [en zh ...]

Ground truth: the exact Jaccard similarity of the shingle sets of every pair of at least ``NEIGHBOUR``, found
by prefix filtering over an
inverted index (Chaudhuri, Ganti and Kaushik 2006): two sets of that similarity share one of the rarest few
shingles of each. Beside the documents as they are, ``COPIES`` excerpts a language are planted, each with an
edited copy (units replaced, a passage cut out, a passage put in), so that there are pairs of every
similarity.

- Recall: share of the pairs at or above ``FOUND`` of which not both documents stay.
- False removals: share of the removed documents whose survivor, which stays, is not at least ``NEIGHBOUR``
  like them.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import orjson
import pyarrow as pa

from manifests.border.arrow_files import open_table
from pipeline.steps.dedup.dedup_step import DedupStep
from pipeline.text.similarity.shingles import shingles
from tests.pipeline.steps.measured import context, corpus, measured

NEIGHBOUR = 0.7
FOUND = 0.8
BINS = (0.8, 0.85, 0.9, 0.95)
COPIES = 1200
BATCH = 1000
PLANTED = "#planted"


@numba.njit
def _pairs(
    tokens: np.ndarray, starts: np.ndarray, owners: np.ndarray, firsts: np.ndarray, least: float
) -> list[tuple[int, int, float]]:
    """Exact similarities of all pairs of at least ``least``.

    ``tokens``: each set's tokens, numbered from rare to common, ascending; ``owners`` and ``firsts``: the
    sets that have a token in their prefix, by token.
    """
    found = [(0, 0, 0.0)]
    seen = np.full(starts.size - 1, -1, np.int64)
    for one in range(starts.size - 1):
        mine = tokens[starts[one] : starts[one + 1]]
        for token in mine[: mine.size - int(np.ceil(least * mine.size)) + 1]:
            for place in range(firsts[token], firsts[token + 1]):
                other = owners[place]
                if other >= one or seen[other] == one:
                    continue
                seen[other] = one
                theirs = tokens[starts[other] : starts[other + 1]]
                i, j, shared = 0, 0, 0
                while i < mine.size and j < theirs.size:
                    shared += mine[i] == theirs[j]
                    step_i, step_j = mine[i] <= theirs[j], theirs[j] <= mine[i]
                    i, j = i + step_i, j + step_j
                similarity = shared / (mine.size + theirs.size - shared)
                if similarity >= least:
                    found.append((other, one, similarity))
    return found[1:]


def exact_pairs(texts: list[str], least: float = NEIGHBOUR) -> tuple[np.ndarray, np.ndarray]:
    """int64 [pairs, 2] and float64 [pairs]: all pairs of similarity ``least`` and above. Texts without any
    shingle have no pairs."""
    hashes, starts = shingles(pa.array(texts, pa.large_string()))
    owner = np.repeat(np.arange(len(texts)), np.diff(starts))
    cells = np.unique(owner.astype(np.uint64) << np.uint64(32) | hashes)
    owner, hashes = (cells >> np.uint64(32)).astype(np.int64), cells.astype(np.uint32)
    values, token, frequency = np.unique(hashes, return_inverse=True, return_counts=True)
    rarity = np.empty(len(values), np.int64)
    rarity[np.argsort(frequency, kind="stable")] = np.arange(len(values))
    token = rarity[token]
    order = np.lexsort((token, owner))
    owner, token = owner[order], token[order]
    starts = np.searchsorted(owner, np.arange(len(texts) + 1))
    sizes = np.diff(starts)
    place = np.arange(len(token)) - np.repeat(starts[:-1], sizes)
    prefix = place < np.repeat(sizes - np.ceil(least * sizes).astype(np.int64) + 1, sizes)
    by_token = np.argsort(token[prefix], kind="stable")
    firsts = np.searchsorted(token[prefix][by_token], np.arange(len(values) + 1))
    found = _pairs(token, starts, owner[prefix][by_token], firsts, least)
    return np.array([pair[:2] for pair in found], np.int64).reshape(-1, 2), np.array(
        [pair[2] for pair in found]
    )


def edited(text: str, language: str, target: float, random: np.random.Generator) -> str:
    """A copy that has about the ``target`` similarity: units (words, or Chinese characters) replaced by
    others of the text here and there, or a passage cut out, or a passage of such units put in."""
    units = list(text) if language == "zh" else text.split(" ")
    others = [units[place] for place in random.integers(len(units), size=len(units))]
    kind, place = random.integers(3), random.integers(len(units))
    if kind == 0:
        # A replaced unit changes the 5 shingles that hold it: J = p / (2 - p) with p = (1 - share)^5.
        replaced = random.random(len(units)) < 1 - (2 * target / (1 + target)) ** 0.2
        units = [
            other if change else unit for unit, other, change in zip(units, others, replaced, strict=True)
        ]
    elif kind == 1:
        place = random.integers(int(len(units) * target) + 1)
        units[place : place + int(len(units) * (1 - target))] = []
    else:
        units[place:place] = others[: int(len(units) * (1 / target - 1))]
    return ("" if language == "zh" else " ").join(units)


def documents(
    folder: Path, language: str, copies: int = COPIES, limit: int | None = None
) -> list[dict[str, str]]:
    """The first documents of a language's file, as found, and the planted pairs."""
    random = np.random.default_rng(7)
    with gzip.open(folder / f"{language}.jsonl.gz") as lines:
        rows = [
            {"id": record["id"], "text": record["text"], "language": language}
            for _, record in zip(range(limit or 10**9), map(orjson.loads, lines), strict=False)
        ]
    long = [row["text"] for row in rows if len(row["text"]) > 200]
    for index in range(copies):
        text = long[random.integers(len(long))]
        size = int(random.integers(200, 6000))
        first = int(random.integers(max(1, len(text) - size)))
        excerpt = text[first : first + size]
        copy = edited(excerpt, language, random.uniform(0.62, 1), random)
        rows += [
            {"id": f"{index}-{name}{PLANTED}", "text": text, "language": language}
            for name, text in (("original", excerpt), ("copy", copy))
        ]
    return rows


def clusters(rows: list[dict[str, str]], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Runs the step; returns each document's survivor and whether it was removed as a duplicate."""
    batches = [measured(rows[first : first + BATCH]) for first in range(0, len(rows), BATCH)]
    run = context("dedup", folder, corpus(), [batches])
    DedupStep().run(run)
    ranks, documents = np.load(run.folder / "ranks" / "part-00000.npy")
    survivors = documents[np.load(run.folder / "survivors" / "part-00000.npy")[ranks]]
    removed = np.concatenate(
        [
            chunk.is_valid()
            for chunk in open_table(run.folder / "decisions" / "part-00000.arrow")["reason"].chunks
        ]
    )
    return survivors, removed


def _share(hits: np.ndarray) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None


def _figures(
    similarity: np.ndarray, together: np.ndarray, best: np.ndarray, removed: np.ndarray
) -> dict[str, Any]:
    """Of some pairs (similarity, whether one of the two was removed) and documents (similarity to their
    survivor, whether removed)."""
    found = together[similarity >= FOUND]
    alone = (best < NEIGHBOUR)[removed]
    edges = [*BINS, np.inf]
    inside = {
        f"{low:.2f}": together[(similarity >= low) & (similarity < high)]
        for low, high in zip(BINS, edges[1:], strict=True)
    }
    return {
        "recall": _share(found),
        "false_removals": _share(alone),
        "pairs": len(found),
        "removed": len(alone),
        "removed_for_another": int(alone.sum()),
        "bins": {low: {"pairs": len(hits), "recall": _share(hits)} for low, hits in inside.items()},
    }


def _similarities(pairs: np.ndarray, similarity: np.ndarray, survivors: np.ndarray) -> np.ndarray:
    """The exact similarity of each document to its survivor, 0 where that is below ``NEIGHBOUR``."""
    found = np.zeros(len(survivors))
    for one, other in (pairs.T, pairs.T[::-1]):
        of_survivor = survivors[one] == other
        found[one[of_survivor]] = similarity[of_survivor]
    return found


def measure(
    folder: Path, languages: Sequence[str] = ("en", "zh"), copies: int = COPIES, limit: int | None = None
) -> dict[str, Any]:
    """One run of the step over all languages: ``{"en": {"recall": .., "false_removals": .., "bins": {..},
    "as_found": {..}}, "zh": ..}``.

    ``as_found`` has the same figures of the documents as they are, without the planted pairs. A share of
    nothing is None.
    """
    rows = [row for language in languages for row in documents(folder, language, copies, limit)]
    pairs, similarity = exact_pairs([row["text"] for row in rows])
    with tempfile.TemporaryDirectory() as run:
        survivors, removed = clusters(rows, Path(run))
    together = removed[pairs].any(axis=1)
    best = _similarities(pairs, similarity, survivors)
    planted = np.array([row["id"].endswith(PLANTED) for row in rows])
    result: dict[str, Any] = {}
    for language in languages:
        mine = np.array([row["language"] == language for row in rows])
        every, real = (chosen[pairs].all(axis=1) for chosen in (mine, mine & ~planted))
        result[language] = _figures(similarity[every], together[every], best[mine], removed[mine])
        real_documents = mine & ~planted
        result[language]["as_found"] = _figures(
            similarity[real], together[real], best[real_documents], removed[real_documents]
        )
    return result


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), sys.argv[2:] or ("en", "zh")), indent=1))
