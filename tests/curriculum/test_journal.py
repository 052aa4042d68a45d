from __future__ import annotations

from pathlib import Path

import pytest

from curriculum.journal import Amendment, Journal, JournalError, Rollback, StageEndedEarly
from tests.curriculum.toy import curriculum_manifest, stage
from tests.durable import recorded

SPIKE = Rollback(step=30, to=20, reason="loss 9.1 at step 29")
EARLY = StageEndedEarly(stage="ul2", step=40, reason="plateau")


def test_events_survive(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "train" / "journal.jsonl")
    assert journal.events == ()
    journal.append(SPIKE)
    journal.append(EARLY)
    assert journal.events == Journal(journal.file).events == (SPIKE, EARLY)


LONG = SPIKE.model_copy(update={"reason": "the loss is nan; 样本见下 " * 9}).model_dump_json().encode()


@pytest.mark.parametrize(
    "torn",
    [
        b"{",
        b'{"event":"rollback","step":3',
        b'{"event":"rollback","step":30,"to":20,"reason":"a"}',
        LONG,
        LONG[:-2],
        b"\0" * 4096,
    ],
)
def test_a_torn_last_line_is_ignored_and_overwritten(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "journal.jsonl"
    Journal(file).append(SPIKE)
    whole = file.read_bytes()
    file.write_bytes(whole + torn)
    journal = Journal(file)
    assert journal.events == (SPIKE,)
    journal.append(EARLY)
    assert file.read_bytes() == whole + EARLY.model_dump_json().encode() + b"\n"


def test_a_torn_line_longer_than_the_next_event_leaves_no_rest(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(LONG)
    journal = Journal(file)
    assert not journal.events
    journal.append(EARLY)
    assert len(LONG) > file.stat().st_size
    journal.append(SPIKE)
    assert Journal(file).events == journal.events == (EARLY, SPIKE)


def test_an_event_is_on_disk_when_it_is_reported_as_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "train" / "journal.jsonl")
    for event in (SPIKE, EARLY):
        with recorded() as events:
            journal.append(event)
        assert [one.path for one in events] == [journal.file, journal.file.parent], (
            "the line, and the name of a new file"
        )
        assert events[0].size == journal.file.stat().st_size


def test_a_damaged_line_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_text('{"event":"rollbak"}\n')
    with pytest.raises(JournalError, match=r"journal.jsonl: line 1 is not an event"):
        Journal(file)


def test_an_amendment_holds_the_whole_manifest(tmp_path: Path) -> None:
    manifest = curriculum_manifest(stage("ul2", {"en": 0.25, "zh": 0.75}, "1.5 K"))
    amendment = Amendment(step=7, curriculum=manifest, reason="更多英文")
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(amendment)
    assert Journal(journal.file).events == (amendment,)
    (read,) = Journal(journal.file).events
    assert isinstance(read, Amendment)
    assert read.curriculum == manifest


def test_a_rollback_goes_back() -> None:
    with pytest.raises(ValueError, match=r"to \(30\) must be less than step \(30\)"):
        Rollback(step=30, to=30, reason="")
