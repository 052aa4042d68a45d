"""Damaged input: every document that can be read is kept, every other one is a reject with its reason, and
nothing crashes."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.pipeline.steps.ingest.damage import (
    FORMATS,
    flipped,
)
from tests.pipeline.steps.ingest.damaged_columns import COLUMNS
from tests.pipeline.steps.ingest.damaged_lines import LINES
from tests.pipeline.steps.ingest.damaged_pages import PAGES
from tests.pipeline.steps.ingest.run import ingest
from tests.pipeline.steps.ingest.samples import (
    LAOZI,
    ROWS,
    jsonl,
)

KINDS = dict((*LINES, *COLUMNS, *PAGES))


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
    wanted |= {8: "invalid_encoding", 9: "invalid_encoding"}
    assert found.reasons == [(f"s:a.jsonl#{starts[index]}", reason) for index, reason in wanted.items()]
    rejected = dict(zip(found.rejected.column("reason").to_pylist(), found.rejected.to_pylist(), strict=True))
    assert rejected["text_not_a_string"]["text"] == '{"text": 5}'
    assert rejected["text_not_a_string"]["detail"] == "field 'text' is int, not a string; found text"
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


def test_zstd_of_the_longest_window_is_read_where_the_source_allows_it(tmp_path: Path) -> None:
    # As large dumps are packed: zstd --long=31.
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=31, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    (tmp_path / "a.jsonl.zst").write_bytes(packer.compress(jsonl(ROWS)) + packer.flush())
    source = {"name": "s", "path": "a.jsonl.zst", "format": "jsonl"}
    found = ingest(tmp_path, source | {"max_window": 1 << 31}, max_worker_memory=1 << 32)
    assert (tuple(found.texts), found.reasons) == (ROWS, [])
    found = ingest(tmp_path, source)
    assert (found.texts, found.reasons) == ([], [("s:a.jsonl.zst#damage", "too_costly")])
    assert found.rejected.column("detail").to_pylist() == [
        "at byte 0: a window of over 134217728 bytes, which the source's max_window forbids"
    ]


def test_a_truncated_whole_file_is_not_lost(tmp_path: Path) -> None:
    packed = gzip.compress(LAOZI.encode())
    (tmp_path / "laozi.txt.gz").write_bytes(packed[:-12])
    (tmp_path / "whole.txt.gz").write_bytes(packed + packed)
    found = ingest(tmp_path, {"name": "s", "path": ".", "format": "text", "include": ["*.txt.gz"]})
    assert found.texts == [LAOZI * 2], "a gzip file may have many members"
    assert found.reasons == [("s:laozi.txt.gz#damage", "truncated_gzip")]
    assert LAOZI.startswith(found.rejected.column("text").to_pylist()[0].rstrip("\ufffd"))
