"""Official files of benchmarks, unpacked, to items."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from openba.cli.main import main

CMMLU = ",Question,A,B,C,D,Answer\n0,纤维作物中的麻类利用,种子,叶片,根,茎杆,D\n"
CEVAL = "id,question,A,B,C,D,answer,explanation\n0,在孵化室温度为24,36,37,38,39,B,\n"
MMLU = '"Which of these, says the law, is void?",a,b,c,d,C\n'
BELEBELE = {"link": "x", "flores_passage": "p", "question": "q", "correct_answer_num": 2}
BBH = {"canary": "c", "examples": [{"input": "not True is", "target": "False"}]}


@pytest.mark.parametrize(
    ("name", "files", "part", "item"),
    [
        ("cmmlu", {"test/agronomy.csv": CMMLU}, "agronomy/test", {"Question": "纤维作物中的麻类利用", "D": "茎杆", "Answer": "D"}),
        ("ceval", {"val/law_val.csv": CEVAL}, "law/val", {"question": "在孵化室温度为24", "answer": "B"}),
        ("mmlu", {"data/dev/law_dev.csv": MMLU}, "law/dev", {"choices": ["a", "b", "c", "d"], "answer": 2}),
        ("belebele", {"Belebele/zho_Hans.jsonl": json.dumps(BELEBELE)}, "zho_Hans/test", {"correct_answer_num": "2"}),
        ("bbh", {"bbh/boolean.json": json.dumps(BBH)}, "boolean/test", {"target": "False"}),
        (
            "flores",
            {"devtest/eng_Latn.devtest": "One.\nTwo.\n", "devtest/zho_Hans.devtest": "一。\n二。\n"},
            "zho_Hans-eng_Latn/devtest",
            {"source": "一。", "target": "One."},
        ),
        ("humaneval", {"HumanEval.jsonl": json.dumps({"prompt": "def f():\n"})}, "python/test", {"prompt": "def f():\n"}),
    ],
)  # fmt: skip
def test_official_files_become_items_with_ids(
    tmp_path: Path, name: str, files: dict[str, str], part: str, item: dict[str, Any]
) -> None:
    for path, text in files.items():
        (tmp_path / "official" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "official" / path).write_text(text, encoding="utf-8")
    assert main(["benchmark", name, str(tmp_path / "official"), "--to", str(tmp_path)]) == 0
    first = json.loads((tmp_path / name / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["id"] == f"{name}:{part}#0"
    assert {key: first[key] for key in item} == item


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("other.txt", "", "nothing of cmmlu in it; unpack its official archive first"),
        ("test/law.csv", "Question,A\nq,a\n", "no column B; it has Question, A, B, C, D, Answer"),
    ],
)
def test_what_is_not_the_benchmark_is_told_in_a_line(
    tmp_path: Path, file: str, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "official" / file).parent.mkdir(parents=True)
    (tmp_path / "official" / file).write_text(text, encoding="utf-8")
    assert main(["benchmark", "cmmlu", str(tmp_path / "official"), "--to", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["benchmark", "cmmlu", str(tmp_path / "official"), "--to", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err
