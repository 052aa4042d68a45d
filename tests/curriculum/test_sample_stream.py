"""What a rollback does to every seed of a stage: none that was used comes again, and what follows is what
would have come."""

from __future__ import annotations

from pathlib import Path

import pytest

from curriculum.curriculum import Curriculum
from curriculum.journal import Journal
from curriculum.journal_events import Rollback
from curriculum.step_plan import Samples
from tests.curriculum.toy import curriculum_manifest, shard_manifest, stage

SHARDS = shard_manifest({"en": 64_000, "zh": 64_010})
MANIFEST = curriculum_manifest(
    stage("ul2", {"en": 0.5, "zh": 0.5}, 12_800), stage("more", {"en": 0.5, "zh": 0.5}, 12_800)
)
ROLLBACKS = (
    Rollback(step=12, to=10, reason="spike"),
    Rollback(step=15, to=11, reason="again"),
    Rollback(step=40, to=30, reason="later"),
)

Drawn = list[tuple[int, int, int, int, int]]


def drawn(samples: Samples) -> Drawn:
    """All that is random about a step, for each sample: set, row, denoiser, seeds of noise and dropout."""
    arrays = samples.set_index, samples.rows, samples.denoisers, samples.noise, samples.dropout
    return list(zip(*(array.tolist() for array in arrays), strict=True))


def plan(journal: Journal | None = None) -> list[Drawn]:
    curriculum = Curriculum(MANIFEST, SHARDS, journal)
    return [drawn(curriculum.step(k).parts[0].samples) for k in range(curriculum.total_steps)]


def journal(folder: Path, *events: Rollback) -> Journal:
    result = Journal(folder / "journal.jsonl")
    for event in events:
        result.append(event)
    return result


@pytest.fixture
def trained(tmp_path: Path) -> list[Drawn]:
    """Every step that a run with the three rollbacks goes through, those that were thrown away included."""
    first, second, third, last = (
        plan(journal(tmp_path / str(count), *ROLLBACKS[:count])) for count in range(4)
    )
    return [*first[:12], *second[10:15], *third[11:40], *last[30:]]


def test_a_rollback_goes_on_with_what_would_have_come_next(tmp_path: Path) -> None:
    """Denoisers and dropout too, not the rows and the noise alone: two steps are skipped."""
    plain, after = plan(), plan(journal(tmp_path, ROLLBACKS[0]))
    assert after[:10] == plain[:10]
    assert after[10:23] == plain[12:25]
    assert after[25:] == plain[25:], "the next stage is not moved"
    assert not any(before == step for before, step in zip(plain[10:25], after[10:25], strict=True))


def test_no_seed_comes_twice_whatever_is_rolled_back(trained: list[Drawn]) -> None:
    noise = [seed for step in trained for *_, seed, _ in step]
    dropout = [seed for step in trained for *_, seed in step]
    assert len(set(dropout)) == len(dropout) == sum(len(step) for step in trained)
    assert len(set(noise)) == len(noise)
    assert not set(dropout) & set(noise), "they are drawn with keys of their own"


def test_no_row_comes_twice_in_a_stage_whatever_is_rolled_back(trained: list[Drawn]) -> None:
    for steps in (trained[:31], trained[31:]):
        rows = [(of, row) for step in steps for of, row, *_ in step]
        assert len(set(rows)) == len(rows)


def test_denoisers_after_a_rollback_are_drawn_anew(trained: list[Drawn]) -> None:
    """Were they drawn by the step alone, steps 10 to 14 would bring the same denoisers each time they are
    trained."""
    denoisers = [[denoiser for _, _, denoiser, *_ in step] for step in trained[:31]]
    assert denoisers[10:12] != denoisers[12:14]
    assert denoisers[13:17] != denoisers[17:21]
    assert {denoiser for step in denoisers for denoiser in step} == set(range(7))


def test_a_replay_of_the_journal_draws_the_same(tmp_path: Path) -> None:
    events = journal(tmp_path, *ROLLBACKS)
    live = Curriculum(MANIFEST, SHARDS)
    for event in ROLLBACKS:
        live.apply(event)
    replayed = plan(Journal(events.file))
    assert replayed == plan(events) == [drawn(live.step(k).parts[0].samples) for k in range(live.total_steps)]
    assert replayed != plan()
