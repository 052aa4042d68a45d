"""What the documentation says is there: files, manifests, modules and exit codes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from manifests.check import check
from manifests.errors import DataShortError, UserError
from openba.cli.app import command

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / ".github").rglob("*.md"))
    if "_build" not in path.parts and "generated" not in path.parts
)
PRESENT = [path for path in PAGES if path.name.lower() != "changelog.md"]
"""Pages that tell how things are, not how they were."""
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_OUR_MODULE = re.compile(
    r"\b(?:manifests|pipeline|curriculum|trainer|benchmarks|tests|openba)(?:/\w+)+\.py\b"
)


def _links(page: Path) -> list[str]:
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    relative = [link.split("#")[0] for link in _links(page) if "://" not in link and not link.startswith("#")]
    missing = [
        link
        for link in relative
        if "reference/generated" not in link and "generated/" not in link
        if not (page.parent / link).exists()
    ]
    assert missing == []


@pytest.mark.parametrize("page", PRESENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_of_code_that_a_page_names_exist(page: Path) -> None:
    named = set(_OUR_MODULE.findall(page.read_text(encoding="utf-8")))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PRESENT, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_a_page_shows_exist(page: Path) -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    shown = set(re.findall(r"^(?:\w+=\S+ )?openba (\w+)", "\n".join(blocks), re.MULTILINE))
    assert sorted(shown - set(command().commands)) == []


@pytest.mark.parametrize("name", ["corpus", "curriculum", "tune"])
def test_the_manifests_of_the_pages_are_valid(name: str) -> None:
    assert check(ROOT / "docs" / "examples" / f"{name}.yaml").model_dump()["name"] == "mine"


def test_the_manifest_in_the_readme_is_that_of_the_quickstart() -> None:
    example = (ROOT / "docs" / "examples" / "corpus.yaml").read_text(encoding="utf-8")
    assert f"```yaml\n{example}```" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_exit_codes_of_errors_are_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert codes == {0, UserError.exit_code, 2, DataShortError.exit_code, 130, 143}


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


def test_every_new_name_of_the_changelog_exists() -> None:
    rows = re.findall(
        r"^\| `[^`]+` \| `([^`]+)` \|$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    names = [name for name in rows if not name.startswith("python ")]
    gone = [name for name in names if not any(path.exists() for path in _places(name))]
    assert names
    assert gone == []


def _places(name: str) -> tuple[Path, Path, Path]:
    """Where a file, a module or a package of this name would be."""
    folder = ROOT / name.replace(".", "/")
    return ROOT / name, folder.with_name(folder.name + ".py"), folder
