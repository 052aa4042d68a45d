"""Instruction files of somebody who means harm: bounded work, no traceback, no pair of another file."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
import zstandard

from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.dialogue_file import conversations
from pipeline.steps.shards.instruction_bytes import PARSED, Blocks
from pipeline.steps.shards.json_records import BLOCK
from tests.pipeline.steps.shards.test_instruction_readers import read, source

LINE = b'{"q": "x", "a": "y"}\n'


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_file_that_grows_without_end_is_refused(tmp_path: Path, suffix: str) -> None:
    pack = gzip.compress if suffix == ".gz" else zstandard.compress
    (tmp_path / f"bomb.jsonl{suffix}").write_bytes(pack((LINE + b" " * (1 << 20)) * 128))
    with pytest.raises(PipelineError, match=r"bomb.* is not readable as jsonl: over 134217728 bytes"):
        read(source("jsonl", "{q}"), tmp_path)


@pytest.mark.parametrize("form", ["jsonl", "labelled", "tagged", "dialogue"])
@pytest.mark.parametrize("damage", [slice(None, -12), slice(8, None)])
def test_a_damaged_compressed_file_is_one_line(tmp_path: Path, form: str, damage: slice) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(LINE * 9)[damage])
    more: dict[str, Any] = {"files": {"x": "a.gz"}} if form == "labelled" else {}
    with pytest.raises(PipelineError, match=rf"a\.gz is not readable as {form}"):
        read(source(form, **more), tmp_path)


def test_every_format_is_read_compressed(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress("好/a\r\n\r\n".encode()) * 2)
    assert [row["text"] for row in read(source("tagged"), tmp_path)] == ["好", "好"]


@pytest.mark.parametrize(
    "turn", ['!!timestamp "x"', '!!int ""', "!!float " + "1:" * 400 + "1", '"\\UFFFFFFFF"', "*a", "!!bool x"]
)
def test_values_over_which_yaml_stumbles_are_one_line(tmp_path: Path, turn: str) -> None:
    (tmp_path / "a.yml").write_text(f"x: &a b\nconversations:\n- - {turn}\n  - b\n")
    with pytest.raises(PipelineError, match=r"a\.yml is not readable as dialogue"):
        read(source("dialogue"), tmp_path)


def test_answers_are_texts_as_they_were_written() -> None:
    found = conversations("conversations:\n- [yes, 1:30, 2001-01-01, 0x1F, ~, {a: b}, [c]]\n")
    assert found == [["yes", "1:30", "2001-01-01", "0x1F", "~", None, None]]


@pytest.mark.parametrize("content", ["conversations: text", "[1]", "", "conversations: {a: b}", "x: []"])
def test_what_has_no_conversations_is_told(content: str) -> None:
    with pytest.raises(ValueError, match="no list of `conversations`"):
        conversations(content)


def test_a_talk_that_is_one_text_is_a_pair_that_was_lost() -> None:
    found = conversations("conversations:\n- [a, b]\n- what is a list?\n- {a: b}\n- [alone]\n")
    assert found == [["a", "b"], [None, None], [None, None], ["alone"]]


def test_halves_of_a_character_are_joined_or_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text('conversations:\n- - "\\ud83d\\ude00 \\ud800"\n  - "\\udc00"\n')
    (tmp_path / "b.py").write_text('def f():\n  "\\ud800"\n  return 1\n')
    (row,) = read(source("dialogue", include=["*.yml"]), tmp_path)
    assert (row["question"], row["answer"]) == ("😀 \ufffd", "\ufffd")
    (row,) = read(source("docstrings", include=["*.py"]), tmp_path)
    assert row["docstring"] == "\ufffd"


def test_what_is_parsed_is_of_a_bounded_size(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = [" + "0," * (PARSED // 2) + "]\n")
    (tmp_path / "a.yml").write_text("conversations:\n- [" + "a," * (PARSED // 2) + "]\n")
    (row,) = read(source("docstrings", include=["*.py"]), tmp_path)
    assert row["code"] is None
    with pytest.raises(PipelineError, match=f"bytes, more than {PARSED}"):
        read(source("dialogue", include=["*.yml"]), tmp_path)


def test_a_form_feed_is_no_line_of_a_program(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('x = 1\n\x0c\ny = "\u2028"\ndef f():\n    "Doc."\n    return 1\n')
    (row,) = read(source("docstrings", include=["*.py"]), tmp_path)
    assert row["code"] == "def f():\n    return 1"


def test_files_of_one_name_keep_their_own_labels(tmp_path: Path) -> None:
    for folder, text in (("a", "good"), ("b", "bad")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.txt").write_text(text)
    (tmp_path / "x.txt").write_text("plain")
    files = {"+": "a/x.txt", "-": "b/x.txt", "0": "x.txt", "also": "x.txt"}
    found = read(source("labelled", files=files), tmp_path)
    labels = [(row["id"], row["text"], row["label"]) for row in found]
    assert labels == [
        ("toy:a/x.txt#0", "good", "+"),
        ("toy:b/x.txt#0", "bad", "-"),
        ("toy:x.txt#0", "plain", "0"),
        ("toy:x.txt#1", "plain", "also"),
    ]


def test_a_line_that_no_one_can_hold_is_incomplete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.steps.shards.instruction_bytes.LINE", 10)
    (tmp_path / "a.txt").write_text("short\n" + "好" * 9 + "\nlast")
    assert [row["text"] for row in read(source("tagged"), tmp_path)] == ["short", None, "last"]


def test_of_a_json_line_without_an_end_little_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.steps.shards.json_records.LINE", 100)
    monkeypatch.setattr("pipeline.steps.shards.json_records.BLOCK", 60)
    lines = [b'{"q": "first"}', b'{"q": "%s"}' % (b"x" * 70), b'{"q": "%s"}' % (b"x" * 500), b'{"q": "last"}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    assert [row["q"] for row in read(source("jsonl", "{q}"), tmp_path)] == ["first", "x" * 70, None, "last"]


def test_bytes_are_given_as_far_as_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"abc") + gzip.compress(b"defg"))
    stream = Blocks(tmp_path / "a.gz")
    assert [stream.read(2), stream.read(3), stream.read(3), stream.read(3)] == [b"ab", b"cde", b"fg", b""]
    assert Blocks(tmp_path / "a.gz").read() == b"abcdefg"


def test_a_line_may_be_as_long_as_a_block_of_arrow(tmp_path: Path) -> None:
    text = "x" * (BLOCK - 100)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"q": "%s"}\n' % text.encode() * 2, 1))
    assert [row["q"] == text for row in read(source("jsonl", "{q}"), tmp_path)] == [True, True]
