"""Items of benchmarks in the layout of local files, from the documentation of Python's statements."""

from __future__ import annotations

import json
import pydoc_data.topics
from pathlib import Path
from typing import Any

from tests.trainer.tiny import CHINESE

TOPICS = ("assert", "assignment", "break", "for", "if", "lambda", "return", "try", "while", "with")
LETTERS = "ABCD"


def questions(count: int) -> list[dict[str, Any]]:
    """Which statement a passage is about: ``count`` of them, in turns over the statements."""
    found: list[dict[str, Any]] = []
    words = {topic: pydoc_data.topics.topics[topic].split() for topic in TOPICS}
    for number in range(count):
        topic, place = TOPICS[number % len(TOPICS)], 3 * (number // len(TOPICS))
        options = [TOPICS[(number + step) % len(TOPICS)] for step in (0, 3, 5, 8)]
        turn = (7 * number // 3) % 4
        options = options[turn:] + options[:turn]
        text = " ".join(words[topic][place : place + 12])
        found.append(
            {
                "id": f"topics:{number}",
                "question": f"{number}: which statement is this about? {text}",
                "options": options,
                "answer": options.index(topic),
            }
        )
    return found


def write(file: Path, items: list[dict[str, Any]]) -> Path:
    """A file of items."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(item, ensure_ascii=False)}\n" for item in items), encoding="utf-8")
    return file


def write_cmmlu(data: Path, part: str, asked: list[dict[str, Any]]) -> None:
    """Questions as CMMLU has them, five of them as examples, too."""
    items = [
        {
            "id": item["id"],
            "Question": item["question"],
            **dict(zip(LETTERS, item["options"], strict=True)),
            "Answer": LETTERS[item["answer"]],
        }
        for item in asked
    ]
    write(data / "cmmlu" / part / "test.jsonl", items)
    write(data / "cmmlu" / part / "dev.jsonl", items[:5])


def write_all(data: Path) -> Path:
    """A few items of every benchmark."""
    asked = questions(6)
    write_cmmlu(data, "agronomy", asked)
    lettered = [dict(zip(LETTERS, item["options"], strict=True)) for item in asked]
    ceval = [
        {"id": item["id"], "question": item["question"], **options, "answer": LETTERS[item["answer"]]}
        for item, options in zip(asked, lettered, strict=True)
    ]
    from trainer.evaluation.harness.benchmarks import HARD

    for part in HARD:
        write(data / "ceval" / part / "val.jsonl", ceval)
        write(data / "ceval" / part / "dev.jsonl", ceval[:5])
    mmlu = [
        {"id": item["id"], "question": item["question"], "choices": item["options"], "answer": item["answer"]}
        for item in asked
    ]
    write(data / "mmlu" / "anatomy" / "test.jsonl", mmlu)
    write(data / "mmlu" / "anatomy" / "dev.jsonl", mmlu[:5])
    for language in ("eng_Latn", "zho_Hans", "zho_Hant"):
        belebele = [
            {
                "id": item["id"],
                "flores_passage": CHINESE[:60],
                "question": item["question"],
                **{f"mc_answer{i}": option for i, option in enumerate(item["options"], 1)},
                "correct_answer_num": str(item["answer"] + 1),
            }
            for item in asked
        ]
        write(data / "belebele" / language / "test.jsonl", belebele)
    write(
        data / "bbh" / "navigate" / "test.jsonl",
        [{"id": "n", "input": "Turn.\nOptions:\n- Yes\n- No", "target": "Yes"}],
    )
    pairs = [{"id": "f", "source": "The empire, long divided, must unite.", "target": CHINESE[:20]}]
    write(data / "flores" / "eng_Latn-zho_Hans" / "devtest.jsonl", pairs)
    write(data / "flores" / "zho_Hans-eng_Latn" / "devtest.jsonl", pairs)
    program = {"prompt": "def one():\n", "test": "def check(f):\n    assert f() == 1\n", "entry_point": "one"}
    write(data / "humaneval" / "python" / "test.jsonl", [{"id": "h", **program}])
    write(data / "biflan" / "all" / "test.jsonl", [{"id": "b", "prompt": "Say yes.", "target": "yes"}])
    return data
