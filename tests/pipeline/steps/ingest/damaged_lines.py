"""Damaged text, JSON lines and arrays, and compressed files."""

from __future__ import annotations

from tests.pipeline.steps.ingest.damage import (
    NOISE,
    Kind,
    file,
    line,
)
from tests.pipeline.steps.ingest.samples import (
    LAOZI,
)

LINES: tuple[tuple[str, Kind], ...] = (
    line("json cut off", b'{"text": "Sparse is', "invalid_json", "unexpected end"),
    line("json is a list", b"[1, 2]", "not_an_object", "found list"),
    line("json without text", b'{"body": "x"}', "missing_text", "no field 'text'"),
    line("json text is a number", b'{"text": 5}', "text_not_a_string", "is int"),
    line("json text is null", b'{"text": null}', "missing_text", ""),
    line("json text is nested", b'{"text": {"en": "x"}}', "text_not_a_string", "is dict"),
    line("json text is blank", b'{"text": " \\n\xe3\x80\x80"}', "empty", ""),
    line("json is half an emoji", b'{"text": "\\ud800"}', "invalid_encoding", ""),
    line("json raw null bytes", b'{"text": "a\x00b"}', "invalid_json", "control character"),
    line("json is nested deeply", b"[" * 100_000, "invalid_json", ""),
    line("json text is not a number", b'{"text": NaN}', "missing_text", "found text"),
    line("json number without end", b'{"text": "x", "n": ' + b"9" * 5000 + b"x}", "invalid_json", ""),
    line("json utf-8 cut within a letter", '{"text": "道可道'.encode()[:-1] + b'"}', "invalid_encoding", ""),
    line("json in latin-2", '{"text": "Příliš žluťoučký kůň"}'.encode("iso8859-2"), "invalid_encoding", ""),
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
        "one value of 14 bytes; as JSON lines",
        key="",
        limit=10,
    ),
    file("array is a text", "a.json", b'"alone"', "not_an_array", "found str", key=""),
    file("array in no charset", "a.json", NOISE, "invalid_encoding", key=""),
    file(
        "an object of another layout",
        "a.json",
        b'{"data":\n[{"text": "one"}], "n": 1}',
        "missing_text",
        "no field 'text'; found data, n",
        key="#0",
    ),
    file(
        "array with a number",
        "a.json",
        b'["one", 3]',
        "not_an_object",
        "found int",
        key="#1",
        kept=("one",),
    ),
    file(
        "text in utf-16 with an odd byte",
        "a.txt",
        LAOZI.encode("utf-16")[:-1],
        "invalid_encoding",
        key="",
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
)
