"""Where the assets are: beside the packages of a checkout, else in the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import manifests
from manifests.schema.assets import AssetManifest
from manifests.schema.base import load

MANIFESTS = Path(manifests.__path__[0])


def in_checkout() -> bool:
    """Whether the packages are in a checkout, whose presets name its own ``assets`` folder."""
    return (MANIFESTS.parent / "pyproject.toml").is_file()


def assets_folder() -> Path:
    """``assets`` of the checkout, or ``openba-pipeline/assets`` in the folder for caches (XDG base
    directories)."""
    if in_checkout():
        return MANIFESTS.parent / "assets"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "openba-pipeline" / "assets"


def asset_manifest() -> AssetManifest:
    """What the presets need."""
    return load(MANIFESTS / "assets.yaml", AssetManifest)
