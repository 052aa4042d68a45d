"""Chinese script and the look of program text, on real text."""

from __future__ import annotations

import inspect
import tokenize
from pathlib import Path

import pyarrow as pa

from pipeline.text.script import code_marks, script_counts, script_table
from tests.pipeline.toy import PEP20

ZEN_AND_LAOZI = Path(__file__).parents[2] / "data" / "zen_and_laozi.txt"


def test_scripts_are_counted_by_what_only_one_of_them_has() -> None:
    texts = pa.array(["x", "我们学习汉语", "我們學習漢語", "日月山水", "", "😀们é学", None])
    assert script_counts(texts).tolist() == [[0, 0], [5, 0], [0, 5], [0, 0], [0, 0], [2, 0], [0, 0]]
    assert script_counts(texts[2:4]).tolist() == [[0, 5], [0, 0]]


def test_the_table_follows_the_two_standards() -> None:
    table = script_table()
    assert "".join(chr(point) for point in range(0x4E00, 0xA000) if table[point] == 1).startswith("专业丛东")
    assert ((table == 1).sum(), (table == 2).sum()) == (2380, 8678)


def test_program_text_has_more_of_its_marks() -> None:
    texts = [inspect.getsource(tokenize), "\n".join(PEP20), ZEN_AND_LAOZI.read_text(encoding="utf-8"), "", "a b"]
    marks, prose = code_marks(pa.array(texts)).T
    assert marks[0] > 0.5 * prose[0]
    assert (marks[1:] < 0.5 * prose[1:] + 1e-9).all()
    assert (marks[4], prose[4]) == (0, 0.5)
