"""Lines: adjoining byte ranges give each line exactly once, whatever the bytes and wherever they are cut."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.readers import compressed
from pipeline.readers.input_files import InputFile
from pipeline.readers.lines import read_lines


def _read(path: Path, start: int, end: int | None, limit: int = 10**6) -> list[tuple[int, bytes, int]]:
    _, found = read_lines(InputFile.of(path), start, end, limit)
    return [
        row
        for lines in found
        for row in zip(lines.offset.tolist(), lines.text.to_pylist(), lines.size.tolist(), strict=True)
    ]


@settings(max_examples=150, deadline=None)
@given(
    data=st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=30).map(
        b"\n".join
    ),
    borders=st.sets(st.integers(1, 300), max_size=6),
    block=st.integers(1, 40),
)
def test_ranges_partition_the_lines(data: bytes, borders: set[int], block: int) -> None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        data = b"x" + data
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "BLOCK", max(block, 2))
        path = Path(folder) / "lines"
        path.write_bytes(data)
        cuts = [0, *sorted(border for border in borders if border < len(data)), len(data)]
        ranges = [row for start, end in pairwise(cuts) for row in _read(path, start, end)]
        whole = _read(path, 0, None)
    expected = data.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line for _, line, _ in whole] == expected
    assert ranges == whole
    assert all(data[offset : offset + size] == line for offset, line, size in whole)


def test_a_long_line_is_cut_but_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "BLOCK", 7)
    path = tmp_path / "long"
    path.write_bytes(b"ab\n" + b"c" * 100 + b"\nde\n" + b"f" * 50)
    assert _read(path, 0, None, limit=10) == [
        (0, b"ab", 2),
        (3, b"c" * 10, 100),
        (104, b"de", 2),
        (107, b"f" * 10, 50),
    ]
