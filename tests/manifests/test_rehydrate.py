"""The settings of rehydration: what is refused, and what is warned of because it is of no use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from manifests.__main__ import main
from manifests.schema.base import ManifestError, load
from manifests.schema.corpus import CorpusManifest

ASCENDING = [{"at_least": 2, "epochs": 3}, {"at_least": 50, "epochs": 1}]


def corpus(folder: Path, weights: Any, max_epochs: float = 4, **more: Any) -> Path:
    content = {
        "version": 1,
        "kind": "corpus",
        "name": "mine",
        "sources": [
            {"name": "web", "path": ".", "format": "text"},
            {"name": "books", "path": ".", "format": "text", "max_epochs": max_epochs},
        ],
        "language": {"model": "none"},
        "quality": {},
        "privacy": {"actions": {}},
        "shards": {"budget": {"en": "1 M", "zh": "1 M"}},
    }
    if weights is not None:
        content["shards"]["rehydrate"] = {"weights": weights, **more}  # type: ignore[index]
    file = folder / "corpus.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        (
            {"zh": ASCENDING[::-1]},
            "zh: at_least is [50, 2]; write one or more sizes, each above the one before",
        ),
        ({"zh": [*ASCENDING, ASCENDING[1]]}, "zh: at_least is [2, 50, 50]; write one or more"),
        ({"zh": []}, "zh: at_least is []; write one or more"),
        ({"code": ASCENDING}, "rehydrate.weights: code has no budget; give it one in shards.budget"),
        ({"fr": ASCENDING}, "Input should be 'en', 'zh' or 'code'"),
        ({}, "should have at least 1 item"),
        ({"zh": [{"at_least": 0, "epochs": 1}]}, "greater than or equal to 1"),
        ({"zh": [{"at_least": 2, "epochs": 0}]}, "greater than 0"),
        ({"zh": [{"at_least": 2, "epochs": 101}]}, "less than or equal to 100"),
        ({"zh": "guessed"}, "Input should be 'measured'"),
    ],
)
def test_weights_that_are_refused(tmp_path: Path, weights: Any, told: str) -> None:
    with pytest.raises(ManifestError) as error:
        load(corpus(tmp_path, weights), CorpusManifest)
    assert told in str(error.value)
    assert "shards" in str(error.value)


@pytest.mark.parametrize(
    ("weights", "max_epochs", "told"),
    [
        ({"zh": ASCENDING}, 4, []),
        ({"zh": "measured", "en": ASCENDING}, 10, []),
        ({"zh": ASCENDING}, 1, ["every source has max_epochs 1: no document is repeated"]),
        ({"zh": "measured"}, 4, ["weights.zh: 10 epochs are more than max_epochs of any source (4)"]),
        ({"zh": ASCENDING}, 2, ["weights.zh: 3 epochs are more than max_epochs of any source (2)"]),
        ({"zh": [{"at_least": 1, "epochs": 3}]}, 4, ["weights.zh: all sizes weigh the same"]),
        ({"zh": [{"at_least": 9, "epochs": 1}]}, 4, ["weights.zh: all sizes weigh the same"]),
        ({"zh": [{"at_least": 9, "epochs": 3}]}, 4, []),
        (None, 1, []),
    ],
)
def test_weights_that_are_of_no_use_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: Any, max_epochs: float, told: list[str]
) -> None:
    file = corpus(tmp_path, weights, max_epochs)
    assert main(["check", str(file)]) == 0
    valid, *warnings = capsys.readouterr().out.splitlines()
    assert valid == f"{file}: valid (CorpusManifest)"
    assert len(warnings) == len(told)
    for warning, start in zip(warnings, told, strict=True):
        assert warning.startswith(f"{file}: warning: shards.rehydrate: {start}")


def test_as_many_measured_epochs_as_the_sources_allow(tmp_path: Path) -> None:
    manifest = load(corpus(tmp_path, {"zh": "measured"}, 4, most=4), CorpusManifest)
    assert manifest.warnings == ()
    assert load(corpus(tmp_path, {"zh": "measured"}, 4, most=1), CorpusManifest).warnings


def test_a_manifest_without_it_is_written_as_before(tmp_path: Path) -> None:
    manifest = load(corpus(tmp_path, None), CorpusManifest)
    assert set(manifest.shards.model_dump(mode="json")) == {
        "budget",
        "tolerance",
        "heldout",
        "shard_tokens",
        "instructions",
    }
