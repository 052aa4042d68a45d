"""Noising and loading, ours and others', in millions of corpus tokens per CPU second on one core; what
noising adds is not counted.

Each is timed over the same chunks in batches of the 15 B preset's micro batch, the mixture's denoisers in
turn; the fastest of the rounds counts. ``loading`` is all from the shards on disk to noised batches; ours
includes the plan of each step, by which samples are drawn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.cost import run
from benchmarks.hf_collator import Collator
from benchmarks.rival import Streaming
from benchmarks.train_text import MODEL, OBJECTIVE, chunks, curriculum
from curriculum.curriculum import Curriculum
from manifests.schema.shards import ShardManifest
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.objectives import UL2, build

JOB = Path(__file__).parent / "streaming_job.py"
MICRO_BATCH, MICRO_BATCH_TOKENS, GLOBAL_BATCH, STEPS, ROUNDS = 16, 10_000, 1024, 2, 5


def speed(work: Callable[[], object], tokens: int) -> float:
    """Tokens per CPU second of the fastest round, after one that is not counted."""
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return tokens / min(times)


def noising(folder: Path) -> dict[str, float]:
    """Ours, and the collator's."""
    shards = ShardManifest.model_validate_json((folder / "shards.json").read_text(encoding="utf-8"))
    objective = build(OBJECTIVE, shards.vocabulary)
    assert isinstance(objective, UL2)
    batch = chunks(shards, folder, MICRO_BATCH)
    collators = [Collator(denoiser, OBJECTIVE.chunk, shards.vocabulary) for denoiser in OBJECTIVE.mixture]
    seeds, rows, repeats = np.arange(MICRO_BATCH, dtype=np.uint64), list(batch), 20
    tokens = batch.size * len(collators)
    for index, collator in enumerate(collators):
        ours_made, made = objective.apply(batch, index, seeds), collator(rows)
        if collator.denoiser.mode != "S":  # whose lengths are drawn
            assert (ours_made.encoder.shape, ours_made.labels.shape) == (
                made["input_ids"].shape,
                made["labels"].shape,
            )
    ours = speed(
        lambda: [
            objective.apply(batch, index, seeds) for index in range(len(collators)) for _ in range(repeats)
        ],
        tokens * repeats,
    )
    return {"ours": ours, "hf_collator": speed(lambda: [collator(rows) for collator in collators], tokens)}


def loading(folder: Path) -> float:
    """Ours: plan, read and noise."""
    shards = ShardManifest.model_validate_json((folder / "shards.json").read_text(encoding="utf-8"))
    planned = Curriculum(curriculum(MICRO_BATCH_TOKENS, GLOBAL_BATCH, STEPS), shards)
    sets = open_sets(folder, shards.sets)
    loader = StepLoader(sets, MODEL, shards.vocabulary.padded, rank=0, ranks=1)
    objectives = {stage.name: build(OBJECTIVE, shards.vocabulary) for stage in planned.manifest.stages}

    def work() -> None:
        for step in range(STEPS):
            plan = planned.step(step)
            for _ in loader.load(drawn(plan, objectives), MICRO_BATCH_TOKENS):
                pass

    return speed(work, STEPS * GLOBAL_BATCH * OBJECTIVE.chunk)


def streaming_loading(folder: Path, out: Path, streaming: Streaming) -> dict[str, float]:
    """MosaicML Streaming over the same chunks: samples alone, and with the collator behind them."""
    shards = ShardManifest.model_validate_json((folder / "shards.json").read_text(encoding="utf-8"))
    np.save(out / "chunks.npy", chunks(shards, folder, STEPS * GLOBAL_BATCH))
    vocabulary = out / "vocabulary.json"
    vocabulary.write_text(shards.vocabulary.model_dump_json(), encoding="utf-8")
    result = out / "streaming.json"
    command = [
        streaming.python,
        str(JOB),
        *map(str, (out / "chunks.npy", vocabulary, MICRO_BATCH, ROUNDS, out / "mds", result)),
    ]
    run(command, out / "streaming.log", {"OMP_NUM_THREADS": "1", "PYTHONPATH": "."})
    return json.loads(result.read_text(encoding="utf-8"))
