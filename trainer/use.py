"""What to do with a checkpoint: measure it on the held-out sets, or let it write."""

from __future__ import annotations

import torch
from sentencepiece import SentencePieceProcessor

from manifests.files import inside, sha256
from manifests.schema.base import ManifestError
from trainer import checkpoint
from trainer.checkpoint import Checkpoint
from trainer.data import ShardError
from trainer.distributed import join_process_group
from trainer.evaluate import Evaluator
from trainer.generation import generate
from trainer.model.transformer import EncoderDecoder
from trainer.processor import processor
from trainer.run import Run
from trainer.train import build_engine


def newest_checkpoint(run: Run) -> Checkpoint:
    """The newest whole checkpoint.

    Raises:
        ManifestError: there is none.
    """
    found = checkpoint.newest(run.checkpoints)
    if found is None:
        raise ManifestError(f"{run.checkpoints}: no whole checkpoint; train first")
    return found


def evaluate_checkpoint(run: Run) -> dict[str, dict[str, float]]:
    """Nats per target token on the held-out sets: stage (its objective) -> set -> loss."""
    state = newest_checkpoint(run).load()
    join_process_group()
    with processor(run.manifest.train.threads):
        engine = build_engine(run)
        engine.load(state)
        return Evaluator(run).measure(engine)


def generate_texts(run: Run, prompts: list[str], max_tokens: int, temperature: float, seed: int) -> list[str]:
    """Answers to prompts in the layout of instructions."""
    model = EncoderDecoder(run.manifest.model, run.shards.vocabulary.padded)
    model.load_state_dict(newest_checkpoint(run).load().weights)
    model.eval()
    pieces = load_tokenizer(run)
    generator = torch.Generator().manual_seed(seed)
    answers = generate(
        model, run.shards.vocabulary, pieces.encode(prompts), max_tokens=max_tokens, temperature=temperature, generator=generator
    )
    return [pieces.decode([token for token in answer.tolist() if token < run.shards.vocabulary.pieces]) for answer in answers]


def load_tokenizer(run: Run) -> SentencePieceProcessor:
    """The vocabulary's SentencePiece model.

    Raises:
        ShardError: it is missing or not the one that made the shards.
    """
    model = run.shards.vocabulary.model
    path = inside(run.shard_folder, model.path)
    if not path.exists() or sha256(path) != model.sha256:
        raise ShardError(f"{path}: is not the tokenizer that made the shards; make the shards again")
    return SentencePieceProcessor(model_file=str(path))
