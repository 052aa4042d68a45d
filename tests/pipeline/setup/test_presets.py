"""Where presets and assets are, in a checkout and in an installation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from manifests.check import check
from manifests.schema.corpus import CorpusManifest
from pipeline.setup import places, presets
from pipeline.setup.presets import preset, resolved

ROOT = Path(__file__).parents[3]
PRESETS = ROOT / "manifests" / "presets"


def test_a_checkout_keeps_its_presets_and_assets() -> None:
    assert places.assets_folder() == ROOT / "assets"
    assert preset("demo", Path("unused"), Path("unused")) == (
        PRESETS / "demo" / "corpus.yaml",
        PRESETS / "demo" / "curriculum.yaml",
    )


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifests as a wheel would leave them; the user's cache is beside them."""
    folder = tmp_path / "site-packages" / "manifests"
    shutil.copytree(PRESETS, folder / "presets")
    monkeypatch.setattr(places, "MANIFESTS", folder)
    monkeypatch.setattr(presets, "MANIFESTS", folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache, mine: #1"))
    return folder


@pytest.mark.parametrize("name", ["demo", "demo-quick"])
def test_an_installation_gets_manifests_with_whole_paths(installed: Path, tmp_path: Path, name: str) -> None:
    assets = places.assets_folder()
    assert assets == tmp_path / "cache, mine: #1" / "openba-pipeline" / "assets"
    corpus, curriculum = preset(name, tmp_path / "run", assets)
    assert (corpus.parent, curriculum.parent) == (tmp_path / "run", tmp_path / "run")
    written = check(corpus)
    assert isinstance(written, CorpusManifest)
    relative, found = (
        [source["path"] for source in yaml.safe_load(file.read_text(encoding="utf-8"))["sources"]]
        for file in (installed / "presets" / name / "corpus.yaml", corpus)
    )
    assert found == [path.replace("../../../assets", str(assets)) for path in relative]
    assert "../" not in corpus.read_text(encoding="utf-8")
    assert check(curriculum) == check(installed / "presets" / name / "curriculum.yaml")


def test_without_a_cache_setting_it_is_in_the_home(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert places.assets_folder() == tmp_path / ".cache" / "openba-pipeline" / "assets"


def test_what_is_no_asset_stays_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "corpus.yaml"
    file.write_text("a: ../../../other/x\nb: [../../../assets/python, 1]  # note\n", encoding="utf-8")
    copy = resolved(file, tmp_path / "run", tmp_path / "a")
    assert copy.read_text(encoding="utf-8") == (
        f'a: ../../../other/x\nb: ["{tmp_path}/a/python", 1]  # note\n'
    )
