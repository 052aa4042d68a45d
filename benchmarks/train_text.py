"""What ``bench_train`` trains on: shards of real text, the model's sizes, and the same examples in three
arrangements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks import ours
from benchmarks.sample import draw, text_bytes
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.model import ModelSettings
from manifests.schema.objectives import UL2Objective
from manifests.schema.shards import ShardManifest, Vocabulary
from trainer.data.batch import Batch, Tokens
from trainer.data.dataset import TokenStream, open_sets
from trainer.model.loss import IGNORED
from trainer.objectives import UL2, build

PIECES, SHARE = 16_000, 0.25
MODEL = ModelSettings(
    d_model=512, encoder_layers=4, decoder_layers=8, heads=8, head_size=64, d_ff=2048, dropout=0.0
)
OBJECTIVE = UL2Objective(kind="ul2", chunk=568, preset="openba-released")
RELEASED = (570, 381)
"""Positions of the encoder and of the decoder to which OpenBA's scripts pad every example of stage I."""


def make_shards(corpus: Path, out: Path, cache: Path) -> Path:
    """Runs the pipeline over a quarter of the corpus, unless that was done before; returns the folder of the
    shards."""
    out.mkdir(parents=True, exist_ok=True)
    model = ours.train_tokenizer(corpus, cache / f"tokenizer-{PIECES}.model", PIECES)
    sample = out / "train-sample"
    if not sample.exists():
        draw(corpus, sample.with_suffix(".part"), SHARE)
        sample.with_suffix(".part").rename(sample)
    manifest = ours.manifest(sample, text_bytes(sample), model, out / "train.yaml")
    command = [
        sys.executable,
        "-m",
        "pipeline",
        "corpus",
        "--corpus",
        str(manifest),
        "--run",
        str(out / "train-corpus"),
        "--workers",
        "1",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out / "train-corpus" / "shards"


def curriculum(micro_batch: int, global_batch: int, steps: int) -> CurriculumManifest:
    """Stage I of OpenBA over the shards, as long as they last."""
    stage = {
        "name": "ul2", "objective": OBJECTIVE, "mixture": {"en": 0.475, "zh": 0.475, "code": 0.05},
        "tokens": steps * global_batch * OBJECTIVE.chunk, "global_batch": global_batch, "micro_batch": micro_batch,
        "learning_rate": {"schedule": "constant", "peak": 1e-4}, "max_epochs": dict.fromkeys(("en", "zh", "code"), 100),
    }  # fmt: skip
    return CurriculumManifest.model_validate(
        {"version": 1, "kind": "curriculum", "name": "bench", "model": MODEL, "stages": [stage]}
    )


def chunks(shards: ShardManifest, folder: Path, rows: int) -> npt.NDArray[np.uint32]:
    """uint32 [rows, chunk]: half English, half Chinese."""
    sets = open_sets(folder, shards.sets)
    parts = []
    for name, first, end in (("en", 0, rows // 2), ("zh", rows // 2, rows)):
        stream = sets[name]
        assert isinstance(stream, TokenStream)
        parts.append(stream.chunks(np.arange(first, end), OBJECTIVE.chunk))
    return np.concatenate(parts)


def our_batches(tokens: npt.NDArray[np.uint32], vocabulary: Vocabulary) -> list[Batch]:
    """A batch a denoiser, as the trainer makes them: no position is padding."""
    objective = build(OBJECTIVE, vocabulary)
    assert isinstance(objective, UL2)
    rows = len(tokens) // objective.shape.denoisers
    parts = (slice(index * rows, (index + 1) * rows) for index in range(objective.shape.denoisers))
    return [
        objective.apply(tokens[part], index, np.arange(rows, dtype=np.uint64))
        for index, part in enumerate(parts)
    ]


def shuffled(batches: list[Batch], pad: int, seed: int = 0) -> list[Batch]:
    """The same examples in a random order, each batch padded to its longest: what a collator gets from a
    mixture of denoisers."""
    examples = [example for batch in batches for example in _examples(batch)]
    order = np.random.default_rng(seed).permutation(len(examples))
    rows = len(examples) // len(batches)
    return [
        _padded([examples[place] for place in order[first : first + rows]], pad)
        for first in range(0, len(examples), rows)
    ]


def unpacked(batch: Batch, pad: int) -> Batch:
    """The batch in rows: for a model that cannot read examples laid end to end."""
    return batch if batch.decoder_lengths is None else _padded(_examples(batch), pad)


def as_released(batch: Batch, pad: int) -> Batch:
    """The batch in rows of the released scripts' fixed lengths."""
    return _padded(_examples(batch), pad, *RELEASED)


def _examples(batch: Batch) -> list[tuple[Tokens, Tokens, Tokens]]:
    """Encoder input, decoder input and labels of each example, without padding."""
    sources, targets = batch.lengths
    if batch.decoder_lengths is None:
        cut = zip(batch.encoder, batch.decoder, batch.labels, sources, targets, strict=True)
        return [
            (encoder[:source], decoder[:target], labels[:target])
            for encoder, decoder, labels, source, target in cut
        ]
    split = lambda row, lengths: np.split(row[0], np.cumsum(lengths)[:-1])  # noqa: E731
    return list(
        zip(
            split(batch.encoder, sources),
            split(batch.decoder, targets),
            split(batch.labels, targets),
            strict=True,
        )
    )


def _padded(
    examples: list[tuple[Tokens, Tokens, Tokens]], pad: int, source: int = 0, target: int = 0
) -> Batch:
    """Rows of at least the given lengths."""
    lengths = np.array([len(encoder) for encoder, _, _ in examples])
    source, target = max(source, *lengths), max(target, *(len(labels) for _, _, labels in examples))
    encoder = np.full((len(examples), source), pad)
    decoder = np.full((len(examples), target), pad)
    labels = np.full((len(examples), target), IGNORED)
    for row, (read, shifted, written) in enumerate(examples):
        encoder[row, : len(read)], decoder[row, : len(shifted)], labels[row, : len(written)] = (
            read,
            shifted,
            written,
        )
    return Batch(encoder, lengths, decoder, labels)
