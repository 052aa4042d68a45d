"""Runs steps in order: fingerprint, work, conservation, manifest. A step whose fingerprint is unchanged is
left alone."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from manifests.errors import UserError
from manifests.files import digest, sha256, write_json
from manifests.os_errors import free_bytes, os_errors_explained
from manifests.personal_data import created_private, make_private, personal_data_of
from manifests.redaction import NAME, redacted_in
from manifests.run_folder import checked_run_folder
from manifests.run_lock import run_lock
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.steps import KEPT, Part, StepManifest, merge_counts, merge_metrics
from manifests.step_order import steps_of
from manifests.stop_signals import stop_told, stops_at_once
from pipeline.runtime.context import StepContext
from pipeline.runtime.corpus_plugins import load_plugins
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.finished_parts import step_in_place
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.step import Step, StepResult


@dataclass(frozen=True)
class StepOutcome:
    """The outcome of one step: its manifest, and whether anything had to be done."""

    manifest: StepManifest
    worked: bool
    seconds: float


class CorpusRun:
    """A corpus manifest applied in a run folder.

    Raises (when it is made):
        ManifestError: the manifest is not valid.
        PluginError: a plug-in that it names cannot be found or imported.
    """

    def __init__(self, corpus_file: Path, folder: Path, engine: Engine) -> None:
        self.corpus = load(corpus_file, CorpusManifest)
        self._base = corpus_file.parent.resolve()
        self._folder = checked_run_folder(folder).resolve()
        self._engine = engine
        self._held = False
        load_plugins(self.corpus, self._base)

    @contextmanager
    def held(self, command: str) -> Iterator[None]:
        """Keeps other commands out of the run folder until the block ends; Ctrl-C and SIGTERM stop the work.

        Raises:
            UserError: another command works in the folder.
            Stopped: a signal came.
        """
        if self._held:
            yield
            return
        with stops_at_once(), stop_told(lambda: f"`{command}`"), run_lock(self._folder, command):
            self._held = True
            try:
                yield
            finally:
                self._held = False

    def step(self, step: Step) -> StepOutcome:
        """Brings one step up to date; holds the run folder meanwhile.

        Raises:
            PipelineError: the previous step is not done, the work failed, or nothing would be left.
            UserError: another command works in the folder, or the system refuses to write there.
            Stopped: a signal came.
        """
        with (
            self.held(f"openba {step.name}"),
            stop_told(lambda: step.name),
            os_errors_explained(self._folder),
        ):
            return self._step(step)

    def _step(self, step: Step) -> StepOutcome:
        started = time.perf_counter()
        context, manifest_path, input_sha256 = self._context(step)
        redacted = redacted_in(self._folder)
        current = _current(manifest_path, context.fingerprint, redacted.get(step.name, ()))
        if current is not None:
            return StepOutcome(current, False, time.perf_counter() - started)
        if redacted:
            raise _is_redacted(step.name, self._folder)
        private = personal_data_of(step.name, steps_of(self.corpus))
        manifest_path.unlink(missing_ok=True)
        context.folder.mkdir(parents=True, exist_ok=True)
        make_private(context.folder, private)
        with created_private(private):
            manifest = self._finish(step, context, input_sha256, step.run(context))
        write_json(manifest_path, manifest.model_dump(mode="json"))
        seconds = time.perf_counter() - started
        _write_stats(context.folder, manifest, seconds)
        make_private(context.folder, private)
        return StepOutcome(manifest, True, seconds)

    def _context(self, step: Step) -> tuple[StepContext, Path, str]:
        before = self._before(step)
        parts, input_sha256 = self._previous(before, step.name) if before else ((), "")
        folder = self._folder / step.name
        context = StepContext(step.name, self.corpus, self._base, folder, before, parts, self._engine, "")
        settings = step.settings(self.corpus)
        identity = [step.name, step.version, settings, input_sha256, step.inputs(context)]
        return replace(context, fingerprint=digest(identity)), folder / "manifest.json", input_sha256

    def _before(self, step: Step) -> Path | None:
        """The folder of the step that comes before this one."""
        order = steps_of(self.corpus)
        position = order.index(step.name)
        return self._folder / order[position - 1] if position else None

    @staticmethod
    def _previous(folder: Path, step: str) -> tuple[tuple[Part, ...], str]:
        path = folder / "manifest.json"
        if not path.exists():
            raise PipelineError(
                f"{step} needs the step {folder.name} first: run `openba {folder.name}`, or `openba corpus` "
                "for all of them"
            )
        return load(path, StepManifest).parts, sha256(path)

    def _finish(
        self, step: Step, context: StepContext, input_sha256: str, result: StepResult
    ) -> StepManifest:
        counts = merge_counts(part.counts for part in result.parts)
        manifest = StepManifest(
            step=step.name,
            step_version=step.version,
            fingerprint=context.fingerprint,
            input_step=context.input_folder.name if context.input_folder else "",
            input_sha256=input_sha256,
            settings=step.settings(self.corpus),
            documents_in=sum(part.documents_in for part in result.parts),
            documents_kept=sum(part.kept.rows for part in result.parts),
            counts=counts,
            metrics=merge_metrics([*(part.metrics for part in result.parts), result.metrics]),
            parts=tuple(result.parts),
            files=tuple(result.files),
            personal_data=personal_data_of(step.name, steps_of(self.corpus)),
            artifacts={name: tuple(file.path for file in files) for name, files in result.artifacts.items()},
        )
        _check(manifest, context)
        return manifest


def _check(manifest: StepManifest, context: StepContext) -> None:
    """The conservation law, and no silent emptiness."""
    if context.input_folder is not None:
        given = sum(part.kept.rows for part in context.inputs)
        if manifest.documents_in != given:
            raise PipelineError(
                f"{manifest.step}: the step before kept {given} documents, but {manifest.documents_in} were "
                "read"
            )
    if manifest.documents_kept == 0:
        reasons = Counter({count.reason: 0 for count in manifest.counts})
        for count in manifest.counts:
            reasons[count.reason] += count.documents
        reasons.pop(KEPT, None)
        why = (
            ", ".join(f"{reason} {number}" for reason, number in reasons.most_common(5))
            or "there was no input"
        )
        raise PipelineError(
            f"{manifest.step} kept none of {manifest.documents_in} documents ({why}); look at "
            f"{context.folder / 'rejected'} "
            f"and correct the corpus manifest's {manifest.step} settings"
        )


def _is_redacted(step: str, folder: Path) -> UserError:
    return UserError(
        f"{step} would have to run, but the run was redacted: texts that it needs are gone",
        where=folder,
        fix=f"take another --run, or remove {folder / NAME} to make them again from the sources",
    )


def _current(path: Path, fingerprint: str, redacted: Sequence[str]) -> StepManifest | None:
    try:
        manifest = load(path, StepManifest)
    except ManifestError:
        return None
    whole = manifest.fingerprint == fingerprint and step_in_place(path.parent, manifest, redacted)
    return manifest if whole else None


def _write_stats(folder: Path, manifest: StepManifest, seconds: float) -> None:
    """Timings are apart, so that the manifest of the same work is always the same."""
    size = sum(count.bytes for count in manifest.counts)
    usage = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    stats = {
        "seconds": round(seconds, 3),
        "text_bytes_in": size,
        "mb_per_second": round(size / 1e6 / seconds, 3),
        "peak_memory_mb": round(usage / 1024),
        "disk_free_gb": round(free_bytes(folder) / 1e9, 1),
    }
    write_json(folder / "stats.json", stats)
