"""Texts that try to make the search slow: pieces of personal data repeated without end, and the reads that
the kernels make of them.

``python -m tests.pipeline.steps.privacy.hostile`` with ``NUMBA_DISABLE_JIT=1`` runs the kernels as plain
Python over a text that counts how often a byte of it is read, and prints the counts.
"""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np

PIECES = (
    *("1", "12", "2023", "138", "13812345678", "0", "86", "+", "+1", "(", ")", "(010)", "4111", "1.1.1.", "1 ", "1-", "-", "/", "."),
    *("a", "A", "aaaaaaaa1", "_", "x_", "@", "a@", "a@b.png", "@b.", "http://", "https://a.bc/", "://", "www.", "www.a.b(", "(a", "%", "~"),
    *(":", "ab:", "00:1a:", "00-1a-", "2001:", "::", "fe80", "ghp_", "sk-", "glpat-", "eyJ", "AKIA", "SG.", "hf_"),
    *("=", '="', 'password="', "'", '"', "secret: '"),
    *("-----BEGIN PRIVATE KEY-----", "KEY-----", "-----", "PRIVATE ", "DE89", "京A", "A1234", "微信", "微信：", "wechat"),
    *("vx", "QQ", "qq:", "护照", "信"),
    *(" ", "\n", "中", "，", "１", "Ａ", "（0", "\\", ",", ";"),
)  # fmt: skip
SMALL, LARGE = 400, 3200


def patterns(seed: int, count: int) -> list[str]:
    """Each piece alone, then mixtures: up to three pieces that are repeated, behind one that is not."""
    chance = random.Random(seed)
    mixed = [
        (chance.choice(("", *PIECES)), "".join(chance.choices(PIECES, k=chance.randint(2, 3))))
        for _ in range(count)
    ]
    return [f"{head}\0{unit}" for head, unit in [*(("", piece) for piece in PIECES), *mixed]]


def text(pattern: str, size: int) -> str:
    """A pattern repeated to about this many bytes."""
    head, unit = pattern.split("\0")
    return head + unit * (size // len(unit.encode()) + 1) + "@x.yy"


class Counted:
    """A text whose reads are counted."""

    def __init__(self, data: bytes) -> None:
        self.data, self.reads = data, 0

    def __getitem__(self, index: Any) -> int:
        assert 0 <= index < len(self.data), "a kernel read beyond the text"
        self.reads += 1
        return self.data[int(index)]


def reads(pattern: str, size: int) -> int:
    """How many bytes the scan and the folding of such a text read. The kernels must not be compiled."""
    from pipeline.steps.privacy.byte_classes import CLASSES
    from pipeline.steps.privacy.fullwidth import _fold

    counted = Counted(text(pattern, size).encode())
    offsets = np.array([0, len(counted.data)])
    if _scanned(offsets, counted):
        starts, folded, _, _ = _fold(offsets, counted, np.zeros(1, np.int64), CLASSES)
        again = Counted(folded.tobytes())
        _scanned(starts, again)
        counted.reads += again.reads
    return counted.reads


def _scanned(offsets: np.ndarray, data: Counted) -> bool:
    """Scans one document, and says whether it is to be folded."""
    from pipeline.steps.privacy import byte_classes, scan, triggers
    from pipeline.steps.privacy.kinds import private_key

    spans = np.array([[0, 0, len(data.data)]])
    tables = (byte_classes.CLASSES, triggers.FIRST, triggers.SECOND, private_key.IN_BLOCK)
    _, wide = scan._scan(offsets, data, spans, *tables)
    return bool(wide[0])


if __name__ == "__main__":
    print(
        json.dumps({pattern: [reads(pattern, SMALL), reads(pattern, LARGE)] for pattern in patterns(1, 250)})
    )
