"""The files of a source: on this machine by glob, behind a URL by one listing."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from fsspec.utils import glob_translate

from manifests.schema.base import ManifestError
from manifests.schema.source_paths import is_url
from manifests.schema.sources import Source
from pipeline.readers.input_files import InputFile, file_name, list_url, local_path, readable
from pipeline.readers.limits import Limits
from pipeline.readers.local_files import files_below, is_hidden


@dataclass(frozen=True)
class Found:
    """A source's files as (name, file), sorted by name; the names of links that were refused as they lead out
    of the source; and those of links that lead nowhere."""

    files: tuple[tuple[str, InputFile], ...]
    refused: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    def within(self, limits: Limits) -> Found:
        """The same files, to be read within these limits."""
        files = tuple((name, replace(file, limits=limits)) for name, file in self.files)
        return replace(self, files=files)


def find_files(source: Source, base: Path) -> Found:
    """The files of a source, whose path is relative to ``base``. Hidden ones, and those in hidden folders
    such as ``.git``, are none.

    Raises:
        ManifestError: the path does not exist or cannot be opened, or no file matches.
    """
    if is_url(source.path):
        return _behind_url(source)
    return _below(source, (base / local_path(source.path)).resolve())


def _below(source: Source, root: Path) -> Found:
    if root.is_file():
        return Found(((readable(root.name), InputFile.of(root)),))
    if not root.exists():
        raise ManifestError(
            f"source {source.name!r}: {root} does not exist; correct its `path` (relative to the corpus "
            "manifest) or run `openba setup`"
        )
    found = files_below(root, source.include, source.exclude)
    files = tuple((readable(name), InputFile.of(path)) for name, path in found.files)
    if not files:
        links = f" ({len(found.refused)} links that lead out of it are not followed)" if found.refused else ""
        raise ManifestError(
            f"source {source.name!r}: no file below {root} matches {list(source.include)}{links}; correct "
            "`include`"
        )
    return Found(files, tuple(map(readable, found.refused)), tuple(map(readable, found.broken)))


def _behind_url(source: Source) -> Found:
    url = source.path
    try:
        listed = list(list_url(url))
    except FileNotFoundError:
        raise ManifestError(f"source {source.name!r}: {url} does not exist; correct its `path`") from None
    except Exception as error:  # each file system's driver raises what it likes
        raise ManifestError(
            f"source {source.name!r}: {url} cannot be listed ({type(error).__name__}: {error}); check the "
            "address, the credentials, "
            "and that the fsspec driver of its kind is installed (such as s3fs, gcsfs)"
        ) from None
    if listed[0][0] == "":
        return Found(((file_name(url), listed[0][1]),))
    below = [(name, file) for name, file in listed if name is not None]
    files = sorted(((name, file) for name, file in below if _shown(source, name)), key=lambda item: item[0])
    if not files:
        raise ManifestError(
            f"source {source.name!r}: no file below {url} matches {list(source.include)}; correct `include`"
        )
    refused = tuple(readable(file.location) for name, file in listed if name is None)
    return Found(tuple(files), refused)


def _shown(source: Source, name: str) -> bool:
    folders = [folder.as_posix() for folder in PurePosixPath(name).parents[:-1]]
    excluded = any(_matches(path, source.exclude) for path in (name, *folders))
    return _matches(name, source.include) and not excluded and not is_hidden(name)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(re.fullmatch(glob_translate(pattern.removesuffix("/")), name) for pattern in patterns)
