"""A training run on disk: where its files are, what it is made from, and the fingerprint of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from curriculum.curriculum import Curriculum
from curriculum.journal import Journal
from curriculum.pair_lengths import PairLengths
from curriculum.plugin_objective import shape_of
from curriculum.plugins import all_plugins
from manifests.files import digest, sha256
from manifests.run_folder import local_run_folder
from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.initial import Initial, Origin
from manifests.schema.shards import ShardManifest
from manifests.schema.training import CutPairs, TrainingManifest
from trainer.data.dataset import PairTable, open_sets

BLOCK = 1 << 20
"""Pairs whose lengths are read at a time."""


@dataclass(frozen=True)
class TrainingRun:
    """``folder`` holds the pipeline's ``shards`` and the trainer's ``train``; ``manifest_folder`` holds the
    curriculum's manifest and its plug-ins."""

    folder: Path
    manifest: CurriculumManifest
    shards: ShardManifest
    manifest_folder: Path = Path()

    @classmethod
    def open(cls, curriculum: Path, folder: Path) -> TrainingRun:
        """Reads the two manifests.

        Raises:
            ManifestError: one of them is missing or not valid.
            UserError: the folder is behind a URL.
        """
        folder = local_run_folder(folder, "a training")
        return cls(
            folder,
            load(curriculum, CurriculumManifest),
            load(folder / "shards" / "shards.json", ShardManifest),
            curriculum.parent,
        )

    def beginning_from(self, weights: Path) -> TrainingRun:
        """The same run with other ``initial.weights``, which may be relative to the working directory."""
        named = self.manifest.initial
        initial = Initial(weights=str(weights.absolute()), moments=named.moments if named else "fresh")
        return replace(self, manifest=self.manifest.model_copy(update={"initial": initial}))

    def begins_from(self, origin: Origin | None) -> bool:
        """Whether a training that began from ``origin`` (None: from new weights) is what the curriculum asks
        for. One that names no weights goes on from whatever the run began from."""
        initial = self.manifest.initial
        if initial is None or origin is None:
            return initial is None
        paths = [(self.manifest_folder / path).resolve() for path in (initial.weights, origin.path)]
        return initial.moments == origin.moments and paths[0] == paths[1]

    @property
    def shard_folder(self) -> Path:
        """Where the paths of the shard manifest start."""
        return self.folder / "shards"

    @property
    def shard_manifest(self) -> Path:
        """What the shards step has written last."""
        return self.shard_folder / "shards.json"

    @property
    def train_folder(self) -> Path:
        """Where the trainer writes."""
        return self.folder / "train"

    @property
    def checkpoints(self) -> Path:
        """One folder for each checkpoint."""
        return self.train_folder / "checkpoints"

    @property
    def metrics_file(self) -> Path:
        """A line of JSON for each step."""
        return self.train_folder / "metrics.jsonl"

    @property
    def evaluations_file(self) -> Path:
        """A line of JSON for each evaluation and stage."""
        return self.train_folder / "evaluation.jsonl"

    @property
    def benchmarks_file(self) -> Path:
        """A line of JSON for each checkpoint that was asked benchmarks."""
        return self.train_folder / "benchmarks.jsonl"

    @property
    def verified_shards(self) -> Path:
        """Which shards have been hashed, and what they looked like then."""
        return self.train_folder / "verified-shards.json"

    @property
    def bf16_file(self) -> Path:
        """How products of bfloat16 are made on a CPU."""
        return self.train_folder / "bf16.json"

    @property
    def training_manifest(self) -> Path:
        """Written last: where it is, the training is complete."""
        return self.train_folder / "manifest.json"

    @cached_property
    def shards_sha256(self) -> str:
        """Hash of the shard manifest, which holds the hashes of all shards and of the tokenizer."""
        return sha256(self.shard_manifest)

    @cached_property
    def fingerprint(self) -> str:
        """Hash of everything that decides the training, and of the code of its plug-ins; but for the weights
        that it begins from, whose hashes are in its origin.

        Raises:
            PluginError: there is no such plug-in.
        """
        curriculum = self.manifest.model_dump(mode="json", exclude={"initial"})
        parts = {"curriculum": curriculum, "shards": self.shards_sha256}
        plugins = all_plugins(self.manifest, self.manifest_folder)
        return digest(parts | ({"plugins": plugins} if plugins else {}))

    @property
    def finished(self) -> bool:
        """Whether there is a training manifest, of this curriculum, these shards and this origin."""
        if not self.training_manifest.exists():
            return False
        found = load(self.training_manifest, TrainingManifest)
        return found.fingerprint == self.fingerprint and self.begins_from(found.origin)

    @property
    def micro_batches(self) -> dict[str, int]:
        """Tokens that a process computes at a time, by stage."""
        return {stage.name: stage.micro_batch for stage in self.manifest.stages}

    def journal(self) -> Journal:
        """The run's journal, as it is now.

        Raises:
            JournalError: a line of it is not an event.
        """
        return Journal(self.train_folder / "journal.jsonl")

    @cached_property
    def pair_lengths(self) -> dict[str, PairLengths]:
        """Those of each set of pairs, read from its shards.

        Raises:
            ShardError: a shard is missing or is not what the manifest says.
        """
        sets = {name: tokens for name, tokens in self.shards.sets.items() if tokens.kind == "pairs"}
        tables = open_sets(self.shard_folder, sets)
        return {
            name: PairLengths.of(
                table.lengths(np.arange(start, min(start + BLOCK, sets[name].rows)))
                for start in range(0, sets[name].rows, BLOCK)
            )
            for name, table in tables.items()
            if isinstance(table, PairTable)
        }

    @property
    def cut_pairs(self) -> dict[str, dict[str, CutPairs]]:
        """What stages of pairs have no room for, by stage and set.

        Raises:
            ShardError: see pair_lengths.
        """
        found: dict[str, dict[str, CutPairs]] = {}
        for stage in self.manifest.stages:
            shape = shape_of(stage.objective, self.shards.vocabulary, self.manifest_folder)
            for name in stage.sets if shape.reads == "pairs" else ():
                cut = self.pair_lengths[name].cut(*shape.room)
                if cut.tokens:
                    found.setdefault(stage.name, {})[name] = cut
        return found

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is valid, but hardly meant, with these shards; a line each.

        Raises:
            ManifestError, ShardError: see Curriculum and pair_lengths.
        """
        found = list(self.manifest.warnings)
        planned = Curriculum(self.manifest, self.shards, None, self.manifest_folder, self.pair_lengths)
        for index, span in enumerate(planned.spans):
            stage = span.stream.stage
            if stage.steps is None and (warning := stage.warning_of(span.quotas.steps)):
                found.append(f"stages[{index}].{warning}")
            found += [
                f"stages[{index}].objective: {cut.describe(name)}"
                for name, cut in self.cut_pairs.get(stage.name, {}).items()
            ]
        return tuple(found)

    def curriculum(self, journal: Journal | None = None) -> Curriculum:
        """The curriculum with the events of a journal: the run's as it is now, if none is given. A journal
        that has begun knows which curriculum that was.

        Raises:
            ManifestError, JournalError, ValueError: see Curriculum and Journal.
            ShardError: see pair_lengths.
        """
        journal = journal or self.journal()
        manifest = journal.begun.curriculum if journal.begun else self.manifest
        return Curriculum(manifest, self.shards, journal, self.manifest_folder, self.pair_lengths)
