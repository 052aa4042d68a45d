"""Files made to stall a reader: what is read of them, or parsed, grows with the file and not faster. Work is
counted, never timed."""

from __future__ import annotations

import gzip
import random
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
import zstandard

from pipeline.readers import archive_members, compressed, limits
from pipeline.readers.byte_stream import ByteStream
from pipeline.readers.input_files import InputFile, file_name
from pipeline.readers.warc import records
from tests.pipeline.steps.ingest.samples import response

SIZES = (50_000, 100_000, 200_000)
GROWTH = 4.6
GOOD = response("A text that stands in a record, and is one.")
PACKED, FRAME = gzip.compress(GOOD, mtime=0), zstandard.compress(GOOD)
HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"
WRONG_SUM = gzip.compress(b"WARC/1.0\r\n\r\n", mtime=0)[:-8] + b"12345678"


def record_head(length: int) -> bytes:
    return b"WARC/1.0\r\nContent-Length: %d\r\n\r\nabc\r\n\r\n" % length


def times(unit: bytes) -> Callable[[int], bytes]:
    return lambda size: unit * (size // len(unit))


def behind(first: bytes, unit: bytes) -> Callable[[int], bytes]:
    return lambda size: first + unit * (size // len(unit))


ARCHIVES: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "heads with names that never end": (".warc.gz", behind(PACKED, b"\x1f\x8b\x08\x08")),
    "heads with comments that never end": (".warc.gz", behind(PACKED, b"\x1f\x8b\x08\x10")),
    "heads with names and comments": (".warc.gz", behind(PACKED, b"\x1f\x8b\x08\x18\x01\x01")),
    "heads with long extra fields": (
        ".warc.gz",
        behind(PACKED, b"\x1f\x8b\x08\x04\x01\x01\x01\x01\x01\x01\xff\xff"),
    ),
    "heads of nothing": (".warc.gz", behind(PACKED, HEAD)),
    "heads with reserved bits": (".warc.gz", behind(PACKED, b"\x1f\x8b\x08\xff")),
    "heads before empty blocks": (".warc.gz", behind(PACKED, HEAD + b"\0\0\0\xff\xff" * 9)),
    "members that are cut": (".warc.gz", times(PACKED[:-9])),
    "members with wrong sums": (".warc.gz", times(PACKED[:-8] + b"12345678")),
    "short members with wrong sums": (".warc.gz", times(WRONG_SUM)),
    "members of no archive": (".warc.gz", behind(PACKED[:-9], gzip.compress(b"x", mtime=0))),
    "one long member that is cut": (
        ".warc.gz",
        lambda size: PACKED + gzip.compress(random.Random(1).randbytes(size), mtime=0)[:-20],
    ),
    "a member of many heads": (".warc.gz", lambda size: gzip.compress(HEAD * (size // 10), 0)[:-9]),
    "frames of nothing": (".warc.zst", behind(FRAME, b"\x28\xb5\x2f\xfd")),
    "frames of empty blocks": (".warc.zst", behind(FRAME, b"\x28\xb5\x2f\xfd\x00\x58" + bytes(9))),
    "frames of long blocks": (".warc.zst", behind(FRAME, b"\x28\xb5\x2f\xfd\x00\x58\x00\x00\x08")),
    "frames of wide windows": (".warc.zst", behind(FRAME, b"\x28\xb5\x2f\xfd\x00\xa8")),
    "frames that are cut": (".warc.zst", times(FRAME[:-9])),
    "first lines alone": (".warc", times(b"WARC/1.0\r\n")),
    "first lines and names": (".warc", times(b"WARC/1.0\r\na: b\r\n")),
    "records that say too much": (".warc", times(record_head(1_000_000))),
    "records that say the most": (".warc", times(record_head(99_999_999))),
    "records that say more": (".warc", times(record_head(10**12))),
    "records that say too little": (".warc", times(record_head(1))),
    "records without an end": (".warc", times(b"WARC/1.0\r\nContent-Length: 0\r\n\r\n")),
    "line ends": (".warc", times(b"\r\n")),
    "no archive": (".warc", times(b"a")),
    "a header without an end": (".warc", behind(b"WARC/1.0\r\n", b"a: b\r\n")),
}


class Watched:
    """A file whose reads are counted."""

    def __init__(self, file: BinaryIO, seen: Counter[str]) -> None:
        self._file, self._seen = file, seen

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def seek(self, *place: int) -> int:
        return self._file.seek(*place)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._seen["read"] += len(data)
        return data


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Bytes read of files, given to decoders of probes, and copied out of streams; and how many probes."""
    counts: Counter[str] = Counter()
    opened, begins, peek, behind_ = (
        InputFile.open,
        compressed.begins_with,
        ByteStream.peek,
        ByteStream.peek_behind,
    )

    def begins_with(file: InputFile, data: bytes, *rest: Any) -> bool:
        counts["probes"] += 1
        return begins(file, data, *rest)

    def counted(method: Callable[..., bytes]) -> Callable[..., bytes]:
        def call(*arguments: Any) -> bytes:
            found = method(*arguments)
            counts["copied"] += len(found)
            return found

        return call

    monkeypatch.setattr(InputFile, "open", lambda file: cast(BinaryIO, Watched(opened(file), counts)))
    monkeypatch.setattr(archive_members, "begins_with", begins_with)
    monkeypatch.setattr(ByteStream, "peek", counted(peek))
    monkeypatch.setattr(ByteStream, "peek_behind", counted(behind_))
    return counts


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_is_read_in_time_that_grows_with_it(
    tmp_path: Path, seen: Counter[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """1.6 MB of gzip heads with names that never end were read from each of them to the end: hours."""
    suffix, make = ARCHIVES[name]
    monkeypatch.setattr(archive_members, "_AGAIN", 0)
    work = []
    for size in SIZES:
        path = tmp_path / f"a{suffix}"
        path.write_bytes(make(size))
        seen.clear()
        reasons = [record.reason for record in records(InputFile.of(path), 0, None, 100_000_000)]
        assert seen["read"] < 1_500 * size + 1_000_000
        assert len(reasons) <= size
        work.append(seen["read"] + seen["copied"] + 100 * seen["probes"] + 100 * len(reasons))
    assert work[2] <= GROWTH * work[0] + 1_000_000, work


SHORT = b"WARC/1.0\r\nWARC-Type: resource\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%d\r\n\r\n"
NUMBERS = 5_000


@pytest.mark.parametrize("suffix", [".warc.gz", ".warc.zst"])
@pytest.mark.parametrize("damage", ["sums", "ends", "middles"])
def test_short_members_that_are_damaged_cost_no_sound_one_between_them(
    tmp_path: Path, seen: Counter[str], suffix: str, damage: str
) -> None:
    """After 2,048 of them stretches of 16 kB were passed over, with all that was sound in them."""
    pack = gzip.compress if suffix == ".warc.gz" else zstandard.ZstdCompressor(write_checksum=True).compress
    members = [pack(SHORT % (len(str(number)), number)) for number in range(NUMBERS)]
    damaged = {"sums": lambda one: one[:-4] + b"\xff\xfe\xfd\xfc", "ends": lambda one: one[:-9]}.get(
        damage, lambda one: one[:50] + b"\xff\xff" + one[52:]
    )
    data = b"".join(damaged(one) if number % 2 else one for number, one in enumerate(members))
    (tmp_path / f"a{suffix}").write_bytes(data)
    found = list(records(InputFile.of(tmp_path / f"a{suffix}"), 0, None, 1 << 20))
    sound = {int(record.body) for record in found if record.reason is None}
    assert sound >= set(range(0, NUMBERS, 2))
    assert len(found) - len(sound) >= NUMBERS // 2
    assert seen["read"] < 1_000 * len(data)


@pytest.mark.parametrize("suffix", [".warc.gz", ".warc.zst"])
def test_a_sound_record_behind_the_heads_is_found(tmp_path: Path, suffix: str) -> None:
    sound = {".warc.gz": PACKED, ".warc.zst": FRAME}[suffix]
    noise = {".warc.gz": b"\x1f\x8b\x08\x08" * 9_999, ".warc.zst": b"\x28\xb5\x2f\xfd\x00\x58" * 9_999}[
        suffix
    ]
    (tmp_path / f"a{suffix}").write_bytes(sound + noise + b"\x00" + sound)
    found = list(records(InputFile.of(tmp_path / f"a{suffix}"), 0, None, 1 << 20))
    assert [(record.reason, record.size) for record in found] == [
        (None, found[0].size),
        ("corrupt_compression", 0),
        (None, found[0].size),
    ]
    assert f"read on at byte {len(sound + noise) + 1} of the file" in (found[1].detail or "")


def test_a_gzip_header_with_a_name_is_still_one(tmp_path: Path) -> None:
    named = b"\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03" + b"a.warc\0" + PACKED[10:]
    (tmp_path / "a.warc.gz").write_bytes(PACKED[:-9] + named)
    found = list(records(InputFile.of(tmp_path / "a.warc.gz"), 0, None, 1 << 20))
    assert [record.reason for record in found][-1] is None
    assert zlib.decompress(named, 31) == GOOD


def test_what_gives_too_much_is_told_once_and_nothing_is_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_MOST_OF_FILE", 30 * len(GOOD))
    monkeypatch.setattr(limits, "_MOST_FACTOR", 0)
    (tmp_path / "a.warc.gz").write_bytes(PACKED * 200)
    found = list(records(InputFile.of(tmp_path / "a.warc.gz"), 0, None, 1 << 20))
    assert [record.reason for record in found] == [None] * (len(found) - 1) + ["too_costly"]
    assert len({record.offset for record in found}) == len(found) <= 31


def test_the_suffix_of_a_file_is_that_of_its_name_and_a_signature_is_none(tmp_path: Path) -> None:
    assert file_name("parts/password=x.jsonl.gz") == "password=x.jsonl.gz"
    assert file_name("https://host.example/a.jsonl.gz?X-Amz-Signature=b.c") == "a.jsonl.gz"
