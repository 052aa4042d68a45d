"""The page: its sections from the run's record, rendered by the template."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manifests.files import atomic_write, sha256
from manifests.report.benchmarks import benchmark_rows
from manifests.report.duplicates_and_pii import (
    cluster_sizes,
    clusters,
    personal_data,
    personal_data_by_source,
    privacy,
)
from manifests.report.examples import Example, Key, examples
from manifests.report.figure import Figure
from manifests.report.funnel import COLUMNS, Reason, funnel, reasons
from manifests.report.instruction_pairs import instruction_pairs
from manifests.report.instruction_tasks import instruction_tasks, template_kinds
from manifests.report.judged_rules import judged_rules
from manifests.report.near_duplicates import near_duplicates
from manifests.report.privacy_examples import privacy_examples
from manifests.report.rehydrated import size_rows
from manifests.report.removed_paragraphs import removed_counts, removed_paragraphs
from manifests.report.run_record import RunRecord
from manifests.report.scrubbing import Scrub, hidden
from manifests.report.signals import panels
from manifests.report.sources import sources
from manifests.report.summary import summary_of
from manifests.report.template import rendered
from manifests.report.token_mix import mix, source_rows
from manifests.report.training import curve, heldout, heldout_rows
from manifests.report.trusted_text import trusted_sources
from manifests.step_order import step_before
from manifests.trusted_loss import MOST_LOSS


@dataclass(frozen=True)
class Origin:
    """A row of the provenance table: a manifest, its own hash, and the hashes that it names."""

    name: str
    sha256: str
    hashes: tuple[tuple[str, str], ...]


def write_report(run: Path, scrub: Scrub = hidden) -> Path:
    """Writes ``report.html`` into the run folder and returns its path. The same run gives the same bytes.

    Args:
        scrub: takes personal data out of the texts that are shown; without it none is shown.

    Raises:
        UserError: the folder holds neither a step manifest nor a training log.
        ManifestError: a manifest is not valid.
    """
    target = run / "report.html"
    with atomic_write(target) as temporary:
        temporary.write_text(render(run, scrub), encoding="utf-8")
    return target


def render(run: Path, scrub: Scrub) -> str:
    """The page."""
    return rendered("report.html", content(RunRecord.read(run, scrub)))


def content(record: RunRecord) -> dict[str, Any]:
    """What the template shows; sections without data are empty."""
    sizes, found = cluster_sizes(record), personal_data(record)
    whole = record.steps["ingest"].documents_in if "ingest" in record.steps else 0
    return {
        "name": record.name,
        "summary": summary_of(record),
        "stale": _stale(record),
        "columns": COLUMNS,
        "documents": whole,
        "funnel": funnel(record) if record.steps else None,
        "reasons": reasons(record),
        "steps": list(record.steps),
        "through": sources(record),
        "mix": mix(record.shards) if record.shards else None,
        "sources": source_rows(record.shards) if record.shards else [],
        "sizes": size_rows(record.shards) if record.shards else [],
        "pairs": instruction_pairs(record),
        "tasks": instruction_tasks(record),
        "kinds": template_kinds(record),
        "panels": panels(record),
        "trusted": trusted_sources(record),
        "most": MOST_LOSS,
        "judged": judged_rules(record),
        "clusters": clusters(sizes) if sizes else None,
        "near": near_duplicates(record),
        "privacy": privacy(found) if found else None,
        "actions": _actions(record),
        "scrubbed": privacy_examples(record),
        "found": found,
        "found_by_source": personal_data_by_source(record),
        "curves": _curves(record),
        "heldout": heldout(record),
        "heldout_rows": heldout_rows(record),
        "benchmarks": benchmark_rows(record),
        "examples": _examples(record),
        "removed": removed_paragraphs(record),
        "removed_counts": removed_counts(record),
        "origins": _origins(record),
    }


def _curves(record: RunRecord) -> list[tuple[str, Figure]]:
    if not record.training_steps:
        return []
    return [
        ("Loss, nats per target token", curve(record, "loss", "Training loss", 300, None)),
        ("Learning rate", curve(record, "learning_rate", "Learning rate", 150, 0.0)),
    ]


def _examples(record: RunRecord) -> list[tuple[Reason, list[Example]]]:
    every = reasons(record)
    found: dict[Key, list[Example]] = {}
    for step, manifest in record.steps.items():
        totals = {(reason.name, step): reason.documents for reason in every if reason.step == step}
        found |= examples(record.folder / step, manifest, totals, record.scrub)
    return [(reason, found[reason.name, reason.step]) for reason in every]


def _actions(record: RunRecord) -> dict[str, str]:
    """What the privacy step did with each built-in kind."""
    return record.steps["privacy"].settings.get("actions", {}) if "privacy" in record.steps else {}


def _stale(record: RunRecord) -> list[tuple[str, str]]:
    """Steps that were made from what is no longer there, as where a run was stopped after a change: each with
    the step before."""
    pairs = [(step, step_before(step, manifest)) for step, manifest in record.steps.items()]
    return [
        (step, before)
        for step, before in pairs
        if before in record.steps
        and record.steps[step].input_sha256 != sha256(record.folder / before / "manifest.json")
    ]


def _origins(record: RunRecord) -> list[Origin]:
    origins = []
    for step, manifest in record.steps.items():
        hashes = (("fingerprint", manifest.fingerprint), ("input", manifest.input_sha256))
        origins.append(
            Origin(f"{step} v{manifest.step_version}", sha256(record.folder / step / "manifest.json"), hashes)
        )
    if record.shards is not None:
        hashes = (
            ("fingerprint", record.shards.fingerprint),
            ("tokenizer", record.shards.vocabulary.model.sha256),
        )
        origins.append(Origin("shards.json", sha256(record.folder / "shards" / "shards.json"), hashes))
    if record.training is not None:
        hashes = (
            ("fingerprint", record.training.fingerprint),
            ("checkpoint", record.training.checkpoint.sha256),
        )
        origins.append(
            Origin(
                f"train: {record.training.curriculum}",
                sha256(record.folder / "train" / "manifest.json"),
                hashes,
            )
        )
    return origins
