"""A page of a run with names and texts that try to break it."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from markupsafe import escape

from manifests.report import write_report
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.forged_run import Content, edit, rewrite
from tests.manifests.small_run import STEPS, build_corpus
from tests.manifests.test_report import rows

SCRIPT = "<script>alert(1)</script>"
TEXTS = [
    '"><img src=x onerror=alert(1)>',
    "</div></blockquote></svg></style>",
    "{{ 7 * 7 }}{% raw %}",
    "\u202e evil \u202d\u2066",
    "عربى مع <b>bold</b>",
    "w" * 10_000,
    "&lt;b&gt; &amp;",
]


class Elements(HTMLParser):
    """Names of elements, and of attributes that could run something."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.active: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.active += [name for name, _ in attrs if name.startswith("on")]
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check(page: str) -> None:
    """Every element is closed where it should be, and none is active."""
    elements = Elements()
    elements.feed(page)
    assert elements.open == []
    assert elements.names.isdisjoint({"script", "img", "iframe"})
    assert elements.active == []


def hostile(run: Path, name: str, text: str) -> Path:
    """All texts are ``text``, and the English source has another name."""
    build_corpus(run)
    for step in STEPS:
        manifest = run / step / "manifest.json"
        content = manifest.read_text(encoding="utf-8").replace('"pep20"', f'"{name}"')
        manifest.write_text(content, encoding="utf-8")
        for file in (run / step / "part-00000.arrow", run / step / "rejected" / "part-00000.arrow"):
            rewrite(file, "text", lambda old: [text] * len(old))
            rewrite(file, "source", lambda old: [name] * len(old))
    return run


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", [SCRIPT, "a' onload='x", "\u202eevil"])
def test_names_and_texts_are_escaped(tmp_path: Path, name: str, text: str) -> None:
    # Counts are in the order of their sources.
    page = write_report(hostile(tmp_path, f"z{name}", text), scrub).read_text(encoding="utf-8")
    check(page)
    assert f'<div dir="auto">{escape(text[:200])}</div>' in page
    assert f'<td class="name">{escape("z" + name)}</td>' in page
    assert text[:201] not in page or len(text) < 201


def test_two_hundred_sources_have_a_row_each(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    counts = [
        {"source": f"source-{number:03d}", "language": "", "reason": "", "documents": 1, "bytes": 10}
        for number in range(200)
    ]

    def change(manifest: Content) -> None:
        for where in (manifest, manifest["parts"][0]):
            where["counts"] = counts
        manifest["documents_in"] = manifest["documents_kept"] = 200
        manifest["parts"][0].update(documents_in=200)
        manifest["parts"][0]["kept"]["rows"] = 200

    edit(tmp_path / "ingest" / "manifest.json", change)
    page = write_report(tmp_path, scrub).read_text(encoding="utf-8")
    check(page)
    assert len([row for row in rows(page, "funnel") if row[0].startswith("source-")]) == 200
    assert "The step language was made from another ingest step" in page


def test_a_run_of_which_nothing_came_has_a_page(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    for step in (*STEPS, "shards"):
        if step != "ingest":
            for file in sorted((tmp_path / step).rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()

    def change(manifest: Content) -> None:
        manifest.update(documents_in=0, documents_kept=0, counts=[], parts=[], metrics={})

    edit(tmp_path / "ingest" / "manifest.json", change)
    page = write_report(tmp_path, scrub).read_text(encoding="utf-8")
    check(page)
    assert "0 documents (0 B of text) from 0 sources" in page
    assert "not run yet" in page
