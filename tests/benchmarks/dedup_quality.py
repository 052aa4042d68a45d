"""How many true near-duplicates the dedup step finds, and how many documents it removes wrongly, against exact Jaccard similarity.

    python -m tests.benchmarks.dedup_quality FOLDER_OF_JSONL_GZ [en zh ...]

Ground truth: the exact Jaccard similarity of the shingle sets of every pair of at least ``LEAST``, found by prefix filtering over an
inverted index (Chaudhuri, Ganti and Kaushik 2006): two sets of that similarity share one of the rarest few shingles of each. Beside
the documents as they are, copies of 300 a language with words or characters replaced at random make pairs of every similarity.

- Recall: share of the pairs at or above a similarity whose documents the step put into one cluster.
- False removals: share of the removed documents that have no neighbour of at least ``NEIGHBOUR``.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import numba
import numpy as np
import orjson
import pyarrow as pa

from pipeline.arrowio import open_table
from pipeline.dedup import DedupStep
from pipeline.text.shingles import shingles
from tests.pipeline.measured import context, corpus, measured

LEAST = 0.5
NEIGHBOUR = 0.7
FOUND = 0.8
COPIES = 300
BATCH = 1000


@numba.njit
def _pairs(tokens: np.ndarray, starts: np.ndarray, owners: np.ndarray, firsts: np.ndarray, least: float) -> list[tuple[int, int, float]]:
    """Exact similarities of all pairs of at least ``least``.

    ``tokens``: each set's tokens, numbered from rare to common, ascending; ``owners`` and ``firsts``: the sets that have a token in their
    prefix, by token.
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


def exact_pairs(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """int64 [pairs, 2] and float64 [pairs]: all pairs of similarity LEAST and above."""
    hashes, starts = shingles(pa.array(texts, pa.large_string()))
    owner = np.repeat(np.arange(len(texts)), np.diff(starts))
    cells = np.unique(np.stack([owner, hashes.astype(np.int64)]), axis=1)
    values, token, frequency = np.unique(cells[1], return_inverse=True, return_counts=True)
    rarity = np.empty(len(values), np.int64)
    rarity[np.argsort(frequency, kind="stable")] = np.arange(len(values))
    order = np.lexsort((rarity[token], cells[0]))
    owner, token = cells[0][order], rarity[token][order]
    starts = np.searchsorted(owner, np.arange(len(texts) + 1))
    sizes = np.diff(starts)
    place = np.arange(len(token)) - np.repeat(starts[:-1], sizes)
    prefix = place < np.repeat(sizes - np.ceil(LEAST * sizes).astype(np.int64) + 1, sizes)
    by_token = np.argsort(token[prefix], kind="stable")
    firsts = np.searchsorted(token[prefix][by_token], np.arange(len(values) + 1))
    found = _pairs(token, starts, owner[prefix][by_token], firsts, LEAST)
    return np.array([pair[:2] for pair in found], np.int64).reshape(-1, 2), np.array([pair[2] for pair in found])


def edited(text: str, language: str, share: float, random: np.random.Generator) -> str:
    """A copy with a share of its words or characters replaced by others of the same text."""
    units = list(text) if language == "zh" else text.split(" ")
    chosen = random.random(len(units)) < share
    return ("" if language == "zh" else " ").join(
        units[random.integers(len(units))] if replaced else unit for unit, replaced in zip(units, chosen, strict=True)
    )


def documents(folder: Path, languages: list[str]) -> list[dict[str, str]]:
    """The documents of the files and the edited copies."""
    rows: list[dict[str, str]] = []
    random = np.random.default_rng(7)
    for language in languages:
        with gzip.open(folder / f"{language}.jsonl.gz") as lines:
            own = [{"id": record["id"], "text": record["text"], "language": language} for record in map(orjson.loads, lines)]
        long = [row for row in own if len(row["text"]) > 400]
        rows += own
        for index in random.choice(len(long), COPIES, replace=False):
            text = edited(long[index]["text"][:6000], language, random.uniform(0, 0.05), random)
            rows.append({"id": f"{long[index]['id']}#original", "text": long[index]["text"][:6000], "language": language})
            rows.append({"id": f"{long[index]['id']}#copy", "text": text, "language": language})
    return rows


def clusters(rows: list[dict[str, str]], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Runs the step; returns each document's survivor (by rank) and whether it was removed as a duplicate."""
    batches = [measured(rows[first : first + BATCH]) for first in range(0, len(rows), BATCH)]
    run = context("dedup", folder, corpus(), [batches])
    DedupStep().run(run)
    ranks = np.load(run.folder / "ranks" / "part-00000.npy")[0]
    survivors = np.load(run.folder / "survivors" / "part-00000.npy")[ranks]
    removed = np.concatenate([chunk.is_valid() for chunk in open_table(run.folder / "decisions" / "part-00000.arrow")["reason"].chunks])
    return survivors, removed


def figures(
    rows: list[dict[str, str]], pairs: np.ndarray, similarity: np.ndarray, survivors: np.ndarray, removed: np.ndarray
) -> dict[str, tuple[int, float]]:
    """Recall by language and similarity, and false removals."""
    together = survivors[pairs[:, 0]] == survivors[pairs[:, 1]]
    best = np.zeros(len(rows))
    np.maximum.at(best, pairs[:, 0], similarity)
    np.maximum.at(best, pairs[:, 1], similarity)
    language = np.array([row["language"] for row in rows])
    planted = np.array(["#" in row["id"][-9:] for row in rows])
    result: dict[str, tuple[int, float]] = {}
    for name in sorted(set(language)):
        for kind, documents_of_kind in (("as found", ~planted), ("planted", planted)):
            for low in (FOUND, 0.85, 0.9):
                hits = together[(language[pairs] == name).all(axis=1) & documents_of_kind[pairs].all(axis=1) & (similarity >= low)]
                if len(hits):
                    result[f"{name}, {kind}: pairs at {low:.2f}, recall"] = (len(hits), round(float(hits.mean()), 4))
            out = removed & (language == name) & documents_of_kind
            result[f"{name}, {kind}: removed, without neighbour"] = (int(out.sum()), int((out & (best < NEIGHBOUR)).sum()))
    return result


def measure(folder: Path) -> dict[str, dict[str, float]]:
    """``recall`` at ``FOUND`` and the share of ``false_removals``, planted copies included, by language."""
    rows = documents(folder, ["en", "zh"])
    pairs, similarity = exact_pairs([row["text"] for row in rows])
    with tempfile.TemporaryDirectory() as run:
        survivors, removed = clusters(rows, Path(run))
    together = survivors[pairs[:, 0]] == survivors[pairs[:, 1]]
    best = np.zeros(len(rows))
    np.maximum.at(best, pairs.reshape(-1), np.repeat(similarity, 2))
    language = np.array([row["language"] for row in rows])
    return {
        name: {
            "recall": float(together[(language[pairs] == name).all(axis=1) & (similarity >= FOUND)].mean()),
            "false_removals": float((best[removed & (language == name)] < NEIGHBOUR).mean()),
        }
        for name in ("en", "zh")
    }


def main(folder: str, *languages: str) -> None:
    rows = documents(Path(folder), list(languages) or ["en", "zh"])
    started = time.perf_counter()
    pairs, similarity = exact_pairs([row["text"] for row in rows])
    truth = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as run:
        started = time.perf_counter()
        survivors, removed = clusters(rows, Path(run))
        seconds = time.perf_counter() - started
    print(json.dumps({"documents": len(rows), "truth_seconds": round(truth, 1), "step_seconds": round(seconds, 1)}))
    for name, value in figures(rows, pairs, similarity, survivors, removed).items():
        print(f"{name}: {value[0]}, {value[1]}")


if __name__ == "__main__":
    main(*sys.argv[1:])
