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
from pathlib import Path, PurePath

import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.instructions import InstructionSource, Speakers
from pipeline.readers.input_files import readable
from pipeline.readers.local_files import files_below, leads_out
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.file_names import scrubbed_names
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.conversations import exchanges, turns_schema
from pipeline.steps.shards.dialogue_file import conversations
from pipeline.steps.shards.instruction_bytes import in_whole_characters, parsed_text, text_lines
from pipeline.steps.shards.json_records import json_records
from pipeline.steps.shards.task_records import read_fields
from pipeline.text.unicode.repair import repair

_FUNCTION = ("name", "signature", "docstring", "code")
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef)
_TAGGED = r"\[?([^\s/]+)/[A-Za-z]+(\][A-Za-z]*)?\s*"


def records(source: InstructionSource, folder: Path, scrubber: Scrubber) -> Iterator[pa.RecordBatch]:
    """The records of a source whose path resolved to ``folder`` (or to one file), in the order of the files'
    names, which ids have without personal data.

    Characters are repaired as those of documents are, but for mojibake.

    Fields: ``jsonl`` those that the templates and the source name; ``turns`` system, question, answer, turn
    (see ``conversations``); ``dialogue`` question, answer;
    ``labelled`` text, label; ``tagged`` text (the words joined), words (with spaces between), tagged (as
    found); ``docstrings`` name, signature, docstring, code (without it).

    Raises:
        PipelineError: no file matches, or one cannot be read in the source's format.
    """
    paths = files(source, folder)
    names = [path.name if folder.is_file() else path.relative_to(folder).as_posix() for path in paths]
    shown = scrubbed_names([readable(name) for name in names], scrubber)
    for path, name, without_data in zip(paths, names, shown, strict=True):
        row = 0
        for batch in _READERS[source.format](source, path, name):
            numbers = pc.cast(pa.array(range(row, row + batch.num_rows)), pa.string())
            ids = pc.binary_join_element_wise(f"{source.name}:{without_data}#", numbers, "")
            columns = [
                _repaired(column) if column.type == pa.string() else column for column in batch.columns
            ]
            yield pa.RecordBatch.from_arrays([ids, *columns], ["id", *batch.schema.names])
            row += batch.num_rows


def _repaired(texts: pa.StringArray) -> pa.StringArray:
    """As the texts of documents are; nulls stay."""
    return pc.if_else(pc.is_valid(texts), repair(pc.fill_null(texts, ""), mojibake=False).texts, texts)


def files(source: InstructionSource, folder: Path) -> list[Path]:
    """The files of a source, sorted by name; links that lead out of its folder are not followed.

    Raises:
        PipelineError: there is none, or one that the source names is missing or leads out.
    """
    if source.format == "labelled":
        found = [_named(source, folder, name) for name in dict.fromkeys(source.files.values())]
    elif folder.is_file():
        found = [folder]
    else:
        below = files_below(folder, source.include)
        found = sorted(path for _, path in below.files)
        links = f" ({len(below.refused)} links lead out of it)" if below.refused else ""
        if not found:
            raise _no_file(source, f"{folder}/{{{', '.join(source.include)}}}{links}")
    return found


def links_outside(source: InstructionSource, folder: Path) -> int:
    """How many links of a source's folder are not followed as they lead out of it."""
    listed = source.format != "labelled" and not folder.is_file()
    return len(files_below(folder, source.include).refused) if listed else 0


def _named(source: InstructionSource, folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise _no_file(source, str(path))
    if leads_out(folder, path):
        raise _no_file(source, f"{path} below it: that is a link that leads out")
    return path


def _no_file(source: InstructionSource, wanted: str) -> PipelineError:
    return PipelineError(
        f"shards.instructions.sources: {source.name} finds no file {wanted}; correct its path, include or "
        "files"
    )


def _batch(columns: dict[str, list[str | None]]) -> pa.RecordBatch:
    schema = pa.schema([(name, pa.string()) for name in columns])
    whole = {name: [in_whole_characters(text) for text in texts] for name, texts in columns.items()}
    return pa.RecordBatch.from_pydict(whole, schema=schema)


def _unreadable(source: InstructionSource, path: Path, error: Exception) -> PipelineError:
    return PipelineError(
        f"shards.instructions.sources: {source.name}: {path} is not readable as {source.format}: {error}; "
        "correct or exclude it"
    )


def _jsonl(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    return _json_lines(
        source, path, pa.schema([(field, pa.string()) for field in sorted(read_fields(source))])
    )


def _turns(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    """Lists of turns, an answer a record."""
    speakers = source.speakers or Speakers()
    for batch in _json_lines(source, path, turns_schema(speakers, read_fields(source))):
        yield exchanges(batch, speakers)


def _json_lines(source: InstructionSource, path: Path, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    try:
        yield from json_records(path, schema)
    except ValueError as error:
        raise _unreadable(source, path, error) from None


def _dialogue(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    """``conversations``: lists of a question and its answers, each answer a record."""
    try:
        talks = conversations(parsed_text(path))
    except ValueError as error:
        raise _unreadable(source, path, error) from None
    pairs = [(talk[0], answer) for talk in talks for answer in talk[1:]]
    yield _batch({"question": [question for question, _ in pairs], "answer": [answer for _, answer in pairs]})


def _lines(source: InstructionSource, path: Path) -> Iterator[pa.StringArray]:
    try:
        yield from text_lines(path)
    except ValueError as error:
        raise _unreadable(source, path, error) from None


def _labelled(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    labels = [label for label, file in source.files.items() if PurePath(file) == PurePath(name)]
    for lines in _lines(source, path):
        for label in labels:
            yield pa.RecordBatch.from_pydict({"text": lines, "label": pa.repeat(label, len(lines))})


def _tagged(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    for tagged in _lines(source, path):
        words = pc.utf8_trim_whitespace(pc.replace_substring_regex(tagged, _TAGGED, r"\1 "))
        yield pa.RecordBatch.from_pydict(
            {"text": pc.replace_substring(words, " ", ""), "words": words, "tagged": tagged}
        )


def _docstrings(source: InstructionSource, path: Path, name: str) -> Iterator[pa.RecordBatch]:
    """Every function with a docstring; a file that is no Python of this version is one record of nulls."""
    try:
        text = parsed_text(path)
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the last two of what is too deep
        yield _batch({field: [None] for field in _FUNCTION})
        return
    lines = text.split("\n")
    found = [_function(node, lines) for node in ast.walk(tree) if isinstance(node, _DEFINED)]
    functions = [function for function in found if function]
    yield _batch({field: [function[at] for function in functions] for at, field in enumerate(_FUNCTION)})


def _function(
    node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]
) -> tuple[str, str, str, str] | None:
    """Name, signature, docstring and code; None of a function that is no more than its docstring, or has
    none."""
    docstring = ast.get_docstring(node)
    if not docstring or len(node.body) < 2:
        return None
    head, tail = node.body[0], node.body[1]
    signature = lines[node.lineno - 1 : head.lineno - 1]
    code = signature + lines[_begin(head, tail) : node.end_lineno]
    return node.name, textwrap.dedent("\n".join(signature)), docstring, textwrap.dedent("\n".join(code))


def _begin(docstring: ast.stmt, body: ast.stmt) -> int:
    """The line, from 0, on which the code after a docstring begins; comments between the two belong to the
    code."""
    assert docstring.end_lineno is not None
    return min(docstring.end_lineno, body.lineno - 1)


_READERS: dict[str, Callable[[InstructionSource, Path, str], Iterator[pa.RecordBatch]]] = {
    "jsonl": _jsonl,
    "turns": _turns,
    "dialogue": _dialogue,
    "labelled": _labelled,
    "tagged": _tagged,
    "docstrings": _docstrings,
}
