"""A new batch against earlier runs: the same verdicts as in one joint run, without the old texts, and clear
errors."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from manifests.files import sha256
from manifests.schema.dedup import DedupSettings
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.dedup_step import DedupStep
from tests.pipeline.steps.dedup.finished import Finished, finish, names, spread
from tests.pipeline.steps.dedup.test_dedup_step import GETTYSBURG, LICENCE, ORIGIN, PEACH, YUEYANG
from tests.pipeline.steps.measured import context, corpus


def varied(seed: int, name: str) -> list[dict[str, Any]]:
    """Four texts, whole or with a few words or characters replaced, some with a repeated paragraph, in a
    random order."""
    chance, rows = random.Random(seed), []
    for number in range(24):
        text = chance.choice((GETTYSBURG, ORIGIN, PEACH, YUEYANG))
        if chance.random() < 0.7:
            place = chance.randrange(len(text) - 8)
            text = (
                text[:place]
                + chance.choice(("such ", "之", "indeed, "))
                + text[place + chance.randrange(8) :]
            )
        if chance.random() < 0.4:
            text = f"{text}\n\n{LICENCE}\n\n{name} {number}"
        rows.append({"id": f"{name}-{number}", "text": text, "perplexity": chance.choice((None, 50.0, 90.0))})
    return rows


def without_texts(run: Finished) -> Path:
    """The dedup folder of a run whose documents are gone: kept, rejected, and those of the step before."""
    for path in [
        *run.folder.glob("part-*.arrow"),
        *run.folder.glob("rejected/*"),
        *run.folder.parent.glob("before/**/*.arrow"),
    ]:
        path.unlink()
    return run.folder


def verdicts(run: Finished, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What became of these rows, without the name of the index."""
    short = {name: (reason, detail.split(" index=")[0]) for name, (reason, detail) in run.rejected.items()}
    return {row["id"]: run.texts.get(row["id"]) or short[row["id"]] for row in rows}


@pytest.mark.parametrize("seed", range(4))
def test_a_new_batch_is_judged_as_in_a_joint_run(tmp_path: Path, seed: int) -> None:
    old, new = spread(varied(seed, "old"), source="best"), spread(varied(seed + 100, "new"), source="web")
    first = finish(tmp_path / "old", old)
    joint = finish(tmp_path / "joint", [*old, *new], parts=3)
    later = finish(tmp_path / "new", new, names(without_texts(first)), parts=1)
    assert verdicts(later, new) == verdicts(joint, new)
    assert {"exact_duplicate", "near_duplicate"} <= {reason for reason, _ in later.rejected.values()}
    survivors = {
        detail.split("survivor=")[1].split()[0]
        for _, detail in later.rejected.values()
        if "survivor=" in detail
    }
    assert survivors & set(first.texts)
    # A survivor may itself have gone for its paragraphs, all of which stand elsewhere.
    assert {first.rejected[name][0] for name in survivors & set(first.rejected)} <= {"duplicate_paragraphs"}


def test_three_days_are_judged_as_in_a_joint_run(tmp_path: Path) -> None:
    days = [spread(varied(seed, f"day{seed}"), perplexity=90.0 + seed) for seed in (1, 2, 3)]
    one = without_texts(finish(tmp_path / "1", days[0]))
    two = without_texts(finish(tmp_path / "2", days[1], names(one)))
    three = finish(tmp_path / "3", days[2], names(one, two), parts=4)
    joint = finish(tmp_path / "joint", [row for day in days for row in day])
    assert verdicts(three, days[2]) == verdicts(joint, days[2])


def test_a_reject_names_the_survivor_and_its_run(tmp_path: Path) -> None:
    old = finish(
        tmp_path / "old", [{"id": "o", "text": ORIGIN}, {"id": "p", "text": f"{PEACH}\n\n{LICENCE}"}]
    )
    rows = [
        {"id": "exact", "text": ORIGIN, "source": "best"},
        {"id": "near", "text": ORIGIN + " Yes, due.", "source": "best"},
        {"id": "cut", "text": f"{YUEYANG}\n\n{LICENCE}"},
    ]
    new = finish(tmp_path / "new", rows, names(old.folder))
    assert {name: reason for name, (reason, _) in new.rejected.items()} == {
        "exact": "exact_duplicate",
        "near": "near_duplicate",
    }
    assert all(
        f"survivor=o similarity={'1.00' if name == 'exact' else '0.9'}" in detail
        for name, (_, detail) in new.rejected.items()
    )
    assert all(detail.endswith(f" index={old.folder}") for _, detail in new.rejected.values())
    assert new.texts == {"cut": f"{YUEYANG}\n\n"}
    assert new.metrics["clusters/3"] == 1


def test_a_document_that_joins_two_old_clusters_leaves_both_alone(tmp_path: Path) -> None:
    words = [f"w{number}" for number in range(480)]
    chain = [" ".join(words[first : first + 400]) for first in (0, 40, 80)]
    old = finish(
        tmp_path / "old", [{"id": "a", "text": chain[0]}, {"id": "c", "text": f"{chain[2]}\n\n{LICENCE}"}]
    )
    assert set(old.texts) == {"a", "c"}
    new = finish(
        tmp_path / "new",
        [{"id": "b", "text": chain[1]}, {"id": "d", "text": f"{YUEYANG}\n\n{LICENCE}"}],
        names(old.folder),
    )
    assert new.rejected["b"][0] == "near_duplicate"
    assert new.texts == {"d": f"{YUEYANG}\n\n"}


def test_two_runs_that_do_not_know_each_other_may_both_be_the_index(tmp_path: Path) -> None:
    one = finish(tmp_path / "1", [{"id": "o1", "text": ORIGIN}, {"id": "g1", "text": GETTYSBURG}])
    two = finish(tmp_path / "2", [{"id": "o2", "text": ORIGIN}, {"id": "p2", "text": PEACH}])
    rows = [{"id": "o", "text": ORIGIN}, {"id": "p", "text": PEACH}, {"id": "y", "text": YUEYANG}]
    new = finish(tmp_path / "3", rows, names(one.folder, two.folder))
    assert {name: detail.split("survivor=")[1].split()[0] for name, (_, detail) in new.rejected.items()} == {
        "o": "o1",
        "p": "p2",
    }


def test_the_index_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    old = finish(tmp_path / "old", [{"id": "o", "text": ORIGIN}])
    run = context(
        "dedup",
        tmp_path / "new",
        corpus(("web",), DedupSettings.model_validate({"index": "../old/dedup"})),
        [[]],
    )
    assert DedupStep().inputs(run) == {"index/0": sha256(old.folder / "manifest.json")}
    assert DedupStep().inputs(context("dedup", tmp_path / "none", corpus(), [[]])) == {}


def test_another_threshold_or_index_does_not_read_the_text_for_keys_again(tmp_path: Path) -> None:
    old = finish(tmp_path / "old", [{"id": "o", "text": ORIGIN}])
    run = finish(tmp_path / "new", [{"id": "x", "text": ORIGIN}])
    keys = {path: path.stat().st_ino for path in run.folder.glob("keys/*.arrow")}
    assert set(run.texts) == {"x"}
    settings = DedupSettings(index=(str(old.folder),), similarity=0.9)
    assert (
        finish(tmp_path / "new", [{"id": "x", "text": ORIGIN}], settings).rejected["x"][0]
        == "exact_duplicate"
    )
    assert {path: path.stat().st_ino for path in run.folder.glob("keys/*.arrow")} == keys


@pytest.fixture
def old(tmp_path: Path) -> Finished:
    return finish(tmp_path / "old", [{"id": "o", "text": ORIGIN}])


TRIES = count()


def refusal(tmp_path: Path, settings: DedupSettings) -> str:
    with pytest.raises(PipelineError) as error:
        finish(tmp_path / f"try{next(TRIES)}", [{"id": "x", "text": PEACH}], settings)
    return str(error.value)


def test_a_missing_index(tmp_path: Path, old: Finished) -> None:
    missing = tmp_path / "nowhere" / "dedup"
    assert refusal(tmp_path, names(missing)) == (
        f"dedup.index: {missing} ({missing}) is not the dedup folder of a finished run: it holds no "
        "manifest.json; "
        "name one such as ../old-run/dedup, or finish that run"
    )
    (old.folder / "manifest.json").write_text("{", encoding="utf-8")
    assert f"{old.folder / 'manifest.json'}" in refusal(tmp_path, names(old.folder))


@pytest.mark.parametrize(
    "name", ["keys/part-00001.arrow", "ranks/part-00000.npy", "survivors/part-00000.npy", "index.json"]
)
def test_a_changed_or_lost_file_of_the_index(tmp_path: Path, old: Finished, name: str) -> None:
    data = bytearray((old.folder / name).read_bytes())
    data[-1] ^= 1
    (old.folder / name).write_bytes(data)
    assert f"{old.folder / name} was changed after it was written; remove" in refusal(
        tmp_path, names(old.folder)
    )
    (old.folder / name).unlink()
    assert f"{old.folder / name} is missing; remove" in refusal(tmp_path, names(old.folder))


@pytest.mark.parametrize(
    "change", [{"bands": 19}, {"rows": 5}, {"seed": 2}, {"shingle_characters": 4}, {"paragraphs": False}]
)
def test_an_index_of_other_keys(tmp_path: Path, old: Finished, change: dict[str, Any]) -> None:
    (key, value), mine = next(iter(change.items())), DedupSettings().model_dump()
    message = refusal(tmp_path, names(old.folder).model_copy(update=change))
    assert f"was made with {key} {mine[key]}, this manifest has {value}: " in message
    assert f"set dedup.{key} to {mine[key]}, or run `openba dedup` again there" in message


def test_an_index_of_another_version(tmp_path: Path, old: Finished) -> None:
    path = old.folder / "manifest.json"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"step_version": 6', '"step_version": 1'), encoding="utf-8"
    )
    assert "was written by version 1 of step dedup, this is version 6" in refusal(tmp_path, names(old.folder))


def test_an_index_without_its_own_index(tmp_path: Path, old: Finished) -> None:
    second = finish(tmp_path / "second", [{"id": "p", "text": PEACH}], names(old.folder))
    assert "list that one, unchanged, before it" in refusal(tmp_path, names(second.folder))
    assert "list that one, unchanged, before it" in refusal(tmp_path, names(second.folder, old.folder))
    assert "stands twice" in refusal(tmp_path, names(old.folder, old.folder))
