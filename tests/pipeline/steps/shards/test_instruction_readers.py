"""Every format of instruction sources on text as it is found in the wild."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from manifests.schema.instructions import InstructionSource
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.ingest.first_documents import FIRST
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_readers import records
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS


def source(form: str, prompt: str = "{text}", **more: Any) -> InstructionSource:
    content = {
        "name": "toy",
        "path": ".",
        "format": form,
        "language": "en",
        "templates": [{"name": "t", "prompt": prompt, "target": "x"}],
    }
    return InstructionSource.model_validate(content | more)


def read(instructions: InstructionSource, folder: Path) -> list[dict[str, Any]]:
    return [
        row for batch in records(instructions, folder, Scrubber(PLACEHOLDERS)) for row in batch.to_pylist()
    ]


def test_jsonl_reads_named_fields_of_compressed_lines_and_ignores_others(tmp_path: Path) -> None:
    lines = '{"q": "1 + 1 =", "lang": "en", "more": [1, {"x": 2}]}\n{"lang": "zh", "q": null}\n'
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    assert read(source("jsonl", "{q}", language_field="lang"), tmp_path) == [
        {"id": "toy:a.jsonl.gz#0", "lang": "en", "q": "1 + 1 ="},
        {"id": "toy:a.jsonl.gz#1", "lang": "zh", "q": None},
    ]


def test_pairs_are_repaired_as_documents_are(tmp_path: Path) -> None:
    lines = r'{"q": "a\r\n▁b\u0000", "a": null}' + "\n" + r'{"q": "cafe\u0301", "a": "\ufeff▁"}' + "\n"
    (tmp_path / "a.jsonl").write_text(lines, encoding="utf-8")
    assert read(source("jsonl", "{q} {a}"), tmp_path) == [
        {"id": "toy:a.jsonl#0", "a": None, "q": "a\n_b"},
        {"id": "toy:a.jsonl#1", "a": "_", "q": "café"},
    ]


BROKEN = {
    "a line that was cut": b'{"q": ',
    "half a file of another kind": b"\x00\x01\xfe\xff binary",
    "another type": b'{"q": 17}',
    "an object where text should be": b'{"q": {"text": "x"}}',
    "a list": b'["q"]',
    "a text": b'"q"',
    "nesting without end": b'{"q": ' + b"[" * 100_000,
    "a number without end": b'{"q": ' + b"9" * 5_000 + b"}",
    "a key twice": b'{"q": "a", "q": 1}',
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_line_that_cannot_be_read_is_a_record_of_nulls_and_costs_no_other_one(
    tmp_path: Path, how: str
) -> None:
    lines = [b'{"q": "first", "other": 1}', BROKEN[how], b"", b" ", b'{"q": "last"}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    found = read(source("jsonl", "{q}"), tmp_path)
    assert [(row["id"][-1], row["q"]) for row in found] == [("0", "first"), ("1", None), ("2", "last")]


def test_lines_in_another_charset_or_with_half_a_character_are_read(tmp_path: Path) -> None:
    text = "印刷很好，我们都喜欢，下次还要来。"
    lines = [b'{"q": "ascii"}', f'{{"q": "{text}"}}'.encode("gb18030")]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join([*lines, b'{"q": "\\ud800!"}', b"\xef\xbb\xbf" + lines[0]]))
    assert [row["q"] for row in read(source("jsonl", "{q}"), tmp_path)] == ["ascii", text, "\ufffd!", "ascii"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"question": "x", "a": "y"}', "the first one has question, a"),
        ('{"q": 3}', "the first one has q"),
        ("<p>", "the first one is no JSON: "),
        ("[1]", "the first one is no object"),
    ],
)
def test_a_file_whose_first_records_have_no_field_says_which_it_has(
    tmp_path: Path, line: str, found: str
) -> None:
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * (FIRST - 1))
    assert {row["q"] for row in read(source("jsonl", "{q}"), tmp_path)} == {None}
    (tmp_path / "a.jsonl").write_text(f"{line}\n" * FIRST + '{"q": "good"}\n')
    with pytest.raises(
        PipelineError, match=rf"a\.jsonl is not .*first 200 records have no 'q' as text; {found}"
    ):
        read(source("jsonl", "{q}"), tmp_path)


def test_dialogue_pairs_the_question_with_each_answer_and_never_builds_objects(tmp_path: Path) -> None:
    (tmp_path / "ai.yml").write_text(
        "categories: [AI]\nconversations:\n- - 什么是ai\n  - 工程和科学的分支。\n  - 42\n", encoding="utf-8"
    )
    found = read(source("dialogue", "{question}"), tmp_path)
    assert [(row["question"], row["answer"]) for row in found] == [
        ("什么是ai", "工程和科学的分支。"),
        ("什么是ai", "42"),
    ]
    (tmp_path / "ai.yml").write_text("conversations: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(PipelineError, match=r"ai\.yml is not readable as dialogue"):
        read(source("dialogue", "{question}"), tmp_path)


def test_labelled_lines_carry_their_files_label(tmp_path: Path) -> None:
    (tmp_path / "pos.txt").write_text("印刷很好\r\n\n 不错 \n", encoding="utf-8")
    (tmp_path / "neg.txt").write_text("太慢了", encoding="utf-8")
    found = read(source("labelled", files={"好评": "pos.txt", "差评": "neg.txt"}), tmp_path)
    assert [(row["text"], row["label"]) for row in found] == [
        ("印刷很好", "好评"),
        ("不错", "好评"),
        ("太慢了", "差评"),
    ]


def test_tagged_words_lose_their_tags_and_compound_brackets(tmp_path: Path) -> None:
    (tmp_path / "199801.txt").write_text(
        "迈向/v  充满/v  ——/w  １/m  张/q  ）/w\n[中央/n  电台/n]nt  记者/n\n", encoding="utf-8"
    )
    first, second = read(source("tagged"), tmp_path)
    assert (first["text"], first["words"]) == ("迈向充满——１张）", "迈向 充满 —— １ 张 ）")
    assert (second["text"], second["words"]) == ("中央电台记者", "中央 电台 记者")


def test_docstrings_are_taken_from_functions_without_running_them(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("def f(:\n")
    (tmp_path / "good.py").write_text(
        "raise SystemExit\nclass A:\n    @property\n    def size(self) -> int:\n        '''Number of\n      "
        "  items.'''\n"
        "        # counted\n        return 3\n    def plain(self):\n        return 1\ndef empty():\n    "
        "'Nothing.'\n"
    )
    broken, size = read(source("docstrings", "{code}"), tmp_path)
    assert (broken["id"], broken["code"]) == ("toy:bad.py#0", None)
    assert (size["name"], size["signature"], size["docstring"]) == (
        "size",
        "def size(self) -> int:",
        "Number of\nitems.",
    )
    assert size["code"] == "def size(self) -> int:\n    # counted\n    return 3"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('    "One line."\n    return 1\n', "    return 1"),
        ('    """Two\n    lines."""\n\n    return 1\n', "\n    return 1"),
        ('    "One line."; x = 1\n    return x\n', '    "One line."; x = 1\n    return x'),
        ('    "One line."\n    # why\n    return 1\n', "    # why\n    return 1"),
    ],
)
def test_the_code_is_what_comes_after_the_docstring(tmp_path: Path, body: str, code: str) -> None:
    (tmp_path / "one.py").write_text("x = 0\n\n\ndef f():\n" + body)
    (found,) = read(source("docstrings", "{code}"), tmp_path)
    assert found["code"] == "def f():\n" + code


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"toy finds no file .*\*\.yml"):
        read(source("dialogue", include=["*.yml"]), tmp_path)
    with pytest.raises(PipelineError, match=r"toy finds no file .*gone\.txt"):
        read(source("labelled", files={"x": "gone.txt"}), tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "conversations: " + "[" * 20_000 + "]" * 20_000,
        "conversations:\n- - " + "- " * 20_000,
        "when: 2020-99-99",
    ],
)
def test_a_dialogue_that_is_too_deep_or_no_value_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "deep.yml").write_text(content, encoding="utf-8")
    with pytest.raises(PipelineError, match=r"deep\.yml is not readable as dialogue"):
        read(source("dialogue", "{question}", include=["*.yml"]), tmp_path)


@pytest.mark.parametrize("content", ["x = " + "-" * 100_000 + "1", "x = 1" + "+1" * 200_000, "(" * 300])
def test_program_text_that_is_too_deep_is_a_record_of_nulls(tmp_path: Path, content: str) -> None:
    (tmp_path / "deep.py").write_text(content, encoding="utf-8")
    (row,) = read(source("docstrings", "{docstring}", include=["*.py"]), tmp_path)
    assert row["docstring"] is None
