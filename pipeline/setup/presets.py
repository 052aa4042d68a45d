"""Presets, ready to be run from here."""

from __future__ import annotations

import json
import re
from pathlib import Path

from manifests.files import atomic_write
from pipeline.setup.places import MANIFESTS, in_checkout

_ASSET = re.compile(r"\.\./\.\./\.\./assets/([\w./-]+)")


def preset(name: str, run: Path, assets: Path) -> tuple[Path, Path]:
    """The corpus manifest and the curriculum of a preset.

    In a checkout these are the preset's own files. Elsewhere its paths lead nowhere: copies that name the
    folder ``assets`` are written into the run folder.
    """
    corpus, curriculum = (MANIFESTS / "presets" / name / f"{kind}.yaml" for kind in ("corpus", "curriculum"))
    if in_checkout():
        return corpus, curriculum
    return resolved(corpus, run, assets), resolved(curriculum, run, assets)


def resolved(file: Path, folder: Path, assets: Path) -> Path:
    """Writes a copy of a preset's manifest whose paths lead to ``assets`` into a folder; returns its path."""
    text = _ASSET.sub(
        lambda found: json.dumps(str(assets.resolve() / found[1]), ensure_ascii=False),
        file.read_text(encoding="utf-8"),
    )
    target = folder / file.name
    with atomic_write(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target
