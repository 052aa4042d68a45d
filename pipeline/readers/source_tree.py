"""Files as documents: of a folder of texts, or of a source tree."""

from __future__ import annotations

import orjson
import pyarrow as pa

from manifests.schema.sources import Source
from pipeline.readers.input_files import InputFile
from pipeline.readers.raw_documents import raw_row
from pipeline.readers.single_document import read_whole

_PROBE = 8192


def read_file(source: Source, file: InputFile, name: str, limit: int) -> pa.RecordBatch:
    """The RAW batch of one file. In a source tree, one with a null byte near its beginning is a binary file,
    no damaged text.

    Raises:
        DamagedFileError: the file is damaged.
    """
    text, size, charset = read_whole(file, limit)
    meta = orjson.dumps({"path": name, "suffix": file.suffix}).decode()
    if source.format == "tree" and b"\x00" in text[:_PROBE]:
        return raw_row(name, text, size=size, meta=meta, reason="binary", detail=f"{size} bytes")
    return raw_row(name, text, size=size, meta=meta, charset=charset)
