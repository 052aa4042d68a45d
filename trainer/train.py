"""The training loop: from the newest checkpoint to the end of the curriculum."""

from __future__ import annotations

import resource
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from statistics import fmean

import torch
import torch.distributed as dist
from tqdm import tqdm

from curriculum.journal import Rollback
from curriculum.keyed_hash import key
from curriculum.step_plan import StepPlan
from manifests.errors import UserError
from manifests.files import write_json
from manifests.json_lines import read_json_lines
from manifests.schema.base import ManifestError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.training import CheckpointFile, TrainingManifest
from trainer.checkpoint import checkpoint
from trainer.checkpoint.async_checkpoint import AsyncCheckpointWriter
from trainer.checkpoint.checkpoint import Checkpoint, Progress
from trainer.checkpoint.compatibility import CompatibilityError, check_compatibility
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import open_sets, verify
from trainer.data.length_balancing import balance_lengths
from trainer.data.rank_sharding import shard_over_ranks
from trainer.determinism import deterministic_cpu
from trainer.distributed import add_over_ranks, join_process_group
from trainer.engine import ForwardPass, NonFinite, TrainingEngine
from trainer.evaluation.heldout_loss import Evaluator
from trainer.model.flops import step_flops
from trainer.model.transformer import EncoderDecoder
from trainer.monitor import metric_log
from trainer.monitor.callbacks import Callback, TensorBoard, on_terminal
from trainer.monitor.loss_spikes import LossAnomaly, LossSpikeMonitor
from trainer.monitor.throughput_and_mfu import Stopwatch, Throughput, total_peak_flops
from trainer.monitor.token_counter import TokenCounter
from trainer.run import TrainingRun


class Diverged(UserError):
    """The training goes wrong again and again; the message names the step, its samples and the last
    checkpoint."""


def train(run: TrainingRun, watchers: Sequence[Callback] = (), *, quiet: bool = False) -> bool:
    """Trains a run to its end, continuing from its newest whole checkpoint. False if there was nothing to do.

    Args:
        watchers: told of every step and evaluation, beside TensorBoard and (unless ``quiet``) the progress
            bar or log.

    Raises:
        ManifestError, ShardError: manifests or shards that cannot be used.
        HistoryError: the newest checkpoint was made by another curriculum or from other shards.
        CheckpointError: a checkpoint could not be written.
        Diverged: the guard has rolled the run back as often as it may, or cannot do so.
    """
    if run.finished:
        return False
    join_process_group()
    try:
        with deterministic_cpu(run.manifest.train.threads):
            while not _attempt(run, watchers, quiet=quiet):
                pass
    finally:
        for watcher in watchers:
            watcher.close()
    return True


def _attempt(run: TrainingRun, watchers: Sequence[Callback], *, quiet: bool) -> bool:
    """One go from the newest checkpoint to the end. False if it ended in a rollback: the next one reads it in
    the journal, as a run that was killed would."""
    loop = TrainingLoop(run, watchers, quiet=quiet)
    try:
        loop.run_to_end()
    except LossAnomaly as anomaly:
        loop.roll_back(anomaly)
        return False
    finally:
        loop.close()
    return True


class TrainingLoop:
    """A run in the course of training. Process 0 writes; all compute."""

    def __init__(self, run: TrainingRun, watchers: Sequence[Callback], *, quiet: bool) -> None:
        self.run = run
        self.writes = dist.get_rank() == 0
        self.curriculum = run.curriculum()
        if self.writes:
            verify(run.shard_folder, run.shards)
        self.sets = open_sets(run.shard_folder, run.shards.sets)
        self.loader = DataLoader(self.sets, run.shards.vocabulary)
        self.evaluator = Evaluator(run)
        self.engine = build_engine(run)
        self.saver = AsyncCheckpointWriter()
        self.guard = LossSpikeMonitor(run.manifest.train.guard)
        self.step = 0
        self.tokens: Counter[str] = Counter()
        self.tally = TokenCounter(run.shards.sets)
        self._resume(checkpoint.newest(run.checkpoints))
        self.first_step = self.step
        self.given = tuple(watchers)
        total_tokens = sum(stage.tokens for stage in run.manifest.stages)
        self.watchers: list[Callback] = []
        if self.writes:
            run.training_manifest.unlink(missing_ok=True)  # of a curriculum that this one continues
            self.metrics = metric_log.MetricLog(run.train_folder / "metrics.jsonl", self.step)
            self.evaluations = metric_log.MetricLog(
                run.train_folder / "evaluation.jsonl", self.step if self.step else -1
            )
            self.watchers = [TensorBoard(run.train_folder / "tensorboard", self.step, self.tally)]
            if not quiet:
                self.watchers.append(
                    on_terminal(self.curriculum.total_steps, total_tokens, self.tokens.total(), self.tally)
                )
        self.stopwatch = Stopwatch(total_peak_flops(run.manifest.train), total_tokens)

    def _resume(self, found: Checkpoint | None) -> None:
        if found is None:
            return
        progress = found.progress
        if progress.shards != self.run.shards_sha256:
            raise CompatibilityError(
                f"{found.folder} was trained on other shards; train in another run folder"
            )
        old = CurriculumManifest.model_validate_json(progress.curriculum)
        check_compatibility(old, self.run.manifest, progress.stages_begun, str(found.folder))
        if len(self.run.journal().events) < progress.journal_events:
            raise CompatibilityError(
                f"{found.folder} knows of more events than journal.jsonl holds; restore the journal"
            )
        self.engine.load(found.load())
        self.step = progress.step
        self.tokens.update(progress.tokens_by_set)
        for line in read_json_lines(self.run.train_folder / "metrics.jsonl"):
            if line["step"] <= self.step:
                self.tally.observe(line)
                with suppress(LossAnomaly):  # settings of the guard that came later judge what comes later
                    self.guard.observe(line["step"] - 1, line["stage"], line["loss"])

    def run_to_end(self) -> None:
        """Trains the remaining steps, evaluating at the start, after each stage and as often as the manifest
        says, and writes the manifest.

        Raises:
            Anomaly: the guard has found something.
        """
        if self.step == 0:
            self._evaluate()
        settings = self.run.manifest.train
        ends = {span.end for span in self.curriculum.spans}
        for k in range(self.step, self.curriculum.total_steps):
            self._train_step(self.curriculum.step(k))
            ended = self.step in ends
            if ended or (settings.evaluate_every and self.step % settings.evaluate_every == 0):
                self._evaluate()
            if ended or (self.step % settings.checkpoint_every == 0 and not self.guard.suspicious):
                self._save()
        self.saver.wait()
        if self.writes:
            self._finish()

    def roll_back(self, anomaly: LossAnomaly) -> None:
        """Notes in the journal that the run goes back to its last checkpoint, and skips the samples read
        since.

        Raises:
            Diverged: it has gone back as often as it may, or has no samples to go on with.
        """
        self.saver.wait()
        dist.barrier()  # the others must not look before process 0 has written
        journal = self.run.journal()
        last = checkpoint.newest(self.run.checkpoints)
        event = Rollback(step=anomaly.step + 1, to=last.progress.step if last else 0, reason=anomaly.reason)
        done = sum(isinstance(past, Rollback) for past in journal.events)
        try:
            if done >= self.run.manifest.train.guard.rollbacks:
                raise ValueError(f"the run was rolled back {done} times already")
            self.curriculum.apply(event)
        except ValueError as error:
            raise Diverged(
                f"{self._describe(anomaly, last)}; {error}; lower the learning rate or look at the samples"
            ) from None
        if self.writes:
            journal.append(event)
            tqdm.write(
                f"step {anomaly.step + 1}: {anomaly.reason}; back to step {event.to}, the samples since are "
                "skipped"
            )
        dist.barrier()

    def _train_step(self, plan: StepPlan) -> None:
        self.stopwatch.start()
        passes: list[ForwardPass] = []
        tokens: Counter[str] = Counter()
        for micro, idle in shard_over_ranks(balance_lengths(plan, self.sets, self.run.manifest.model)):
            loaded = self.loader.load(plan.objective, plan.sets, micro)
            passes.append(ForwardPass(loaded.batch, micro.seed, idle=idle))
            tokens.update(Counter() if idle else loaded.tokens)
        try:
            result = self.engine.step(passes, plan.learning_rate, plan.optimizer)
        except NonFinite as error:
            raise LossAnomaly(plan.step, str(error)) from None
        self.step = plan.step + 1
        *sums, flops = add_over_ranks([*(float(tokens[name]) for name in plan.sets), self._flops(passes)])
        self.tokens.update({name: int(count) for name, count in zip(plan.sets, sums, strict=True)})
        pace = self.stopwatch.stop(sum(sums), flops, self.tokens.total())
        if self.writes:
            self._record(plan, result.loss, result.gradient_norm, pace)
        self.guard.observe(plan.step, plan.stage, result.loss)

    def _record(self, plan: StepPlan, loss: float, gradient_norm: float, pace: Throughput) -> None:
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
        self.tally.observe(record)
        for watcher in (*self.watchers, *self.given):
            watcher.step(record, pace)

    def _flops(self, passes: Sequence[ForwardPass]) -> float:
        settings, vocabulary = self.run.manifest.model, self.run.shards.vocabulary.padded
        return float(
            sum(step_flops(settings, vocabulary, *one.batch.lengths) for one in passes if not one.idle)
        )

    def _evaluate(self) -> None:
        for stage, losses in self.evaluator.measure(self.engine).items():
            record = {"step": self.step, "stage": stage, "losses": losses}
            if self.writes:
                self.evaluations.append(record)
                for watcher in (*self.watchers, *self.given):
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
        keep, best = self.run.manifest.train.keep, self._best()
        self.saver.start(lambda: checkpoint.save(self.run.checkpoints, progress, state, keep, best))

    def _best(self) -> int | None:
        """The step of the current stage after which its held-out losses, under its own objective, were lowest
        on average."""
        span = self.curriculum.spans[self.curriculum.stage_of(self.step - 1)]
        lines = [
            line for line in read_json_lines(self.evaluations.file) if line["stage"] == span.plan.stage.name
        ]
        means = {
            line["step"]: fmean(line["losses"].values())
            for line in lines
            if span.first < line["step"] and line["losses"]
        }
        return min(means, key=lambda step: means[step], default=None)

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
            heldout_losses={line["stage"]: line["losses"] for line in read_json_lines(self.evaluations.file)},
            checkpoint=CheckpointFile(
                path=last.folder.relative_to(self.run.train_folder).as_posix(), sha256=last.sha256
            ),
        )
        write_json(self.run.training_manifest, manifest.model_dump())

    def _write_stats(self) -> None:
        stats = {
            "steps": self.step - self.first_step,
            **self.stopwatch.figures(),
            "tokens_by_stage": {stage.name: self.tally.of(stage.name) for stage in self.run.manifest.stages},
            "processes": self.engine.world_size,
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        write_json(self.run.train_folder / "stats.json", stats)

    def _describe(self, anomaly: LossAnomaly, last: Checkpoint | None) -> str:
        plan = self.curriculum.step(anomaly.step)
        samples: dict[str, list[int]] = {name: [] for name in plan.sets}
        for micro in plan.micro_batches:
            for index, row in zip(micro.set_index.tolist(), micro.rows.tolist(), strict=True):
                samples[plan.sets[index]].append(row)
        where = f"step {anomaly.step + 1} (stage {plan.stage})"
        return f"{where}: {anomaly.reason}; its samples by set: {samples}; the last checkpoint is {last.folder if last else 'none'}"

    def close(self) -> None:
        """Closes what is open; the lines written so far are kept."""
        for watcher in self.watchers:
            watcher.close()
        if self.writes:
            self.metrics.close()
            self.evaluations.close()
        self.saver.close()


def build_engine(run: TrainingRun) -> TrainingEngine:
    """A new model with weights drawn from the curriculum's seed."""
    torch.manual_seed(int(key(run.manifest.seed, "weights")))
    model = EncoderDecoder(
        run.manifest.model, run.shards.vocabulary.padded, recompute=run.manifest.train.recompute
    )
    return TrainingEngine(model, run.manifest.train, run.manifest.stages[0].optimizer)
