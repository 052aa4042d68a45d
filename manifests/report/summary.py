"""The run in ten lines."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from manifests.report.duplicates_and_pii import cluster_sizes, personal_data
from manifests.report.funnel import reasons
from manifests.report.number_format import count, plain, short, size
from manifests.report.run_record import RunRecord
from manifests.report.sources import sources_without_documents
from manifests.report.training import heldout_rows
from manifests.schema.documents import LANGUAGES, STEPS

NOT_YET = "not run yet"


def summary(run: Path) -> list[str]:
    """Ten lines, ``what: figures``, in the order of the run, and one for each step of the user's own.

    Raises:
        UserError: the folder holds neither a step manifest nor a training log.
        ManifestError: a manifest is not valid.
    """
    return [f"{name}: {text}" for name, text in summary_of(RunRecord.read(run))]


def summary_of(record: RunRecord) -> list[tuple[str, str]]:
    """The lines as (what, figures)."""
    lines = [
        ("read", _read(record)),
        ("language", _language(record)),
        ("quality", _step(record, "quality", _reasons(record, "quality"))),
        ("dedup", _step(record, "dedup", [*_reasons(record, "dedup"), *_clusters(record)])),
        ("privacy", _privacy(record)),
        ("decontaminate", _step(record, "decontaminate", _reasons(record, "decontaminate"))),
        ("shards", _shards(record)),
        ("held out", _heldout_sets(record)),
        ("training", _training(record)),
        ("held-out loss", _losses(record)),
    ]
    names = ["ingest", *(name for name, _ in lines[1:])]
    for step, manifest in record.steps.items():
        if step not in STEPS:
            place = names.index(manifest.input_step) + 1
            names.insert(place, step)
            lines.insert(place, (step, _step(record, step, _reasons(record, step))))
    return lines


def _join(items: Iterable[str], otherwise: str = NOT_YET) -> str:
    return "; ".join(item for item in items if item) or otherwise


def _read(record: RunRecord) -> str:
    if "ingest" not in record.steps:
        return NOT_YET
    manifest = record.steps["ingest"]
    sources = len({item.source for item in manifest.counts})
    text = size(sum(item.bytes for item in manifest.counts))
    rejected = manifest.documents_in - manifest.documents_kept
    several = f"{sources} source{'s' * (sources != 1)}"
    read = f"{count(manifest.documents_in)} documents ({text} of text) from {several}"
    nothing = ", ".join(sources_without_documents(record))
    return _join([read, f"{count(rejected)} rejected", nothing and f"no document in {nothing}"])


def _language(record: RunRecord) -> str:
    kept = record.documents("language", kept=True)
    return _step(
        record,
        "language",
        [f"{language} {count(kept[language])}" for language in LANGUAGES if kept[language]],
    )


def _step(record: RunRecord, step: str, more: Iterable[str]) -> str:
    if step not in record.steps:
        return NOT_YET
    manifest = record.steps[step]
    rejected = manifest.documents_in - manifest.documents_kept
    kept = f"{count(manifest.documents_kept)} of {count(manifest.documents_in)} documents kept"
    return _join([f"{kept} ({count(rejected)} rejected)", ", ".join(more)])


def _reasons(record: RunRecord, step: str) -> list[str]:
    return [
        f"{plain(reason.name)} {count(reason.documents)}" for reason in reasons(record) if reason.step == step
    ][:3]


def _clusters(record: RunRecord) -> list[str]:
    sizes = cluster_sizes(record)
    return [f"{count(sum(sizes.values()))} clusters of up to {count(max(sizes))}"] if sizes else []


def _privacy(record: RunRecord) -> str:
    if "privacy" not in record.steps:
        return NOT_YET
    found = personal_data(record)
    return _join(
        [", ".join(f"{plain(kind)} {count(counts.total())}" for kind, counts in found.items())],
        "nothing found",
    )


def _shards(record: RunRecord) -> str:
    sets = record.shards.sets.items() if record.shards else ()
    return _join(
        f"{name} {count(mine.tokens)} tokens"
        + (f" ({100 * mine.tokens / mine.budget:.2f} % of budget)" if mine.budget else "")
        for name, mine in sets
    )


def _heldout_sets(record: RunRecord) -> str:
    sets = record.shards.heldout.items() if record.shards else ()
    return _join(
        f"{name} {count(mine.documents)} documents, {short(mine.tokens)} tokens" for name, mine in sets
    )


def _training(record: RunRecord) -> str:
    if not record.training_steps:
        return NOT_YET
    last = record.training_steps[-1]
    losses = {line.step: line.loss for line in record.training_steps}
    stages = [f"{name} {losses[start]:.3f} → {losses[end]:.3f}" for name, start, end in record.stage_spans]
    whole = f" of {count(record.training.steps)}" if record.training else ", not finished"
    trained = f"step {count(last.step)}{whole}, {count(last.tokens)} tokens; loss " + ", ".join(stages)
    skipped = sum(line.skipped for line in record.training_steps)
    return _join([trained, f"{count(skipped)} steps without an update" if skipped else "", *_cut(record)])


def _cut(record: RunRecord) -> list[str]:
    return [
        f"{name}: {count(cut.prompts)} prompts and {count(cut.targets)} answers cut"
        for by_set in (record.training.cut_pairs.values() if record.training else ())
        for name, cut in by_set.items()
    ]


def _losses(record: RunRecord) -> str:
    """Under each stage's objective, when that stage had ended: later stages may unlearn some of it."""
    stages: dict[str, list[str]] = {}
    for row in heldout_rows(record):
        when, loss = (
            (f"{row.stage} so far", row.last) if row.after is None else (f"after {row.stage}", row.after)
        )
        baseline = f" (unigram {row.unigram:.3f})" if row.unigram else ""
        stages.setdefault(when, []).append(f"{row.set} {loss:.3f}{baseline}")
    return _join(f"{when} {', '.join(rows)}" for when, rows in stages.items())
