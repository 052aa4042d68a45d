"""Are manifests valid, what may be in one, what does a run hold, and is it still what they say?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from manifests.errors import UserError
from manifests.os_errors import os_errors_explained
from manifests.output import complain, say
from openba.cli.options import Json, RunArgument, examples, run_folder
from openba.cli.shown import scrub_of
from openba.cli.sign import signature_problems

PANEL = "Manifests and runs"

app = typer.Typer()


@app.command(
    "check",
    rich_help_panel=PANEL,
    epilog=examples(
        "openba check corpus.yaml curriculum.yaml",
        "openba check corpus.yaml curriculum.yaml --run runs/mine",
        "openba check curriculum.yaml --run runs/mine --ranks 64",
        "openba check --json *.yaml",
    ),
)
def check_command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="YAML or JSON manifests.")],
    run: Annotated[
        Path | None,
        typer.Option(
            "--run",
            metavar="FOLDER",
            parser=run_folder,
            help="A run of the manifests: rules that drop much of a corpus' reference sources are warned of, "
            "a curriculum is held against the shards; with --ranks, stages that leave processes idle are "
            "named.",
        ),
    ] = None,
    ranks: Annotated[
        int, typer.Option("--ranks", min=1, help="Processes that a curriculum is to be trained on.")
    ] = 1,
    as_json: Json = False,
) -> int:
    """Validate manifests of any kind; errors name the file, the key and the fix."""
    found = [_checked(file, run, ranks) for file in files]
    if as_json:
        say(json.dumps(found, indent=1, ensure_ascii=False))
    for one in () if as_json else found:
        for error in one["errors"]:
            complain(f"error: {error}")
        if not one["errors"]:
            say(f"{one['file']}: valid ({one['kind']})")
        for warning in one["warnings"]:
            say(f"{one['file']}: warning: {warning}")
    return int(any(one["errors"] for one in found))


def _checked(file: Path, run: Path | None, ranks: int) -> dict[str, Any]:
    from manifests.check import check

    try:
        manifest = check(file)
        warnings = _warnings(file, manifest, run, ranks)
    except UserError as error:
        return {"file": str(file), "kind": None, "errors": str(error).split("\n"), "warnings": []}
    return {"file": str(file), "kind": type(manifest).__name__, "errors": [], "warnings": warnings}


def _warnings(file: Path, manifest: Any, run: Path | None, ranks: int) -> list[str]:
    from manifests.schema.corpus import CorpusManifest
    from manifests.schema.curriculum import CurriculumManifest
    from manifests.trusted_loss import losses_of_run

    if isinstance(manifest, CorpusManifest):
        return [*manifest.warnings, *(str(loss) for loss in (losses_of_run(run) if run else ()))]
    if isinstance(manifest, CurriculumManifest):
        if run is None or not (run / "shards" / "shards.json").exists():
            return list(manifest.warnings)
        from trainer.data.idle_ranks import idle_warnings
        from trainer.objectives import build
        from trainer.run import TrainingRun

        training = TrainingRun.open(file, run)
        for stage in manifest.stages:
            build(stage.objective, training.shards.vocabulary, training.manifest_folder)
        return [*training.warnings, *idle_warnings(training, ranks)]
    return []


@app.command(
    "schema",
    rich_help_panel=PANEL,
    epilog=examples("openba schema", "openba schema corpus > corpus.schema.json"),
)
def schema_command(
    kind: Annotated[str | None, typer.Argument(metavar="[KIND]", help="A kind of manifest.")] = None,
    as_json: Json = False,
) -> None:
    """Print the JSON Schema of a kind of manifest, for editors; without a kind, which kinds there are."""
    from manifests.check import KINDS

    if kind is None:
        say(json.dumps(list(KINDS)) if as_json else "\n".join(KINDS))
        return
    if kind not in KINDS:
        raise UserError(f"{kind!r} is not a kind of manifest", fix=f"name one of {', '.join(KINDS)}")
    say(json.dumps(KINDS[kind].model_json_schema(), indent=1, ensure_ascii=False))


def report(run: Path, *, as_json: bool = False) -> None:
    """Writes a run's report and prints its summary and path."""
    from manifests.report.page import write_report
    from manifests.report.run_record import RunRecord
    from manifests.report.summary import summary_of

    with os_errors_explained(run):
        path = write_report(run, scrub_of(run))
    lines = summary_of(RunRecord.read(run))
    if as_json:
        say(json.dumps({"summary": dict(lines), "report": str(path)}, indent=1, ensure_ascii=False))
    else:
        say("\n".join([*(f"{name}: {text}" for name, text in lines), str(path)]))


@app.command("report", rich_help_panel=PANEL, epilog=examples("openba report runs/demo"))
def report_command(run: RunArgument, as_json: Json = False) -> None:
    """Write report.html into a run folder and print its ten-line summary."""
    report(run, as_json=as_json)


@app.command(
    "verify",
    rich_help_panel=PANEL,
    epilog=examples("openba verify runs/demo", "openba verify exported --key public.pem"),
)
def verify_command(
    run: RunArgument,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="PUBLIC",
            help="Check the signature of `openba sign` first, by this public key (PEM); the folder may then "
            "be an export or a checkpoint, too.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Hash and count everything in a run folder again; the exit code is 1 if anything differs."""
    from dataclasses import asdict

    from manifests.step_order import steps_in
    from manifests.verify import Verification, verify

    unsigned = [] if key is None else signature_problems(run, key, quiet=as_json)
    with os_errors_explained(run):
        is_run = key is None or bool(steps_in(run))
        result = verify(run) if is_run else Verification()
    if as_json:
        whole = asdict(result) | {"problems": unsigned + result.problems}
        say(json.dumps({"run": str(run), **whole}, indent=1, ensure_ascii=False))
    elif is_run:
        _print_verification(run, result)
    return int(bool(unsigned or result.problems))


def _print_verification(run: Path, result: Any) -> None:
    for problem in result.problems:
        complain(f"error: {problem}")
    number = len(result.problems)
    state = f"{number} problem{'s' * (number > 1)}" if number else "as its manifests say"
    state += f", {result.redacted:,} files redacted" if result.redacted else ""
    say(
        f"{run}: {state} ({result.files:,} files, {result.bytes:,} bytes, {result.documents:,} documents, "
        f"{result.tokens:,} tokens checked)"
    )
