"""The weights of a folder of the released layout, ours or the released one: checked when it is opened, then
read one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from manifests.files import sha256
from manifests.schema.base import ManifestError
from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from trainer.dtypes import dtype_name
from trainer.export.hf_config import difference
from trainer.export.hf_folder import CONFIG, TOKENIZER
from trainer.export.parameter_layout import EMBEDDING, OUTPUT, Entry, entries, parameter_shapes
from trainer.export.safetensors_files import Tensors


class HFWeights:
    """By the names of EncoderDecoder, in the order in which it computes; ``shapes`` are theirs, ``dtypes``
    the types in which they are stored, by name.

    Raises:
        ManifestError: the folder is another model's or another tokenizer's; a key is missing or unknown, a
            shape or type is wrong, or the output layer is not the embedding.
    """

    def __init__(self, folder: Path, settings: ModelSettings, vocabulary: Vocabulary) -> None:
        self._heads = settings.heads
        self._entries: dict[str, Entry] = {entry.ours: entry for entry in entries(settings)}
        shapes = parameter_shapes(settings, vocabulary)
        self.shapes = {name: shapes[name] for name in self._entries}
        tied = _tied(folder, settings, vocabulary)
        _check_tokenizer(folder / TOKENIZER, vocabulary)
        self._tensors = Tensors(folder)
        expected = {entry.released: tuple(shapes[entry.ours]) for entry in self._entries.values()}
        # transformers saves weights that are one only once.
        if OUTPUT in self._tensors or not tied:
            expected[OUTPUT] = tuple(shapes[EMBEDDING])
        _check(folder, self._tensors, expected)
        if OUTPUT in expected and not self._tensors.equal(OUTPUT, self._entries[EMBEDDING].released):
            raise ManifestError(
                f"{folder}: {OUTPUT} differs from shared_embedding.weight, and a model with two embeddings "
                'cannot be imported; train it with "tie_word_embeddings": true in its config.json'
            )
        self.dtypes = tuple(sorted({dtype_name(self._tensors.dtype(name)) for name in expected}))

    def read(self, name: str) -> Tensor:
        """A parameter: float32 of its shape."""
        entry = self._entries[name]
        return entry.from_released(self._tensors.read(entry.released), self._heads)


def _tied(folder: Path, settings: ModelSettings, vocabulary: Vocabulary) -> bool:
    """Whether config.json, which must be that of the model, says that the output layer is the embedding."""
    found = _config(folder)
    problem = difference(found, settings, vocabulary)
    if problem:
        raise ManifestError(f"{folder / CONFIG}: {problem}")
    return bool(found.get("tie_word_embeddings"))


def _config(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ManifestError(
            f"{folder}: holds no {CONFIG}; it is no exported model, or its export was broken off"
        ) from None
    except ValueError as error:
        raise ManifestError(f"{folder / CONFIG}: not readable as JSON: {error}") from None
    if not isinstance(found, dict):
        raise ManifestError(f"{folder / CONFIG}: expected keys and values")
    return found


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
