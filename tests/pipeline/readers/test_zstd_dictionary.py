"""Archives whose frames need a dictionary, which they bring along in front."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import zstandard

from pipeline.readers import zstd_dictionary
from pipeline.readers.compressed import DamagedFileError, blocks
from pipeline.readers.input_files import InputFile
from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import ROWS, jsonl, response

PAGES = [response(f"{ROWS[number % 4]} " * 3, f"https://example.org/{number}") for number in range(40)]
DICTIONARY = zstandard.train_dictionary(4096, [*PAGES * 5], dict_id=5)
RAW = DICTIONARY.as_bytes()
BACKWARDS: list[bytes | bytearray | memoryview] = [page[::-1] for page in PAGES * 5]
FRAMES = [zstandard.ZstdCompressor(dict_data=DICTIONARY).compress(page) for page in PAGES]


def skippable(content: bytes, kind: int = 0xD) -> bytes:
    return struct.pack("<II", 0x184D2A50 + kind, len(content)) + content


def read(folder: Path, data: bytes) -> tuple[int, list[tuple[str, str]], list[str]]:
    (folder / "a.warc.zst").write_bytes(data)
    found = ingest(folder, {"name": "s", "path": "a.warc.zst", "format": "warc"})
    return len(found.texts), found.reasons, found.rejected.column("detail").to_pylist()


@pytest.mark.parametrize("content", [RAW, zstandard.compress(RAW)], ids=["raw", "packed"])
def test_every_frame_is_read_with_the_dictionary_in_front(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, skippable(content) + b"".join(FRAMES)) == (40, [], [])


def test_frames_without_and_skippable_ones_stand_between(tmp_path: Path) -> None:
    mixed = [
        frame if number % 2 else zstandard.compress(page)
        for number, (frame, page) in enumerate(zip(FRAMES, PAGES, strict=True))
    ]
    assert read(tmp_path, skippable(RAW) + skippable(b"index", 3).join(mixed)) == (40, [], [])


def test_lines_may_have_a_dictionary_too(tmp_path: Path) -> None:
    frame = zstandard.ZstdCompressor(dict_data=DICTIONARY).compress(jsonl(ROWS))
    (tmp_path / "a.jsonl.zst").write_bytes(skippable(RAW) + frame)
    assert ingest(tmp_path, {"name": "s", "path": "a.jsonl.zst", "format": "jsonl"}).texts == list(ROWS)


def test_a_damaged_frame_costs_no_other_one(tmp_path: Path) -> None:
    frames = list(FRAMES)
    frames[7] = frames[7][:20] + bytes(8) + frames[7][28:]
    kept, rejects, details = read(tmp_path, skippable(RAW) + b"".join(frames))
    assert kept == 39
    assert {reason for _, reason in rejects} <= {"corrupt_compression", "truncated_warc", "broken_record"}
    border = len(skippable(RAW)) + sum(map(len, frames[:8]))
    assert f"read on at byte {border} of the file" in details[-1]


def test_frames_whose_dictionary_is_missing_or_another_s_are_told(tmp_path: Path) -> None:
    other = zstandard.train_dictionary(2048, BACKWARDS, dict_id=7).as_bytes()
    for front in (b"", skippable(RAW, 3), skippable(other)):
        kept, rejects, details = read(tmp_path, front + b"".join(FRAMES))
        assert kept == 0
        assert rejects == [("s:a.warc.zst#0", "corrupt_compression")]
        assert "ictionary" in details[0]


@pytest.mark.parametrize(
    ("front", "words"),
    [
        (skippable(RAW)[:900], "the file ends within its dictionary of"),
        (skippable(b"\x28\xb5\x2f\xfd" + b"\xff" * 40), "the file's dictionary is damaged"),
        (skippable(RAW[:8] + b"\xff" * 40), "the file's dictionary is damaged"),
        (struct.pack("<II", 0x184D2A5D, 0xFFFFFFFF), "is said to have 4294967295 bytes"),
        (skippable(zstandard.compress(bytes(2 << 20))), "has more than 1048576 bytes"),
    ],
    ids=["cut", "packed badly", "no dictionary", "too long", "a bomb"],
)
def test_a_dictionary_that_cannot_be_used_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, front: bytes, words: str
) -> None:
    monkeypatch.setattr(zstd_dictionary, "_MAX_DICTIONARY", 1 << 20)
    kept, rejects, details = read(tmp_path, front)
    assert (kept, rejects) == (0, [("s:a.warc.zst#damage", "corrupt_compression")])
    assert words in details[0]
    with pytest.raises(DamagedFileError, match="dictionary"):
        list(blocks(InputFile.of(tmp_path / "a.warc.zst")))


def test_a_file_of_less_than_a_header_has_no_dictionary(tmp_path: Path) -> None:
    (tmp_path / "a.txt.zst").write_bytes(b"\x5d\x2a")
    found = ingest(tmp_path, {"name": "s", "path": "a.txt.zst", "format": "text"})
    assert [reason for _, reason in found.reasons] == ["truncated_zstd"]
