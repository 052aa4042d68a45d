"""Rejected documents, by what one asks for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import openba
from manifests.errors import UserError
from manifests.report.rejects import Rejects, Wanted, find_rejects
from manifests.schema.steps import KEPT
from manifests.step_order import steps_in
from openba.cli.main import main


def found(run: Path, wanted: Wanted, sample: int = 0) -> Rejects:
    return find_rejects(run, wanted, sample, 50, lambda texts: texts)


def test_counts_are_those_of_the_manifests(small_run: tuple[Path, Path]) -> None:
    run = small_run[1]
    wanted: Counter[tuple[str, str]] = Counter()
    for step, manifest in steps_in(run).items():
        for count in manifest.counts:
            if count.reason != KEPT:
                wanted[step, count.reason] += count.documents
    assert found(run, Wanted()).counts == dict(wanted)
    rules = found(run, Wanted(reason="zh_web_v2/")).counts
    assert rules == {key: number for key, number in wanted.items() if key[1].startswith("zh_web_v2/")} != {}
    assert found(run, Wanted(step="dedup")).counts == {
        key: number for key, number in wanted.items() if key[0] == "dedup"
    }


@pytest.mark.parametrize(
    "wanted", [Wanted(reason="exact_duplicate"), Wanted(language="zh"), Wanted(source="reviews")]
)
def test_a_sample_is_of_what_is_wanted_and_spread_evenly(
    small_run: tuple[Path, Path], wanted: Wanted
) -> None:
    run = small_run[1]
    some, more, everything = (found(run, wanted, sample) for sample in (5, 50, 1 << 40))
    assert len(some.sample) == 5
    assert len(everything.sample) == sum(everything.counts.values())
    ids = [(one.step, one.id) for one in everything.sample]
    assert [(one.step, one.id) for one in more.sample] == [
        ids[place] for place in sorted({int(k * (len(ids) - 1) / 49) for k in range(50)})
    ]
    for one in everything.sample:
        for name in ("reason", "language", "source"):
            assert getattr(wanted, name) in ("", getattr(one, name))


def test_texts_are_scrubbed_and_cut(small_run: tuple[Path, Path]) -> None:
    def upper(texts: pa.Array) -> pa.Array:
        return pa.compute.utf8_upper(texts)

    one = find_rejects(small_run[1], Wanted(source="scrapy-docs"), 1, 30, upper).sample[0]
    rejected = openba.rejected(small_run[1], one.step).to_table(["id", "text"]).to_pydict()
    text = dict(zip(rejected["id"], rejected["text"], strict=True))[one.id]
    assert one.text == text.upper()[:30]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(reason="exact_duplicat"), "no document was rejected for 'exact_duplicat'.*exact_duplicate"),
        (Wanted(reason="gopher_v9/"), "no document was rejected for 'gopher_v9/'"),
        (Wanted(step="dedupe"), "has no finished step dedupe"),
    ],
)
def test_what_there_is_not_is_said(small_run: tuple[Path, Path], wanted: Wanted, message: str) -> None:
    with pytest.raises(UserError, match=message):
        found(small_run[1], wanted)


def test_the_command_prints_counts_then_documents(
    small_run: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["rejects", "--run", str(small_run[1]), "--reason", "exact_duplicate", "--sample", "3"]
    assert main([*arguments, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert [count["reason"] for count in data["counts"]] == ["exact_duplicate"]
    assert all("survivor=" in one["detail"] for one in data["sample"])
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{data['counts'][0]['documents']:11,}  dedup  exact_duplicate"
    assert len(lines) == 1 + 2 * 3
