"""A fastText classifier (Joulin et al., arXiv 1607.01759) that tells reference text from raw text, as DCLM's
(2406.11794, section 4.4).

Its words are the tokenizer's ids, so that Chinese has words too, and so that text is tokenised once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import fasttext
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.models.fasttext_file import load_model, save_model
from pipeline.models.tokenizer import join_ids
from pipeline.models.training_sample import Folds, Sample
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.part_rows import PartRows
from pipeline.runtime.transform import Extractor, PartTask
from pipeline.runtime.whole_documents import whole_hashes

PREFIX = 1000
"""Tokens of a document that are looked at."""
REFERENCE, RAW = "__label__reference", "__label__raw"
TRAINING = {"dim": 16, "wordNgrams": 2, "bucket": 200_000, "lr": 0.5, "minCount": 1, "verbose": 0}
"""``bucket``: rows for pairs of words. A model takes 64 bytes a row."""
EPOCHS, LEAST_SEEN = 5, 20_000
"""So many rounds, but of few documents as many as show the model this number of them."""


@dataclass(frozen=True)
class Classes:
    """The documents that train the classifiers: of the reference sources, and of the others."""

    reference: Sample
    raw: Sample

    def chosen(self, batch: pa.RecordBatch) -> np.ndarray:
        """bool [documents]."""
        return np.asarray(self.reference.chosen(batch) | self.raw.chosen(batch))


@dataclass(frozen=True)
class TrainClassifier:
    """Writes one model of ``models``, (language, number) each; an empty file where a class has no document.

    The same bytes every time: one thread, one seed, documents in the order of their hashes. Memory: about 6
    kB a document.
    """

    models: Sequence[tuple[str, int]]
    tasks: Sequence[PartTask]
    signals: PartRows
    classes: Classes
    folds: Folds
    seed: int

    def __call__(self, index: int, out: Path) -> None:
        lines = sorted(self._lines(*self.models[index]))
        if len({label for _, label, _ in lines}) < 2:
            out.touch()
            return
        with tempfile.NamedTemporaryFile(
            "w", dir=out.parent, prefix=".", suffix=".tmp", encoding="utf-8"
        ) as file:
            file.writelines(f"{label} {text}\n" for _, label, text in lines)
            file.flush()
            model = fasttext.train_supervised(
                file.name, thread=1, seed=self.seed, epoch=max(EPOCHS, LEAST_SEEN // len(lines)), **TRAINING
            )
        save_model(model, out)

    def _lines(self, language: str, model: int) -> Iterator[tuple[bytes, str, str]]:
        """Hash, label and words of each document."""
        for task in self.tasks:
            row = 0
            for batch in task.reader:
                hashes = batch.column("hash")
                mask = self.classes.chosen(batch) & (self.folds.fold(whole_hashes(batch)) != model)
                mask &= batch.column("language").to_numpy(zero_copy_only=False) == language
                chosen = pa.array(mask)
                labels = np.where(self.classes.reference.chosen(batch)[mask], REFERENCE, RAW).tolist()
                tokens = self.signals.rows(BatchPosition(task.index, row), batch.num_rows)["tokens"].filter(
                    chosen
                )
                yield from zip(hashes.filter(chosen).to_pylist(), labels, words(tokens), strict=True)
                row += batch.num_rows


def words(tokens: pa.ListArray) -> list[str]:
    """What fastText reads of each document."""
    texts: list[str] = join_ids(pc.list_slice(tokens, 0, PREFIX)).to_pylist()
    return texts


class ClassifierExtractor(Extractor):
    """``quality_score`` [0, 1]; NaN where a document has no token, or where every model was trained on it."""

    schema = pa.schema([("quality_score", pa.float32())])

    def __init__(
        self, models: Mapping[tuple[str, int], Path], signals: PartRows, classes: Classes, folds: Folds
    ) -> None:
        """``models`` by language and number."""
        self._paths = dict(models)
        self._signals = signals
        self._classes = classes
        self._folds = folds

    def setup(self) -> None:
        self._models = {key: load_model(path) for key, path in self._paths.items()}

    def process(self, batch: pa.RecordBatch, where: BatchPosition) -> pa.RecordBatch:
        tokens = self._signals.rows(where, batch.num_rows)["tokens"]
        languages = batch.column("language").to_numpy(zero_copy_only=False)
        judge = self._folds.judge(whole_hashes(batch), self._classes.chosen(batch))
        judge[pc.list_value_length(tokens).to_numpy(zero_copy_only=False) == 0] = -1
        score = np.full(batch.num_rows, np.nan, np.float32)
        for (language, number), model in self._models.items():
            rows = np.flatnonzero((languages == language) & (judge == number))
            score[rows] = _probability(model, words(tokens.take(pa.array(rows))))
        return pa.RecordBatch.from_arrays([pa.array(score)], schema=self.schema)


def _probability(model: fasttext.FastText._FastText, texts: list[str]) -> np.ndarray:
    """Of ``REFERENCE``: float32 [texts]. fastText's own may exceed 1 by a rounding."""
    if not texts:
        return np.empty(0, np.float32)
    labels, found = model.predict(texts)
    best = np.minimum(np.concatenate(found), 1)
    return np.asarray(np.where(np.concatenate(labels) == REFERENCE, best, 1 - best), np.float32)
