"""Plain text: a document of so many lines, or of each paragraph."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.schema.sources import Source
from pipeline.readers.compressed import DamagedFileError
from pipeline.readers.input_files import InputFile
from pipeline.readers.lines import Lines, read_lines
from pipeline.readers.raw_documents import json_string, raw_batch


def read_text(
    source: Source, file: InputFile, name: str, start: int, end: int | None, limit: int
) -> Iterator[pa.RecordBatch]:
    """RAW batches of the documents whose lines begin in bytes [start, end) of a file; ``name`` is its path in
    the source.

    Blank lines are not part of documents. ``document: line`` joins ``lines_per_document`` lines,
    ``paragraph`` those between blank ones. A document that has reached ``limit`` bytes without an end is
    ended.

    Raises (from the iterator):
        DamagedFileError: after the last document that could be read.
    """
    charset, found = read_lines(file, start, end, limit)
    rest: Lines | None = None
    damage: DamagedFileError | None = None
    try:
        for lines in found:
            whole = lines if rest is None else _join(rest, lines)
            first = _first_lines(source, whole)
            # The last document may go on in the next block.
            border = (
                int(first[-1]) if len(first) and whole.size[first[-1] :].sum() <= limit else len(whole.size)
            )
            yield _documents(name, _slice(whole, 0, border), first[first < border], charset)
            rest = _slice(whole, border, len(whole.size))
    except DamagedFileError as error:
        damage = error
    if rest is not None:
        yield _documents(name, rest, _first_lines(source, rest), charset)
    if damage is not None:
        raise damage


def _join(first: Lines, second: Lines) -> Lines:
    text = pa.concat_arrays([first.text, second.text])
    return Lines(
        text, np.concatenate([first.offset, second.offset]), np.concatenate([first.size, second.size])
    )


def _slice(lines: Lines, first: int, end: int) -> Lines:
    return Lines(lines.text[first:end], lines.offset[first:end], lines.size[first:end])


def _filled(lines: Lines) -> np.ndarray:
    return np.asarray(pc.match_substring_regex(lines.text, r"[^ \t\r\v\f]"))


def _first_lines(source: Source, lines: Lines) -> np.ndarray:
    """Indices of the lines with which documents begin."""
    filled = _filled(lines)
    if source.document == "paragraph":
        return np.flatnonzero(filled & ~np.concatenate(([False], filled[:-1])))
    return np.flatnonzero(filled)[:: source.lines_per_document]


def _documents(name: str, lines: Lines, first: np.ndarray, charset: str | None) -> pa.RecordBatch:
    """Joins the filled lines between one first line and the next."""
    filled = _filled(lines)
    borders = np.append(np.concatenate(([0], np.cumsum(filled)))[first], filled.sum()).astype(np.int32)
    text = pc.binary_join(
        pa.ListArray.from_arrays(pa.array(borders), lines.text.filter(pa.array(filled))), b"\n"
    )
    size = (
        np.add.reduceat(lines.size[filled], borders[:-1]) + np.diff(borders) - 1
        if len(first)
        else np.empty(0, np.int64)
    )
    offset = pc.cast(pa.array(lines.offset[first]), pa.string())
    columns = {
        "key": pc.binary_join_element_wise(name, offset, "#"),
        "text": text,
        "size": pa.array(size),
        "meta": pc.binary_join_element_wise(f'{{"path":{json_string(name)},"offset":', offset, "}", ""),
        "charset": pa.repeat(pa.scalar(charset, pa.string()), len(first)),
    }
    return raw_batch(columns, len(first))
