"""The tokenizer: a SentencePiece unigram model as mT5's (Kudo, arXiv 1804.10959), trained or given, over
Arrow columns.

Unlike mT5 a trained model does not normalise (``identity`` instead of ``nmt_nfkc``): NFKC would turn
full-width Chinese punctuation into ASCII for ever, and ``nmt_nfkc`` makes every line break and tab a space,
which destroys code. Texts were repaired at ingest, so there is nothing left to normalise. Runs of spaces are
kept and may be pieces (indentation), line break and tab are pieces of their own, and what no piece covers
falls back to UTF-8 bytes: decode(encode(text)) == text, but for U+2581, by which SentencePiece writes a space
and which is one to it; ingest makes it a low line.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece

from manifests.border.sentencepiece_model import checked_model
from manifests.border.unsound_file import UnsoundFileError
from manifests.files import atomic_write, sha256
from manifests.schema.base import ManifestError
from manifests.schema.shards import Vocabulary
from manifests.schema.steps import File
from pipeline.models.sentencepiece_model import read_pieces, read_spelling
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.tokenization.incremental_encoding import segment_changed_lines
from pipeline.text.tokenization.unigram import segment

PAD, EOS, UNKNOWN = 0, 1, 2
LONGEST_LINE = 4000
_AGAIN = "run `openba quality` and the steps after it again"
LARGEST_SAMPLE = 20_000_000


def train(texts: Iterable[str], pieces: int, out: Path, seed: int) -> None:
    """Trains a unigram model with ``pieces`` pieces (fewer if the texts are too small) and writes it to
    ``out``, atomically.

    The same texts in the same order give the same bytes: the number of threads decides how sums are rounded,
    so it is fixed, and ``seed`` decides the sample beyond ``LARGEST_SAMPLE`` lines. Texts are read once, line
    by line.

    Raises:
        ManifestError: ``pieces`` is too small to hold the characters of the texts, or there is no text.
    """
    sentencepiece.set_random_generator_seed(seed)
    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.Train(
            sentence_iterator=_lines(texts),
            model_writer=model,
            model_type="unigram",
            vocab_size=pieces,
            hard_vocab_limit=False,
            character_coverage=0.9995,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            allow_whitespace_only_pieces=True,
            user_defined_symbols=["\n", "\t"],
            split_digits=True,
            pad_id=PAD,
            eos_id=EOS,
            unk_id=UNKNOWN,
            bos_id=-1,
            num_threads=4,
            input_sentence_size=LARGEST_SAMPLE,
            max_sentence_length=4 * LONGEST_LINE,
            minloglevel=2,
        )
    except RuntimeError as error:
        raise ManifestError(
            f"quality.tokenizer.pieces: no tokenizer with {pieces} pieces can be trained on these texts: "
            f"{error}; "
            "raise pieces, or give more text (sample_bytes)"
        ) from None
    with atomic_write(out) as temporary:
        temporary.write_bytes(model.getvalue())


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Lines of at most ``LONGEST_LINE`` characters: the trainer drops longer ones and takes a line break for
    an ordinary character."""
    for text in texts:
        for line in text.split("\n"):
            yield from (line[start : start + LONGEST_LINE] for start in range(0, len(line), LONGEST_LINE))


def join_ids(tokens: pa.ListArray) -> pa.Array:
    """Each row of ids as decimal numbers between spaces, the form in which lmplz and fastText take words:
    string [rows]."""
    return pc.binary_join(tokens.cast(pa.list_(pa.string())), " ")


class Tokenizer:
    """Encodes Arrow columns in native batches, one thread: parts, not threads, are the unit of parallelism.

    By our own kernel where the model is as ``train`` makes it; a given one that normalises (mT5's), or that
    is no unigram model, by the library. The ids are the library's in either case.

    Raises:
        ManifestError: the file is no SentencePiece model, or its pad, eos and unknown ids are not 0, 1 and 2
            (as mT5's are).
    """

    def __init__(self, model: Path) -> None:
        self.path = model
        self._processor = sentencepiece.SentencePieceProcessor()
        try:
            self._processor.LoadFromSerializedProto(checked_model(model))
        except (OSError, RuntimeError, UnsoundFileError) as error:
            what = (
                error.what if isinstance(error, UnsoundFileError) else f"not a SentencePiece model: {error}"
            )
            raise ManifestError(
                what, where=model, fix="give one, or leave quality.tokenizer.model out"
            ) from None
        ids = (self._processor.pad_id(), self._processor.eos_id(), self._processor.unk_id())
        if ids != (PAD, EOS, UNKNOWN):
            raise ManifestError(
                f"{model}: pad, eos and unknown are {ids}, not (0, 1, 2); train it with pad_id=0, eos_id=1, "
                "unk_id=2"
            )
        self._pieces = read_pieces(self._processor.serialized_model_proto(), UNKNOWN)

    @property
    def pieces(self) -> int:
        """Number of ids that ``encode`` can return."""
        return int(self._processor.GetPieceSize())

    def names(self) -> list[str]:
        """The pieces by id, as SentencePiece writes them, with U+2581 for a space."""
        return [self._processor.IdToPiece(index) for index in range(self.pieces)]

    def encode(self, texts: pa.StringArray) -> pa.ListArray:
        """Token ids of each text, without eos: list<uint32> as long as ``texts``; a null gives an empty
        list."""
        if self._pieces is None:
            return self._encode_by_library(texts)
        ids, offsets = segment(text_buffers(texts), self._pieces)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(ids))

    def encode_again(self, texts: pa.StringArray, before: pa.ListArray) -> pa.ListArray:
        """As ``encode``, for texts that are other forms of texts whose ids are ``before``: a line that stood
        there has the same ids again.

        Where a line has several ways that are equally probable, its ids may be those of another one than
        ``encode`` would take.
        """
        spelling = read_spelling(self._processor.serialized_model_proto())
        if self._pieces is None or spelling is None:
            return self.encode(texts)
        known, begins = before.values.to_numpy(), before.offsets.to_numpy().astype(np.int64)
        if int(known.max(initial=0)) >= self.pieces:
            raise UnsoundFileError(f"tokens that were written down are not below {self.pieces}", fix=_AGAIN)
        ids, offsets = segment_changed_lines(text_buffers(texts), known, begins, spelling, self._pieces)
        return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(ids))

    def _encode_by_library(self, texts: pa.StringArray) -> pa.ListArray:
        rows = self._processor.Encode(texts.fill_null("").to_pylist(), return_type="numpy", num_threads=1)
        offsets = np.zeros(len(rows) + 1, np.int32)
        np.cumsum(np.fromiter(map(len, rows), np.int64, len(rows)), out=offsets[1:])
        flat = np.concatenate(rows).view(np.uint32) if rows else np.empty(0, np.uint32)
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat))

    def decode(self, tokens: pa.ListArray) -> pa.StringArray:
        """The text of each row of ids; ids must be below ``pieces``."""
        return pa.array(self._processor.Decode(tokens.to_pylist(), num_threads=1), pa.string())

    def vocabulary(self) -> Vocabulary:
        """The ids as the shard manifest declares them: pieces, 100 sentinels, 3 mode tokens, padded; the
        model file by its name alone."""
        model = File(path=self.path.name, sha256=sha256(self.path), bytes=self.path.stat().st_size)
        return Vocabulary.of(model, self.pieces)
