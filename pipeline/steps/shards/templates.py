"""Templates over records: formats of plain ``{field}`` names, filled in column by column."""

from __future__ import annotations

import string
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instruction_templates import EXEMPLARS, HISTORY, Template
from pipeline.runtime.pipeline_error import PipelineError


def fields(template: Template) -> set[str]:
    """The names of the record fields that a template uses."""
    texts = [template.prompt, template.target]
    texts += [block.form for block in (template.few_shot, template.history) if block]
    return {field for text in texts for field in form_fields(text, template.name)} - {EXEMPLARS, HISTORY}


def form_fields(text: str, name: str) -> set[str]:
    """The names of the fields in one text of the template ``name``."""
    return {field for _, field in _pieces(text, name) if field}


def render(template: Template, records: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """Prompt and target [records] without surrounding white space; null where a field is null.

    Raises:
        PipelineError: a field that the records do not have, or anything but a plain field name in braces.
    """
    return filled(template.prompt, template.name, records), filled(template.target, template.name, records)


def around(template: Template, field: str, records: pa.RecordBatch) -> tuple[pa.Array, pa.Array]:
    """What stands before and after a field in the prompts, untrimmed: string [records] each."""
    before, after = template.prompt.split(f"{{{field}}}")
    return _joined(before, template.name, records), _joined(after, template.name, records)


def filled(text: str, name: str, records: pa.RecordBatch) -> pa.Array:
    """One text of the template ``name``, as ``render``.

    Raises:
        PipelineError: see ``render``; also a text that names no field.
    """
    if not form_fields(text, name):
        raise PipelineError(
            f"template {name}: {text!r} names no field; write for example {{{records.schema.names[-1]}}}"
        )
    return pc.utf8_trim_whitespace(_joined(text, name, records))


def _joined(text: str, name: str, records: pa.RecordBatch) -> pa.Array:
    columns: list[pa.Array | str] = [pa.repeat("", records.num_rows)]
    for literal, field in _pieces(text, name):
        columns.append(literal)
        if field is not None:
            if field not in records.schema.names:
                known = ", ".join(column for column in records.schema.names if column != "id")
                raise PipelineError(f"template {name}: there is no field {field!r}; the records have {known}")
            columns.append(records.column(field))
    return pc.binary_join_element_wise(*columns, "")


def _pieces(text: str, name: str) -> Iterator[tuple[str, str | None]]:
    """Literal texts, each with the field after it."""
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError as error:
        raise PipelineError(
            f"template {name}: {text!r}: {error}; write braces that are meant as such twice"
        ) from None
    for literal, field, form, conversion in pieces:
        if field is not None and (not field.isidentifier() or form or conversion):
            raise PipelineError(f"template {name}: {{{field}}} is not a plain field name")
        yield literal, field
