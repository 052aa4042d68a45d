"""A model as a folder that transformers loads, and back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from manifests.files import atomic_write, sha256, write_json
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from trainer.export import safetensors_files
from trainer.export.hf_config import config, difference, generation_config, tokenizer_config
from trainer.export.parameter_layout import EMBEDDING, OUTPUT, Entry, entries
from trainer.export.safetensors_files import Tensors
from trainer.model.transformer import EncoderDecoder

CONFIG, TOKENIZER = "config.json", "spiece.model"
CODE = ("configuration_openba.py", "layers_openba.py", "modeling_openba.py", "tokenization_openba.py")


def write(
    folder: Path,
    curriculum: CurriculumManifest,
    vocabulary: Vocabulary,
    tokenizer: Path,
    read: Callable[[str, int, int], Tensor],
    largest: int = safetensors_files.LARGEST,
    plugins: Path = Path(),
) -> None:
    """Writes a model in the layout of the released class, with the code that a current transformers needs to
    load it.

    A ``norm: pre`` model has exactly the released keys, and loads into the released class too. config.json is
    written last: where it is, the export is complete.

    Args:
        folder: new or empty.
        tokenizer: the vocabulary's SentencePiece model.
        read: gives elements ``start .. start + numel - 1`` of a flattened parameter of EncoderDecoder by its
            name, float32 on the CPU. It is asked once for each, twice for the embedding.
        largest: bytes of weights in a file.
        plugins: folder of the curriculum's plug-ins.

    Raises:
        ManifestError: the folder holds something.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ManifestError(f"{folder}: is not empty; name a new folder")
    settings = curriculum.model
    by_name = {entry.released: entry for entry in entries(settings)}
    shapes = parameter_shapes(settings, vocabulary)
    by_name[OUTPUT] = Entry(EMBEDDING, OUTPUT)

    def tensor(name: str) -> Tensor:
        entry = by_name[name]
        shape = shapes[entry.ours]
        return entry.to_released(read(entry.ours, 0, shape.numel()).view(shape), settings.heads)

    layout = {name: shapes[entry.ours] for name, entry in by_name.items()}
    safetensors_files.write(folder, layout, tensor, largest)
    for name, source in (
        (TOKENIZER, tokenizer),
        *((name, Path(__file__).parent / "huggingface" / name) for name in CODE),
    ):
        with atomic_write(folder / name) as temporary:
            shutil.copyfile(source, temporary)
    write_json(folder / "tokenizer_config.json", tokenizer_config())
    found = config(curriculum, vocabulary, plugins)
    write_json(
        folder / "generation_config.json", generation_config(vocabulary, found["decoder_max_seq_length"])
    )
    write_json(folder / CONFIG, found)


def read(folder: Path, settings: ModelSettings, vocabulary: Vocabulary) -> dict[str, Tensor]:
    """The weights in a folder of the released layout (ours or the released one), by the names of
    EncoderDecoder, as float32 of its shapes.

    Raises:
        ManifestError: it is another model's or another tokenizer's; a key is missing or unknown, a shape or
            type is wrong, or the output layer is not the embedding.
    """
    found = _config(folder)
    problem = difference(found, settings, vocabulary)
    if problem:
        raise ManifestError(f"{folder / CONFIG}: {problem}")
    tokenizer = folder / TOKENIZER
    if tokenizer.exists() and (hash_ := sha256(tokenizer)) != vocabulary.model.sha256:
        raise ManifestError(
            f"{tokenizer}: is not the tokenizer that made the run's shards, so that its ids mean other text: "
            f"its hash is {hash_}, and theirs {vocabulary.model.sha256}"
        )
    shapes = parameter_shapes(settings, vocabulary)
    by_name = {entry.released: entry for entry in entries(settings)}
    expected = {name: tuple(shapes[entry.ours]) for name, entry in by_name.items()}
    with Tensors(folder) as tensors:
        # transformers saves weights that are one only once.
        if OUTPUT in tensors or not found.get("tie_word_embeddings"):
            expected[OUTPUT] = tuple(shapes[EMBEDDING])
        _check(folder, tensors, expected)
        weights = {
            entry.ours: _float32(folder, name, entry.from_released(tensors[name], settings.heads))
            for name, entry in by_name.items()
        }
        if OUTPUT in expected and not torch.equal(
            _float32(folder, OUTPUT, tensors[OUTPUT]), weights[EMBEDDING]
        ):
            raise ManifestError(
                f"{folder}: {OUTPUT} differs from shared_embedding.weight, and a model with two embeddings "
                'cannot be imported; train it with "tie_word_embeddings": true in its config.json'
            )
    return weights


def parameter_shapes(settings: ModelSettings, vocabulary: Vocabulary) -> dict[str, torch.Size]:
    """The shape of each parameter of EncoderDecoder, without making them."""
    with torch.device("meta"):
        model = EncoderDecoder(settings, vocabulary.padded)
    return {name: parameter.shape for name, parameter in model.named_parameters()}


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


def _float32(folder: Path, name: str, value: Tensor) -> Tensor:
    if not value.is_floating_point():
        raise ManifestError(f"{folder}: {name} holds {value.dtype}, not floating-point numbers")
    return value.float()
