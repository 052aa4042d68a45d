"""What each command of ``python -m trainer`` does. Imported when there is something to do: torch and
DeepSpeed take seconds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from manifests.errors import UserError, shown
from manifests.schema.base import ManifestError
from trainer.generation.generate import SamplingSettings
from trainer.inference import evaluate_checkpoint, export_model, generate_texts, import_model
from trainer.run import TrainingRun
from trainer.train import train


def execute(name: str, run: TrainingRun, options: argparse.Namespace) -> int:
    """The exit code of a command: 0, or that of an error that the message on standard error explains."""
    try:
        return COMMANDS[name](run, options)
    except UserError as error:
        print(shown(error), file=sys.stderr)
        return error.exit_code


def _train(run: TrainingRun, options: argparse.Namespace) -> int:
    for warning in run.manifest.warnings:
        print(f"{options.curriculum}: warning: {warning}", file=sys.stderr)
    train(run, quiet=options.quiet)
    return 0


def _evaluate(run: TrainingRun, _: argparse.Namespace) -> int:
    print(json.dumps(evaluate_checkpoint(run), indent=1))
    return 0


def _generate(run: TrainingRun, options: argparse.Namespace) -> int:
    choice = SamplingSettings(
        options.temperature, options.top_k, options.top_p, options.seed, options.beams, options.length_penalty
    )
    prompts = options.prompt or _lines(options.file)
    answers = generate_texts(run, prompts, options.max_tokens, choice)
    for prompt, answer in zip(prompts, answers, strict=True):
        print(
            answer if options.prompt else json.dumps({"prompt": prompt, "answer": answer}, ensure_ascii=False)
        )
    return 0


def _lines(file: Path | None) -> list[str]:
    """Prompts, one a line: of a file, or of standard input."""
    try:
        text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{file or 'standard input'}: not readable as UTF-8 text: {error}") from None
    if not text.strip():
        raise ManifestError(
            f"{file or 'standard input'}: holds no prompts; write one a line, or use --prompt"
        )
    return text.removesuffix("\n").split("\n")


def _export(run: TrainingRun, options: argparse.Namespace) -> int:
    export_model(run, options.to)
    print(
        f"{options.to}: written; AutoModelForSeq2SeqLM.from_pretrained(folder, trust_remote_code=True) "
        "loads it"
    )
    return 0


def _import(run: TrainingRun, options: argparse.Namespace) -> int:
    print(f"{import_model(run, options.source).folder}: written; train and generate go on from it")
    return 0


COMMANDS = {
    "train": _train,
    "evaluate": _evaluate,
    "generate": _generate,
    "export": _export,
    "import": _import,
}
