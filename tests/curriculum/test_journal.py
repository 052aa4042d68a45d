from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from curriculum.journal import Journal, JournalError
from curriculum.journal_events import (
    Amendment,
    Begun,
    BlendBegun,
    Devices,
    Rollback,
    StageEndedEarly,
    StepSkipped,
)
from tests.curriculum.test_blend import whole
from tests.durable import recorded

MANIFEST = whole()
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
    head = hashlib.sha256(whole[:-1]).hexdigest().encode()
    line = EARLY.model_dump_json().encode()[1:]
    assert file.read_bytes() == whole + b'{"previous":"' + head + b'",' + line + b"\n"
    assert Journal(file).events == (SPIKE, EARLY)


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


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A journal that began, went back and ended a stage."""
    journal = Journal(tmp_path / "journal.jsonl")
    for event in (Begun(curriculum=MANIFEST, shards="0" * 64), SPIKE, EARLY):
        journal.append(event)
    return journal.file


def test_the_first_line_holds_the_curriculum(three: Path) -> None:
    journal = Journal(three)
    assert journal.curricula == (MANIFEST,)
    assert journal.events == (SPIKE, EARLY)
    first, *_ = three.read_bytes().splitlines()
    assert first.startswith(b'{"previous":"%s","event":"begun",' % (b"0" * 64))


def test_an_amendment_holds_the_whole_manifest(three: Path) -> None:
    manifest = MANIFEST.model_copy(update={"name": "more-english"})
    amendment = Amendment(step=7, curriculum=manifest, reason="asked for")
    Journal(three).append(amendment)
    assert Journal(three).events == (SPIKE, EARLY, amendment)
    assert Journal(three).curricula == (MANIFEST, manifest)


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"to":20', b'"to":10'), lines[2]]


def begun_twice(lines: list[bytes]) -> list[bytes]:
    head = hashlib.sha256(lines[2]).hexdigest().encode()
    return [*lines, lines[0].replace(b"0" * 64, head, 1)]


@pytest.mark.parametrize(
    ("damage", "number"),
    [
        (changed, 3),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: [lines[0], lines[2], lines[1]], 2),
        (lambda lines: [lines[0], lines[1], lines[1], lines[2]], 3),
        (lambda lines: lines[1:], 1),
        (begun_twice, 4),
    ],
    ids=["changed", "removed", "swapped", "doubled", "beheaded", "begun twice"],
)
def test_lines_that_do_not_follow_each_other_are_one_error(
    three: Path, damage: Callable[[list[bytes]], list[bytes]], number: int
) -> None:
    three.write_bytes(b"\n".join(damage(three.read_bytes().splitlines())) + b"\n")
    what = (
        f"journal.jsonl: line {number} does not follow the one before: a line was changed, moved or removed"
    )
    with pytest.raises(JournalError, match=f"{what}; restore the journal"):
        Journal(three)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"event":"rollback","step":30,"to":20,"reason":"a"}', "does not say which line it follows"),
        (b"\xff\xfe", "does not say which line it follows"),
        (b"", "does not say which line it follows"),
        (b'{"previous":"%s","event":"rollbak"}' % (b"0" * 64), "is not an event: Input tag 'rollbak'"),
        (b'{"previous":"%s",' % (b"0" * 64) + b"[" * 5000, "is not an event: Invalid JSON"),
    ],
)
def test_a_damaged_line_is_one_error(tmp_path: Path, line: bytes, what: str) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(line + b"\n")
    with pytest.raises(JournalError, match=rf"journal.jsonl: line 1 {what}.*; restore the journal$"):
        Journal(file)


def test_a_note_is_written_once_between_rollbacks(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    note = StepSkipped(step=7, reason="the loss is nan")
    assert [journal.note(note), journal.note(note), Journal(journal.file).note(note)] == [True, False, False]
    journal.append(SPIKE)
    assert Journal(journal.file).note(note)
    assert Journal(journal.file).notes == (note, note)
    assert Journal(journal.file).events == (SPIKE,)


def test_the_last_devices_are_known(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    assert journal.devices() is None
    for processes in (2, 3):
        journal.append(Devices(step=9, processes=processes, device="cpu"))
    journal.append(BlendBegun(stage="length", step=12))
    assert Journal(journal.file).devices() == Devices(step=9, processes=3, device="cpu")


def test_a_rollback_goes_back() -> None:
    with pytest.raises(ValueError, match=r"to \(30\) must be less than step \(30\)"):
        Rollback(step=30, to=30, reason="")
