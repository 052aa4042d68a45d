"""The report's numbers are the manifests', its snippets are harmless, its bytes repeat, and a browser draws
it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from manifests.__main__ import main
from manifests.files import sha256
from manifests.report import summary, write_report
from manifests.report.axis_scale import Scale
from manifests.report.funnel import reasons
from manifests.report.run_record import RunRecord
from manifests.report.signals import panels, position
from manifests.report.training import heldout_rows, thinned
from manifests.schema.reasons import REASONS
from manifests.schema.signals import histogram_edges
from pipeline.steps.privacy.shown_texts import shown as scrub
from tests.manifests.small_run import JUDGEMENT, METRICS, STEPS, ZEN, build_corpus, build_training

LOOKED_AT = Path(__file__).parents[1] / "data" / "report.html"
SECTIONS = [
    "funnel", "mix", "signals", "rules", "duplicates", "privacy", "training", "heldout", "examples", "provenance",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    build_corpus(folder)
    build_training(folder)
    (folder / "quality-report.json").write_text(json.dumps(JUDGEMENT), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    return write_report(run, scrub).read_text(encoding="utf-8")


def sections(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)">', page)


def rows(page: str, section: str) -> list[list[str]]:
    """The cells of all table rows of a section, without their markup."""
    body = page.split(f'<section id="{section}">')[1].split("</section>")[0]
    found = [
        re.findall(r"<td.*?>(.*?)</td>", row, re.S) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body, re.S)
    ]
    return [[re.sub(r"<.*?>", "", cell).strip() for cell in cells] for cells in found if cells]


def test_all_sections_are_there(page: str) -> None:
    assert sections(page) == SECTIONS


def test_the_funnel_has_the_manifests_numbers(page: str) -> None:
    for step, documents in STEPS.items():
        kept = sum(not item.reason for item in documents)
        rejected = len(documents) - kept
        lost = f", {rejected} rejected ({100 * rejected / len(documents):.1f} %)" if rejected else ""
        assert f">{step}</text>" in page
        assert f">{kept} kept{lost}</text>" in page


def test_the_table_of_reasons(run: Path, page: str) -> None:
    assert [
        (row.step, row.name, row.by_language, row.bytes) for row in reasons(RunRecord.read(run, scrub))
    ] == [
        ("quality", "few_han", {"zh": 1}, 1000),
        ("dedup", "near_duplicate", {"en": 2}, 2000),
    ]
    asked = "han_ratio at least 0.5 (zh); han_ratio at most 0.99 (zh)"
    similar = REASONS["dedup"]["near_duplicate"].replace("``", "")
    assert rows(page, "funnel") == [
        ["quality", f"few_han{asked}", "·", "1", "·", "·", "1", "7.7 %", "", "1.0 KB"],
        ["dedup", f"near_duplicate{similar}", "2", "·", "·", "·", "2", "15.4 %", "", "2.0 KB"],
        ["lunyu", "6", "6", "6", "5", "5", "5", "83.3 %", "quality: few_han (1)"],
        ["pep20", "7", "7", "7", "7", "5", "5", "71.4 %", "dedup: near_duplicate (2)"],
    ]


def test_the_mix_against_the_budget(page: str) -> None:
    assert "1,900,345 of 1.9 M (100.02 %)" in page
    assert "1,899,123 of 1.9 M (99.95 %)" in page
    assert rows(page, "mix")[0] == ["en", "pep20", "7", "1,200,345", "63.2 %", "", "1,200,345", "1.25"]


def test_histograms_carry_their_thresholds(run: Path, page: str) -> None:
    found = {
        panel.signal: [(bound.rule, bound.bound, bound.value) for bound in panel.thresholds]
        for panel in panels(RunRecord.read(run, scrub))
    }
    assert found == {
        "characters": [("short_text", "min", 15.0)],
        "letter_ratio": [("few_letters", "min", 0.6)],
        "han_ratio": [("few_han", "min", 0.5), ("few_han", "max", 0.99)],
        "perplexity": [],
    }
    assert "few_han: max 0.99 for zh" in page
    assert page.count('class="threshold all"') == 1
    assert page.count('class="threshold zh"') == 2
    assert "<title>zh: 6 documents</title>" in page


@pytest.mark.parametrize("signal", ["characters", "letter_ratio", "broken_ratio", "stop_words"])
def test_a_threshold_on_an_edge_stands_between_its_bins(signal: str) -> None:
    edges = histogram_edges(signal)
    assert [position(edges, edge) for edge in edges] == list(range(1, len(edges) + 1))
    assert position(edges, (edges[2] + edges[3]) / 2) == pytest.approx(3.5)
    assert position(edges, 0.0) == 0


def test_clusters_and_personal_data(page: str) -> None:
    assert "31 clusters of 2 documents" in page
    assert "1 clusters of 11–20 documents" in page
    assert "email, zh: 14" in page
    assert rows(page, "privacy") == [["lunyu", "14", "9"], ["pep20", "3", "·"]]
    assert METRICS["privacy"]["found/phone_cn/zh"] == 9


def test_stages_and_heldout_losses(run: Path, page: str) -> None:
    record = RunRecord.read(run, scrub)
    assert record.stage_spans == [("ul2", 1, 40), ("length", 41, 60)]
    assert [
        (row.stage, row.set, row.first, row.after, row.last, row.unigram) for row in heldout_rows(record)
    ] == [
        ("ul2", "en", 9.0625, 6.5625, 5.3125, 6.789),
        ("ul2", "zh", 8.5, 6.5, 5.5, 7.123),
        ("length", "en", 9.0625, 5.3125, 5.3125, 6.789),
        ("length", "zh", 8.5, 5.5, 5.5, 7.123),
    ]
    assert "length begins at step 41" in page
    assert "unigram baseline of zh: 7.123 nats per token" in page
    assert rows(page, "heldout")[1] == ["ul2", "zh", "8.500", "6.500", "7.123", "91.3 %", "5.500"]


def test_snippets_are_escaped_and_scrubbed(page: str) -> None:
    assert "<script" not in page
    assert (
        "&lt;script&gt;alert(&#39;rejected&#39;)&lt;/script&gt; 请联系张三：&lt;EMAIL&gt;，电话 &lt;PHONE_CN&gt;"
        in page
    )
    assert "zhang.san" not in page
    assert "5678" not in page
    assert all(text in page for text in ZEN[5:])


def test_the_provenance_names_every_manifest(run: Path, page: str) -> None:
    for step in STEPS:
        assert sha256(run / step / "manifest.json") in page
    assert sha256(run / "shards" / "shards.json") in page


class Loads(HTMLParser):
    """Collects what a browser would fetch or follow."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [
            value or ""
            for name, value in attrs
            if name in {"src", "href", "srcset", "data", "action", "xlink:href"}
        ]


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    loads = Loads()
    loads.feed(page)
    assert loads.found
    assert all(link.startswith("#") for link in loads.found)
    assert not re.search(r"@import|url\(|https?:", page)


def test_the_same_run_gives_the_same_bytes(run: Path) -> None:
    first = write_report(run, scrub).read_bytes()
    assert write_report(run, scrub).read_bytes() == first


def test_the_page_is_as_it_was_when_it_was_looked_at(page: str, tmp_path: Path) -> None:
    drawn = tmp_path / "report.html"
    drawn.write_text(page, encoding="utf-8")
    if page != LOOKED_AT.read_text(encoding="utf-8"):
        pytest.fail(
            f"look at {drawn} in a browser, wide and narrow, light and dark; if it is right, it is {LOOKED_AT}"
        )


def test_a_corpus_without_training(tmp_path: Path) -> None:
    build_corpus(tmp_path / "corpus")
    page = write_report(tmp_path / "corpus", scrub).read_text(encoding="utf-8")
    assert sections(page) == [name for name in SECTIONS if name not in {"training", "heldout"}]
    assert "training: not run yet" in summary(tmp_path / "corpus")


def test_a_training_without_corpus(tmp_path: Path) -> None:
    build_training(tmp_path / "trained")
    page = write_report(tmp_path / "trained", scrub).read_text(encoding="utf-8")
    assert sections(page) == ["training", "heldout", "provenance"]
    assert summary(tmp_path / "trained")[0] == "read: not run yet"


def test_the_command_prints_ten_lines_and_the_path(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(run)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [*summary(run), str(run / "report.html")]
    assert len(lines) == 11
    assert lines[0] == "read: 13 documents (13.0 KB of text) from 2 sources; 0 rejected"
    assert (
        lines[3] == "dedup: 10 of 12 documents kept (2 rejected); near duplicate 2, 39 clusters of up to 12"
    )
    assert lines[4] == "privacy: email 17, phone cn 9"
    assert (
        lines[8]
        == "training: step 60, not finished, 245,760 tokens; loss ul2 8.950 → 7.000, length 6.950 → 6.000"
    )


def test_an_empty_folder_is_an_error_with_a_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 1
    assert "run `openba corpus`" in capsys.readouterr().err


def test_verify_prints_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_corpus(tmp_path)
    assert main(["verify", str(tmp_path)]) == 0
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.arrow"))
    assert (
        capsys.readouterr().out
        == f"{tmp_path}: as its manifests say (11 files, {size:,} bytes, 13 documents, 0 tokens checked)\n"
    )


def test_verify_names_every_problem_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build_corpus(tmp_path)
    (tmp_path / "ingest" / "part-00000.arrow").unlink()
    (tmp_path / "dedup" / "part-00000.arrow").write_bytes(b"ARROW1 no more")
    assert main(["verify", str(tmp_path)]) == 1
    output = capsys.readouterr()
    assert f"{tmp_path / 'ingest' / 'part-00000.arrow'}: missing" in output.err
    assert f"{tmp_path / 'dedup' / 'part-00000.arrow'}: SHA-256 is" in output.err
    assert output.out.startswith(f"{tmp_path}: 2 problems (10 files")


def test_round_ticks_and_thinned_curves() -> None:
    assert Scale(0, 880, 0, 1).ticks(8) == [0, 200, 400, 600, 800]
    assert Scale(3.9, 9.1, 0, 1).ticks(6) == [4, 5, 6, 7, 8, 9]
    assert Scale(0, 4.04, 0, 1).ticks(4) == [0, 1, 2, 3, 4], "a little more than were asked for"
    points = [(float(step), float(step % 2)) for step in range(4000)]
    assert thinned(points)[:2] == [(1.5, 0.5), (5.5, 0.5)]
    assert thinned([(1.0, float("nan")), (2.0, 4.0)]) == [(2.0, 4.0)]


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --dump-dom"
).split()


@pytest.mark.skipif(BROWSER is None, reason="needs chromium or google-chrome on the PATH")
def test_a_browser_draws_the_charts(run: Path, tmp_path: Path) -> None:
    path = write_report(run, scrub)
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", path.resolve().as_uri()]
    found = subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.decode()
    labels = re.findall(r'<svg class="figure[^>]*aria-label="([^"]*)"', found)
    assert labels == [
        "Documents kept and rejected by each step",
        "Tokens of each training set by source, against the budget",
        *(
            f"Histogram of {name} by language"
            for name in ("characters", "letter ratio", "han ratio", "perplexity")
        ),
        "Clusters of duplicates by size",
        "Personal data found, by kind and language",
        "Training loss",
        "Learning rate",
        *(f"Held-out loss under the objective of stage {stage}" for stage in ("ul2", "length")),
    ]
    assert "alert('rejected')" in found
    assert sections(found) == SECTIONS
