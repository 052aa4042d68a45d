"""How fast benchmark items are looked for, and what is dropped: all of the passages known to stand in both,
and what else.

    python -m benchmarks.decontamination FOLDER

``FOLDER`` holds {en,zh,code_pypi}.jsonl.gz and evals.jsonl.gz, where the passages of CMRC 2018's development
set stand both in the Chinese documents and among the items.
"""

from __future__ import annotations

import gzip
import sys
import time
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa

from manifests.schema.decontaminate import Benchmark, DecontaminateSettings
from pipeline.steps.decontaminate.benchmark_items import read_items
from pipeline.steps.decontaminate.decontaminate_step import COMMON_SHARE
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.contamination.ngram_index import NgramIndex, build_index

FILES = ("en", "zh", "code_pypi")
KNOWN = "cmrc2018:DEV_"
TRIES = 3


def index_of(items: pa.Table) -> NgramIndex:
    settings = DecontaminateSettings()
    groups = items["benchmark"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    texts = items["text"].combine_chunks()
    return build_index(texts, groups, settings.ngram, settings.ngram_cjk, settings.max_items, COMMON_SHARE)


def bare(text: str) -> str:
    """Letters and digits alone."""
    return "".join(filter(str.isalnum, text.lower()))


def shared_run(text: str, item: str, span: str) -> str:
    """The longest run of letters and digits around a span that a text and an item share."""
    one, other, found = bare(text), bare(item), bare(span)
    first = one.find(found)
    last, start = first + len(found), other.find(found)
    while first and start and one[first - 1] == other[start - 1]:
        first, start = first - 1, start - 1
    while last < len(one) and other.startswith(one[first : last + 1], start):
        last += 1
    return one[first:last]


def main(folder: Path) -> None:
    benchmark = Benchmark.model_validate(
        {"name": "evals", "path": "evals", "text_fields": ["text"], "name_field": "benchmark"}
    )
    items = read_items(folder / "evals.jsonl.gz", benchmark)
    build_index(pa.array(["warm", "up"], pa.large_string()), np.zeros(2, np.int64), 13, 20, 10, 0.01)
    begin = time.process_time()
    index = index_of(items)
    print(
        f"{len(items)} items, {int(index.searched.sum())} looked for; index in "
        f"{time.process_time() - begin:.2f} CPU seconds"
    )
    others = []
    for name in FILES:
        with gzip.open(folder / f"{name}.jsonl.gz") as lines:
            records = [orjson.loads(line) for line in lines]
        texts = pa.array([record["text"] for record in records], pa.large_string())
        offsets, data = text_buffers(texts)
        index.first_hits(texts[:1])
        seconds = []
        for _ in range(TRIES):
            begin = time.process_time()
            hits = index.first_hits(texts)
            seconds.append(time.process_time() - begin)
        known = np.array([KNOWN in record["id"] for record in records])
        dropped = hits[:, 0] >= 0
        speed = (offsets[-1] - offsets[0]) / 1e6 / min(seconds)
        print(
            f"{name}: {len(texts)} documents, {speed:.0f} MB per CPU second; {(dropped & known).sum()} of "
            f"{known.sum()} passages found"
        )
        for row in np.flatnonzero(dropped & ~known):
            item, first, end = hits[row].tolist()
            whole = items.slice(item, 1).to_pylist()[0]
            span = data[first:end].tobytes().decode()
            run = shared_run(texts[row].as_py(), whole["text"], span)
            others.append(
                f"| {name} {records[row]['id']} | {whole['benchmark']} {whole['item']} | {len(run)} of "
                f"{len(bare(whole['text']))} | {run} |"
            )
    print(
        f"\n{len(others)} other drops\n\n| document | item | shared characters | shared text "
        "|\n|---|---|--:|---|"
    )
    print("\n".join(others))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
