"""``python -m trainer train | evaluate | generate | export | import --curriculum MANIFEST --run FOLDER``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from manifests.errors import UserError, shown
from trainer.run import TrainingRun


def main(arguments: list[str] | None = None) -> int:
    """Entry point; also of torchrun and of the ``deepspeed`` launcher. 0: done; 1: an error that the message
    explains."""
    options = _parser().parse_args(arguments)
    try:
        run = TrainingRun.open(options.curriculum, options.run)
    except UserError as error:
        print(shown(error), file=sys.stderr)
        return error.exit_code
    if options.command == "train" and run.finished:
        print(f"{run.train_folder}: finished already, nothing to do")
        return 0
    from trainer.commands import execute

    return execute(options.command, run, options)


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m trainer",
        description="Train an OpenBA-style encoder-decoder through the stages of a curriculum, on the "
        "shards of a pipeline run.",
        epilog="Several processes: torchrun --standalone --nproc-per-node 2 -m -- trainer train ..., or "
        "deepspeed --num_gpus 2 --module "
        "trainer train ..., or on a Ray cluster: python -m trainer.ray_launch ...",
    )
    parser.add_argument("--local_rank", type=int, help=argparse.SUPPRESS)  # the deepspeed launcher adds it
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--curriculum",
        type=Path,
        required=True,
        help="curriculum manifest, for example manifests/presets/demo/curriculum.yaml",
    )
    shared.add_argument(
        "--run", type=Path, required=True, help="run folder; holds shards/ from the pipeline, gets train/"
    )
    command = commands.add_parser(
        "train",
        parents=[shared],
        help="train to the end of the curriculum, from the newest checkpoint if any",
    )
    command.add_argument("--quiet", action="store_true", help="no progress bar and no losses on the terminal")
    command = commands.add_parser(
        "evaluate", parents=[shared], help="print the newest checkpoint's losses on the held-out sets as JSON"
    )
    command = commands.add_parser(
        "generate", parents=[shared], help="answer prompts with the newest checkpoint"
    )
    source = command.add_mutually_exclusive_group()
    source.add_argument("--prompt", action="append", help="a prompt; may be given often")
    source.add_argument(
        "--file",
        type=Path,
        help="prompts, one a line (default: standard input); the answers are JSON, one a line",
    )
    command.add_argument(
        "--max-tokens",
        type=_positive,
        default=256,
        help="greatest length of an answer, of any size (default 256)",
    )
    command.add_argument(
        "--temperature", type=float, default=0.0, help="0 takes the most likely token (default), 1 samples"
    )
    command.add_argument(
        "--top-k", type=int, default=0, help="sample from so many most likely tokens (default 0: all)"
    )
    command.add_argument(
        "--top-p",
        type=float,
        default=1.0,
        help="sample from the most likely tokens of this probability (default 1)",
    )
    command.add_argument("--seed", type=int, default=0, help="of the sampling (default 0)")
    command.add_argument("--beams", type=int, default=0, help="width of a beam search (default 0: none)")
    command.add_argument(
        "--length-penalty",
        type=float,
        default=1.0,
        help="of the beam search; 0 prefers short answers (default 1)",
    )
    text = "write the newest checkpoint as a folder that transformers loads"
    command = commands.add_parser(
        "export", parents=[shared], help=text, description=f"{text.capitalize()}, in the released layout."
    )
    command.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder")
    text = "begin a run from the weights of an exported folder"
    command = commands.add_parser(
        "import",
        parents=[shared],
        help=text,
        description=f"{text.capitalize()}, its model being the curriculum's.",
    )
    command.add_argument(
        "--from",
        type=Path,
        required=True,
        metavar="FOLDER",
        dest="source",
        help="a folder with config.json and safetensors",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
