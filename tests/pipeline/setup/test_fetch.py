"""pip itself downloads from a folder instead of an index: the archive asked for is had, any other one is
refused."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from manifests.files import sha256
from manifests.schema.assets import Package
from pipeline.setup.fetch import FetchError, fetch


def wheel(folder: Path, version: str) -> Path:
    """A package of one text file."""
    info = f"laozi-{version}.dist-info"
    members = {
        "laozi/data.txt": "道可道，非常道。",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: laozi\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    path = folder / f"laozi-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as file:
        for name, text in members.items():
            file.writestr(name, text)
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two versions, which the machine's own pip settings name in the place of every index."""
    folder = tmp_path / "index"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        wheel(folder, version)
    for name, value in {
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
    }.items():
        monkeypatch.setenv(name, value)
    return folder


def package(index: Path, **changes: Any) -> Package:
    found = sha256(index / "laozi-1.0-py3-none-any.whl")
    whole: dict[str, Any] = {
        "name": "laozi",
        "version": "1.0",
        "archive": "wheel",
        "sha256": found,
        "license": "MIT",
        "members": ("laozi/*.txt",),
    }
    return Package(**whole | changes)


def test_the_version_asked_for_is_downloaded(index: Path, tmp_path: Path) -> None:
    archive = fetch(package(index), tmp_path / "new" / "archive")
    assert archive == tmp_path / "new" / "archive" / "laozi-1.0-py3-none-any.whl"
    assert archive.read_bytes() == (index / archive.name).read_bytes()


def test_a_source_package_is_downloaded_and_nothing_of_it_is_run(index: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    source = f"open({str(ran)!r}, 'w').write('setup.py')\n"
    build = '[build-system]\nrequires = ["no-such-back-end"]\nbuild-backend = "evil"\n'
    with tarfile.open(index / "laozi-4.0.tar.gz", "w:gz") as file:
        for name, text in {"setup.py": source, "evil.py": source, "pyproject.toml": build}.items():
            info = tarfile.TarInfo(f"laozi-4.0/{name}")
            info.size = len(text)
            file.addfile(info, io.BytesIO(text.encode()))
    wanted = package(index, version="4.0", archive="source", sha256=sha256(index / "laozi-4.0.tar.gz"))
    archive = fetch(wanted, tmp_path / "new" / "archive")
    assert archive.name == "laozi-4.0.tar.gz"
    assert not ran.exists()


def test_an_archive_of_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    found = sha256(index / "laozi-1.0-py3-none-any.whl")
    message = rf"^laozi 1\.0: the archive's SHA-256 is not the one in manifests/assets.yaml: expected {'0' * 64}, found {found}; it was not"
    with pytest.raises(FetchError, match=message):
        fetch(package(index, sha256="0" * 64), tmp_path / "new" / "archive")
    assert list((tmp_path / "new" / "archive").iterdir()) == []


@pytest.mark.parametrize("changes", [{"version": "3.0"}, {"archive": "source"}])
def test_a_release_or_a_kind_of_archive_that_there_is_not(
    index: Path, tmp_path: Path, changes: dict[str, str]
) -> None:
    wanted = package(index, **changes)
    message = rf"^laozi {wanted.version}: pip could not download it \(No matching distribution found for laozi=={wanted.version}"
    with pytest.raises(FetchError, match=message):
        fetch(wanted, tmp_path / "new" / "archive")
