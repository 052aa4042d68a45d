"""Where documents come from."""

from __future__ import annotations

from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import AfterValidator, Field, field_validator, model_validator

from manifests.schema.base import Tokens, UnusedLeftOut
from manifests.schema.plugins import Settings, check_reader
from manifests.schema.source_paths import DocumentPath, Pattern
from manifests.schema.values import Name, Positive


def _expression(pattern: str) -> str:
    # Raises a ValueError that says what is wrong with it.
    pc.replace_substring_regex(pa.array([""]), pattern, "")
    return pattern


ALL_FIELDS = "*"
_WITHOUT_FIELDS = ("text", "tree", "html", "warc")
LEAST_MAX_WORDS = 100
"""The fewest words that ``max_words`` may be."""
OF_A_DOCUMENT = 10
"""How often a document may be in memory while it is decoded, parsed and repaired."""
FORMATS = ("jsonl", "text", "tree", "parquet", "arrow", "html", "warc")


class Source(UnusedLeftOut):
    """Where documents come from.

    Documents are called ``source:file``, with ``#`` and the byte offset where a file holds many (in an array
    and in Parquet, the index; in Arrow, those of the record batch and of the row in it), and ``#piece-`` and
    a number where ``ingest.max_words`` cuts one into pieces: always unique, and the same however the input is
    cut into parts; the record's own id is kept in ``meta``.
    """

    optional_keys = ("settings", "max_window")
    name: Name
    """The source's name: in document ids, counts and the report. Letters, digits, ``_``, ``.`` and ``-``."""
    path: DocumentPath
    """A file or folder, relative to the corpus manifest or absolute, or a URL that fsspec opens (``s3://``,
    ``gs://``, ``hdfs://``, ``memory://``, with the file system's own driver and credentials); of fsspec's
    chains its caches alone, as in ``simplecache::s3://``. Credentials in it are written nowhere."""
    format: str
    """``jsonl``: a document of each line, or of the one object or each item of the one array in a ``.json``
    file; ``text``: as ``document`` says; ``tree``: one of each source file; ``parquet``, ``arrow`` (files,
    streams, Feather): one of each row; ``html``: the running text of each page; ``warc``: each response and
    resource that is a page or plain text, and each text of a WET file. All but Parquet and Arrow may be
    compressed (``.gz``, ``.zst``, ``.bz2``, ``.xz``). Any other is a reader of your own, ``module:name`` or
    an entry point's name in ``openba.readers``: a function from a file and ``settings`` to its documents."""
    include: tuple[Pattern, ...] = ("**/*",)
    """Glob patterns of the files to read below ``path``, where ``**`` stands for any number of folders.
    Everything, by default."""
    exclude: tuple[Pattern, ...] = ()
    """Glob patterns of files, or of folders with all that is in them, to leave out."""
    kind: Literal["prose", "code"] = "prose"
    """``code`` marks program text, which no language identifier can tell; files that do not look like it are
    rejected all the same."""
    document: Literal["file", "line", "paragraph"] = "file"
    """What a document is in format ``text``: the file, ``lines_per_document`` lines, or a paragraph between
    blank lines."""
    lines_per_document: Positive = 1
    """Lines in a document, where ``document`` is ``line``."""
    strip: tuple[Annotated[str, AfterValidator(_expression)], ...] = ()
    """RE2 patterns removed from the text, such as part-of-speech tags."""
    text_field: str = "text"
    """The field or column that holds the text, in ``jsonl``, ``parquet`` and ``arrow``."""
    id_field: str = "id"
    """The field of the record's own id, kept in ``meta`` where it is present."""
    url_field: str = "url"
    """The field of the document's address, where it is present."""
    license_field: str = "license"
    """The field of the document's licence, where it is present; it goes before ``license``."""
    keep_fields: tuple[str, ...] = ()
    """Fields or columns of your own that travel with the document, in ``meta``, as JSON of their types; ``*``
    is all that no key above names. None, by default, as some are larger than the text."""
    license: str | None = None
    """The licence of all documents of the source; it travels with each of them."""
    reference: bool = False
    """Text that is known to be good: it trains the perplexity models, and is what the quality classifier
    looks for."""
    max_epochs: Annotated[float, Field(ge=1)] = 1
    """The most often that the source's tokens may be in the shards. 1: no document twice."""
    max_tokens: Tokens | None = None
    """The most tokens that the source may give to the shards, over all languages. No limit, by default."""
    max_window: Annotated[int, Field(ge=1 << 10, le=1 << 31)] | None = None
    """Bytes back to which zstd or xz may refer: so much memory a file takes that was packed so. 128 MiB by
    default, as zstd itself refuses more; a file of ``--long=31`` needs 2147483648. What asks for more is
    rejected (``too_costly``)."""
    settings: Settings = {}
    """What a reader of your own is given beside the file; the built-in formats have none. Values of keys such
    as ``secret`` are written into no run."""

    @field_validator("format")
    @classmethod
    def _readable(cls, name: str) -> str:
        check_reader(name, FORMATS)
        return name

    @model_validator(mode="after")
    def _settings_have_a_reader(self) -> Source:
        if self.settings and self.format in FORMATS:
            raise ValueError(f"settings are for readers of your own; {self.format} has none")
        return self

    @model_validator(mode="after")
    def _kept_fields_are_there(self) -> Source:
        if self.keep_fields and self.format in _WITHOUT_FIELDS:
            raise ValueError(f"keep_fields: documents of {self.format} have no fields; leave it out")
        return self


class IngestSettings(UnusedLeftOut):
    """How the input is cut into parts, and long documents into pieces."""

    optional_keys = ("max_words",)
    part_bytes: Positive = 64_000_000
    """Bytes of text in a part, about; a part is the unit of work, of recovery and of parallelism."""
    max_document_bytes: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100_000_000
    """Documents of more bytes are rejected, and so much of them kept among the rejects; it bounds the memory
    of a worker."""
    max_worker_memory: Annotated[int, Field(ge=100_000_000)] = 4_000_000_000
    """Bytes that a worker may take for what it reads. A page of Parquet, a record batch, a dictionary or a
    response's body that would take more than a quarter of it is rejected before it is unpacked, and
    ``max_document_bytes`` may be a tenth and a source's ``max_window`` half of it. 4 GB, which every host
    has for each of its workers."""
    max_words: Annotated[int, Field(ge=LEAST_MAX_WORDS)] | None = None
    """Longer documents are cut into pieces of at most so many words, each a document of its own, at the best
    place in the last part of a piece: a chapter or heading, else a blank line, else the end of a line, else
    that of a sentence, else between words; in a code fence only where there is no other. Words as the signal
    ``words`` counts them, markup included: in Chinese, characters. By default documents are left whole.
    Gopher (arXiv 2112.11446, A.1.1) drops those of more than 100,000 words, which are books."""

    @model_validator(mode="after")
    def _documents_fit(self) -> IngestSettings:
        needed = OF_A_DOCUMENT * self.max_document_bytes
        if needed > self.max_worker_memory:
            raise ValueError(
                f"max_document_bytes: a document of {self.max_document_bytes} bytes may take {needed} while "
                f"it is read, and max_worker_memory is {self.max_worker_memory}; lower the one or raise the "
                "other"
            )
        return self
