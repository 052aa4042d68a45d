"""WARC records: the same however the file is compressed or cut, and as many as can be saved when it is
damaged."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.readers import compressed
from pipeline.readers.byte_stream import ByteStream
from pipeline.readers.input_files import InputFile
from pipeline.readers.warc import Record, record_offsets, records
from pipeline.readers.warc_documents import read_archive
from tests.pipeline.at_hand import chapters, needs_texts
from tests.pipeline.readers.test_http_response import _chunked
from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import ROWS, article, http, record, response

SHARED = Path(__file__).parents[4] / "shared" / "corpus" / "web-html" / "commoncrawl-whirlwind"
TEXTS = [f"On style\n\n{row} {row} {row}" for row in ROWS]
PAGES = [
    response(text.partition("\n\n")[2], f"https://example.org/{number}") for number, text in enumerate(TEXTS)
]
WARCINFO = record(b"software: none\r\n", kind="warcinfo")
BROKEN = [
    WARCINFO,
    b"rubbish",
    b"\r\n",
    PAGES[0][:-30],
    PAGES[1].replace(b"Length: 2", b"Length: 9"),
    PAGES[2].replace(b"Length: 2", b"Length: 1"),
    record(PAGES[3], Content_Length=str(len(PAGES[3]) - 1)),
    record(PAGES[3], Content_Length=str(len(PAGES[3]) + 2)),
]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [
        row for batch in read_archive(InputFile.of(path), "a", 0, None, 10**6) for row in batch.to_pylist()
    ]


def _records(path: Path, start: int = 0, end: int | None = None, limit: int = 10**6) -> list[Record]:
    return list(records(InputFile.of(path), start, end, limit))


@pytest.mark.parametrize("suffix", ["warc", "warc.gz", "warc.zst", "one.warc.gz"])
def test_pages_are_the_same_in_every_compression(tmp_path: Path, suffix: str) -> None:
    parts = [WARCINFO, *PAGES]
    packs: dict[str, Callable[[bytes], bytes]] = {
        "warc": bytes,
        "warc.gz": gzip.compress,
        "warc.zst": zstandard.compress,
        "one.warc.gz": bytes,
    }
    data = b"".join(packs[suffix](part) for part in parts)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(gzip.compress(data) if suffix.startswith("one") else data)
    found = ingest(tmp_path, {"name": "s", "path": path.name, "format": "warc"})
    assert found.texts == TEXTS
    assert found.kept.column("url").to_pylist() == [f"https://example.org/{number}" for number in range(4)]
    assert json.loads(found.kept.column("meta")[0].as_py()) == {
        "title": "On style",
        "date": "2024-05-18T01:58:10Z",
    }
    offsets = [sum(map(len, parts[:number])) for number in range(1, 5)]
    assert found.kept.column("id").to_pylist() == [f"s:{path.name}#{offset}" for offset in offsets]


def test_parts_do_not_change_records(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(WARCINFO + b"".join(PAGES * 5) + b"rubbish\r\n\r\n" + PAGES[0])
    source = {"name": "s", "path": "a.warc", "format": "warc"}
    whole, cut = ingest(tmp_path, source), ingest(tmp_path, source, part_bytes=1500)
    assert (whole.parts, cut.parts) == (1, 6)
    assert cut.kept.equals(whole.kept)
    assert (
        cut.reasons
        == whole.reasons
        == [("s:a.warc#" + str(len(WARCINFO + b"".join(PAGES * 5))), "broken_record")]
    )
    assert len(cut.texts) == 21


@example(pieces=[b"rubbish", BROKEN[-2]], part_bytes=1, block=1)
@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([*PAGES, *BROKEN]), max_size=9),
    part_bytes=st.integers(1, 3000),
    block=st.integers(1, 700),
)
def test_ranges_partition_the_records(pieces: list[bytes], part_bytes: int, block: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(compressed, "BLOCK", block)
        path = Path(folder) / "a.warc"
        path.write_bytes(b"".join(pieces))
        whole = _records(path)
        borders = [*record_offsets(InputFile.of(path), part_bytes), path.stat().st_size]
        cut = [found for start, end in pairwise(borders) for found in _records(path, start, end)]
    assert cut == whole
    assert [found.offset for found in whole] == sorted({found.offset for found in whole})
    # Not a byte is passed over in silence but the line ends between records and the headers.
    told = sum(found.size for found in whole)
    # A record may hold another one, with line ends behind it too.
    heads = sum(
        piece.index(b"\r\n\r\n") + 4 + 4 * piece.count(b"WARC/1.0")
        for piece in pieces
        if piece.startswith(b"WARC")
    )
    assert told >= sum(map(len, pieces)) - heads - 2 * len(pieces)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_damaged_member_costs_no_other_one(tmp_path: Path, suffix: str) -> None:
    pack = gzip.compress if suffix == ".gz" else zstandard.ZstdCompressor(write_checksum=True).compress
    members = [pack(page) for page in PAGES]
    members[1] = members[1][:60] + bytes(4) + members[1][64:]
    (tmp_path / f"a.warc{suffix}").write_bytes(b"".join(members))
    found = ingest(tmp_path, {"name": "s", "path": f"a.warc{suffix}", "format": "warc"})
    assert found.texts == [TEXTS[0], *TEXTS[2:]]
    assert {reason for _, reason in found.reasons} <= {"truncated_warc", "corrupt_compression"}
    assert found.reasons[-1][1] == "corrupt_compression"
    assert (
        f"read on at byte {len(members[0]) + len(members[1])} of the file"
        in found.rejected.column("detail").to_pylist()[-1]
    )


def test_what_follows_a_damage_is_searched_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = 0
    plain = compressed._plain

    def counted(*arguments: Any) -> Iterator[bytes]:
        nonlocal read
        for block in plain(*arguments):
            read += len(block)
            yield block

    monkeypatch.setattr(compressed, "_plain", counted)
    # As bgzip cuts a file: members that do not begin with a record.
    members = [gzip.compress(random.Random(number).randbytes(20_000)) for number in range(200)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(PAGES[0]) + b"damage" + b"".join(members) + gzip.compress(PAGES[1]))
    found = _records(path)
    assert [record.reason for record in found] == [None, "corrupt_compression", None]
    assert read < 3 * path.stat().st_size


def test_a_cut_archive_tells_the_record_and_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz").write_bytes(b"".join(map(gzip.compress, PAGES))[:-20])
    found = ingest(tmp_path, {"name": "s", "path": "a.warc.gz", "format": "warc"})
    assert found.texts == TEXTS[:3]
    assert [reason for _, reason in found.reasons] == ["truncated_warc", "truncated_gzip"]


def test_plain_text_and_converted_text_are_documents_and_other_records_are_none(tmp_path: Path) -> None:
    parts = [
        WARCINFO,
        record(b"GET / HTTP/1.1\r\n\r\n", kind="request"),
        record(
            "道可道，非常道。".encode("gb18030"), kind="conversion", WARC_Target_URI="<https://example.org/>"
        ),
        record(http("名可名，非常名。".encode("big5"), "Content-Type: text/plain")),
        record(http(article(ROWS[0] * 3).encode(), "Server: none"), WARC_Truncated="length"),
        record(b"", kind="revisit"),
    ]
    (tmp_path / "a.warc").write_bytes(b"".join(parts))
    found = ingest(tmp_path, {"name": "s", "path": "a.warc", "format": "warc"})
    assert found.texts == ["道可道，非常道。", "名可名，非常名。", "On style\n\n" + ROWS[0] * 3]
    assert found.kept.column("url")[0].as_py() == "https://example.org/"
    assert json.loads(found.kept.column("meta")[2].as_py())["truncated"] == "length"
    assert (len(found.rejected), found.metrics["charset/gb18030"], found.metrics["charset/big5"]) == (0, 1, 1)


@given(st.lists(st.binary(max_size=6), max_size=8), st.binary(min_size=1, max_size=3), st.integers(0, 9))
def test_a_stream_takes_up_to_a_mark_over_any_blocks(blocks: list[bytes], mark: bytes, limit: int) -> None:
    data = b"".join(blocks)
    stream = ByteStream(iter(blocks), 0)
    expected = data[: data.find(mark)] if mark in data else data
    assert stream.take_to(mark, limit) == (expected[:limit], len(expected))
    assert stream.offset == len(expected)
    assert stream.peek(len(data)) == data[len(expected) :]


@given(st.lists(st.binary(max_size=6), max_size=8), st.integers(0, 30), st.integers(0, 9))
def test_a_stream_is_looked_into_without_taking_from_it(
    blocks: list[bytes], distance: int, size: int
) -> None:
    data = b"".join(blocks)
    stream = ByteStream(iter(blocks), 0)
    assert stream.peek_behind(distance, size) == data[distance : distance + size]
    assert stream.holds(distance) == (distance <= len(data))
    assert (stream.offset, stream.take(len(data) + 1)) == (0, data)


@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_texts_and_metadata_of_common_crawl_s_kinds(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    # A WET file: what Common Crawl made of pages. A WAT file: metadata, in records of JSON, which are no
    # documents: one reject says so.
    laozi = "道可道，非常道。\n名可名，非常名。"
    heads: dict[str, str | None] = {
        "WARC_Record_ID": "<urn:uuid:1>",
        "WARC_Refers_To": "<urn:uuid:2>",
        "WARC_Identified_Content_Language": "zho",
    }
    texts = [
        record(text.encode(), f"https://example.org/{number}", "conversion", **heads)
        for number, text in enumerate((laozi, ROWS[0]))
    ]
    facts = [record(b'{"Container": {}}', kind="metadata", Content_Type="application/json")]
    (tmp_path / f"a.warc.wet{suffix}").write_bytes(b"".join(map(pack, [WARCINFO, *texts])))
    (tmp_path / f"a.warc.wat{suffix}").write_bytes(b"".join(map(pack, [WARCINFO, *facts])))
    rows = _rows(tmp_path / f"a.warc.wet{suffix}")
    assert [(row["text"].decode(), row["url"], row["reason"]) for row in rows] == [
        (laozi, "https://example.org/0", None),
        (ROWS[0], "https://example.org/1", None),
    ]
    assert [row["key"] for row in rows] == [f"a#{len(WARCINFO)}", f"a#{len(WARCINFO + texts[0])}"]
    assert [row["size"] for row in rows] == [len(laozi.encode()), len(ROWS[0])]
    assert [row["reason"] for row in _rows(tmp_path / f"a.warc.wat{suffix}")] == ["only_metadata"]


@needs_texts
def test_a_novel_s_chapters_come_out_of_an_archive_as_they_went_in(tmp_path: Path) -> None:
    # As crawlers find them: in another charset than UTF-8, packed and in chunks.
    headers = "Content-Type: text/plain; charset=gbk\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked"
    bodies = [_chunked(gzip.compress(chapter.encode("gb18030"))) for chapter in chapters()]
    archive = [
        gzip.compress(record(http(body, headers), f"https://example.org/{number}"))
        for number, body in enumerate(bodies)
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(archive))
    rows = _rows(tmp_path / "a.warc.gz")
    assert [row["text"].decode() for row in rows] == chapters()
    assert {(row["charset"], row["reason"]) for row in rows} == {("gb18030", None)}


@pytest.mark.skipif(not SHARED.exists(), reason="the development corpus is not beside the checkout")
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_common_crawl(suffix: str) -> None:
    (page,) = _rows(SHARED / f"whirlwind.warc{suffix}")
    assert page["url"] == "https://an.wikipedia.org/wiki/Escopete"
    assert page["text"].decode().startswith("Escopete\n")
    (text,) = _rows(SHARED / f"whirlwind.warc.wet{suffix}")
    assert (text["size"], text["reason"]) == (4456, None)
    assert [row["reason"] for row in _rows(SHARED / f"whirlwind.warc.wat{suffix}")] == ["only_metadata"]
