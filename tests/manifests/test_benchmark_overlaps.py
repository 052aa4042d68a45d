"""Which benchmark items a corpus held, read from what its decontaminate step leaves."""

from __future__ import annotations

from pathlib import Path

from manifests.benchmark_overlaps import benchmark_overlaps
from manifests.files import write_json
from manifests.schema.benchmark_scores import Place
from manifests.schema.decontaminate import DecontaminateSettings
from manifests.schema.steps import StepManifest
from pipeline.steps.decontaminate.decontaminate_step import DecontaminateStep
from tests.pipeline.steps.decontaminate.test_decontaminate_step import (
    ITEMS,
    PASSAGE,
    QUESTION,
    SETTINGS,
    write,
)
from tests.pipeline.steps.measured import context, corpus, measured


def decontaminated(folder: Path) -> Path:
    """A run folder whose decontaminate step found two items in three documents; the step's manifest."""
    write(folder / "items.jsonl", ITEMS)
    settings = DecontaminateSettings.model_validate({"benchmarks": [SETTINGS]})
    texts = {
        "a": f"Known: {QUESTION} How many?",
        "b": f"Again: {QUESTION}",
        "c": PASSAGE,
        "d": "Its own words.",
    }
    batch = measured([{"id": name, "text": text} for name, text in texts.items()])
    step = context("decontaminate", folder, corpus(benchmarks=settings), [[batch]])
    (part,) = DecontaminateStep().run(step).parts
    manifest = StepManifest(
        step="decontaminate",
        step_version=3,
        fingerprint="",
        input_sha256="",
        settings=settings.model_dump(mode="json"),
        documents_in=4,
        documents_kept=1,
        counts=part.counts,
        metrics={},
        parts=(part,),
    )
    file = folder / "decontaminate" / "manifest.json"
    write_json(file, manifest.model_dump(mode="json"))
    return file


def test_items_are_told_with_the_documents_that_held_them(tmp_path: Path) -> None:
    decontaminated(tmp_path)
    found = benchmark_overlaps(tmp_path)
    assert found is not None
    assert {item: [place.document for place in places] for item, places in found.items()} == {
        "g0": ["a", "b"],
        "c0": ["c"],
    }
    assert isinstance(found["c0"][0], Place)
    assert found["c0"][0].source


def test_nothing_is_told_where_nothing_was_looked_for_or_rejects_are_gone(tmp_path: Path) -> None:
    assert benchmark_overlaps(tmp_path) is None
    file = decontaminated(tmp_path)
    text = file.read_text(encoding="utf-8")
    for rejects in (tmp_path / "decontaminate").glob("rejected*/*"):
        rejects.unlink()
    assert benchmark_overlaps(tmp_path) is None
    file.write_text(text.replace('"items.jsonl"', '"other.jsonl"'), encoding="utf-8")
    assert benchmark_overlaps(tmp_path) is None
