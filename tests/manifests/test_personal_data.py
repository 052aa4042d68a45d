"""Which files are somebody's business alone, and what a run says of those that are gone on purpose."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from manifests.border.file_state import state_of
from manifests.errors import UserError
from manifests.files import write_json
from manifests.personal_data import (
    ALL,
    REJECTED,
    created_private,
    holds,
    make_private,
    personal_data_of,
)
from manifests.redaction import NAME, finished, is_redacted, redact, redacted_in
from manifests.schema.base import ManifestError
from manifests.schema.documents import STEPS
from manifests.verify import verify
from tests.manifests.forged_run import Content, edit
from tests.manifests.small_run import build_corpus


def told(run: Path) -> Path:
    """A small run whose manifests tell what is personal. The chain of hashes is that of other manifests."""
    build_corpus(run)
    for path in run.glob("*/manifest.json"):
        names = {"personal_data": list(personal_data_of(path.parent.name, STEPS))}
        edit(path, partial(_add, names))
    return run


def _add(names: Content, content: Content) -> None:
    content.update(names)


def test_all_is_raw_before_the_privacy_step_and_rejects_are_after_it() -> None:
    order = ("ingest", "own", "privacy", "other", "shards")
    assert [personal_data_of(step, order) for step in order] == [(ALL,), (ALL,), *[(REJECTED,)] * 3]


@pytest.mark.parametrize(
    ("path", "of_all", "of_rejects"),
    [
        ("part-00000.arrow", True, False),
        ("rejected/part-00000.arrow", True, True),
        ("signals/part-00000.arrow", True, False),
        ("tokenizer/part-00000.model", False, False),
        ("models/part-00000.ngrams", False, False),
        ("manifest.json", False, False),
        (".inputs.json", True, False),
        ("rejected-not/a", True, False),
    ],
)
def test_which_files_are_meant(path: str, of_all: bool, of_rejects: bool) -> None:
    assert (holds((ALL,), path), holds((REJECTED,), path)) == (of_all, of_rejects)
    assert not holds((), path)


def test_only_the_owner_reads_what_is_private_and_nothing_behind_a_link_changes(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    outside.chmod(0o644)
    (tmp_path / "step" / "rejected" / "deep").mkdir(parents=True)
    (tmp_path / "step" / "kept").write_text("x")
    (tmp_path / "step" / "rejected" / "deep" / "a").write_text("x")
    (tmp_path / "step" / "rejected" / "link").symlink_to(outside)
    make_private(tmp_path / "step", (REJECTED,))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "step").rglob("*")}
    assert (modes["rejected"], modes["deep"], modes["a"]) == (0o700, 0o700, 0o600)
    assert modes["link"] == stat.S_IMODE(outside.stat().st_mode) == 0o644
    assert modes["kept"] != 0o600


def test_what_is_made_private_from_the_first_is_not_touched_again(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with created_private((ALL,)):
            (tmp_path / "raw" / "rejected").mkdir(parents=True)
            (tmp_path / "raw" / "part").write_text("x")
        with created_private((REJECTED,)):
            (tmp_path / "later").write_text("x")
    finally:
        assert os.umask(before) == 0o022, "the mode of other files stays what it was"
    state = state_of(tmp_path / "raw" / "part")
    make_private(tmp_path / "raw", (ALL,))
    assert state_of(tmp_path / "raw" / "part") == state, "its hash would be taken anew"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"raw": 0o700, "rejected": 0o700, "part": 0o600, "later": 0o644}


def test_what_is_gone_on_purpose_is_redacted_and_what_is_not_is_missing(tmp_path: Path) -> None:
    run = told(tmp_path)
    before = verify(run)
    number = redact(run)
    assert number > 0
    after = verify(run)
    assert after.problems == before.problems
    assert after.redacted == before.files - after.files > 0
    assert is_redacted(run, "ingest", "part-00000.arrow")
    kept = run / "privacy" / "part-00000.arrow"
    kept.unlink()
    assert f"{kept}: missing" in verify(run).problems


def test_a_redaction_that_was_stopped_is_finished_by_the_next(tmp_path: Path) -> None:
    run = told(tmp_path)
    write_json(run / NAME, {"by": "redact", "steps": {step: ["*"] for step in STEPS[:4]}})
    assert redact(run) > 0
    assert not (run / "ingest" / "part-00000.arrow").exists()
    assert redacted_in(run)["privacy"] == (REJECTED,)
    assert redact(run) == 0


def test_a_redacted_run_in_which_a_file_came_back_is_checked_again(tmp_path: Path) -> None:
    run = told(tmp_path)
    path = run / "language" / "part-00000.arrow"
    content = path.read_bytes()
    redact(run)
    path.write_bytes(content[:-1] + b"x")
    assert any(str(path) in problem and "SHA-256" in problem for problem in verify(run).problems)


def test_a_record_that_is_not_valid_is_an_error(tmp_path: Path) -> None:
    run = told(tmp_path)
    (run / NAME).write_text('{"by": "somebody", "steps": {}}', encoding="utf-8")
    with pytest.raises(ManifestError, match=r"redacted\.json: by"):
        verify(run)


def test_a_run_that_does_not_tell_is_left_as_it_is(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    with pytest.raises(UserError, match="made by an earlier version"):
        finished(tmp_path, "redact")
    with pytest.raises(UserError, match="made by an earlier version"):
        redact(tmp_path)
    assert not (tmp_path / NAME).exists()
