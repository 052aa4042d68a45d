"""The benchmarks as their authors give them, unpacked, to items in our layout of local files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from manifests.border.json_files import parsed_json, read_object
from manifests.border.regular_file import regular
from manifests.errors import UserError
from manifests.files import atomic_write

Item = dict[str, Any]
Found = Iterator[tuple[str, str, list[Item]]]
"""Part, split and items of each file."""
LETTERS = "ABCD"
_MMLU = ("question", *LETTERS, "answer")


def convert(name: str, source: Path, data: Path) -> dict[str, int]:
    """Writes a benchmark's items below ``data``, each with an id that tells benchmark, part, split and place;
    items by part and split.

    Args:
        name: one of LAYOUTS.
        source: the folder that the official archive unpacks to, or the official file.

    Raises:
        UserError: nothing of the benchmark is there, or a file is not as it should be.
    """
    counts = {}
    for part, split, items in LAYOUTS[name](source):
        file = data / name / part / f"{split}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = [{"id": f"{name}:{part}/{split}#{row}"} | item for row, item in enumerate(items)]
        with atomic_write(file) as temporary:
            text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)
            temporary.write_text(text, encoding="utf-8")
        counts[f"{part}/{split}"] = len(items)
    if not counts:
        raise UserError(f"nothing of {name} in it", where=source, fix="unpack its official archive first")
    return counts


def _belebele(source: Path) -> Found:
    """Belebele.zip: a file of JSON lines for each language."""
    for language in ("eng_Latn", "zho_Hans", "zho_Hant"):
        for file in source.rglob(f"{language}.jsonl"):
            items = [item | {"correct_answer_num": str(item["correct_answer_num"])} for item in _lines(file)]
            yield language, "test", items


def _mmlu(source: Path) -> Found:
    """data.tar: ``test/SUBJECT_test.csv`` without a header."""
    for part, split, file in _subjects(source, ("dev", "test")):
        items = [
            {"question": question, "choices": choices, "answer": LETTERS.find(answer)}
            for question, *choices, answer in _rows(file, len(_MMLU))
        ]
        yield part, split, items


def _cmmlu(source: Path) -> Found:
    """cmmlu_v1_0_1.zip: ``test/SUBJECT.csv`` with a header."""
    for split in ("dev", "test"):
        for file in sorted(source.rglob(f"{split}/*.csv")):
            yield file.stem, split, _named_rows(file, ("Question", *LETTERS, "Answer"))


def _ceval(source: Path) -> Found:
    """ceval-exam.zip: ``val/SUBJECT_val.csv`` with a header."""
    for part, split, file in _subjects(source, ("dev", "val")):
        yield part, split, _named_rows(file, _MMLU)


def _bbh(source: Path) -> Found:
    """The repository BIG-Bench-Hard: ``bbh/TASK.json``."""
    for file in sorted(source.rglob("bbh/*.json")):
        yield file.stem, "test", list(read_object(file)["examples"])


def _flores(source: Path) -> Found:
    """flores200_dataset.tar.gz: ``devtest/LANGUAGE.devtest``, a sentence a line, in all languages alike."""
    for split in ("dev", "devtest"):
        for english in source.rglob(f"{split}/eng_Latn.{split}"):
            sides = {
                language: regular(english.with_name(f"{language}.{split}")).read_text("utf-8").splitlines()
                for language in ("eng_Latn", "zho_Hans")
            }
            for first, second in (("eng_Latn", "zho_Hans"), ("zho_Hans", "eng_Latn")):
                pairs = zip(sides[first], sides[second], strict=True)
                yield f"{first}-{second}", split, [{"source": one, "target": other} for one, other in pairs]


def _humaneval(source: Path) -> Found:
    """HumanEval.jsonl."""
    files = [source] if source.is_file() else source.rglob("HumanEval.jsonl")
    for file in files:
        yield "python", "test", list(_lines(file))


LAYOUTS: dict[str, Callable[[Path], Found]] = {
    "belebele": _belebele,
    "mmlu": _mmlu,
    "cmmlu": _cmmlu,
    "ceval": _ceval,
    "bbh": _bbh,
    "flores": _flores,
    "humaneval": _humaneval,
}


def _subjects(source: Path, splits: tuple[str, ...]) -> Iterator[tuple[str, str, Path]]:
    """Subject, split and file of ``SPLIT/SUBJECT_SPLIT.csv``."""
    for split in splits:
        for file in sorted(source.rglob(f"{split}/*_{split}.csv")):
            yield file.stem.removesuffix(f"_{split}"), split, file


def _lines(file: Path) -> list[Item]:
    text = regular(file).read_text(encoding="utf-8")
    try:
        return [parsed_json(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise UserError(f"a line is not JSON ({error})", where=file) from None


def _rows(file: Path, columns: int) -> list[list[str]]:
    with regular(file).open(encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.reader(stream) if row]
    wrong = [number for number, row in enumerate(rows, 1) if len(row) != columns]
    if wrong:
        raise UserError(f"row {wrong[0]} has not {columns} columns", where=file)
    return rows


def _named_rows(file: Path, columns: tuple[str, ...]) -> list[Item]:
    with regular(file).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing:
        raise UserError(f"no column {missing[0]}", where=file, fix=f"it has {', '.join(columns)}")
    return [{name: row[name] for name in columns} for row in rows]
