"""A trained run is exported, imported into another one, and goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from manifests.schema.base import ManifestError
from manifests.schema.shards import ShardManifest
from tests.trainer.export.test_hf_folder import open_run, shards, write  # noqa: F401 - a fixture
from trainer.__main__ import main
from trainer.inference import export_model, import_model


def test_a_run_is_exported_imported_and_goes_on(
    shards: tuple[Path, ShardManifest], tmp_path: Path, capsys: Any
) -> None:
    """An imported folder is a first checkpoint: generate reads it, train begins from it, and no other run is
    touched."""
    run = open_run(shards, tmp_path / "one", "sandwich")
    write(run, tmp_path / "out")
    imported = import_model(run, tmp_path / "out")
    progress = imported.checkpoint.progress
    assert (progress.step, progress.updates) == (0, 0)
    with pytest.raises(ManifestError, match=r"has checkpoints; import into a new run folder"):
        import_model(run, tmp_path / "out")
    export_model(run, tmp_path / "again")
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == sorted(file.name for file in (tmp_path / "again").iterdir())
    assert all(
        (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes() for name in names
    )
    arguments = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    (tmp_path / "prompts.txt").write_text("for\n话说天下\n", encoding="utf-8")
    assert (
        main(
            [
                "generate",
                *arguments,
                "--file",
                str(tmp_path / "prompts.txt"),
                "--max-tokens",
                "5",
                "--beams",
                "2",
            ]
        )
        == 0
    )
    assert [json.loads(line)["prompt"] for line in capsys.readouterr().out.splitlines()] == [
        "for",
        "话说天下",
    ]
    assert main(["generate", *arguments, "--file", str(tmp_path / "missing.txt")]) == 1
    assert main(["generate", *arguments, "--prompt", "for", "--top-p", "2"]) == 1
    errors = capsys.readouterr().err
    assert "missing.txt: not readable as UTF-8 text" in errors
    assert "top_p must be above 0 and at most 1" in errors
    assert main(["train", *arguments, "--quiet"]) == 0
    assert main(["export", *arguments, "--to", str(tmp_path / "trained")]) == 0
    trained, first = (
        load_file(tmp_path / name / "model.safetensors")["lm_head.bias"] for name in ("trained", "out")
    )
    change = (trained - first).abs().max()
    assert 0 < change < 0.1, "a few steps from where it was imported"
