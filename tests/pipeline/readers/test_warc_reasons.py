"""What is wrong with a record, exactly: its reason, how many of its bytes are there, and what is said of them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.readers.input_files import InputFile
from pipeline.readers.warc import records
from tests.pipeline.steps.ingest.samples import ROWS, record

BLOCK = ROWS[0].encode()
SIZE = len(BLOCK)
NEXT = record(b"next", kind="resource")
RUBBISH = b"xyz"

Found = tuple[int, int, str | None, str | None]


def stated(length: int) -> bytes:
    """A record whose header says that its block has so many bytes."""
    return record(BLOCK, kind="resource", Content_Length=str(length))


def read(path: Path, data: bytes, limit: int = 1000) -> list[Found]:
    """Size, bytes given, reason and detail of each record."""
    path.write_bytes(data)
    found = records(InputFile.of(path), 0, None, limit)
    return [(one.size, len(one.body), one.reason, one.detail) for one in found]


def told(length: int, there: int) -> str:
    return f"{length} bytes are stated, {there} are there"


@pytest.mark.parametrize("more", [5, 6, 100])
def test_a_longer_length_is_cut_short_only_where_the_file_ends(tmp_path: Path, more: int) -> None:
    length, there = SIZE + more, SIZE + len("\r\n\r\n")
    end = read(tmp_path / "a.warc", stated(length))
    assert end == [(there, there, "truncated_warc", told(length, there))]
    # What parts two records is found where the next one begins, so that its last line break is no byte of this one.
    followed = read(tmp_path / "a.warc", stated(length) + NEXT)
    assert followed == [
        (there - 1, there - 1, "bad_content_length", told(length, there - 1)),
        (4, 4, None, None),
    ]


@pytest.mark.parametrize("less", [1, 2])
def test_a_length_that_is_a_byte_or_two_short_is_forgiven(tmp_path: Path, less: int) -> None:
    assert read(tmp_path / "a.warc", stated(SIZE - less)) == [(SIZE, SIZE, None, None)]
    assert read(tmp_path / "a.warc", stated(SIZE - less) + NEXT) == [
        (SIZE, SIZE, None, None),
        (4, 4, None, None),
    ]


@pytest.mark.parametrize("less", [3, 10, SIZE])
def test_a_shorter_length_is_wrong_wherever_it_stands(tmp_path: Path, less: int) -> None:
    length, there = SIZE - less, SIZE + len("\r\n\r\n")
    assert read(tmp_path / "a.warc", stated(length)) == [
        (there, there, "bad_content_length", told(length, there))
    ]
    assert read(tmp_path / "a.warc", stated(length) + NEXT) == [
        (there - 1, there - 1, "bad_content_length", told(length, there - 1)),
        (4, 4, None, None),
    ]


@pytest.mark.parametrize("cut", [5, 14, 4 + SIZE - 1])
def test_a_cut_block_has_the_bytes_that_are_left(tmp_path: Path, cut: int) -> None:
    there = SIZE + 4 - cut
    assert read(tmp_path / "a.warc", NEXT + stated(SIZE)[:-cut]) == [
        (4, 4, None, None),
        (there, there, "truncated_warc", told(SIZE, there)),
    ]


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_block_of_which_only_the_line_breaks_are_cut_is_whole(tmp_path: Path, cut: int) -> None:
    assert read(tmp_path / "a.warc", stated(SIZE)[:-cut]) == [(SIZE, SIZE, None, None)]


def test_a_right_length_before_rubbish_is_wrong(tmp_path: Path) -> None:
    there = SIZE + len(RUBBISH) + 3
    assert read(tmp_path / "a.warc", stated(SIZE)[:-4] + RUBBISH + b"\r\n\r\n" + NEXT) == [
        (there, there, "bad_content_length", told(SIZE, there)),
        (4, 4, None, None),
    ]


def test_of_a_block_over_the_limit_the_beginning_is_given_and_all_is_counted(tmp_path: Path) -> None:
    there = SIZE + 4
    assert read(tmp_path / "a.warc", stated(SIZE + 50), limit=10) == [
        (there, 10, "truncated_warc", told(SIZE + 50, there))
    ]
    assert read(tmp_path / "a.warc", stated(SIZE - 10) + NEXT, limit=10) == [
        (there - 1, 10, "bad_content_length", told(SIZE - 10, there - 1)),
        (4, 4, None, None),
    ]
    assert read(tmp_path / "a.warc", stated(SIZE) + NEXT, limit=10) == [
        (SIZE, 10, None, None),
        (4, 4, None, None),
    ]


def test_a_header_without_an_end_and_what_is_no_header(tmp_path: Path) -> None:
    head = stated(SIZE)[:60]
    assert read(tmp_path / "a.warc", head) == [(60, 60, "truncated_warc", "the header has no end")]
    assert read(tmp_path / "a.warc", RUBBISH) == [(3, 3, "not_warc", "no WARC header, but b'xyz'")]
    assert read(tmp_path / "a.warc", NEXT + RUBBISH) == [
        (4, 4, None, None),
        (3, 3, "broken_record", "no WARC header, but b'xyz'"),
    ]
    nameless = record(BLOCK, kind="resource", Content_Length=None)
    assert read(tmp_path / "a.warc", nameless, limit=10) == [
        (SIZE + 4, 10, "broken_record", "content-length is None")
    ]


def test_what_damage_leaves_of_a_member_is_one_record_without_a_byte(tmp_path: Path) -> None:
    damaged = bytearray(gzip.compress(NEXT))
    damaged[0:2] = b"??"
    first = gzip.compress(stated(SIZE))
    found = read(tmp_path / "a.warc.gz", first + bytes(damaged) + gzip.compress(NEXT))
    assert [one[:3] for one in found] == [
        (SIZE, SIZE, None),
        (0, 0, "corrupt_compression"),
        (4, 4, None),
    ]
    behind = len(first) + len(damaged)
    assert (found[1][3] or "").endswith(f"read on at byte {behind} of the file")
