"""The vocabulary of a trial that has none from its run: trained on trusted text alone, for junk is full of
characters that nobody writes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from manifests.files import digest
from manifests.schema.quality import TokenizerSettings
from pipeline.judge.collection import Collection
from pipeline.models import tokenizer
from pipeline.models.training_sample import balanced


def trusted_tokenizer(
    collections: Mapping[str, Collection], settings: TokenizerSettings, seed: int, folder: Path
) -> Path:
    """A model file in ``folder``, which is made once for the same texts and settings. Every collection gives
    as many bytes as another, as far as it has them.

    Raises:
        ManifestError: there is too little text, or too few pieces for its characters.
    """
    sizes = {
        name: sum(len(text.encode()) for text in one.documents.values()) for name, one in collections.items()
    }
    shares = balanced({name: size for name, size in sizes.items() if size}, settings.sample_bytes)
    chosen = list(_chosen(collections, shares))
    path = folder / f"tokenizer-{digest([settings.model_dump(), seed, chosen])[:16]}.model"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer.train(chosen, settings.pieces, path, seed)
    return path.resolve()


def _chosen(collections: Mapping[str, Collection], shares: Mapping[str, float]) -> Iterator[str]:
    for name, share in shares.items():
        for id_, text in collections[name].documents.items():
            if zlib.crc32(id_.encode()) < share * 2**32:
                yield text
