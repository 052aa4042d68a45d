"""What the held-out loss counts, and that it is the plain one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from curriculum.feistel_permutation import permute
from curriculum.keyed_hash import key, seeds
from curriculum.step_plan import Samples
from manifests.schema.objectives import UL2Objective
from manifests.schema.shards import Vocabulary
from manifests.schema.stage import Stage
from manifests.schema.steps import File
from manifests.schema.training_plugins import PluginObjective
from tests.trainer.tiny import write_curriculum
from trainer.data.batch import Batch, make_batch
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import open_sets
from trainer.data.drawn import Drawn
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group
from trainer.engine import TrainingEngine
from trainer.evaluation.best_step import best_step
from trainer.evaluation.heldout_loss import Evaluator, text_only
from trainer.forward_pass import ForwardPass
from trainer.model.loss import IGNORED
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun
from trainer.run_engine import build_engine, build_objectives, initial_weights

VOCABULARY = Vocabulary(
    model=File(path="tokenizer.model", sha256="0" * 64, bytes=0), pieces=50, size=153, padded=256
)
RATE = {"schedule": "constant", "peak": 1e-3}
STREAMS: dict[str, Any] = {
    "mixture": {"en": 1.0},
    "tokens": 300,
    "global_batch": 6,
    "micro_batch": 120,
    "learning_rate": RATE,
}
OBJECTIVES: dict[str, dict[str, Any]] = {
    "released": STREAMS | {"objective": {"kind": "ul2", "chunk": 24, "preset": "openba-released"}},
    "paper": STREAMS | {"objective": {"kind": "ul2", "chunk": 40, "preset": "ul2", "boundaries": True}},
    "prefix": STREAMS | {"objective": {"kind": "prefix", "source": 20, "target": 12}},
    "biflan": STREAMS
    | {"objective": {"kind": "instruction", "source": 32, "target": 16}, "mixture": {"pairs": 1.0}},
}
SAMPLES = 17
"""Held-out samples of a set; the pairs are only eight. Micro batches of a hundred tokens hold samples of several denoisers."""


def test_only_text_counts() -> None:
    labels = np.array([[VOCABULARY.sentinel(0), 7, 49, VOCABULARY.sentinel(1), 8, VOCABULARY.eos, IGNORED]])
    batch = text_only(make_batch(np.array([[5, 6]]), labels, VOCABULARY.pad), VOCABULARY)
    assert batch.labels.tolist() == [[IGNORED, 7, 49, IGNORED, 8, IGNORED, IGNORED]]
    assert batch.decoder.tolist() == [
        [VOCABULARY.pad, VOCABULARY.sentinel(0), 7, 49, VOCABULARY.sentinel(1), 8, VOCABULARY.eos]
    ]


@pytest.fixture(scope="module")
def run(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingRun:
    """A stage for each objective; weights large enough that every token has a loss of its own, and dropout
    that must not be at work."""
    stages = [{"name": name, **stage} for name, stage in OBJECTIVES.items()]
    model = {
        "d_model": 16,
        "encoder_layers": 1,
        "decoder_layers": 2,
        "heads": 2,
        "head_size": 8,
        "d_ff": 32,
        "init_std": 0.5,
    }
    train = {"threads": 1, "evaluation_samples": SAMPLES}
    file = tmp_path_factory.mktemp("curriculum") / "curriculum.yaml"
    return TrainingRun.open(
        write_curriculum(file, stages=stages, model=model | {"dropout": 0.5}, train=train), prepared
    )


@pytest.fixture(scope="module")
def engine(run: TrainingRun) -> Iterator[TrainingEngine]:
    join_process_group()
    with deterministic_cpu(1):
        yield build_engine(run, initial_weights(run))


@pytest.fixture(scope="module")
def measured(run: TrainingRun, engine: TrainingEngine) -> dict[str, dict[str, float]]:
    return Evaluator(run, build_objectives(run)).measure(engine)


def token_losses(engine: TrainingEngine, batch: Batch) -> list[float]:
    """The loss of every text token of a batch, by float64 weights and the definition of the softmax."""
    inputs = batch.inputs()
    trained = engine.module
    assert isinstance(trained, EncoderDecoder)
    model = EncoderDecoder(trained.settings, trained.embedding.num_embeddings).eval()
    model.load_state_dict(trained.state_dict())
    hidden: list[torch.Tensor] = []
    model.double().decoder.register_forward_hook(lambda _, __, output: hidden.append(output))
    with torch.no_grad():
        model(**inputs)
        p = model.logits(hidden[0]).flatten(0, 1).exp()
        p /= p.sum(-1, keepdim=True)
    labels = torch.from_numpy(batch.labels).flatten()
    return [
        -float(row[label].log()) for row, label in zip(p, labels.tolist(), strict=True) if label != IGNORED
    ]


def held_out(run: TrainingRun, stage: Stage) -> list[tuple[int, Batch]]:
    """The held-out samples of a stage one at a time, each with its denoiser."""
    (name,) = stage.sets
    loader = DataLoader(open_sets(run.shard_folder, run.shards.heldout))
    objective = build_objectives(run)[stage.name]
    tokens = run.shards.heldout[name]
    assert not isinstance(stage.objective, PluginObjective)
    available = (
        tokens.rows if stage.objective.kind == "instruction" else tokens.tokens // stage.objective.chunk
    )
    count = min(available, SAMPLES)
    secret = key(run.manifest.seed, stage.name, "heldout", name)
    rows, noise = permute(np.arange(count), available, np.full(count, secret)), seeds(secret, 0, count)
    assert len(set(rows.tolist())) == count
    denoisers = len(stage.objective.mixture) if isinstance(stage.objective, UL2Objective) else 1
    samples = Samples(np.zeros(count, np.int32), rows, np.arange(count) % denoisers, noise, noise)
    part = Drawn(objective, (name,), samples)
    return [
        (
            i % denoisers,
            text_only(loader.load([part[np.array([i])]]).batch, run.shards.vocabulary),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_held_out_loss_is_the_sum_over_all_text_tokens_by_their_number(
    run: TrainingRun, engine: TrainingEngine, measured: dict[str, dict[str, float]], name: str
) -> None:
    """Sample by sample, whatever micro batches they are measured in; the samples' own means would average to
    something else."""
    (stage,) = (stage for stage in run.manifest.stages if stage.name == name)
    samples = held_out(run, stage)
    losses = [token_losses(engine, batch) for _, batch in samples]
    plain = np.concatenate(losses).sum() / sum(map(len, losses))
    assert measured[name] == {"pairs" if name == "biflan" else "en": pytest.approx(plain, rel=1e-5)}
    if isinstance(stage.objective, UL2Objective):
        by_denoiser = {denoiser for denoiser, _ in samples}
        assert by_denoiser == set(range(7)), "every denoiser has its part in it"
        assert np.mean([np.mean(loss) for loss in losses if loss]) != pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("name", ["released", "paper"])
@pytest.mark.parametrize("denoiser", range(7))
def test_each_denoiser_is_measured_over_its_tokens(
    run: TrainingRun, engine: TrainingEngine, name: str, denoiser: int
) -> None:
    (stage,) = (stage for stage in run.manifest.stages if stage.name == name)
    batches = [batch for index, batch in held_out(run, stage) if index == denoiser]
    losses = np.concatenate([token_losses(engine, batch) for batch in batches])
    assert engine.evaluate([ForwardPass(batch) for batch in batches]) == pytest.approx(
        losses.mean(), rel=1e-5
    )


def test_passes_of_unequal_size_weigh_by_their_tokens_and_idle_ones_nothing(
    run: TrainingRun, engine: TrainingEngine
) -> None:
    stage = run.manifest.stages[0]
    long, short, *_ = sorted((batch for _, batch in held_out(run, stage)), key=lambda batch: -batch.targets)
    short = replace(
        short, labels=np.where(np.cumsum(short.labels != IGNORED, axis=1) <= 1, short.labels, IGNORED)
    )
    assert long.targets > short.targets == 1
    losses = [*token_losses(engine, long), *token_losses(engine, short)]
    work = [ForwardPass(long), ForwardPass(short)]
    assert engine.evaluate(work) == pytest.approx(np.mean(losses), rel=1e-5)
    assert engine.evaluate([*work, ForwardPass(long, idle=True)]) == engine.evaluate(work)
    assert engine.evaluate(work[::-1]) == pytest.approx(engine.evaluate(work), rel=1e-12)


def test_tasks_that_are_held_out_are_measured_beside_the_others(
    run: TrainingRun, engine: TrainingEngine, measured: dict[str, dict[str, float]]
) -> None:
    heldout = run.shards.heldout
    tasks = heldout["pairs"].model_copy(update={"name": "pairs_tasks"})
    more = run.shards.model_copy(update={"heldout": {**heldout, "pairs_tasks": tasks}})
    found = Evaluator(replace(run, shards=more), build_objectives(run)).measure(engine)
    of_pairs = found["biflan"].pop("pairs_tasks")
    assert of_pairs == pytest.approx(measured["biflan"]["pairs"], rel=1e-6), "all eight pairs of both"
    assert found == measured, "of streams there are no tasks"


def test_the_best_step_is_not_chosen_by_tasks_that_are_held_out() -> None:
    lines = [
        {"step": 10, "stage": "biflan", "losses": {"biflan_zh": 3.0, "biflan_zh_tasks": 5.0}},
        {"step": 20, "stage": "biflan", "losses": {"biflan_zh": 3.5, "biflan_zh_tasks": 4.0}},
    ]
    assert best_step("biflan", 0, lines) == 10
    assert best_step("biflan", 10, lines) == 20
    assert best_step("biflan", 20, lines) is None


def test_held_out_losses_are_the_same_at_every_measurement(
    run: TrainingRun, engine: TrainingEngine, measured: dict[str, dict[str, float]]
) -> None:
    torch.manual_seed(12345)
    assert Evaluator(run, build_objectives(run)).measure(engine) == measured
