"""The weights of a folder of the released layout, ours or the released one: checked when it is opened, then
read by whatever slices a process needs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from manifests.border.json_files import read_object
from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from trainer.dtypes import dtype_name
from trainer.export.hf_config import difference
from trainer.export.hf_folder import CONFIG, TOKENIZER
from trainer.export.parameter_layout import EMBEDDING, OUTPUT, Entry, entries, parameter_shapes
from trainer.export.safetensors_files import Tensors
from trainer.tensor_file import CHUNK


class HFWeights:
    """By the names of EncoderDecoder; ``dtypes`` are the types in which they are stored, by name.

    Raises:
        ManifestError: the folder is another model's or another tokenizer's; a key is missing or unknown, or a
            shape or type is wrong.
    """

    def __init__(self, folder: Path, settings: ModelSettings, vocabulary: Vocabulary) -> None:
        self._heads = settings.heads
        self._entries: dict[str, Entry] = {entry.ours: entry for entry in entries(settings)}
        self._shapes = parameter_shapes(settings, vocabulary)
        tied = _tied(folder, settings, vocabulary)
        _check_tokenizer(folder / TOKENIZER, vocabulary)
        self._tensors = Tensors(folder)
        expected = {entry.released: tuple(self._shapes[entry.ours]) for entry in self._entries.values()}
        # transformers saves weights that are one only once.
        if OUTPUT in self._tensors or not tied:
            expected[OUTPUT] = tuple(self._shapes[EMBEDDING])
        _check(folder, self._tensors, expected)
        self.dtypes = tuple(sorted({dtype_name(self._tensors.dtype(name)) for name in expected}))

    def read(self, name: str, start: int, numel: int) -> Tensor:
        """Elements ``start .. start + numel - 1`` of a flattened parameter: float32 [numel]. Only the rows
        that they are in are read."""
        entry, shape = self._entries[name], self._shapes[name]
        width = shape[1:].numel()
        first, last = start // width, -(-(start + numel) // width)
        rows = [
            self._tensors.rows(entry.released, *part)
            for part in entry.released_rows(first, last, shape[0], self._heads)
        ]
        begin = start - first * width
        return torch.cat(rows).flatten()[begin : begin + numel]

    def check_output(self, rank: int = 0, ranks: int = 1) -> None:
        """Compares the output layer, if it is stored, with the embedding: of so many processes each compares
        some rows.

        Raises:
            ManifestError: they differ.
        """
        rows, width = self._shapes[EMBEDDING]
        size = max(1, CHUNK // width)
        starts = range(rank * size, rows if OUTPUT in self._tensors else 0, ranks * size)
        parts = [(start, min(start + size, rows)) for start in starts]
        embedding = self._entries[EMBEDDING].released
        if not all(
            torch.equal(self._tensors.rows(OUTPUT, *part), self._tensors.rows(embedding, *part))
            for part in parts
        ):
            raise ManifestError(
                f"{self._tensors.folder}: {OUTPUT} differs from {embedding}, and a model with two embeddings "
                'cannot be imported; train it with "tie_word_embeddings": true in its config.json'
            )


def _tied(folder: Path, settings: ModelSettings, vocabulary: Vocabulary) -> bool:
    """Whether config.json, which must be that of the model, says that the output layer is the embedding."""
    found = _config(folder)
    problem = difference(found, settings, vocabulary)
    if problem:
        raise ManifestError(f"{folder / CONFIG}: {problem}")
    return bool(found.get("tie_word_embeddings"))


def _config(folder: Path) -> dict[str, Any]:
    try:
        return read_object(folder / CONFIG)
    except FileNotFoundError:
        raise ManifestError(
            f"{folder}: holds no {CONFIG}; it is no exported model, or its export was broken off"
        ) from None


def _check_tokenizer(file: Path, vocabulary: Vocabulary) -> None:
    if file.exists() and (found := sha256(file)) != vocabulary.model.sha256:
        raise ManifestError(
            f"{file}: is not the tokenizer that made the run's shards, so that its ids mean other text: "
            f"its hash is {found}, and theirs {vocabulary.model.sha256}"
        )


def _check(folder: Path, tensors: Tensors, expected: dict[str, tuple[int, ...]]) -> None:
    names = set(tensors)
    for what, wrong in (
        ("missing", sorted(set(expected) - names)),
        ("unknown", sorted(names - set(expected))),
    ):
        if wrong:
            some = ", ".join(wrong[:3]) + (", ..." if len(wrong) > 3 else "")
            raise ManifestError(
                f"{folder}: {len(wrong)} of the keys {'is' if len(wrong) == 1 else 'are'} {what}: {some}"
            )
    for name, shape in expected.items():
        if tensors.shape(name) != shape:
            raise ManifestError(f"{folder}: {name} has shape {list(tensors.shape(name))}, not {list(shape)}")
        tensors.dtype(name)
