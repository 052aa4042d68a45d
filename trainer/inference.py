"""What to do with a checkpoint: measure it on the held-out sets, let it write, or take it to transformers and
back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sentencepiece import SentencePieceProcessor

from curriculum.plugins import stage_plugins
from manifests.border.sentencepiece_model import checked_model
from manifests.errors import UserError
from manifests.files import safe_join, sha256
from manifests.os_errors import os_errors_explained
from manifests.run_lock import run_lock
from manifests.schema.base import ManifestError
from manifests.schema.initial import Origin
from trainer.bf16_choice import inference_choice
from trainer.checkpoint import checkpoint
from trainer.checkpoint.checkpoint import ALONE, Checkpoint, Progress
from trainer.checkpoint.saving import save
from trainer.chosen_checkpoint import Which
from trainer.data.dataset import ShardError
from trainer.data.shard_verification import check_ids
from trainer.determinism import deterministic_cpu
from trainer.distributed import join_process_group, storage_ranks
from trainer.dtypes import DTYPES, DtypeName, InferenceDtype, inference_dtype
from trainer.engine_state import StateSource
from trainer.evaluation.heldout_loss import Evaluator
from trainer.evaluation.mean_loss import LoadedModel
from trainer.export import hf_folder
from trainer.export.imported_state import ImportedState
from trainer.export.parameter_layout import parameter_shapes
from trainer.lora_state import plain_weights
from trainer.model.bf16_ways import bf16_ways
from trainer.model.loaded import loaded_model
from trainer.model.lora import Read
from trainer.model.transformer import EncoderDecoder
from trainer.origin import opened_origin
from trainer.run import TrainingRun
from trainer.run_engine import build_objectives


class PromptError(UserError):
    """A prompt that no model can read; the message names it."""


def evaluate_checkpoint(
    run: TrainingRun, which: Which = "last", dtype: InferenceDtype | None = None, *, average: bool = False
) -> dict[str, dict[str, float]]:
    """Nats per target token on the held-out sets: stage (its objective) -> set -> loss; with ``average`` of
    the averaged weights.

    Each process has the whole model, and measures a part of the samples; ``dtype`` as of trained_model.

    Raises:
        UserError: there is no such checkpoint, or it does not fit (see trainer.chosen_checkpoint).
        ShardError: a held-out shard is missing or is not what the manifest says.
    """
    join_process_group()
    for tokens in run.shards.heldout.values():
        for shard in tokens.shards:
            check_ids(safe_join(run.shard_folder, shard.file.path), run.shards.vocabulary.size)
    model = _loaded(run, plain_weights(run, which, storage_ranks(), average=average), dtype)
    with (
        deterministic_cpu(run.manifest.train.threads),
        bf16_ways(inference_choice(run, model.output_bias.dtype)),
    ):
        return Evaluator(run, build_objectives(run)).measure(LoadedModel(model))


def trained_model(
    run: TrainingRun, which: Which = "last", dtype: InferenceDtype | None = None, *, average: bool = False
) -> EncoderDecoder:
    """A model with a checkpoint's weights, or their ``average``, without dropout, on the GPU where there is
    one.

    Args:
        dtype: of its weights and products; None: that of the training, as its held-out losses are measured.

    Raises:
        UserError: there is no such checkpoint, or it does not fit (see trainer.chosen_checkpoint).
    """
    return _loaded(run, plain_weights(run, which, average=average), dtype)


def _loaded(run: TrainingRun, read: Read, dtype: InferenceDtype | None) -> EncoderDecoder:
    precision = inference_dtype(run.manifest.train.precision, dtype)
    return loaded_model(run.manifest.model, run.shards.vocabulary.padded, read, precision)


def checked_prompt(prompt: str) -> str:
    """A prompt that can be encoded. Arguments that are not UTF-8 reach Python as lone surrogates.

    Raises:
        PromptError: it cannot.
    """
    try:
        prompt.encode()
    except UnicodeEncodeError as error:
        raise PromptError(
            f"the prompt {prompt[:40]!r} is not UTF-8 text at character {error.start + 1}",
            fix="set the terminal to UTF-8, or give the prompt in a UTF-8 file",
        ) from None
    return prompt


def export_model(
    run: TrainingRun,
    to: Path,
    which: Which = "last",
    dtype: DtypeName = "float32",
    *,
    average: bool = False,
) -> None:
    """Writes a checkpoint's weights, or their ``average``, as a folder that transformers loads (see
    trainer.export.hf_folder.write).

    Raises:
        OverflowedError: a weight is beyond the largest number of ``dtype``.
        ManifestError: the folder holds something.
        UserError: there is no such checkpoint, or it does not fit (see trainer.chosen_checkpoint).
        ShardError: the tokenizer is not the one that made the shards.
        UserError: the folder cannot be written to.
    """
    read = plain_weights(run, which, average=average)
    load_tokenizer(run)
    vocabulary = run.shards.vocabulary
    with os_errors_explained(to):
        hf_folder.write(
            to,
            run.manifest,
            vocabulary,
            safe_join(run.shard_folder, vocabulary.model.path),
            read,
            plugins=run.manifest_folder,
            dtype=DTYPES[dtype],
        )


@dataclass(frozen=True)
class ImportedModel:
    """The checkpoint that was made of a folder, and the types that its weights were stored in, by name."""

    checkpoint: Checkpoint
    dtypes: list[str]


def import_model(run: TrainingRun, source: Path) -> ImportedModel:
    """Writes the first checkpoint of a training from a folder's weights, without training: what
    ``openba train --from`` begins with, to evaluate or to write text with. One tensor is in memory at a time.

    Raises:
        ManifestError: the run has checkpoints.
        UserError: the folder cannot be begun from (see trainer.origin.opened_origin), another command uses
            the run folder, or it cannot be written to.
    """
    with run_lock(run.folder, "openba import"):
        if checkpoint.folders(run.checkpoints):
            raise ManifestError(f"{run.checkpoints}: has checkpoints; import into a new run folder")
        if run.manifest.lora:
            raise ManifestError("lora: only a training begins beside given weights; use openba train --from")
        beginning = run.beginning_from(source)
        assert beginning.manifest.initial is not None
        origin, state = opened_origin(beginning, beginning.manifest.initial, ALONE)
        return ImportedModel(_first_checkpoint(beginning, origin, state), origin.dtypes)


def _first_checkpoint(run: TrainingRun, origin: Origin, state: StateSource) -> Checkpoint:
    progress = Progress(
        step=0,
        updates=state.updates,
        stages_begun=0,
        tokens_by_set={},
        journal_events=len(run.journal().hashes),
        plugins=stage_plugins(run.manifest.stages, run.manifest_folder),
        curriculum=run.manifest.model_dump_json(exclude={"initial"}),
        shards=run.shards_sha256,
        tokenizer=run.shards.vocabulary.model.sha256,
        origin=origin,
    )
    imported = ImportedState(state, parameter_shapes(run.manifest.model, run.shards.vocabulary))
    return save(run.checkpoints, progress, imported, run.manifest.train.keep)


def load_tokenizer(run: TrainingRun) -> SentencePieceProcessor:
    """The vocabulary's SentencePiece model.

    Raises:
        ShardError: it is missing or not the one that made the shards.
    """
    model = run.shards.vocabulary.model
    path = safe_join(run.shard_folder, model.path)
    found = sha256(path) if path.exists() else "no file"
    if found != model.sha256:
        raise ShardError(
            f"is not the tokenizer that made the shards: its hash is {found}, and theirs {model.sha256}",
            where=path,
            fix="put that back, or make the shards again",
        )
    return SentencePieceProcessor(model_proto=checked_model(path))
