"""Questions to a finished run: what became of a document, which were rejected, and what other rules would
do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from manifests.output import say
from openba.cli.options import Json, Run, examples
from openba.cli.shown import scrub_of

if TYPE_CHECKING:
    from manifests.report.document_way import Fate
    from pipeline.judge.what_if import Moved, WhatIf

PANEL = "Manifests and runs"
Sample = Annotated[int, typer.Option("--sample", min=0, help="How many documents to show.")]

app = typer.Typer()


@app.command(
    "whatif",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba whatif gopher_v1/mean_word_length.max=12 --run runs/demo",
        "openba whatif few_han.min=none zh_web_v1/letters=off --run runs/demo --sample 0 --json",
    ),
)
def whatif_command(
    changes: Annotated[
        list[str], typer.Argument(metavar="CHANGE...", help="RULE.min=NUMBER, RULE.max=NUMBER, or RULE=off.")
    ],
    run: Run,
    sample: Sample = 10,
    as_json: Json = False,
) -> None:
    """Say how many and which documents would fall or come back if a run's rules had other bounds, by the
    signals that it stored. Nothing is changed; documents are shown without personal data."""
    scrub = scrub_of(run)
    from pipeline.judge.rule_changes import RuleChange
    from pipeline.judge.what_if import what_if

    found = what_if(run, [RuleChange.of(change) for change in changes], sample, scrub)
    if as_json:
        say(json.dumps(_record(found), ensure_ascii=False, indent=1))
        return
    falls, returns = found.count(fall=True), found.count(fall=False)
    say(
        f"of {found.documents:,} documents {found.kept:,} are kept: {falls:,} of them would fall, "
        f"and {returns:,} would come back"
    )
    for language, before, after in sorted(found.moves, key=lambda move: -found.moves[move]):
        number = found.moves[language, before, after]
        say(f"  {number:9,}  {language or '-':4}  {before or 'kept'} -> {after or 'kept'}")
    for moved in found.examples:
        say(_line(moved))


def _record(found: WhatIf) -> dict[str, object]:
    moves = [
        {"language": language, "before": before, "after": after, "documents": number}
        for (language, before, after), number in sorted(found.moves.items())
    ]
    counts = {"documents": found.documents, "kept": found.kept}
    fates = {"fall": found.count(fall=True), "return": found.count(fall=False)}
    return {**counts, **fates, "moves": moves, "examples": [asdict(one) for one in found.examples]}


def _line(moved: Moved) -> str:
    fate = f"falls by {moved.after}" if moved.after else f"comes back, fell by {moved.before}"
    return f"{moved.id}  {fate}\n    {' '.join(moved.text.split())}"


@app.command(
    "rejects",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba rejects --run runs/demo --reason gopher_v2/word_length --sample 20",
        "openba rejects --run runs/demo --step dedup --language zh --json",
        "openba rejects --run runs/demo --reason zh_web_v2/ --characters 2000",
    ),
)
def rejects_command(
    run: Run,
    reason: Annotated[
        str, typer.Option("--reason", help="Of this reason; of all rules of a set, as gopher_v2/.")
    ] = "",
    step: Annotated[str, typer.Option("--step", help="Of this step.")] = "",
    source: Annotated[str, typer.Option("--source", help="Of this source.")] = "",
    language: Annotated[str, typer.Option("--language", help="Of this language: en, zh, code.")] = "",
    sample: Sample = 10,
    characters: Annotated[int, typer.Option("--characters", min=1, help="To show of each.")] = 200,
    as_json: Json = False,
) -> None:
    """Count the documents that a run rejected, and show some of them, without personal data."""
    scrub = scrub_of(run)
    from manifests.report.rejects import Wanted, find_rejects

    found = find_rejects(run, Wanted(reason, step, source, language), sample, characters, scrub)
    if as_json:
        counts = [
            {"step": name, "reason": why, "documents": number} for (name, why), number in found.counts.items()
        ]
        documents = [asdict(one) for one in found.sample]
        say(json.dumps({"counts": counts, "sample": documents}, ensure_ascii=False, indent=1))
        return
    for (name, why), number in sorted(found.counts.items(), key=lambda item: -item[1]):
        say(f"{number:11,}  {name}  {why}")
    for one in found.sample:
        say(f"{one.id}  {one.step}: {one.reason}  {one.detail or ''}\n    {' '.join(one.text.split())}")


@app.command(
    "why",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba why django-docs:faq/index.txt --run runs/demo",
        "openba why django-docs:releases/5.0.txt --run runs/demo --curriculum curriculum.yaml --json",
    ),
)
def why_command(
    document: Annotated[str, typer.Argument(metavar="DOCUMENT", help="A document's id.")],
    run: Run,
    curriculum: Annotated[
        Path | None,
        typer.Option("--curriculum", metavar="FILE", help="Of the run's training: print its steps, too."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print a document's way through a run: what each step did with it and why, where its tokens are, and
    which steps train on them."""
    scrub = scrub_of(run)
    from manifests.report.document_way import document_way, places

    way, found = document_way(run, document, scrub), places(run, document)
    steps = _steps(curriculum, run, document) if curriculum is not None and found else None
    if as_json:
        record = {"steps": [asdict(one) for one in way], "places": [asdict(one) for one in found]}
        say(json.dumps(record | {"trained_on": steps}, ensure_ascii=False, indent=1))
        return
    for fate in way:
        say("\n".join(_told(fate)))
    for place in found:
        last = place.start + place.tokens - 1
        say(f"{place.set}  {place.shard} row {place.row:,}: tokens {place.start:,} to {last:,}")
    if steps is not None:
        say(f"trained on in {len(steps):,} steps{': ' if steps else ''}{', '.join(map(str, steps))}")


def _steps(curriculum: Path, run: Path, document: str) -> list[int]:
    from trainer.replay import Replay
    from trainer.run import TrainingRun

    return list(Replay(TrainingRun.open(curriculum, run)).seen(document))


def _told(fate: Fate) -> Iterator[str]:
    noted = ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in fate.noted.items()
    )
    state = "kept" if fate.kept else "rejected"
    changed = "; its text was changed" if fate.text_changed else ""
    yield f"{fate.step:<14} {state:<8}  part {fate.part:,}, row {fate.row:,}  {noted}{changed}"
    if not fate.kept:
        yield f"{'':14} {fate.reason}: {fate.detail or ''}".rstrip(": ")
        yield from (f"{'':14} breaks {rule}" for rule in fate.broken_rules)
