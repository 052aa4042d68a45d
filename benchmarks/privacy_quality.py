"""Precision and recall of the privacy step on data that it was not made with: fresh seeds, and all of a
corpus as the text around them.

    python -m benchmarks.privacy_quality [FOLDER] [--seeds 50] [--first 1000] [--examples 0]

``FOLDER`` holds the files of ``sample.FILES``. A span counts only if it is right to the byte, and each kind's
figures are over all seeds; ``worst`` is the worst single seed's. Stretches of the corpus in which something
is found before anything is put there are left out: what that is, nobody has labelled. The exit code is 1
where a kind's precision or recall is below ``LEAST``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.sample import FILES, read
from pipeline.steps.privacy.scrub import scrub
from tests.pipeline.steps.privacy.agreement import Agreement, agreement, is_missed, is_right
from tests.pipeline.steps.privacy.labelled import Hosts
from tests.pipeline.steps.privacy.looks import KINDS, PLACEHOLDERS

# Values are put between Chinese sentences without a space.
_SENTENCE = re.compile(r"[\u4e00-\u9fff“（《][^。！？\n]{5,200}[。！？]")
_LINES = 5
LEAST = 0.99


def _quiet(stretches: Iterable[str]) -> list[str]:
    """Those in which nothing is found."""
    texts = pa.array(stretches, pa.string())
    found = sum(scrub(texts, PLACEHOLDERS).found.values(), np.zeros(len(texts), np.int64))
    return list(pc.filter(texts, pa.array(found == 0)).to_pylist())


def _paragraphs(text: str) -> Iterator[str]:
    return (paragraph for paragraph in map(str.strip, text.split("\n\n")) if 60 < len(paragraph) < 400)


def _blocks(text: str) -> Iterator[str]:
    lines = text.splitlines()
    return ("\n".join(lines[at : at + _LINES]) for at in range(0, len(lines), _LINES))


def corpus(folder: Path) -> Hosts:
    """Every paragraph, sentence and block of lines of the corpus files."""
    english, chinese, code = ([record["text"] for record in read(folder / name)] for name in FILES.values())
    return Hosts(
        _quiet(paragraph for text in english for paragraph in _paragraphs(text)),
        _quiet(sentence for text in chinese for sentence in _SENTENCE.findall(text)),
        _quiet(block for text in code for block in _blocks(text)),
    )


def _examples(seed: int, looked: Agreement, most: int, shown: Counter[tuple[str, str]]) -> None:
    for item, there in zip(looked.items, looked.found, strict=True):
        missed = [("missed", item.kind, item.value)] if is_missed(item, there) else []
        wrong = [
            ("wrong", kind, value) for kind, start, value in there if not is_right(item, (kind, start, value))
        ]
        for what, kind, value in missed + wrong:
            shown[what, kind] += 1
            if shown[what, kind] <= most:
                print(f"{what} {kind}, seed {seed}, set of {item.kind}: {value!r} in {item.text!r}")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=1000, help="the first seed; the tests use 1")
    parser.add_argument(
        "--examples", type=int, default=0, help="how many of each kind's misses and false findings to show"
    )
    options = parser.parse_args()
    hosts = corpus(options.folder)
    print(
        f"{len(hosts.english)} English paragraphs, {len(hosts.chinese)} Chinese sentences, "
        f"{len(hosts.code)} blocks of code"
    )
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    worst = dict.fromkeys(KINDS, (1.0, 1.0))
    shown: Counter[tuple[str, str]] = Counter()
    for seed in range(options.first, options.first + options.seeds):
        looked = agreement(seed, hosts)
        _examples(seed, looked, options.examples, shown)
        for kind in KINDS:
            figures = _figures(looked.right[kind], looked.wrong[kind], looked.missed[kind])
            worst[kind] = (min(worst[kind][0], figures[0]), min(worst[kind][1], figures[1]))
        right, wrong, missed = right + looked.right, wrong + looked.wrong, missed + looked.missed
    print(
        f"{'kind':16}{'data':>8}{'missed':>8}{'wrong':>8}{'precision':>12}{'worst':>8}{'recall':>9}{'worst':>8}"
    )
    least = 1.0
    for kind in KINDS:
        precision, recall = _figures(right[kind], wrong[kind], missed[kind])
        least = min(least, precision, recall)
        print(f"{kind:16}{right[kind] + missed[kind]:8}{missed[kind]:8}{wrong[kind]:8}", end="")
        print(f"{precision:12.4f}{worst[kind][0]:8.3f}{recall:9.4f}{worst[kind][1]:8.3f}")
    return int(least < LEAST)


def _figures(right: int, wrong: int, missed: int) -> tuple[float, float]:
    """Precision and recall."""
    return right / max(1, right + wrong), right / max(1, right + missed)


if __name__ == "__main__":
    sys.exit(main())
