"""``python -m trainer train | evaluate | generate | export | import --curriculum MANIFEST --run FOLDER``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from curriculum.journal import JournalError
from manifests.schema.base import ManifestError
from trainer.data import ShardError
from trainer.generation import Choice, ChoiceError
from trainer.history import HistoryError
from trainer.run import Run
from trainer.saver import CheckpointError
from trainer.train import Diverged, train
from trainer.use import evaluate_checkpoint, export_model, generate_texts, import_model

EXPLAINED = (ManifestError, ShardError, HistoryError, JournalError, CheckpointError, Diverged, ChoiceError)


def main(arguments: list[str] | None = None) -> int:
    """Entry point; also of torchrun and of the ``deepspeed`` launcher. 0: done; 1: an error that the message explains."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(Run.open(options.curriculum, options.run), options)
    except EXPLAINED as error:
        print(error, file=sys.stderr)
        return 1


def _train(run: Run, options: argparse.Namespace) -> int:
    for warning in run.manifest.warnings:
        print(f"{options.curriculum}: warning: {warning}", file=sys.stderr)
    if not train(run, quiet=options.quiet):
        print(f"{run.train_folder}: finished already, nothing to do")
    return 0


def _evaluate(run: Run, _: argparse.Namespace) -> int:
    print(json.dumps(evaluate_checkpoint(run), indent=1))
    return 0


def _generate(run: Run, options: argparse.Namespace) -> int:
    choice = Choice(options.temperature, options.top_k, options.top_p, options.seed, options.beams, options.length_penalty)
    prompts = options.prompt or _lines(options.file)
    answers = generate_texts(run, prompts, options.max_tokens, choice)
    for prompt, answer in zip(prompts, answers, strict=True):
        print(answer if options.prompt else json.dumps({"prompt": prompt, "answer": answer}, ensure_ascii=False))
    return 0


def _lines(file: Path | None) -> list[str]:
    """Prompts, one a line: of a file, or of standard input."""
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file or 'standard input'}: not readable as UTF-8 text: {error}") from None
    if not text.strip():
        raise ManifestError(f"{file or 'standard input'}: holds no prompts; write one a line, or use --prompt")
    return text.removesuffix("\n").split("\n")


def _export(run: Run, options: argparse.Namespace) -> int:
    export_model(run, options.to)
    print(f"{options.to}: written; AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True) loads it")
    return 0


def _import(run: Run, options: argparse.Namespace) -> int:
    print(f"{import_model(run, options.source).folder}: written; train and generate go on from it")
    return 0


def _positive(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return int(text)


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
    source = command.add_mutually_exclusive_group()
    source.add_argument("--prompt", action="append", help="a prompt; may be given often")
    source.add_argument("--file", type=Path, help="prompts, one a line (default: standard input); the answers are JSON, one a line")
    command.add_argument("--max-tokens", type=_positive, default=256, help="greatest length of an answer, of any size (default 256)")
    command.add_argument("--temperature", type=float, default=0.0, help="0 takes the most likely token (default), 1 samples")
    command.add_argument("--top-k", type=int, default=0, help="sample from so many most likely tokens (default 0: all)")
    command.add_argument("--top-p", type=float, default=1.0, help="sample from the most likely tokens of this probability (default 1)")
    command.add_argument("--seed", type=int, default=0, help="of the sampling (default 0)")
    command.add_argument("--beams", type=int, default=0, help="width of a beam search (default 0: none)")
    command.add_argument("--length-penalty", type=float, default=1.0, help="of the beam search; 0 prefers short answers (default 1)")
    command.set_defaults(command=_generate)
    text = "write the newest checkpoint as a folder that transformers loads"
    command = commands.add_parser("export", parents=[shared], help=text, description=f"{text.capitalize()}, in the released layout.")
    command.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder")
    command.set_defaults(command=_export)
    text = "begin a run from the weights of an exported folder"
    command = commands.add_parser(
        "import", parents=[shared], help=text, description=f"{text.capitalize()}, its model being the curriculum's."
    )
    command.add_argument(
        "--from", type=Path, required=True, metavar="FOLDER", dest="source", help="a folder with config.json and safetensors"
    )
    command.set_defaults(command=_import)
    return parser


if __name__ == "__main__":
    sys.exit(main())
