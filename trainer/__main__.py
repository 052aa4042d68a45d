"""``python -m trainer train | evaluate | generate --curriculum MANIFEST --run FOLDER``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from curriculum.journal import JournalError
from manifests.schema.base import ManifestError
from trainer.data import ShardError
from trainer.history import HistoryError
from trainer.run import Run
from trainer.saver import CheckpointError
from trainer.train import Diverged, train
from trainer.use import evaluate_checkpoint, generate_texts

EXPLAINED = (ManifestError, ShardError, HistoryError, JournalError, CheckpointError, Diverged)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; also of torchrun and of the ``deepspeed`` launcher. 0: done; 1: an error that the message explains."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(Run.open(options.curriculum, options.run), options)
    except EXPLAINED as error:
        print(error, file=sys.stderr)
        return 1


def _train(run: Run, options: argparse.Namespace) -> int:
    if not train(run, quiet=options.quiet):
        print(f"{run.train_folder}: finished already, nothing to do")
    return 0


def _evaluate(run: Run, _: argparse.Namespace) -> int:
    print(json.dumps(evaluate_checkpoint(run), indent=1))
    return 0


def _generate(run: Run, options: argparse.Namespace) -> int:
    prompts = options.prompt or [line.rstrip("\n") for line in sys.stdin]
    for answer in generate_texts(run, prompts, options.max_tokens, options.temperature, options.seed):
        print(answer)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train an OpenBA-style encoder-decoder through the stages of a curriculum, on the shards of a pipeline run.",
        epilog="Several processes: torchrun --nproc-per-node 2 -m trainer train ..., or on a Ray cluster: python -m trainer.job ...",
    )
    parser.add_argument("--local_rank", type=int, help=argparse.SUPPRESS)  # the deepspeed launcher adds it
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--curriculum", type=Path, required=True, help="curriculum manifest, for example manifests/demo/curriculum.yaml")
    shared.add_argument("--run", type=Path, required=True, help="run folder; holds shards/ from the pipeline, gets train/")
    command = commands.add_parser("train", parents=[shared], help="train to the end of the curriculum, from the newest checkpoint if any")
    command.add_argument("--quiet", action="store_true", help="no progress bar and no losses on the terminal")
    command.set_defaults(command=_train)
    command = commands.add_parser("evaluate", parents=[shared], help="print the newest checkpoint's losses on the held-out sets as JSON")
    command.set_defaults(command=_evaluate)
    command = commands.add_parser("generate", parents=[shared], help="answer prompts with the newest checkpoint")
    command.add_argument("--prompt", action="append", help="a prompt; may be given often; without it, one a line from standard input")
    command.add_argument("--max-tokens", type=int, default=64, help="greatest length of an answer (default 64)")
    command.add_argument("--temperature", type=float, default=0.0, help="0 takes the most likely token (default), 1 samples")
    command.add_argument("--seed", type=int, default=0, help="of the sampling (default 0)")
    command.set_defaults(command=_generate)
    return parser


if __name__ == "__main__":
    sys.exit(main())
