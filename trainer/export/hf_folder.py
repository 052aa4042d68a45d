"""A model as a folder that transformers loads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from manifests.files import atomic_write, write_json
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import Vocabulary
from trainer.export import safetensors_files
from trainer.export.hf_config import config, generation_config, tokenizer_config
from trainer.export.parameter_layout import EMBEDDING, OUTPUT, Entry, entries, parameter_shapes

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
    dtype: torch.dtype = torch.float32,
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
        dtype: in which the weights are written, and which config.json names.

    Raises:
        ManifestError: the folder holds something.
        OverflowedError: see trainer.tensor_file.write_tensors.
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
    safetensors_files.write(folder, layout, tensor, largest, dtype)
    for name, source in (
        (TOKENIZER, tokenizer),
        *((name, Path(__file__).parent / "huggingface" / name) for name in CODE),
    ):
        with atomic_write(folder / name) as temporary:
            shutil.copyfile(source, temporary)
    write_json(folder / "tokenizer_config.json", tokenizer_config())
    found = config(curriculum, vocabulary, plugins, dtype)
    write_json(
        folder / "generation_config.json", generation_config(vocabulary, found["decoder_max_seq_length"])
    )
    write_json(folder / CONFIG, found)
