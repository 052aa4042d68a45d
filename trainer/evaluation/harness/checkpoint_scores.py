"""A run's checkpoint on benchmarks, and the line that the run keeps of it."""

from __future__ import annotations

import dataclasses
from importlib.metadata import version

from curriculum.plugin_objective import shape_of
from manifests.benchmark_overlaps import benchmark_overlaps
from manifests.border.logs import read_benchmarks
from manifests.files import atomic_write
from manifests.schema.benchmark_scores import BenchmarkScores
from trainer.bf16_choice import inference_choice
from trainer.chosen_checkpoint import Which, chosen_checkpoint
from trainer.determinism import deterministic_cpu
from trainer.dtypes import InferenceDtype
from trainer.evaluation.harness.benchmark_run import Asked, score_benchmarks
from trainer.evaluation.harness.harness_model import HarnessModel, Room
from trainer.inference import load_tokenizer, trained_model
from trainer.model.bf16_ways import bf16_ways
from trainer.run import TrainingRun

PROMPT_MARKS, ANSWER_MARKS = 3, 2
"""``<S>``, ``<extra_id_0>`` and ``</s>``; ``<extra_id_0>`` and ``</s>``."""


def score_checkpoint(
    run: TrainingRun,
    asked: Asked,
    which: Which = "last",
    dtype: InferenceDtype | None = None,
    *,
    average: bool = False,
) -> BenchmarkScores:
    """What a checkpoint scores on benchmarks; it is noted in the run's ``train/benchmarks.jsonl``, too, in
    place of what the same checkpoint scored on them before.

    Raises:
        BenchmarkError: see trainer.evaluation.harness.benchmark_run.
        UserError: there is no such checkpoint, or it does not fit (see trainer.chosen_checkpoint).
    """
    step = chosen_checkpoint(run, which).progress.step
    model = trained_model(run, step, dtype, average=average)
    served = HarnessModel(model, run.shards.vocabulary, load_tokenizer(run), trained_room(run))
    told = dataclasses.replace(asked, touched=benchmark_overlaps(run.folder))
    with (
        deterministic_cpu(run.manifest.train.threads),
        bf16_ways(inference_choice(run, model.output_bias.dtype)),
    ):
        scores = score_benchmarks(served, told)
    found = BenchmarkScores(
        step=step,
        curriculum=run.manifest.name,
        harness=f"lm-eval {version('lm-eval')}",
        limit=asked.limit,
        benchmarks=tuple(scores),
    )
    note(run, found)
    return found


def trained_room(run: TrainingRun) -> Room:
    """The longest prompt and answer of any stage."""
    shapes = [
        shape_of(stage.objective, run.shards.vocabulary, run.manifest_folder) for stage in run.manifest.stages
    ]
    source, target = (max(shape.longest[side] for shape in shapes) for side in range(2))
    return Room(source - PROMPT_MARKS, target - ANSWER_MARKS)


def note(run: TrainingRun, scores: BenchmarkScores) -> None:
    """Writes a line of scores into the run, in the order of steps."""
    names = {score.benchmark for score in scores.benchmarks}
    kept = [
        line
        for line in read_benchmarks(run.benchmarks_file)
        if (line.step, {score.benchmark for score in line.benchmarks}) != (scores.step, names)
    ]
    lines = sorted([*kept, scores], key=lambda line: line.step)
    with atomic_write(run.benchmarks_file) as temporary:
        temporary.write_text("".join(f"{line.model_dump_json()}\n" for line in lines), encoding="utf-8")
