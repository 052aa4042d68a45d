"""Tasks of instruction sources: which records are theirs, which template each takes, and what examples show."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from manifests.border.arrow_files import open_table
from manifests.schema.dedup import DedupSettings
from manifests.schema.instruction_templates import template_sets, templates_of
from manifests.schema.instructions import InstructionSettings
from pipeline.models.tokenizer import Tokenizer, train
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_pairs import EncodePairs
from pipeline.steps.shards.task_records import like, matches
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS

ZEN = "Beautiful Explicit Simple Complex Flat Sparse Readability Practicality Now Namespaces".split()
RECORDS = [
    {
        "q": f"What is better than {word.lower()} code, and why?",
        "a": f"{word} it is. The answer: {word}.",
        "t": "zen",
    }
    for word in ZEN
]
PLAIN = {"name": "plain", "prompt": "{q}", "target": "{a}"}
SHOWN = {
    "name": "shown",
    "prompt": "{exemplars}\n\nQ: {q}\nA:",
    "target": "{a}",
    "few_shot": {"shots": 3, "form": "Q: {q}\nA: {a}"},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "tokenizer.model"
    train(
        (f"{record['q']}\n{record['a']}\nQ: A: Human: Assistant: 上善若水。" for record in RECORDS * 5),
        400,
        path,
        seed=1,
    )
    return path


def settings(tasks: Sequence[Any], **more: Any) -> InstructionSettings:
    source = {"name": "zen", "path": ".", "format": "jsonl", "language": "en", "tasks": tasks}
    wanted = more.pop("settings", {})
    return InstructionSettings.model_validate({"tokens": 100, "sources": [source | more], **wanted})


def encode(
    folder: Path,
    model: Path,
    chosen: InstructionSettings,
    records: Sequence[Any] = RECORDS,
    seed: int = 1,
    heldout: float = 0.0,
) -> list[dict[str, Any]]:
    """The pairs as text."""
    path = folder / "zen.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    scrubber, dedup = Scrubber(PLACEHOLDERS), DedupSettings()
    work = EncodePairs(chosen.sources, (path,), model, chosen, None, scrubber, heldout, seed, dedup)
    work(0, folder / "pairs.arrow")
    table = open_table(folder / "pairs.arrow")
    said = Tokenizer(model)
    texts = {name: said.decode(table[name].combine_chunks()) for name in ("prompt", "target")}
    return [
        row | {name: text[index].as_py() for name, text in texts.items()}
        for index, row in enumerate(table.drop_columns(["prompt", "target"]).to_pylist())
    ]


def test_a_record_is_of_the_first_task_that_it_fits_and_else_has_a_reason(
    model: Path, tmp_path: Path
) -> None:
    records = [
        {"q": "1", "a": "one", "t": "zen_a"},
        {"q": "2", "a": "two", "t": "b"},
        {"q": "3", "a": "x", "t": None},
    ]
    chosen = settings(
        [
            {"name": "first", "where": {"t": ["zen_*"]}, "templates": [PLAIN]},
            {"name": "second", "where": {"t": ["zen?a", ""], "a": ["x"]}, "templates": [PLAIN]},
        ]
    )
    rows = encode(tmp_path, model, chosen, records)
    assert [row["task"] for row in rows] == ["first", "zen", "second"]
    assert [row["reason"] for row in rows] == [None, "no_task", None]
    assert rows[0]["id"] == "zen:zen.jsonl#0/plain"


@pytest.mark.parametrize(
    ("text", "pattern", "fits"),
    [("qa_x", "qa_*", True), ("qaxx", "qa_*", False), ("50%", "50%", True), ("50 ", "50%", False),
     ("a\nb", "a*", True), ("", "", True), ("", "?*", False), ("(.*)", "(.*)", True), ("\\d", "\\?", True)],
)  # fmt: skip
def test_patterns_have_two_wildcards_and_nothing_else(text: str, pattern: str, fits: bool) -> None:
    assert matches(pa.array([text]), (pattern,)).to_pylist() == [fits], like(pattern)


def test_groups_of_a_regular_expression_are_fields_and_take_the_place_of_others(
    model: Path, tmp_path: Path
) -> None:
    both = {"name": "both", "prompt": "{q}", "target": "{why} -> {a}"}
    task = {"name": "zen", "extract": {"a": r"^(?P<why>.*) The answer: (?P<a>\w+)\.$"}, "templates": [both]}
    rows = encode(tmp_path, model, settings([task]), [*RECORDS[:2], {"q": "Why?", "a": "No answer."}])
    assert [row["target"] for row in rows[:2]] == [
        "Beautiful it is. -> Beautiful",
        "Explicit it is. -> Explicit",
    ]
    assert rows[2]["reason"] == "incomplete"
    with pytest.raises(PipelineError, match=r"task zen: extract: .*write it for RE2"):
        encode(tmp_path, model, settings([task | {"extract": {"a": "(?P<why>"}}]))


def test_one_template_is_drawn_by_seed_and_record_or_all_are_taken(model: Path, tmp_path: Path) -> None:
    forms = [{"name": f"form{number}", "prompt": f"{number} {{q}}", "target": "{a}"} for number in range(4)]
    one = {"name": "zen", "templates": forms}
    drawn = encode(tmp_path, model, settings([one]))
    by_text = {row["target"]: row["template"] for row in drawn}
    assert len(drawn) == len(RECORDS)
    assert len(set(by_text.values())) > 1
    assert {
        row["target"]: row["template"] for row in encode(tmp_path, model, settings([one]), RECORDS[::-1])
    } == by_text
    assert {
        row["target"]: row["template"] for row in encode(tmp_path, model, settings([one]), seed=2)
    } != by_text
    every = encode(tmp_path, model, settings([one | {"draw": "all"}]))
    assert [row["prompt"][0] for row in every] == list("0123") * len(RECORDS)
    assert len({row["unit"] for row in every}) == len(RECORDS)
    assert len({row["id"] for row in every}) == 4 * len(RECORDS)


def test_examples_are_others_of_the_task_and_never_what_may_be_held_out(model: Path, tmp_path: Path) -> None:
    more = [*RECORDS, {"q": "Is this of the task?", "a": "no", "t": "other"}]
    tasks = [
        {"name": "zen", "where": {"t": ["zen"]}, "templates": [SHOWN]},
        {"name": "other", "templates": [SHOWN]},
    ]
    rows = encode(tmp_path, model, settings(tasks), more)
    shown = [row["prompt"].split("\n\n") for row in rows[:-1]]
    for record, (*examples, last) in zip(RECORDS, shown, strict=True):
        assert last == f"Q: {record['q']}\nA:"
        assert len(set(examples)) == 3
        assert set(examples) <= {f"Q: {one['q']}\nA: {one['a']}" for one in RECORDS if one is not record}
    assert len({example for *examples, _ in shown for example in examples}) == len(RECORDS) // 2
    assert rows[-1]["reason"] == "no_exemplars"
    held = encode(tmp_path, model, settings(tasks), more, heldout=1.0)
    assert {row["reason"] for row in held} == {"no_exemplars"}


def test_braces_in_records_and_examples_are_text(model: Path, tmp_path: Path) -> None:
    records = [{"q": f"{{exemplars}} {{0.__class__}} {word}", "a": "{q}", "t": "zen"} for word in ZEN]
    rows = encode(tmp_path, model, settings([{"name": "zen", "templates": [SHOWN]}]), records)
    assert rows[0]["prompt"].endswith("Q: {exemplars} {0.__class__} Beautiful\nA:")
    assert rows[0]["target"] == "{q}"
    assert rows[0]["prompt"].count("{0.__class__}") == 4


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (PLAIN | {"prompt": "{exemplars} {q}"}, "settings go together"),
        (PLAIN | {"few_shot": {"shots": 1, "form": "{q}"}}, "settings go together"),
        (PLAIN | {"too_long": {"action": "cut"}}, "needs a field"),
        (PLAIN | {"too_long": {"action": "drop", "field": "q"}}, "has no field"),
        (PLAIN | {"too_long": {"action": "cut", "field": "a"}}, "not just once"),
        (PLAIN | {"prompt": "{history} {q}", "history": {"form": "{q}"}}, "format turns"),
        (SHOWN | {"few_shot": {"shots": 99, "form": "{q}"}}, "less than or equal to 16"),
    ],
)
def test_templates_that_cannot_be_meant_are_refused(template: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        settings([{"name": "zen", "templates": [template]}])


def test_a_source_has_templates_or_tasks_and_a_task_some_template() -> None:
    with pytest.raises(ValidationError, match="either templates or tasks"):
        settings([{"name": "zen", "templates": [PLAIN]}], templates=[PLAIN])
    with pytest.raises(ValidationError, match="has no templates"):
        settings([{"name": "zen"}])
    with pytest.raises(ValidationError, match="is not a template set; known are open_en_v1"):
        settings([{"name": "zen", "template_set": "flan_v1"}])
    with pytest.raises(ValidationError, match="'plain' is the name of two"):
        settings([{"name": "zen", "template_set": "open_en_v1", "templates": [PLAIN]}])


@pytest.mark.parametrize(
    ("task", "more", "message"),
    [
        ({}, {"language_field": "lang"}, "source zen: language_field: there is no field 'lang'"),
        ({"where": {"t": ["x"]}}, {}, "task zen: where: there is no field 't'; the records have text, words"),
    ],
)
def test_a_field_that_other_formats_have_not_is_named(
    task: dict[str, Any], more: dict[str, Any], message: str, model: Path, tmp_path: Path
) -> None:
    words = {"name": "words", "prompt": "{text}", "target": "{words}"}
    chosen = settings([{"name": "zen", "templates": [words]} | task], format="tagged", **more)
    with pytest.raises(PipelineError, match=message):
        encode(tmp_path, model, chosen)


@pytest.mark.parametrize("name", template_sets())
def test_each_shipped_set_has_four_templates_of_several_kinds_and_one_crossed(name: str) -> None:
    forms = templates_of(name)
    assert len(forms) >= 4
    assert {"zero_shot", "few_shot"} & {form.kind for form in forms} or "reasoning" in name
    assert any(form.few_shot for form in forms)
    crossed = {form.instruction for form in forms if form.instruction}
    assert crossed == {"zh" if "_en_" in name else "en"}
    assert len({form.prompt for form in forms}) == len(forms)


def test_a_manifest_without_tasks_is_written_as_before_there_were_any() -> None:
    source = {"name": "zen", "path": ".", "format": "jsonl", "language": "en", "templates": [PLAIN]}
    written = InstructionSettings.model_validate({"tokens": 100, "sources": [source]}).model_dump(mode="json")
    assert list(written) == ["sources", "tokens", "ratio", "max_prompt", "max_target"]
    assert list(written["sources"][0]["templates"][0]) == ["name", "prompt", "target"]
    assert "tasks" not in written["sources"][0]
    assert np.isclose(sum(written["ratio"].values()), 1)
