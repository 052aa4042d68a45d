"""Small files that say gigabytes, read in a process of their own.

``python -m tests.pipeline.readers.bombs FOLDER`` ingests each that ``make`` wrote into the folder, and prints what
became of it and the most memory that the process had by then, as JSON.
"""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import zstandard

from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import http, jsonl, record

BODY = 68_000_000
GOOD = jsonl(["Flat is better than nested, and sparse is better than dense."])
MEGABYTES = 140


def packed(packer: Any, unit: bytes, megabytes: int = MEGABYTES, first: bytes = GOOD) -> bytes:
    """So many megabytes behind a good line, never held together."""
    block = unit * ((1 << 20) // len(unit))
    pieces = [packer.compress(first), *(packer.compress(block) for _ in range(megabytes)), packer.flush()]
    return b"".join(pieces)


def gz(unit: bytes) -> bytes:
    return packed(zlib.compressobj(3, zlib.DEFLATED, 31), unit)


def zstd(window_log: int, megabytes: int) -> bytes:
    """Of a frame that wants a window of so many bytes."""
    wanted = zstandard.ZstdCompressionParameters(
        window_log=window_log, hash_log=10, chain_log=10, search_log=1, strategy=1
    )
    return packed(zstandard.ZstdCompressor(compression_params=wanted).compressobj(), b"a", megabytes)


def xz(window: int, megabytes: int) -> bytes:
    fast = {
        "id": lzma.FILTER_LZMA2,
        "dict_size": window,
        "mode": lzma.MODE_FAST,
        "mf": lzma.MF_HC3,
        "depth": 1,
    }
    return packed(lzma.LZMACompressor(filters=[fast]), b"a", megabytes)


def body(coding: str, content: bytes, kind: str = "text/plain") -> bytes:
    return record(http(content, f"Content-Type: {kind}\r\nContent-Encoding: {coding}"))


def nested(levels: int) -> bytes:
    data = b"a" * BODY
    for _ in range(levels):
        data = gzip.compress(data)
    return data


PAGE = b"<p>a" * 1_200_000
BOMBS: dict[str, Callable[[], bytes]] = {
    "a line.jsonl.gz": lambda: gz(b"a"),
    "one text.txt.gz": lambda: gz(b"a"),
    "a line.jsonl.bz2": lambda: packed(bz2.BZ2Compressor(), b"a"),
    "a line.jsonl.xz": lambda: packed(lzma.LZMACompressor(preset=0), b"a"),
    "a line.jsonl.zst": lambda: zstd(20, MEGABYTES),
    "a window of 256 MB.jsonl.zst": lambda: zstd(28, 2),
    "a window of 2 GB.jsonl.zst": lambda: zstd(31, 2),
    "a window of 1 GB.jsonl.xz": lambda: xz(1 << 28, 2),
    "a body in brotli.warc": lambda: body("br", brotli.compress(b"a" * BODY, quality=1)),
    "a body in zstd.warc": lambda: body("zstd", zstandard.compress(b"a" * BODY)),
    "a body in gzip twice.warc": lambda: body("gzip, gzip", nested(2)),
    "pages in gzip.warc.gz": lambda: 3 * gzip.compress(body("gzip", gzip.compress(PAGE * 14), "text/html")),
    "a page of tags.html": lambda: PAGE,
    "a page of tags.html.gz": lambda: gzip.compress(PAGE),
}


def make(folder: Path) -> None:
    """Writes all of them."""
    for name, content in BOMBS.items():
        (folder / name).write_bytes(content())


def told(folder: Path) -> Iterator[dict[str, Any]]:
    for number, name in enumerate(BOMBS):
        form = name.split(".")[1].replace("txt", "text")
        (folder / str(number)).mkdir()
        source = {"name": "s", "path": str(folder / name), "format": form}
        # What is read of a long line is not the point here, and costs more than the rest.
        found = ingest(folder / str(number), source, max_document_bytes=BODY if form == "warc" else 5_000_000)
        yield {
            "name": name,
            "kept": len(found.texts),
            "reasons": sorted({reason for _, reason in found.reasons}),
            "details": found.rejected.column("detail").to_pylist(),
            "text": max(map(len, found.rejected.column("text").to_pylist()), default=0),
            "peak": _peak(),
        }


def _peak() -> int:
    """Bytes that this process held at most: ``ru_maxrss`` would count the one that started it, too."""
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in one]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    print(json.dumps(list(told(Path(sys.argv[1])))))
