"""CPU time of the privacy step on hostile texts of n and 8 n bytes: what is linear takes about eight times as
long.

    python -m benchmarks.privacy_linear [--patterns 300] [--bytes 200000] [--seed 1]

Prints the patterns that grew most, and fails where one grew more than twice as fast as its size.
"""

from __future__ import annotations

import argparse
import sys
import time

import pyarrow as pa

from manifests.schema.privacy import PrivacySettings
from pipeline.steps.privacy.scrub import scrub
from tests.pipeline.steps.privacy.hostile import patterns, text
from tests.pipeline.steps.privacy.looks import KINDS

GROWTH = 8
SETTINGS = PrivacySettings(actions=dict.fromkeys(KINDS, "placeholder"))


def seconds(content: str) -> float:
    """CPU seconds of the fastest of three."""
    texts, best = pa.array([content]), float("inf")
    for _ in range(3):
        started = time.process_time()
        scrub(texts, SETTINGS)
        best = min(best, time.process_time() - started)
    return best


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patterns", type=int, default=300, help="mixtures beside the single pieces")
    parser.add_argument("--bytes", type=int, default=200_000, help="n")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seconds(text("\0a@b.com １ ", 1_000))
    rows = []
    for pattern in patterns(options.seed, options.patterns):
        small, large = (seconds(text(pattern, size)) for size in (options.bytes, GROWTH * options.bytes))
        rows.append((large / small / GROWTH, GROWTH * options.bytes / large / 1e6, pattern))
    rows.sort(reverse=True)
    print(
        f"{len(rows)} patterns, {options.bytes} and {GROWTH * options.bytes} bytes; time for {GROWTH} times "
        f"the bytes, divided by {GROWTH}:"
    )
    for growth, speed, pattern in rows[:10]:
        print(f"  {growth:5.2f}  {speed:7.1f} MB/s  {pattern!r}")
    slowest = min(rows, key=lambda row: row[1])
    print(f"slowest: {slowest[1]:.2f} MB/s on {slowest[2]!r}")
    return int(rows[0][0] > 2)


if __name__ == "__main__":
    sys.exit(main())
