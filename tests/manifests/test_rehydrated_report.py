"""The report's table of a rehydrated set has the shard manifest's numbers; without one there is no table."""

from __future__ import annotations

from pathlib import Path

from manifests.files import write_json
from manifests.report import write_report
from manifests.report.rehydrated import size_rows
from manifests.schema.shards import ClusterSizeShare, ShardManifest
from tests.manifests.small_run import build_corpus, shard_manifest

SHARES = (
    ClusterSizeShare(
        at_least=1, rejected=0.6, weight=1, documents=900, tokens=1_100_345, available_tokens=2_200_690, epochs=0.5
    ),
    ClusterSizeShare(
        at_least=2, rejected=0.25, weight=4, documents=40, tokens=800_000, available_tokens=400_000, epochs=2
    ),
    ClusterSizeShare(at_least=3, weight=1.5, documents=0, tokens=0, available_tokens=0, epochs=0),
    ClusterSizeShare(at_least=1024, weight=1, documents=0, tokens=0, available_tokens=0, epochs=0),
)  # fmt: skip


def rehydrated() -> ShardManifest:
    shards = shard_manifest()
    english = shards.sets["en"].model_copy(update={"cluster_sizes": SHARES})
    return shards.model_copy(update={"sets": shards.sets | {"en": english}})


def test_each_range_of_sizes_is_a_row() -> None:
    rows = size_rows(rehydrated())
    assert [(row.set.name, row.sizes) for row in rows] == [
        ("en", "1"),
        ("en", "2"),
        ("en", "3–1,023"),
        ("en", "1,024 and more"),
    ]
    assert [row.share for row in rows] == list(SHARES)
    assert size_rows(shard_manifest()) == []


def test_the_table_is_there_where_a_set_was_rehydrated(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    assert "Rehydration" not in write_report(tmp_path).read_text(encoding="utf-8")
    write_json(tmp_path / "shards" / "shards.json", rehydrated().model_dump(mode="json"))
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert page.count("Rehydration: documents by the size of their cluster of duplicates") == 1
    assert all(text in page for text in ("60.0 %", "25.0 %", "1,100,345", "42.1 %", "2,200,690"))
