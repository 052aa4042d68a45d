"""One sound file, small, of each format of a source, of instructions and of models, and how the program reads
it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import sentencepiece
import zstandard

from manifests.schema.instructions import InstructionSource
from manifests.schema.sources import Source
from pipeline.models.fasttext_file import load_model
from pipeline.models.perplexity.kenlm_model import KenlmScorer
from pipeline.models.tokenizer import Tokenizer
from pipeline.readers.input_files import InputFile
from pipeline.steps.ingest.find_files import Found
from pipeline.steps.ingest.part_plan import plan_parts
from pipeline.steps.ingest.part_reader import PartReader
from pipeline.steps.privacy.scrubber import Scrubber
from pipeline.steps.shards.instruction_readers import records
from tests.pipeline.steps.privacy.looks import PLACEHOLDERS

LONGEST = 1 << 20
TEXTS = [f"Readability counts, wrote guest {number}. 可读性很重要。" for number in range(24)]
ARPA = (
    "\\data\\\nngram 1=4\nngram 2=2\nngram 3=1\n\n\\1-grams:\n-2\t<unk>\t0\n-99\t<s>\t-0.1\n-1\t</s>\t0\n"
    "-0.5\tzen\t-0.2\n\n\\2-grams:\n-0.125\t<s> zen\t-0.1\n-0.5\tzen </s>\t0\n\n"
    "\\3-grams:\n-0.1\t<s> zen </s>\n\n\\end\\\n"
)


class Sample(NamedTuple):
    """``read`` reads a file as the program does and returns how many of its documents are rejects."""

    name: str
    suffix: str
    data: bytes
    read: Callable[[Path], int]


def source_samples(folder: Path) -> Iterator[Sample]:
    """Of sources."""
    lines = "".join(json.dumps({"text": text, "id": text[:9]}, ensure_ascii=False) + "\n" for text in TEXTS)
    page = f"<html><body><article><p>{'</p><p>'.join(TEXTS)}</p></article></body></html>".encode()
    plain = lines.encode()
    for suffix, pack in (("gz", gzip.compress), ("zst", zstandard.compress), ("bz2", bz2.compress)):
        yield Sample(f"jsonl.{suffix}", f".jsonl.{suffix}", pack(plain), _source("jsonl"))
    yield Sample("jsonl", ".jsonl", plain, _source("jsonl"))
    yield Sample("jsonl.xz", ".jsonl.xz", lzma.compress(plain), _source("jsonl"))
    yield Sample("text", ".txt", "\n".join(TEXTS).encode("gb18030"), _source("text"))
    yield Sample("html", ".html", page, _source("html"))
    yield Sample("warc", ".warc", _warc(page), _source("warc"))
    yield Sample("warc.gz", ".warc.gz", gzip.compress(_warc(page)), _source("warc"))
    table = pa.table({"text": TEXTS, "id": [str(number) for number in range(len(TEXTS))]})
    coded = table.set_column(1, "id", table["id"].dictionary_encode())
    views = table.set_column(0, "text", table["text"].cast(pa.string_view()))
    for name, rows in (("arrow", table), ("arrow dictionary", coded), ("arrow views", views)):
        yield Sample(name, ".arrow", _arrow(rows, pa.ipc.new_file), _source("arrow"))
    yield Sample("arrow stream", ".arrow", _arrow(coded, pa.ipc.new_stream), _source("arrow"))
    packed = pa.ipc.IpcWriteOptions(compression="zstd")
    yield Sample("arrow zstd", ".arrow", _arrow(table, pa.ipc.new_file, options=packed), _source("arrow"))
    for codec in ("none", "snappy", "zstd"):
        yield Sample(f"parquet {codec}", ".parquet", _parquet(table, codec), _source("parquet"))


def model_samples(folder: Path, language_model: Path) -> Iterator[Sample]:
    """Of models from elsewhere, and of instructions."""
    for kind, rule in (("unigram", "identity"), ("unigram", "nmt_nfkc"), ("bpe", "identity")):
        name = f"sentencepiece {kind} {rule}"
        yield Sample(name, ".model", _tokenizer(kind, rule), _tokenize)
    yield Sample("fasttext", ".ftz", language_model.read_bytes(), _label)
    yield Sample("arpa", ".arpa", ARPA.encode(), _score)
    yield Sample("arpa.gz", ".arpa.gz", gzip.compress(ARPA.encode()), _score)
    talk = "conversations:\n" + "".join(f"- - {text!r}\n  - {text!r}\n" for text in TEXTS[:9])
    code = "def zen(a, b):\n    '''Readability counts.'''\n    c = a\n    return c + b\n" * 4
    pairs = "".join(json.dumps({"question": text, "answer": "yes"}) + "\n" for text in TEXTS[:9])
    for form, suffix, text in (("dialogue", ".yaml", talk), ("docstrings", ".py", code)):
        yield Sample(f"instructions {form}", suffix, text.encode(), partial(_instruct, form))
    yield Sample("instructions jsonl", ".jsonl", pairs.encode(), partial(_instruct, "jsonl"))
    said = [{"from": role, "value": text} for text in TEXTS[:4] for role in ("human", "gpt")]
    turns = json.dumps({"conversations": said}) + "\n"
    yield Sample("instructions turns", ".jsonl", 3 * turns.encode(), partial(_instruct, "turns"))


def _source(form: str) -> Callable[[Path], int]:
    return partial(_ingest, Source.model_validate({"name": "s", "path": "x", "format": form}))


def _ingest(source: Source, path: Path) -> int:
    found = Found(((path.name, InputFile.of(path)),))
    rejects = 0
    for part in plan_parts([source], [found], LONGEST):
        for batch in PartReader((source,), tuple(part), LONGEST):
            batch.validate(full=True)
            rejects += batch.num_rows - batch.column("reason").null_count
    return rejects


def _arrow(table: pa.Table, writer: Callable[..., Any], **options: Any) -> bytes:
    sink = io.BytesIO()
    with writer(sink, table.schema, **options) as opened:
        opened.write_table(table, max_chunksize=8)
    return sink.getvalue()


def _parquet(table: pa.Table, codec: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=8, compression=codec)
    return sink.getvalue()


def _warc(page: bytes) -> bytes:
    http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page
    record = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/%d\r\nContent-Length: %d\r\n\r\n"
    return b"".join(record % (number, len(http)) + http + b"\r\n\r\n" for number in range(3))


def _tokenizer(kind: str, rule: str) -> bytes:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(TEXTS),
        model_writer=model,
        model_type=kind,
        vocab_size=340,
        hard_vocab_limit=False,
        normalization_rule_name=rule,
        byte_fallback=True,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    return model.getvalue()


def _tokenize(path: Path) -> int:
    tokenizer = Tokenizer(path)
    texts = pa.array([*TEXTS, "\n\t é \U0001f600 ①"])
    tokenizer.decode(tokenizer.encode_again(texts, tokenizer.encode(texts)))
    return 0


def _label(path: Path) -> int:
    load_model(path).predict(TEXTS)
    return 0


def _score(path: Path) -> int:
    KenlmScorer(path).score(["zen zen", "no zen"])
    return 0


def _instruct(form: str, path: Path) -> int:
    template = {"name": "t", "prompt": "{question}", "target": "{answer}"}
    if form == "docstrings":
        template = {"name": "t", "prompt": "{docstring}", "target": "{code}"}
    settings = {"name": "i", "path": "x", "format": form, "language": "en", "templates": [template]}
    for batch in records(InstructionSource.model_validate(settings), path, Scrubber(PLACEHOLDERS)):
        batch.validate(full=True)
    return 0
