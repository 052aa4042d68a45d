"""Formulas, which many documents have, are told from leaked items, which few have; in both scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import opencc
import pytest

from manifests.schema.decontaminate import DecontaminateSettings
from pipeline.steps.decontaminate.decontaminate_step import DecontaminateStep
from tests.pipeline.steps.decontaminate.test_decontaminate_step import PASSAGE, QUESTION, SETTINGS, run, write
from tests.pipeline.steps.measured import context, corpus, measured

LICENCE = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
LAW = "当事人一方不履行合同义务或者履行合同义务不符合约定的，应当承担继续履行、采取补救措施或者赔偿损失等违约责任。"
ITEMS: list[dict[str, Any]] = [
    {"id": "g0", "set": "gsm/test", "question": f"{LICENCE}. {QUESTION}"},
    {"id": "c0", "set": "law/dev", "question": f"依照法律，{LAW}请问下列哪一项正确？", "context": PASSAGE},
]


def documents(formula: str, number: int) -> dict[str, str]:
    return {
        f"f{index}": f"Number {index} of the documents says: {formula} And so it goes on, {index}."
        for index in range(number)
    }


@pytest.mark.parametrize("formula", [LICENCE, LAW])
@pytest.mark.parametrize(("number", "kept"), [(5, False), (6, True)])
def test_what_more_documents_have_than_a_leak_would_is_a_formula(
    tmp_path: Path, formula: str, number: int, kept: bool
) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    texts = documents(formula, number) | {"leak": f"I know it: {QUESTION}", "page": f"醉翁亭记\n{PASSAGE}"}
    rejected, _ = run(tmp_path, texts, [SETTINGS], max_documents=5)
    assert {name for name in rejected if name.startswith("f")} == (
        set() if kept else set(documents(formula, number))
    )
    assert {"leak", "page"} <= set(rejected)


def test_a_document_with_a_formula_and_a_leak_is_rejected_for_the_leak(tmp_path: Path) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    texts = documents(LICENCE, 9) | {"both": f"{LICENCE}. {QUESTION}"}
    rejected, metrics = run(tmp_path, texts, [SETTINGS], max_documents=5)
    assert set(rejected) == {"both"}
    assert 'item=g0 span="Natalia sold clips' not in rejected["both"][1]
    assert LICENCE not in rejected["both"][1]
    assert metrics == {"overlap/gsm_test": 1}


def test_formulas_are_counted_by_benchmark(tmp_path: Path) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    manifest = corpus(
        benchmarks=DecontaminateSettings.model_validate({"benchmarks": [SETTINGS], "max_documents": 5})
    )
    rows = [{"id": name, "text": text} for name, text in documents(LICENCE, 9).items()]
    parts = [[measured(rows[:4])], [measured(rows[4:])]]
    result = DecontaminateStep().run(context("decontaminate", tmp_path, manifest, parts))
    # Over parts; an n-gram of 13 words begins at each of the first words of the licence.
    assert result.metrics["formulas/gsm_test"] == len(LICENCE.split()) - 12
    assert "formulas/law_dev" not in result.metrics
    assert [part.rejected.rows for part in result.parts] == [0, 0]


@pytest.mark.parametrize("script", ["s2t", "s2tw", "s2hk"])
def test_a_traditional_copy_of_a_simplified_item_is_found(tmp_path: Path, script: str) -> None:
    write(tmp_path / "items.jsonl", ITEMS)
    copy = opencc.OpenCC(script).convert(PASSAGE)
    rejected, _ = run(tmp_path, {"copy": f"醉翁亭記\n{copy}", "own": "滁州四面都是山。"}, [SETTINGS])
    assert set(rejected) == {"copy"}
    assert rejected["copy"][1].startswith(f'benchmark=law/dev item=c0 span="{copy[:5]}')
