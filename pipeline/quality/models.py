"""Trains what the step measures with: the tokenizer, and for each language a perplexity model and the bounds of its buckets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.schema.corpus import PerplexitySettings, TokenizerSettings
from pipeline import tokenizer
from pipeline.outcome import Position
from pipeline.perplexity.lmplz import choose
from pipeline.perplexity.scorer import PerplexityScorer
from pipeline.quality.parts import PartRows
from pipeline.quality.sample import Sample, held_back
from pipeline.step import PartTask

PERCENTILES = (30, 60)
"""Where the middle and the tail begin: the defaults of CCNet (arXiv 1911.00359)."""


@dataclass(frozen=True)
class CopyFile:
    """Brings a given model to the place where a trained one would be."""

    source: Path

    def __call__(self, index: int, out: Path) -> None:
        shutil.copyfile(self.source, out)


@dataclass(frozen=True)
class TrainTokenizer:
    """Trains on the sampled documents, in the order of the parts."""

    settings: TokenizerSettings
    seed: int
    tasks: Sequence[PartTask]
    sample: Sample

    def __call__(self, index: int, out: Path) -> None:
        tokenizer.train(self._texts(), self.settings.pieces, out, self.seed)

    def _texts(self) -> Iterator[str]:
        for task in self.tasks:
            for batch in task.reader:
                yield from batch.column("text").filter(pa.array(self.sample.chosen(batch))).to_pylist()


@dataclass(frozen=True)
class ReferenceTokens:
    """The tokens of the sampled reference documents of a language, for training or held back from it."""

    tasks: Sequence[PartTask]
    signals: PartRows
    sample: Sample

    def read(self, language: str, held: bool) -> pa.ListArray:
        """list<uint32> [documents]."""
        found: list[pa.Array] = []
        for task in self.tasks:
            row = 0
            for batch in task.reader:
                mask = self.sample.chosen(batch) & (held_back(batch.column("hash")) == held)
                mask &= batch.column("language").to_numpy(zero_copy_only=False) == language
                if mask.any():
                    found.append(self.signals.rows(Position(task.index, row), batch.num_rows)["tokens"].filter(pa.array(mask)))
                row += batch.num_rows
        return pa.concat_arrays(found) if found else pa.array([], pa.list_(pa.uint32()))


@dataclass(frozen=True)
class TrainModel:
    """Writes the ARPA of one language; an empty file where the language has no document to train on."""

    settings: PerplexitySettings
    languages: Sequence[str]
    reference: ReferenceTokens

    def __call__(self, index: int, out: Path) -> None:
        tokens = self.reference.read(self.languages[index], held=False)
        if not len(tokens):
            out.touch()
            return
        offsets = tokens.offsets.to_numpy().astype(np.int64)
        choose(self.settings.estimator)(tokens.flatten().to_numpy(), offsets - offsets[0], self.settings.order, out)


@dataclass(frozen=True)
class MeasureBounds:
    """Writes the perplexities at ``PERCENTILES`` of one language's held-back reference text, as a JSON list; empty without such text."""

    models: Sequence[Path]
    languages: Sequence[str]
    reference: ReferenceTokens

    def __call__(self, index: int, out: Path) -> None:
        tokens = self.reference.read(self.languages[index], held=True)
        bounds: list[float] = []
        if len(tokens) and self.models[index].stat().st_size:
            bounds = np.percentile(PerplexityScorer(self.models[index]).score(tokens), PERCENTILES).tolist()
        out.write_text(json.dumps(bounds), encoding="utf-8")
