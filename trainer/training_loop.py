"""The training loop: one optimizer step after the other, with evaluations and checkpoints between them."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch.distributed as dist

from curriculum.journal_events import BlendBegun, Devices, Note, StageEndedEarly, StepSkipped
from curriculum.plugins import stage_plugins
from curriculum.step_plan import StepPlan
from manifests.border.logs import read_evaluations
from manifests.stop_signals import StopFlag, Stopped
from trainer.amend_request import take_amendment
from trainer.amendment import Amended
from trainer.checkpoint.async_checkpoint import AsyncCheckpointWriter
from trainer.checkpoint.checkpoint import Progress
from trainer.checkpoint.saving import save
from trainer.data.dataset import open_sets
from trainer.data.prefetch import Prefetcher
from trainer.data.prepared_step import PreparedStep, StepPreparation
from trainer.data.step_loader import StepLoader
from trainer.distributed import add_over_ranks, decided_by_rank_0, device, signal_of_any_rank, storage_ranks
from trainer.early_end import early_end
from trainer.evaluation.best_step import best_step
from trainer.evaluation.heldout_loss import Evaluator
from trainer.forward_pass import ForwardPass
from trainer.guard import judge_step, worth_keeping
from trainer.lora_state import opened_state
from trainer.metrics_line import metrics_line
from trainer.monitor.callbacks import Callback, Callbacks
from trainer.monitor.divergence import Anomaly, LossAnomaly
from trainer.monitor.progress_file import ProgressFile
from trainer.monitor.recorder import Recorder
from trainer.monitor.tensorboard_events import TensorBoard
from trainer.monitor.terminal import progress_on_terminal, say
from trainer.monitor.throughput_and_mfu import Stopwatch, total_peak_flops
from trainer.objectives import TrainingObjective
from trainer.resume import find_start
from trainer.run import TrainingRun
from trainer.run_engine import build_engine, build_objectives
from trainer.stage_request import forget_request, requested_end


class TrainingLoop:
    """A run in the course of training. Process 0 writes; all compute. Callers close it."""

    def __init__(self, run: TrainingRun, callbacks: Callbacks, stop: StopFlag, *, quiet: bool) -> None:
        self.run, self.stop = run, stop
        start = find_start(run)
        self.position, self.token_counter = start.position, start.token_counter
        self.monitor, self._overdue = start.monitor, False
        self.curriculum = run.curriculum(start.journal)
        objectives = build_objectives(run)
        self.prepared = self._prefetcher(objectives)
        self.evaluator = Evaluator(run, objectives)
        self.checkpoint_writer = AsyncCheckpointWriter()
        self.last_checkpoint = start.checkpoint
        self.origin, source = opened_state(run, start.checkpoint, storage_ranks())
        self.engine = build_engine(run, source)
        self.first_step = self.position.step
        total_tokens = sum(stage.tokens for stage in run.manifest.stages)
        self.stopwatch = Stopwatch(total_peak_flops(run.manifest.train), total_tokens)
        self.recorder: Recorder | None = None
        if dist.get_rank() == 0:
            run.training_manifest.unlink(missing_ok=True)  # of a curriculum that this one continues
            self.recorder = Recorder(run, self.position.step, self._own_callbacks(quiet=quiet), callbacks)
            self._note_devices()

    def _prefetcher(self, objectives: dict[str, TrainingObjective]) -> Prefetcher[PreparedStep]:
        loader = StepLoader(
            open_sets(self.run.shard_folder, self.run.shards.sets),
            self.run.manifest.model,
            self.run.shards.vocabulary.padded,
            dist.get_rank(),
            dist.get_world_size(),
        )
        preparation = StepPreparation(self.curriculum, objectives, self.run.micro_batches, loader)
        return Prefetcher(preparation.prepare, lambda: self.curriculum.total_steps)

    def _own_callbacks(self, *, quiet: bool) -> list[Callback]:
        step, tokens = self.position.step, self.position.tokens.total()
        folder = self.run.train_folder
        own: list[Callback] = [
            TensorBoard(folder / "tensorboard", step, self.token_counter),
            ProgressFile(folder),
        ]
        if not quiet:
            total_tokens = sum(stage.tokens for stage in self.run.manifest.stages)
            own.append(
                progress_on_terminal(self.curriculum.total_steps, total_tokens, tokens, self.token_counter)
            )
        return own

    def run_to_end(self) -> None:
        """Trains the remaining steps, evaluating at the start, after each stage and as often as the manifest
        says.

        Raises:
            LossAnomaly: the training has gone wrong.
            Amended: the steps to come are others.
            Stopped: a signal came; a checkpoint was written.
        """
        if self.position.step == 0:
            if self.origin and self.last_checkpoint is None:
                self._save()  # from here on the run needs what it began from no more
            self._evaluate()
        while self.position.step < self.curriculum.total_steps:
            self._advance()
        self._wait_for_checkpoint()

    def _advance(self) -> None:
        """One step, and what is due after it."""
        if self.checkpoint_writer.done:
            self._wait_for_checkpoint()
        plan, work, record = self._train_step()
        signal = signal_of_any_rank(self.stop)
        step, settings = self.position.step, self.run.manifest.train
        ended = any(span.end == step for span in self.curriculum.spans) or self._switches(plan)
        if ended or (settings.evaluate_every and step % settings.evaluate_every == 0):
            lines = self._evaluate()
            ended = ended or self._ends_early(plan, lines)
        stops = signal != 0 and step < self.curriculum.total_steps
        self._overdue |= ended or stops or step % settings.checkpoint_every == 0
        amended = False
        if self._overdue and worth_keeping(self.monitor, record, self.engine.evaluate(work), last=ended):
            amended = take_amendment(self.run, step)
            self._save()
            self._overdue = False
        if ended and self.recorder:
            self.recorder.callbacks.stage_end(plan.stage, step)
        if stops:
            self._stop(signal)
        if amended:
            self._wait_for_checkpoint()
            raise Amended

    def _train_step(self) -> tuple[StepPlan, list[ForwardPass], dict[str, Any]]:
        """Makes a step and judges it; its plan, this process's part of its work, and its line of
        ``metrics.jsonl``."""
        stage = self.curriculum.stage_of(self.position.step)
        expected = self._begin_stage(stage)
        self.stopwatch.start()
        prepared = self.prepared.take(self.position.step)
        self.stopwatch.data_came()
        plan, work = prepared.plan, prepared.work
        z_loss = self.curriculum.stage_at(self.position.step).z_loss
        result = self.engine.step(work, plan.learning_rate, plan.optimizer, z_loss)
        read = [float(prepared.tokens[name]) for name in plan.sets]
        *counts, flops = add_over_ranks([*read, prepared.flops])
        self.position.step = plan.step + 1
        self.position.tokens.update({name: int(count) for name, count in zip(plan.sets, counts, strict=True)})
        record = metrics_line(plan, result, self.position, expected, z_loss=z_loss > 0)
        self.token_counter.observe(record)
        throughput = self.stopwatch.stop(sum(counts), flops, self.position.tokens.total())
        if self.recorder:
            self.recorder.step(record, throughput)
            if result.skipped:
                self._note(StepSkipped(step=plan.step, reason=record["skipped"]))
        judge_step(self.monitor, record)
        return plan, work, record

    def _begin_stage(self, stage: int) -> float | None:
        """What is due before a stage's first step, and before the first after its blend: the loss that is
        expected, in a blend the greater one of those that are mixed."""
        span = self.curriculum.spans[stage]
        within = self.position.step - span.first
        if within == 0 and span.stream.stage.moments == "fresh":
            self.engine.forget_moments()
        if within == 0 and span.stream.stage.blend and self.recorder:
            self._note(BlendBegun(stage=span.stream.stage.name, step=span.first))
        if within not in (0, span.quotas.blend_steps):
            return None
        mixed = sorted({stage, *(span.quotas.before if within < span.quotas.blend_steps else ())})
        expected = [self.evaluator.expected(self.engine, one) for one in mixed]
        known = [loss for loss in expected if loss is not None]
        return max(known) if len(known) == len(expected) else None

    def _evaluate(self) -> dict[str, dict[str, Any]]:
        """The lines of ``evaluation.jsonl``, by stage.

        Raises:
            LossAnomaly: a loss is infinite or not a number.
        """
        losses = self.evaluator.measure(self.engine)
        for stage, by_set in losses.items():
            for name, loss in by_set.items():
                if not math.isfinite(loss):
                    what = f"the held-out loss of {name} under the objective of {stage} is {loss}"
                    raise LossAnomaly(Anomaly(max(self.position.step, 1) - 1, what))
        lines = {
            stage: {"step": self.position.step, "stage": stage, "losses": found}
            for stage, found in losses.items()
        }
        if self.recorder:
            for line in lines.values():
                self.recorder.evaluation(line)
        return lines

    def _ends_early(self, plan: StepPlan, lines: dict[str, dict[str, Any]]) -> bool:
        span = self.curriculum.spans[plan.stage_index]
        if self.recorder and span.stream.stage.until:
            self.recorder.flush()  # the metrics are asked of what is on disk
        event = early_end(self.run, span, lines)
        if event is None:
            return False
        self._end_stage(event)
        return True

    def _switches(self, plan: StepPlan) -> bool:
        event = requested_end(self.run, plan.stage, self.position.step)
        if event is None:
            return False
        self._end_stage(event)
        if self.recorder:
            forget_request(self.run)
        return True

    def _end_stage(self, event: StageEndedEarly) -> None:
        self.prepared.close()  # steps that will not come, of a curriculum that is about to change
        self.curriculum.apply(event)
        if self.recorder:
            self.run.journal().append(event)
            self.recorder.callbacks.journal_event(event)
            say(f"step {event.step}: stage {event.stage} ends early: {event.reason}")

    def _note(self, note: Note) -> None:
        assert self.recorder is not None
        if self.run.journal().note(note):
            self.recorder.callbacks.journal_event(note)

    def _note_devices(self) -> None:
        """Says what the training runs on, where that was another before."""
        now = Devices(step=self.position.step, processes=dist.get_world_size(), device=device().type)
        before = self.run.journal().devices()
        if before is None or before.model_copy(update={"step": now.step}) != now:
            self._note(now)

    def _save(self) -> None:
        """Begins a checkpoint; the one before has been written then, so that one copy of the state is
        held."""
        self._wait_for_checkpoint()
        folder, progress, keep, best = decided_by_rank_0(self._due_checkpoint)
        state, ranks = self.engine.state(), storage_ranks()
        self.checkpoint_writer.start(lambda: save(folder, progress, state, keep, best, ranks))

    def _due_checkpoint(self) -> tuple[Path, Progress, int, int | None]:
        """Where it will be, what it says, how many to keep and which besides."""
        if self.recorder:
            self.recorder.flush()
        step, run = self.position.step, self.run
        hashes = run.journal().hashes
        progress = Progress(
            step=step,
            updates=self.engine.updates,
            stages_begun=sum(span.first < step for span in self.curriculum.spans),
            tokens_by_set=dict(sorted(self.position.tokens.items())),
            journal_events=len(hashes),
            journal_head=hashes[-1] if hashes else "",
            curriculum=run.manifest.model_dump_json(exclude={"initial"}),
            shards=run.shards_sha256,
            plugins=stage_plugins(run.manifest.stages, run.manifest_folder),
            tokenizer=run.shards.vocabulary.model.sha256,
            origin=self.origin,
        )
        span = self.curriculum.spans[self.curriculum.stage_of(max(step, 1) - 1)]
        best = best_step(span.stream.stage.name, span.first, read_evaluations(run.evaluations_file))
        return run.checkpoints, progress, run.manifest.train.keep, best

    def _wait_for_checkpoint(self) -> None:
        written = self.checkpoint_writer.wait()
        if written:
            self.last_checkpoint = written
            if self.recorder:
                self.recorder.callbacks.checkpoint(written.progress.step, written.folder)

    def _stop(self, signal: int) -> None:
        self.prepared.close()
        self._wait_for_checkpoint()
        what = f"stopped after step {self.position.step}"
        if self._overdue:
            what += "; losses were unusual, so the last checkpoint is an earlier one"
        else:
            what += "; a checkpoint was written"
        raise Stopped(what, fix="run the same command to go on", number=signal)

    def close(self, *, wait: bool) -> None:
        """Closes what is open; the lines written so far are kept. ``wait`` for what threads are at: a
        checkpoint, the next steps."""
        with ExitStack() as stack:
            stack.callback(self.prepared.close, wait=wait)
            stack.callback(self.engine.close)
            stack.callback(self.checkpoint_writer.close, wait=wait)
            if self.recorder:
                stack.callback(self.recorder.close)
