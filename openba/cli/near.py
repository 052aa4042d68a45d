"""Which documents of a run are near duplicates of a text?"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from manifests.output import say
from openba.cli.options import Json, Run, examples
from openba.cli.shown import scrub_of

SHOWN = 60

app = typer.Typer()


@app.command(
    "near",
    rich_help_panel="Manifests and runs",
    epilog=examples(
        'openba near "Four score and seven years ago" --run runs/demo',
        "openba near page.txt --run runs/demo --json",
    ),
)
def near_command(
    text: Annotated[
        str, typer.Argument(metavar="TEXT|FILE", help="A text, or a file of UTF-8 that holds it.")
    ],
    run: Run,
    as_json: Json = False,
) -> int:
    """Find the documents of a run that are near duplicates of a text, by the run's own index. Their texts are
    shown without personal data."""
    import pyarrow as pa

    scrub = scrub_of(run)
    from pipeline.steps.dedup.near import near

    found = near(run, _read(text))
    shown = scrub(pa.array([one.text for one in found], pa.string())).to_pylist()
    found = [replace(one, text=text) for one, text in zip(found, shown, strict=True)]
    if as_json:
        say(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return 0
    for one in found:
        say(f"{one.similarity:.2f}  {one.id}  {' '.join(one.text[:SHOWN].split())}")
    if not found:
        say("no document shares a band with it")
    return 0


def _read(text: str) -> str:
    """The file's content where the text is the name of one."""
    try:
        named = Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        named = False
    return Path(text).read_text(encoding="utf-8") if named else text
