"""Damaged Parquet and Arrow files."""

from __future__ import annotations

import struct

import pyarrow as pa

from tests.pipeline.steps.ingest.damage import (
    GROUPS,
    HALVES,
    LONG,
    PACKED,
    TEXT,
    Kind,
    every_row,
    file,
    flipped,
)
from tests.pipeline.steps.ingest.samples import (
    ROWS,
    arrow,
    jsonl,
    parquet,
    strings,
)

COLUMNS: tuple[tuple[str, Kind], ...] = (
    file("parquet cut", "a.parquet", parquet(TEXT)[:-100], "truncated_parquet"),
    file("parquet of plain text", "a.parquet", jsonl(ROWS), "not_parquet", "begins with"),
    file("parquet footer", "a.parquet", flipped(parquet(TEXT), -9), "corrupt_parquet"),
    file(
        "parquet footer length",
        "a.parquet",
        parquet(TEXT)[:-8] + struct.pack("<I", 1 << 30) + b"PAR1",
        "corrupt_parquet",
    ),
    file(
        "parquet page",
        "a.parquet",
        GROUPS.replace(b"Flat", b"Flit", 1),
        "corrupt_parquet",
        "rows 0 to 1",
        key="#0",
        kept=ROWS[2:],
    ),
    every_row(
        "parquet without text",
        "a.parquet",
        parquet(TEXT, "body"),
        "missing_text",
        "no column 'text'; found body, id",
    ),
    every_row(
        "parquet of numbers",
        "a.parquet",
        parquet(pa.array([1, 2, 3, 4])),
        "text_not_a_string",
        "is int64",
    ),
    every_row(
        "parquet of structs",
        "a.parquet",
        parquet(pa.array([{"en": row} for row in ROWS])),
        "text_not_a_string",
        "struct<en",
    ),
    every_row(
        "parquet of lists",
        "a.parquet",
        parquet(pa.array([[row] for row in ROWS])),
        "text_not_a_string",
        "list<",
    ),
    every_row("parquet of nulls", "a.parquet", parquet(pa.nulls(4, pa.string())), "missing_text", "is null"),
    file(
        "parquet bad utf-8",
        "a.parquet",
        parquet(strings(b"good", b"b\xffd\xc3")),
        "invalid_encoding",
        key="#1",
        kept=("good",),
    ),
    file(
        "parquet long value",
        "a.parquet",
        parquet(pa.array(["good", "x" * 99])),
        "too_long",
        "99 bytes",
        "#1",
        ("good",),
        limit=50,
    ),
    file("arrow cut", "a.arrow", arrow(*HALVES)[:-220], "truncated_arrow", "record batch 1", kept=ROWS[:2]),
    file(
        "arrow stream cut",
        "a.arrow",
        arrow(*HALVES, stream=True)[:-60],
        "truncated_arrow",
        "record batch 1",
        kept=ROWS[:2],
    ),
    file("arrow of plain text", "a.arrow", jsonl(ROWS), "not_arrow"),
    file(
        "arrow footer",
        "a.arrow",
        arrow(*HALVES)[:-1],
        "corrupt_arrow",
        "2 record batches were read",
        kept=ROWS,
    ),
    file(
        "arrow compressed batch",
        "a.arrow",
        flipped(PACKED, PACKED.index(b"\x28\xb5\x2f\xfd")),
        "corrupt_arrow",
        "record batch 0",
        "#0",
        tuple(LONG.to_pylist()),
    ),
    file(
        "arrow offsets",
        "a.arrow",
        arrow(pa.array(ROWS)).replace(struct.pack("<3i", 0, 27, 55), struct.pack("<3i", 0, 9999, 55), 1),
        "corrupt_arrow",
        "4 rows",
        "#0",
    ),
    every_row(
        "arrow without text", "a.arrow", arrow(TEXT, name="body"), "missing_text", "found body", "#0.{}"
    ),
    every_row(
        "arrow of numbers",
        "a.arrow",
        arrow(pa.array([1.5, 2, 3, 4])),
        "text_not_a_string",
        "is double",
        "#0.{}",
    ),
    file(
        "arrow bad utf-8",
        "a.arrow",
        arrow(strings(b"good", b"\xe9\x81")),
        "invalid_encoding",
        "",
        "#0.1",
        ("good",),
    ),
    file("feather of version 1", "a.arrow", b"FEA1" + bytes(100), "not_arrow"),
)
