"""What the report says of instruction tasks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from manifests.report import write_report
from manifests.report.figure import Dot
from manifests.report.instruction_tasks import instruction_tasks, template_kinds
from manifests.report.run_record import Evaluation, RunRecord
from manifests.report.training import heldout
from pipeline.steps.privacy.shown_texts import shown
from tests.manifests.small_run import build_corpus

TASKS = {
    "tasks/made/en/qa": 900,
    "tasks/train/en/qa": 40,
    "tasks/tokens/en/qa": 3000,
    "tasks/templates/en/qa": 4,
    "tasks/rejected/task_cap/en/qa": 860,
    "tasks/made/en/docs/<b>": 10,
    "tasks/train/en/docs/<b>": 9,
    "tasks/tokens/en/docs/<b>": 1000,
    "tasks/cut/en/docs/<b>": 2,
    "tasks/made/zh/情感": 7,
    "tasks/heldout/zh/情感": 7,
    "kinds/few_shot/en": 1000,
    "kinds/zero_shot_crossed/en": 3000,
}


def test_a_row_a_task_the_greatest_of_each_language_first(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    manifest = json.loads((tmp_path / "privacy" / "manifest.json").read_text(encoding="utf-8"))
    assert not instruction_tasks(RunRecord.read(tmp_path)), "a run without tasks has no table"
    manifest |= {"step": "shards", "metrics": TASKS}
    (tmp_path / "shards" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    record = RunRecord.read(tmp_path)
    found = [(row.language, row.task, row.tokens, row.share) for row in instruction_tasks(record)]
    assert found == [("en", "qa", 3000, 0.75), ("en", "docs/<b>", 1000, 0.25), ("zh", "情感", 0, 0.0)]
    assert instruction_tasks(record)[0].rejected == {"task_cap": 860}
    kinds = [(row.kind, row.share) for row in template_kinds(record)]
    assert kinds == [("zero_shot_crossed", 0.75), ("few_shot", 0.25)]
    page = write_report(tmp_path, shown).read_text(encoding="utf-8")
    table = page.split("Tasks of the instruction pairs")[1].split("</table>")[0]
    cells = [re.sub(r"<.*?>", "", cell).strip() for cell in re.findall(r"<td.*?>(.*?)</td>", table, re.S)]
    assert cells[:11] == ["en", "qa", "4", "900", "40", "3,000", "75.0 %", "", "·", "·", "task_cap 860"]
    assert "docs/&lt;b&gt;" in table


def test_tasks_that_are_held_out_have_a_picture_of_their_own(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    losses = {"biflan_zh": 4.25, "biflan_zh_tasks": 5.125}
    evaluations = (Evaluation(0, "ul2", {"zh": 9.0}), Evaluation(60, "biflan", losses))
    figures = dict(heldout(replace(RunRecord.read(tmp_path), evaluations=evaluations)))
    assert list(figures) == ["ul2", "biflan", "biflan, held-out tasks"]
    dots = [mark for mark in figures["biflan, held-out tasks"].marks if isinstance(mark, Dot)]
    assert [(dot.title, dot.style) for dot in dots] == [("biflan_zh_tasks: 5.125 at step 60", "zh")]
