"""``openba replay`` tells what the model was given, of runs that blended, were rolled back and resized."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openba.cli.main import main
from tests.trainer.disturbed import Fault, KillAt, Killed, blow_up
from tests.trainer.test_blend import blended
from trainer.data.batch import Batch
from trainer.data.dataset import open_sets
from trainer.engine import TrainingEngine
from trainer.inference import load_tokenizer
from trainer.model.loss import IGNORED
from trainer.readable_tokens import ReadableTokens
from trainer.replay import Replay, ReplayedSample
from trainer.run import TrainingRun
from trainer.train import train

Example = tuple[tuple[int, ...], tuple[int, ...]]


class Watched:
    """What the engine was given at each step; after a rollback, what it was given then."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.steps: dict[int, list[list[Example]]] = {}
        step = TrainingEngine.step

        def watched(engine: TrainingEngine, work: list[Any], *arguments: Any) -> Any:
            self._last = [examples(one.batch) for one in work]
            return step(engine, work, *arguments)

        monkeypatch.setattr(TrainingEngine, "step", watched)

    def step(self, record: dict[str, Any], _: Any) -> None:
        self.steps[record["step"]] = self._last


def examples(batch: Batch) -> list[Example]:
    """Encoder and labels of each example of a micro batch, however it is laid out."""
    sources, targets = batch.lengths
    if batch.decoder_lengths is None:
        sides = zip(batch.encoder, batch.labels, strict=True)
        return [
            (tuple(encoder[:size].tolist()), tuple(labels[labels != IGNORED].tolist()))
            for (encoder, labels), size in zip(sides, sources, strict=True)
        ]
    encoders = np.split(batch.encoder[0], np.cumsum(sources)[:-1])
    labels = np.split(batch.labels[0, : targets.sum()], np.cumsum(targets)[:-1])
    return [(tuple(one.tolist()), tuple(two.tolist())) for one, two in zip(encoders, labels, strict=True)]


def replayed(samples: list[ReplayedSample]) -> list[list[Example]]:
    """The examples of each pass."""
    passes: dict[int, list[Example]] = {}
    for sample in samples:
        example = tuple(sample.encoder.tolist()), tuple(sample.target.tolist())
        passes.setdefault(sample.micro_batch, []).append(example)
    return [sorted(passes[number]) for number in sorted(passes)]


@pytest.fixture(scope="module")
def disturbed(
    prepared: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[TrainingRun, dict[int, list[list[Example]]]]:
    """A run that blends, is rolled back within the blend, is killed, and goes on."""
    run = blended(prepared, tmp_path_factory.mktemp("replay"))
    with pytest.MonkeyPatch.context() as patch:
        watched = Watched(patch)
        Fault(patch, 11, blow_up)
        with pytest.raises(Killed):
            train(run, [watched, KillAt(16)], quiet=True)
        assert train(run, [watched], quiet=True)
    assert run.journal().events
    return run, watched.steps


def test_what_is_replayed_is_what_the_model_was_given(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]],
) -> None:
    run, given = disturbed
    replay = Replay(run)
    assert len(given) == run.curriculum().total_steps
    for step, passes in given.items():
        assert replayed(list(replay.step(step))) == [sorted(one) for one in passes]


def test_passages_hold_the_tokens_that_were_read(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]],
) -> None:
    run, _ = disturbed
    replay, sets = Replay(run), open_sets(run.shard_folder, run.shards.sets)
    special = run.shards.vocabulary.pieces
    for step in (1, 10, 14, 19):
        for sample in replay.step(step):
            read = sum(passage.tokens for passage in sample.passages)
            if sample.set == "pairs":
                prompts, targets = sets["pairs"].pairs(np.array([sample.row]))  # type: ignore[union-attr]
                assert read == len(prompts[0]) + len(targets[0])
                assert prompts[0].tolist() == [one for one in sample.encoder.tolist() if 1 < one < special]
            else:
                chunk = sets[sample.set].chunks(np.array([sample.row]), 24)[0]  # type: ignore[union-attr]
                assert read == 24
                both = [*sample.encoder.tolist()[:-1], *sample.target.tolist()[:-1]]
                assert sorted(one for one in both if one < special) == sorted(chunk.tolist())


def test_a_document_is_found_at_every_step_that_read_it(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]],
) -> None:
    run, given = disturbed
    replay = Replay(run)
    steps: dict[str, set[int]] = {}
    for step in given:
        for sample in replay.step(step):
            for passage in sample.passages:
                steps.setdefault(passage.document, set()).add(step)
    assert len(steps) > 20
    for document, expected in steps.items():
        assert set(replay.seen(document)) == expected


def test_ranks_share_a_step_and_change_nothing_else(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]],
) -> None:
    run, _ = disturbed
    for step in (3, 12, 19):
        alone, three = (list(Replay(run, ranks).step(step)) for ranks in (1, 3))
        assert [(one.row, one.noise, one.encoder.tolist()) for one in alone] == [
            (one.row, one.noise, one.encoder.tolist()) for one in three
        ]
        assert {one.rank for one in alone} == {0}
        assert {one.rank for one in three} == {0, 1, 2}


def test_the_command_prints_text_and_json(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = disturbed
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["replay", *where, "--step", "12", "--text", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    readable = ReadableTokens(load_tokenizer(run), run.shards.vocabulary)
    for record, sample in zip(records, Replay(run).step(12), strict=True):
        assert record["encoder"] == readable.text(sample.encoder)
        assert record["encoder"].endswith("</s>")
        assert record["encoder"][:3] in ("<R>", "<S>", "<X>")
        assert record["passages"][0]["document"] == sample.passages[0].document
    assert main(["replay", *where, "--step", "12", "--rank", "1", "--ranks", "2", "--text"]) == 0
    out = capsys.readouterr().out
    assert 0 < out.count("  encoder: ") < len(records)
    document = records[0]["passages"][0]["document"]
    assert main(["seen", document, *where]) == 0
    assert "step 12  " in capsys.readouterr().out


def test_what_is_not_there_is_one_line(
    disturbed: tuple[TrainingRun, dict[int, list[list[Example]]]], capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = disturbed
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["replay", *where, "--step", "99"]) == 1
    assert capsys.readouterr().err == (
        f"error: there is no step 99: the curriculum has {run.curriculum().total_steps}; give a step from 1 to that, "
        "as in metrics.jsonl\n"
    )
    assert main(["seen", "nobody", *where]) == 1
    assert "no training set holds a document with the id 'nobody'" in capsys.readouterr().err
    assert main(["replay", *where, "--step", "1", "--rank", "2", "--ranks", "2"]) == 2
    assert "there is no process 2 of 2; set --ranks" in " ".join(capsys.readouterr().err.split())
