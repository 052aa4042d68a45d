"""Templates fill in plain fields, column by column, and nothing else."""

from __future__ import annotations

import pyarrow as pa
import pytest

from manifests.schema.instruction_templates import Template
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.templates import fields, render

RECORDS = pa.RecordBatch.from_pydict(
    {"id": ["a", "b"], "question": ["什么是ai", "Why {this}?"], "answer": [" 分支 ", None]}
)


def template(prompt: str, target: str = "{answer}") -> Template:
    return Template(name="t", prompt=prompt, target=target)


def test_fields_are_filled_in_and_white_space_is_trimmed() -> None:
    prompt, target = render(template("问：{question}\n{{答}}：\n"), RECORDS)
    assert prompt.to_pylist() == ["问：什么是ai\n{答}：", "问：Why {this}?\n{答}："]
    assert target.to_pylist() == ["分支", None]
    assert fields(template("{question} {question}")) == {"question", "answer"}


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("{title}", "there is no field 'title'; the records have question, answer"),
        ("{question.__class__}", "is not a plain field name"),
        ("{question!r}", "is not a plain field name"),
        ("{question:>99}", "is not a plain field name"),
        ("{}", "is not a plain field name"),
        ("{question", "write braces that are meant as such twice"),
        ("Say something", "names no field"),
    ],
)
def test_anything_but_plain_fields_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        render(template(prompt), RECORDS)
