"""The training loop: from the newest checkpoint to the end of the curriculum."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Sequence

import torch
import torch.distributed as dist

from curriculum.hashing import key
from curriculum.plan import StepPlan
from manifests.files import write_json
from manifests.schema.base import ManifestError, load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.training import CheckpointFile, TrainingManifest
from trainer import checkpoint, records
from trainer.arrange import arrange
from trainer.checkpoint import Checkpoint, Progress
from trainer.data import open_sets, verify
from trainer.distributed import add_over_ranks, join_process_group
from trainer.engine import Engine, NonFiniteLoss, Pass
from trainer.evaluate import Evaluator
from trainer.history import HistoryError, check_history
from trainer.loader import Loader
from trainer.model.transformer import EncoderDecoder
from trainer.passes import share
from trainer.processor import processor
from trainer.run import Run
from trainer.watch import ProgressBar, TensorBoard, Watcher


class Diverged(RuntimeError):
    """The loss is not finite; the message names the step, its samples and the last checkpoint."""


def train(run: Run, watchers: Sequence[Watcher] = (), *, quiet: bool = False) -> bool:
    """Trains a run to its end, continuing from its newest whole checkpoint. False if there was nothing to do.

    Args:
        watchers: told of every step and evaluation, beside TensorBoard and (unless ``quiet``) the progress bar.

    Raises:
        ManifestError, ShardError: manifests or shards that cannot be used.
        HistoryError: the newest checkpoint was made by another curriculum or from other shards.
        Diverged: the loss is not finite.
    """
    if _finished(run):
        return False
    join_process_group()
    with processor(run.manifest.train.threads):
        loop = TrainingLoop(run, watchers, quiet=quiet)
        try:
            loop.run_to_end()
        finally:
            loop.close()
    return True


def _finished(run: Run) -> bool:
    file = run.training_manifest
    return file.exists() and load(file, TrainingManifest).fingerprint == run.fingerprint


class TrainingLoop:
    """A run in the course of training. Process 0 writes; all compute."""

    def __init__(self, run: Run, watchers: Sequence[Watcher], *, quiet: bool) -> None:
        self.run = run
        self.writes = dist.get_rank() == 0
        self.started = time.perf_counter()
        self.curriculum = run.curriculum()
        if self.writes:
            verify(run.shard_folder, run.shards)
        self.sets = open_sets(run.shard_folder, run.shards.sets)
        self.loader = Loader(self.sets, run.shards.vocabulary)
        self.evaluator = Evaluator(run)
        self.engine = build_engine(run)
        self.step = 0
        self.tokens: Counter[str] = Counter()
        self._resume(checkpoint.newest(run.checkpoints))
        self.first_step = self.step
        self.watchers: list[Watcher] = []
        if self.writes:
            run.training_manifest.unlink(missing_ok=True)  # of a curriculum that this one continues
            self.metrics = records.Records(run.train_folder / "metrics.jsonl", self.step)
            self.evaluations = records.Records(run.train_folder / "evaluation.jsonl", self.step if self.step else -1)
            self.watchers = [*watchers, TensorBoard(run.train_folder / "tensorboard", self.step)]
            if not quiet:
                total = sum(stage.tokens for stage in run.manifest.stages)
                self.watchers.append(ProgressBar(total, self.tokens.total()))

    def _resume(self, found: Checkpoint | None) -> None:
        if found is None:
            return
        progress = found.progress
        if progress.shards != self.run.shards_sha256:
            raise HistoryError(f"{found.folder} was trained on other shards; train in another run folder")
        old = CurriculumManifest.model_validate_json(progress.curriculum)
        check_history(old, self.run.manifest, progress.stages_begun, str(found.folder))
        if len(self.run.journal().events) < progress.journal_events:
            raise HistoryError(f"{found.folder} knows of more events than journal.jsonl holds; restore the journal")
        self.engine.load(found.load())
        self.step = progress.step
        self.tokens.update(progress.tokens_by_set)

    def run_to_end(self) -> None:
        """Trains the remaining steps, evaluating at the start and after each stage, and writes the manifest."""
        if self.step == 0:
            self._evaluate()
        every = self.run.manifest.train.checkpoint_every
        ends = {span.end for span in self.curriculum.spans}
        for k in range(self.step, self.curriculum.total_steps):
            self._train_step(self.curriculum.step(k))
            if self.step in ends:
                self._evaluate()
            if self.step in ends or self.step % every == 0:
                self._save()
        if self.writes:
            self._finish()

    def _train_step(self, plan: StepPlan) -> None:
        passes: list[Pass] = []
        tokens: Counter[str] = Counter()
        for micro, idle in share(arrange(plan, self.sets, self.run.manifest.model)):
            loaded = self.loader.load(plan.objective, plan.sets, micro)
            passes.append(Pass(loaded.batch, micro.seed, idle=idle))
            tokens.update(Counter() if idle else loaded.tokens)
        try:
            result = self.engine.step(passes, plan.learning_rate, plan.optimizer)
        except NonFiniteLoss as error:
            raise Diverged(self._describe(plan, error)) from None
        self.step = plan.step + 1
        sums = add_over_ranks([float(tokens[name]) for name in plan.sets])
        self.tokens.update({name: int(count) for name, count in zip(plan.sets, sums, strict=True)})
        if self.writes:
            self._record(plan, result.loss, result.gradient_norm)

    def _record(self, plan: StepPlan, loss: float, gradient_norm: float) -> None:
        record = {
            "step": self.step,
            "stage": plan.stage,
            "loss": loss,
            "learning_rate": plan.learning_rate,
            "tokens": self.tokens.total(),
            "tokens_by_set": dict(sorted(self.tokens.items())),
            "gradient_norm": gradient_norm,
        }
        self.metrics.append(record)
        for watcher in self.watchers:
            watcher.step(record)

    def _evaluate(self) -> None:
        for stage, losses in self.evaluator.measure(self.engine).items():
            record = {"step": self.step, "stage": stage, "losses": losses}
            if self.writes:
                self.evaluations.append(record)
            for watcher in self.watchers:
                watcher.evaluation(record)

    def _save(self) -> None:
        state = self.engine.state()
        if state is None:
            return
        self.metrics.flush()
        self.evaluations.flush()
        progress = Progress(
            step=self.step,
            updates=self.engine.updates,
            stages_begun=sum(span.first < self.step for span in self.curriculum.spans),
            tokens_by_set=dict(sorted(self.tokens.items())),
            journal_events=len(self.run.journal().events),
            curriculum=self.run.manifest.model_dump_json(),
            shards=self.run.shards_sha256,
        )
        checkpoint.save(self.run.checkpoints, progress, state, self.run.manifest.train.keep)

    def _finish(self) -> None:
        last = checkpoint.newest(self.run.checkpoints)
        if last is None:
            raise ManifestError("the curriculum has no steps; give its stages more tokens")
        self._write_stats()
        manifest = TrainingManifest(
            fingerprint=self.run.fingerprint,
            curriculum=self.run.manifest.name,
            steps=self.step,
            tokens=self.tokens.total(),
            tokens_by_set=dict(sorted(self.tokens.items())),
            heldout_losses={line["stage"]: line["losses"] for line in records.read(self.evaluations.file)},
            checkpoint=CheckpointFile(path=last.folder.relative_to(self.run.train_folder).as_posix(), sha256=last.sha256),
        )
        write_json(self.run.training_manifest, manifest.model_dump())

    def _write_stats(self) -> None:
        seconds = time.perf_counter() - self.started
        stats = {
            "seconds": seconds,
            "steps": self.step - self.first_step,
            "processes": self.engine.world_size,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        write_json(self.run.train_folder / "stats.json", stats)

    def _describe(self, plan: StepPlan, error: NonFiniteLoss) -> str:
        samples: dict[str, list[int]] = {name: [] for name in plan.sets}
        for micro in plan.micro_batches:
            for index, row in zip(micro.set_index.tolist(), micro.rows.tolist(), strict=True):
                samples[plan.sets[index]].append(row)
        last = checkpoint.newest(self.run.checkpoints)
        return (
            f"step {plan.step + 1} (stage {plan.stage}): the loss is {error}; its samples by set: {samples}; "
            f"the last checkpoint is {last.folder if last else 'none'}; lower the learning rate or look at the samples"
        )

    def close(self) -> None:
        """Closes what is open; the lines written so far are kept."""
        for watcher in self.watchers:
            watcher.close()
        if self.writes:
            self.metrics.close()
            self.evaluations.close()


def build_engine(run: Run) -> Engine:
    """A new model with weights drawn from the curriculum's seed."""
    torch.manual_seed(int(key(run.manifest.seed, "weights")))
    model = EncoderDecoder(run.manifest.model, run.shards.vocabulary.padded, recompute=run.manifest.train.recompute)
    return Engine(model, run.manifest.train, run.manifest.stages[0].optimizer)
