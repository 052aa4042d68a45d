"""What a step knows: its settings, its input, its folder, and what earlier steps left for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from manifests.files import safe_join
from manifests.plugins import Plugin, resolve
from manifests.schema.base import load
from manifests.schema.corpus import CorpusManifest
from manifests.schema.documents import needed_schema
from manifests.schema.steps import Part, StepManifest
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.transform import PartTask


@dataclass(frozen=True)
class StepContext:
    """The surroundings of one step of one run.

    ``base`` is the corpus manifest's folder, against which its paths resolve; ``inputs`` are the previous
    step's parts, relative to ``input_folder``. ``engine`` runs the step's phases (see Phases).
    """

    step: str
    corpus: CorpusManifest
    base: Path
    folder: Path
    input_folder: Path | None
    inputs: tuple[Part, ...]
    engine: Engine
    fingerprint: str

    def resolve(self, path: str) -> Path:
        """A path of the manifest, as one from here."""
        return (self.base / path).resolve()

    def plugin(self, reference: str, group: str) -> Plugin:
        """A plug-in that the manifest names."""
        return resolve(reference, group, self.base)

    @property
    def user_signals(self) -> tuple[str, ...]:
        """Names of the signals of the user's own, which documents carry from the quality step on."""
        return tuple(signal.name for signal in self.corpus.quality.signals)

    def tasks(self) -> list[PartTask]:
        """One task for each part of the previous step; its file's hash is checked when it is read."""
        assert self.input_folder is not None
        folder, wanted = self.input_folder, needed_schema(self.input_folder.name)
        return [
            PartTask(part.index, CheckedFile(safe_join(folder, part.kept.path), part.kept, wanted))
            for part in self.inputs
        ]

    def earlier(self, step: str) -> StepManifest:
        """The manifest of an earlier step of this run.

        Raises:
            PipelineError: that step is not done.
        """
        path = self.folder.parent / step / "manifest.json"
        if not path.exists():
            raise PipelineError(f"{path} is missing; run `openba {step}` again")
        return load(path, StepManifest)

    def artifact(self, step: str, name: str) -> tuple[CheckedFile, ...]:
        """The files that an earlier step left under a name (see StepResult).

        Raises:
            PipelineError: that step is not done, or left nothing of the name.
        """
        manifest = self.earlier(step)
        paths = manifest.artifacts.get(name, ())
        if not paths:
            raise PipelineError(
                f"{step} left no {name}; remove {step}/manifest.json in {self.folder.parent} and run it again"
            )
        files = {file.path: file for file in manifest.files}
        lost = [path for path in paths if path not in files]
        if lost:
            raise PipelineError(
                f"{step}/manifest.json: its {name} {lost[0]} is none of its files; run it again"
            )
        folder = self.folder.parent / step
        return tuple(CheckedFile(safe_join(folder, path), files[path]) for path in paths)

    def chain(self) -> list[StepManifest]:
        """The manifests of the steps that the documents came through, first to last, as far as they are
        there."""
        found: list[StepManifest] = []
        step = self.input_folder.name if self.input_folder else ""
        while step and (self.folder.parent / step / "manifest.json").exists():
            found.insert(0, self.earlier(step))
            step = found[0].input_step
        return found
