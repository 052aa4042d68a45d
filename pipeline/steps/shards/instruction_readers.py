"""Records of instruction sources: every format becomes batches of string columns, one row a record, with an
``id``.

Nothing is ever evaluated: YAML is read by its safe loader, Python files are parsed, not run. A record that
could not be read has nulls.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
import yaml

from manifests.schema.instructions import InstructionSource
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.shards.templates import fields
from pipeline.text.unicode.repair import repair

BLOCK = 16_000_000
_TAGGED = r"\[?([^\s/]+)/[A-Za-z]+(\][A-Za-z]*)?\s*"


def records(source: InstructionSource, folder: Path) -> Iterator[pa.RecordBatch]:
    """The records of a source whose path resolved to ``folder`` (or to one file), in the order of the files'
    names.

    Characters are repaired as those of documents are, but for mojibake.

    Fields: ``jsonl`` those that the templates and the source name; ``dialogue`` question, answer;
    ``labelled`` text, label; ``tagged`` text (the words joined), words (with spaces between), tagged (as
    found); ``docstrings`` name, signature, docstring, code (without it).

    Raises:
        PipelineError: no file matches, or one cannot be read in the source's format.
    """
    for path in files(source, folder):
        name = path.name if folder.is_file() else path.relative_to(folder).as_posix()
        row = 0
        for batch in _READERS[source.format](source, path, name):
            numbers = pc.cast(pa.array(range(row, row + batch.num_rows)), pa.string())
            ids = pc.binary_join_element_wise(f"{source.name}:{name}#", numbers, "")
            columns = [_repaired(column) for column in batch.columns]
            yield pa.RecordBatch.from_arrays([ids, *columns], ["id", *batch.schema.names])
            row += batch.num_rows


def _repaired(texts: pa.StringArray) -> pa.StringArray:
    """As the texts of documents are; nulls stay."""
    return pc.if_else(pc.is_valid(texts), repair(pc.fill_null(texts, ""), mojibake=False).texts, texts)


def files(source: InstructionSource, folder: Path) -> list[Path]:
    """The files of a source, sorted by name."""
    if source.format == "labelled":
        found = [folder / name for name in source.files.values()]
    elif folder.is_file():
        found = [folder]
    else:
        found = sorted(
            {path for pattern in source.include for path in folder.glob(pattern) if path.is_file()}
        )
    missing = [path for path in found if not path.is_file()]
    if missing or not found:
        wanted = missing[0] if missing else f"{folder}/{{{', '.join(source.include)}}}"
        raise PipelineError(
            f"shards.instructions.sources: {source.name} finds no file {wanted}; correct its path, include "
            "or files"
        )
    return found


def _batch(columns: dict[str, list[str | None]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def _unreadable(source: InstructionSource, path: Path, error: Exception) -> PipelineError:
    return PipelineError(
        f"shards.instructions.sources: {source.name}: {path} is not readable as {source.format}: {error}; "
        "correct or exclude it"
    )


def _jsonl(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    names = {field for template in source.templates for field in fields(template)}
    names |= {field for field in (source.language_field, source.task_field) if field}
    parse = pyarrow.json.ParseOptions(
        pa.schema([(field, pa.string()) for field in sorted(names)]), unexpected_field_behavior="ignore"
    )
    try:
        with pa.input_stream(path, compression="detect") as stream:
            yield from pyarrow.json.open_json(stream, pyarrow.json.ReadOptions(block_size=BLOCK), parse)
    except pa.ArrowInvalid as error:
        raise _unreadable(source, path, error) from None


def _dialogue(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    """``conversations``: lists of a question and its answers, each answer a record."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        turns = [[str(turn) for turn in talk] for talk in content["conversations"]]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise _unreadable(source, path, error) from None
    pairs = [(talk[0], answer) for talk in turns for answer in talk[1:]]
    yield _batch({"question": [question for question, _ in pairs], "answer": [answer for _, answer in pairs]})


def _lines(source: InstructionSource, path: Path) -> pa.Array:
    try:
        text = pa.array([path.read_text(encoding="utf-8")], pa.string())
    except UnicodeDecodeError as error:
        raise _unreadable(source, path, error) from None
    lines = pc.utf8_trim_whitespace(pc.split_pattern(text, "\n").values)
    return lines.filter(pc.not_equal(lines, ""))


def _labelled(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    lines = _lines(source, path)
    for label, file in source.files.items():
        if Path(file).name == path.name:
            yield pa.RecordBatch.from_pydict({"text": lines, "label": pa.repeat(label, len(lines))})


def _tagged(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    tagged = _lines(source, path)
    words = pc.utf8_trim_whitespace(pc.replace_substring_regex(tagged, _TAGGED, r"\1 "))
    yield pa.RecordBatch.from_pydict(
        {"text": pc.replace_substring(words, " ", ""), "words": words, "tagged": tagged}
    )


def _docstrings(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    """Every function with a docstring; a file that is no Python of this version is one record of nulls."""
    columns: dict[str, list[str | None]] = {"name": [], "signature": [], "docstring": [], "code": []}
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        yield _batch({field: [None] for field in columns})
        return
    lines = text.splitlines()
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (docstring := ast.get_docstring(node))
            and len(node.body) > 1
        ):
            head, tail = node.body[0], node.body[1]
            signature = lines[node.lineno - 1 : head.lineno - 1]
            columns["name"].append(node.name)
            columns["signature"].append(textwrap.dedent("\n".join(signature)))
            columns["docstring"].append(docstring)
            columns["code"].append(
                textwrap.dedent("\n".join(signature + lines[_begin(head, tail) : node.end_lineno]))
            )
    yield _batch(columns)


def _begin(docstring: ast.stmt, body: ast.stmt) -> int:
    """The line, from 0, on which the code after a docstring begins; comments between the two belong to the
    code."""
    assert docstring.end_lineno is not None
    return min(docstring.end_lineno, body.lineno - 1)


_READERS: dict[str, Callable[[InstructionSource, Path, str], Iterator[pa.RecordBatch]]] = {
    "jsonl": _jsonl,
    "dialogue": _dialogue,
    "labelled": _labelled,
    "tagged": _tagged,
    "docstrings": _docstrings,
}
