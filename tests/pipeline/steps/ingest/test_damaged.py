"""Damaged input: every document that can be read is kept, every other one is a reject with its reason, and
nothing crashes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import brotli
import pyarrow as pa
import pytest
import zstandard

from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import (
    LAOZI,
    ROWS,
    arrow,
    article,
    http,
    jsonl,
    page,
    parquet,
    record,
    response,
    strings,
)

FORMATS = {
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".html": "html",
    ".warc": "warc",
}
TEXT = pa.array(ROWS, pa.string())
HALVES = (pa.array(ROWS[:2]), pa.array(ROWS[2:]))
LONG = pa.array(["x" * 50_000, "y" * 50_000])
# Long enough to be running text, each with its title above it.
A, B, C = (f"On style\n\n{line} {line} {line}" for line in ROWS[:3])
WARC = [response(text.partition("\n\n")[2]) for text in (A, B, C)]


class Kind(NamedTuple):
    """A damaged file, what is kept of it, and its rejects as (key behind the file's name, reason, words of
    the detail)."""

    file: str
    data: bytes
    kept: tuple[str, ...]
    rejects: tuple[tuple[str, str, str], ...]
    source: dict[str, Any] | None = None
    limit: int = 100_000_000


def flipped(data: bytes, at: int, bits: int = 0xFF) -> bytes:
    """``data`` with the byte at ``at`` changed."""
    at %= len(data)
    return data[:at] + bytes((data[at] ^ bits,)) + data[at + 1 :]


def line(name: str, bad: bytes, reason: str, detail: str, **more: Any) -> tuple[str, Kind]:
    """One bad line between two good ones."""
    good = jsonl(ROWS[:1])
    return name, Kind(
        "a.jsonl",
        good + bad + b"\n" + jsonl(ROWS[1:2]),
        ROWS[:2],
        ((f"#{len(good)}", reason, detail),),
        **more,
    )


def broken_record(
    name: str, bad: bytes, reason: str, detail: str, kept: tuple[str, ...] = (A, C), **more: Any
) -> tuple[str, Kind]:
    """One bad WARC record between two good ones."""
    return name, Kind(
        "a.warc", WARC[0] + bad + WARC[2], kept, ((f"#{len(WARC[0])}", reason, detail),), **more
    )


def file(
    name: str,
    path: str,
    data: bytes,
    reason: str,
    detail: str = "",
    key: str = "#damage",
    kept: tuple[str, ...] = (),
    **more: Any,
) -> tuple[str, Kind]:
    """A file that is one reject, beside what is kept of it."""
    return name, Kind(path, data, kept, ((key, reason, detail),), **more)


def every_row(
    name: str, path: str, data: bytes, reason: str, detail: str, keys: str = "#{}"
) -> tuple[str, Kind]:
    return name, Kind(path, data, (), tuple((keys.format(row), reason, detail) for row in range(len(ROWS))))


def chunked(body: bytes) -> bytes:
    return http(body, "Content-Type: text/html\r\nTransfer-Encoding: chunked")


def coded(body: bytes, coding: str) -> bytes:
    return http(body, f"Content-Type: text/html\r\nContent-Encoding: {coding}")


NOISE = random.Random(1).randbytes(300).replace(b"\n", b"")
LETTER = article(ROWS[0] * 3).encode()
GROUPS = parquet(
    TEXT,
    row_group_size=2,
    compression="none",
    use_dictionary=False,
    write_statistics=False,
    write_page_checksum=True,
)
PACKED = arrow(LONG, LONG, compression="zstd")
MEMBERS = [gzip.compress(part) for part in WARC]

KINDS: dict[str, Kind] = dict(
    [
        line("json cut off", b'{"text": "Sparse is', "invalid_json", "unexpected end"),
        line("json is a list", b"[1, 2]", "not_an_object", "found list"),
        line("json without text", b'{"body": "x"}', "missing_text", "no field 'text'"),
        line("json text is a number", b'{"text": 5}', "text_not_a_string", "is int"),
        line("json text is null", b'{"text": null}', "missing_text", ""),
        line("json text is nested", b'{"text": {"en": "x"}}', "text_not_a_string", "is dict"),
        line("json text is blank", b'{"text": " \\n\xe3\x80\x80"}', "empty", ""),
        line("json lone surrogate", b'{"text": "\\ud800"}', "invalid_json", "surrogate"),
        line("json raw null bytes", b'{"text": "a\x00b"}', "invalid_json", "control character"),
        line("json is nested deeply", b"[" * 100_000, "invalid_json", ""),
        line("json not a number", b'{"text": "x", "score": NaN}', "invalid_json", ""),
        line(
            "json utf-8 cut within a letter", '{"text": "道可道'.encode()[:-1] + b'"}', "invalid_encoding", ""
        ),
        line(
            "json in latin-2", '{"text": "Příliš žluťoučký kůň"}'.encode("iso8859-2"), "invalid_encoding", ""
        ),
        line(
            "json gb18030 with a byte lost",
            '{"text": "无名天地之始，有名万物之母。"}'.encode("gb18030")[:-3] + b'"}',
            "invalid_encoding",
            "",
        ),
        line("json random bytes", NOISE, "invalid_encoding", ""),
        line(
            "json line too long",
            b'{"text": "' + b"x" * 3_000_000 + b'"}',
            "too_long",
            "3000000 bytes",
            limit=10_000,
        ),
        line("json overlong utf-8", b'{"text": "\xc0\xaf"}', "invalid_encoding", ""),
        file("array cut off", "a.json", b'["open', "invalid_json", "unexpected end", key=""),
        file(
            "array too long",
            "a.json",
            b'["one", "two"]',
            "too_long",
            "an array of 14 bytes; as JSON lines",
            key="",
            limit=10,
        ),
        file("array is an object", "a.json", b'{\n"text": "alone"}', "not_an_array", "found dict", key=""),
        file(
            "array with a number",
            "a.json",
            b'["one", 3]',
            "not_an_object",
            "found int",
            key="#1",
            kept=("one",),
        ),
        file("gzip of plain text", "a.jsonl.gz", jsonl(ROWS), "corrupt_compression", "header"),
        file(
            "gzip checksum",
            "a.jsonl.gz",
            flipped(gzip.compress(jsonl(ROWS)), -6),
            "corrupt_compression",
            "incorrect",
            kept=ROWS,
        ),
        file(
            "gzip with rubbish behind",
            "a.jsonl.gz",
            gzip.compress(jsonl(ROWS)) + b"rubbish",
            "corrupt_compression",
            "header",
            kept=ROWS,
        ),
        file(
            "gzip cut in its trailer",
            "a.txt.gz",
            gzip.compress(LAOZI.encode())[:-3],
            "truncated_gzip",
            "the file ends after",
        ),
        file("zstd of plain text", "a.jsonl.zst", jsonl(ROWS), "corrupt_compression", "Unknown frame"),
        file(
            "zstd flipped bit",
            "a.jsonl.zst",
            flipped(zstandard.compress(jsonl(ROWS * 99)), 30),
            "corrupt_compression",
        ),
        file(
            "zstd cut",
            "a.txt.zst",
            zstandard.compress(LAOZI.encode())[:-5],
            "truncated_zstd",
            "the file ends after",
        ),
        file(
            "text in utf-16 with an odd byte",
            "a.txt",
            LAOZI.encode("utf-16")[:-1],
            "invalid_encoding",
            "utf-16-le",
        ),
        file(
            "text in koi8",
            "a.txt",
            "Вчера правительство приняло новый закон.".encode("koi8-r"),
            "invalid_encoding",
            key="",
        ),
        file("text of random bytes", "a.txt", NOISE, "invalid_encoding", key=""),
        file("text with a byte lost", "a.txt", LAOZI.encode()[:-1], "invalid_encoding", key=""),
        file(
            "text too long",
            "a.txt",
            LAOZI.encode(),
            "too_long",
            f"{len(LAOZI.encode())} bytes",
            key="",
            limit=50,
        ),
        file(
            "program that is binary",
            "a.py",
            b"\x7fELF\x00\x01",
            "binary",
            "6 bytes",
            key="",
            source={"format": "tree", "kind": "code"},
        ),
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
        every_row(
            "parquet of nulls", "a.parquet", parquet(pa.nulls(4, pa.string())), "missing_text", "is null"
        ),
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
        file(
            "arrow cut", "a.arrow", arrow(*HALVES)[:-220], "truncated_arrow", "record batch 1", kept=ROWS[:2]
        ),
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
        file(
            "page in no charset", "a.html", b"<p>" + NOISE * 3, "invalid_encoding", "no charset fits", key=""
        ),
        file(
            "page of links only",
            "a.html",
            page("<a href=/1>One</a> <a href=/2>Two</a>").encode(),
            "no_main_text",
            "characters in all",
            key="",
        ),
        file("page of nothing", "a.html", page("").replace("Home", "").encode(), "empty", key=""),
        file(
            "page nested too deep",
            "a.html",
            page("<div>" * 50_000 + ROWS[0]).encode(),
            "nested_too_deep",
            "1000",
            key="",
        ),
        file(
            "page of nested lists",
            "a.html",
            page("<ul><li>" * 50_000 + ROWS[0]).encode(),
            "nested_too_deep",
            "1000",
            key="",
        ),
        file("page too long", "a.html", LETTER, "too_long", f"{len(LETTER)} bytes", key="", limit=100),
        file("page cut", "a.html.gz", gzip.compress(LETTER)[:-9], "truncated_gzip"),
        file("warc of plain text", "a.warc", jsonl(ROWS), "not_warc", "no WARC header", key="#0"),
        file(
            "warc cut in a body",
            "a.warc",
            WARC[0] + WARC[1][:-40],
            "truncated_warc",
            "are stated",
            f"#{len(WARC[0])}",
            (A,),
        ),
        file(
            "warc cut in a header",
            "a.warc",
            WARC[0] + WARC[1][:60],
            "truncated_warc",
            "the header has no end",
            f"#{len(WARC[0])}",
            (A,),
        ),
        broken_record(
            "warc without length",
            record(http(LETTER), Content_Length=None),
            "broken_record",
            "content-length is None",
        ),
        broken_record(
            "warc length is a word", record(http(LETTER), Content_Length="long"), "broken_record", "'long'"
        ),
        broken_record(
            "warc length has no end",
            record(http(LETTER), Content_Length="9" * 9000),
            "broken_record",
            "content-length",
        ),
        broken_record(
            "warc length is negative", record(http(LETTER), Content_Length="-1"), "broken_record", "'-1'"
        ),
        broken_record(
            "warc length too short",
            record(http(LETTER), Content_Length="80"),
            "bad_content_length",
            "80 bytes are stated",
        ),
        broken_record(
            "warc length too long",
            record(http(LETTER), Content_Length="700"),
            "bad_content_length",
            "700 bytes are stated",
        ),
        broken_record(
            "warc length beyond the end",
            record(http(LETTER), Content_Length="99999999"),
            "bad_content_length",
            "99999999 bytes",
        ),
        broken_record(
            "warc rubbish between", b"rubbish\r\n\r\n", "broken_record", "no WARC header, but b'rubbish"
        ),
        broken_record(
            "warc header without end",
            b"WARC/1.0\r\n" + b"X: y\r\n" * 20_000,
            "broken_record",
            "the header has no end",
        ),
        broken_record(
            "warc record too long",
            record(http(LETTER * 99)),
            "too_long",
            f"{len(http(LETTER * 99))} bytes",
            limit=9_000,
        ),
        broken_record(
            "http that is none", record(b"SSH-2.0-OpenSSH\r\n\r\n"), "bad_http", "no HTTP status line"
        ),
        broken_record(
            "http header without end", record(b"HTTP/1.1 200 OK\r\nContent-Type: text/html"), "bad_http", ""
        ),
        broken_record("http not found", record(http(LETTER, status="404 Not Found")), "http_status", "404"),
        broken_record(
            "http picture", record(http(b"\x89PNG\r\n", "Content-Type: image/png")), "not_a_page", "image/png"
        ),
        broken_record(
            "http chunk cut",
            record(chunked(b"ff\r\n<p>short")),
            "bad_chunking",
            "a chunk of 255 bytes has only 8",
        ),
        broken_record(
            "http chunk size",
            record(chunked(b"3\r\n<p>\r\nzz\r\nx\r\n0\r\n\r\n")),
            "bad_chunking",
            "no chunk size at byte 8",
        ),
        broken_record(
            "http gzip cut",
            record(coded(gzip.compress(LETTER)[:-20], "gzip")),
            "bad_content_encoding",
            "gzip",
        ),
        broken_record(
            "http brotli broken",
            record(coded(flipped(brotli.compress(LETTER), 5), "br")),
            "bad_content_encoding",
            "br",
        ),
        broken_record(
            "http zstd broken", record(coded(b"no zstd at all", "zstd")), "bad_content_encoding", "zstd"
        ),
        broken_record(
            "http bomb",
            record(coded(gzip.compress(b"<p>" + b" " * 10**7), "gzip")),
            "too_long",
            "50001 bytes",
            limit=50_000,
        ),
        broken_record(
            "wet of another type",
            record(b"{}", kind="conversion", Content_Type="application/json"),
            "not_a_page",
            "application/json",
        ),
    ]
)


def test_there_are_enough_kinds() -> None:
    assert len(KINDS) >= 80


@pytest.mark.parametrize("name", KINDS)
def test_what_can_be_read_is_kept_and_the_rest_says_why(tmp_path: Path, name: str) -> None:
    kind = KINDS[name]
    (tmp_path / kind.file).write_bytes(kind.data)
    form = next((form for suffix, form in FORMATS.items() if suffix in kind.file), "text")
    source = {"name": "s", "path": kind.file, "format": form} | (kind.source or {})
    found = ingest(tmp_path, source, max_document_bytes=kind.limit)
    assert tuple(found.texts) == kind.kept
    assert found.reasons == [(f"s:{kind.file}{key}", reason) for key, reason, _ in kind.rejects]
    for (_, _, words), detail in zip(kind.rejects, found.rejected.column("detail").to_pylist(), strict=True):
        assert words in (detail or "")
    assert len({*found.kept.column("id").to_pylist(), *found.rejected.column("id").to_pylist()}) == len(
        kind.kept
    ) + len(kind.rejects)


def test_broken_lines_cost_no_other_line(tmp_path: Path) -> None:
    lines = [
        b'{"text": "Flat is better than nested.", "id": 7, "url": "u", "license": "PSF-2.0"}',
        b'{"text": "Sparse is',
        b"",
        b"[1, 2]",
        b'{"body": "Readability counts."}',
        b'{"text": 5}',
        b'{"text": null}',
        b'{"text": "  \\n"}',
        b'{"text": "\\ud800"}',
        b'{"text": "caf\xe9 \xff\xfe"}',
        b'{"text": "Now is better than never."}',
    ]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl", "format": "jsonl", "license": "MIT"})
    assert found.texts == ["Flat is better than nested.", "Now is better than never."]
    assert found.kept.column("license").to_pylist() == ["PSF-2.0", "MIT"]
    assert found.kept.column("url").to_pylist() == ["u", None]
    assert found.kept.column("meta").to_pylist() == ['{"id":7}', None]
    starts = [sum(len(line) + 1 for line in lines[:index]) for index in range(len(lines))]
    wanted = {
        1: "invalid_json",
        3: "not_an_object",
        4: "missing_text",
        5: "text_not_a_string",
        6: "missing_text",
        7: "empty",
    }
    wanted |= {8: "invalid_json", 9: "invalid_encoding"}
    assert found.reasons == [(f"s:a.jsonl#{starts[index]}", reason) for index, reason in wanted.items()]
    rejected = dict(zip(found.rejected.column("reason").to_pylist(), found.rejected.to_pylist(), strict=True))
    assert rejected["text_not_a_string"]["text"] == '{"text": 5}'
    assert rejected["text_not_a_string"]["detail"] == "field 'text' is int, not a string"
    assert rejected["invalid_encoding"]["text"] == '{"text": "caf\ufffd \ufffd\ufffd"}'


@pytest.mark.parametrize(("suffix", "reason"), [(".gz", "truncated_gzip"), (".zst", "truncated_zstd")])
def test_a_truncated_file_gives_what_can_be_read(tmp_path: Path, suffix: str, reason: str) -> None:
    text = jsonl([f"{number} {line}" for number in range(2000) for line in ROWS])
    packed = gzip.compress(text) if suffix == ".gz" else zstandard.ZstdCompressor().compress(text)
    (tmp_path / f"a.jsonl{suffix}").write_bytes(packed[: len(packed) * 2 // 3])
    found = ingest(tmp_path, {"name": "s", "path": f"a.jsonl{suffix}", "format": "jsonl"})
    expected = [f"{number} {line}" for number in range(2000) for line in ROWS]
    assert 2000 < len(found.texts) < 6000
    assert found.texts == expected[: len(found.texts)]
    assert found.reasons == [(f"s:a.jsonl{suffix}#damage", reason)]
    (rest,) = found.rejected.column("text").to_pylist()
    assert (
        jsonl(expected[: len(found.texts) + 1])
        .decode()
        .startswith(jsonl(found.texts).decode() + rest.rstrip("\ufffd"))
    )
    assert "bytes" in found.rejected.column("detail").to_pylist()[0]


@pytest.mark.parametrize(("suffix", "pack"), [("bz2", bz2.compress), ("xz", lzma.compress)])
def test_bzip2_and_xz_are_read_and_their_damage_is_told(
    tmp_path: Path, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    noise = [random.Random(number).randbytes(900).hex() for number in range(1500)]
    whole = {"whole": pack(jsonl(ROWS)) + pack(jsonl(noise)), "empty": pack(b""), "plain": jsonl(ROWS)}
    whole |= {"cut": whole["whole"][:-1000], "flipped": flipped(whole["whole"], -1000)}
    for name, data in whole.items():
        (tmp_path / f"{name}.jsonl.{suffix}").write_bytes(data)
        found = ingest(tmp_path, {"name": "s", "path": f"{name}.jsonl.{suffix}", "format": "jsonl"})
        assert found.texts == [*ROWS, *noise][: len(found.texts)]
        least = {"whole": len(ROWS) + len(noise), "cut": 500, "flipped": len(ROWS)}.get(name, 0)
        assert len(found.texts) >= least
        reasons = {
            "cut": f"truncated_{suffix}",
            "flipped": "corrupt_compression",
            "plain": "corrupt_compression",
        }
        assert [reason for _, reason in found.reasons] == ([reasons[name]] if name in reasons else [])


def test_zstd_of_the_longest_window_is_read(tmp_path: Path) -> None:
    # As large dumps are packed: zstd --long=31.
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=31, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    (tmp_path / "a.jsonl.zst").write_bytes(packer.compress(jsonl(ROWS)) + packer.flush())
    found = ingest(tmp_path, {"name": "s", "path": "a.jsonl.zst", "format": "jsonl"})
    assert (tuple(found.texts), found.reasons) == (ROWS, [])


def test_a_truncated_whole_file_is_not_lost(tmp_path: Path) -> None:
    packed = gzip.compress(LAOZI.encode())
    (tmp_path / "laozi.txt.gz").write_bytes(packed[:-12])
    (tmp_path / "whole.txt.gz").write_bytes(packed + packed)
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt.gz"]})
    assert found.texts == [LAOZI * 2], "a gzip file may have many members"
    assert found.reasons == [("s:laozi.txt.gz#damage", "truncated_gzip")]
    assert LAOZI.startswith(found.rejected.column("text").to_pylist()[0].rstrip("\ufffd"))
