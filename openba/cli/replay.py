"""What was trained on, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from manifests.output import say
from openba.cli.options import Curriculum, Json, TrainingFolder, examples

if TYPE_CHECKING:
    from trainer.readable_tokens import ReadableTokens
    from trainer.replay import Replay, ReplayedSample

PANEL = "Training"
ARGUMENTS = "--curriculum curriculum.yaml --run runs/mine"

app = typer.Typer()


@app.command(
    "replay",
    rich_help_panel=PANEL,
    epilog=examples(
        f"openba replay {ARGUMENTS} --step 1000 --text",
        f"openba replay {ARGUMENTS} --step 1000 --rank 3 --ranks 64 --json",
    ),
)
def replay_command(
    curriculum: Curriculum,
    run: TrainingFolder,
    step: Annotated[int, typer.Option("--step", help="The step, as in metrics.jsonl: the first is 1.")],
    rank: Annotated[
        int | None, typer.Option("--rank", min=0, help="Only what this process computed (default: all).")
    ] = None,
    ranks: Annotated[int, typer.Option("--ranks", min=1, help="Processes that shared the work.")] = 1,
    text: Annotated[
        bool, typer.Option("--text", help="Print what encoder and decoder were given, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what a step was trained on: documents, places in them, noise, and the text itself. Nothing is
    trained; manifests, shards and journal tell."""
    if rank is not None and rank >= ranks:
        raise typer.BadParameter(f"there is no process {rank} of {ranks}; set --ranks")
    replay = _opened(curriculum, run, ranks)
    readable = replay.readable() if text else None
    for sample in replay.step(step):
        if rank is not None and sample.rank != rank:
            continue
        record = _record(sample, readable)
        say(json.dumps(record, ensure_ascii=False) if as_json else "\n".join(_lines(record)))


def _opened(curriculum: Path, run: Path, ranks: int = 1) -> Replay:
    from trainer.replay import Replay
    from trainer.run import TrainingRun

    return Replay(TrainingRun.open(curriculum, run), ranks)


def _record(sample: ReplayedSample, readable: ReadableTokens | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        "step": sample.step,
        "rank": sample.rank,
        "micro_batch": sample.micro_batch,
        "stage": sample.stage,
        "set": sample.set,
        "row": sample.row,
        "denoiser": sample.denoiser,
        "noise": sample.noise,
        "passages": [passage._asdict() for passage in sample.passages],
    }
    if readable is not None:
        record |= {"encoder": readable.text(sample.encoder), "target": readable.text(sample.target)}
    return record


def _lines(record: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{record['stage']}  {record['set']} {record['row']:,}  denoiser {record['denoiser']}  "
        f"rank {record['rank']}, pass {record['micro_batch']}"
    )
    for passage in record["passages"]:
        last = passage["first"] + passage["tokens"] - 1
        yield f"  {passage['source']}  {passage['document']}  tokens {passage['first']:,} to {last:,}"
    for side in ("encoder", "target"):
        if side in record:
            yield f"  {side}: {' '.join(record[side].split())}"


@app.command(
    "seen",
    rich_help_panel=PANEL,
    epilog=examples(f"openba seen {ARGUMENTS} 'sphinx-docs:doc/changes/5.0.rst'"),
)
def seen_command(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="A document's id.")],
    curriculum: Curriculum,
    run: TrainingFolder,
    as_json: Json = False,
) -> None:
    """Print the steps that train on a document, those to come among them."""
    found = _opened(curriculum, run).seen(document)
    if as_json:
        say(json.dumps([{"step": step, "sets": sets} for step, sets in found.items()]))
        return
    for step, sets in found.items():
        say(f"step {step:,}  {', '.join(sets)}")
    if not found:
        say("no step reads it: the stages end before, or a rollback has skipped it")
