"""Identities of every kind are planted wherever a run reads text; nothing that leaves the run has one."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from manifests.border.arrow_files import open_table
from manifests.redaction import redacted_in
from manifests.verify import verify
from openba.cli.main import main
from openba.shards import ShardDataset
from pipeline.models.perplexity.kneser_ney import estimate
from tests.pipeline.steps.privacy.identities import Identity, identities, plant
from tests.pipeline.steps.privacy.searching import found_in, remembered_by

OF_EACH = 100
RAW = ("ingest", "language", "quality", "dedup")
CLEAN = ("privacy", "decontaminate", "shards")


@dataclass(frozen=True)
class Planted:
    """A finished run, what was planted in its sources, and what the commands printed."""

    corpus: Path
    run: Path
    identities: list[Identity]
    printed: str

    @property
    def tokenizer(self) -> Path:
        return self.run / "shards" / "tokenizer.model"

    def leaked(self, *folders: Path) -> list[Identity]:
        """Identities in these folders."""
        return [one for folder in folders for one in found_in(folder, self.identities, self.tokenizer)]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    folder = tmp_path_factory.mktemp("planted")
    found = identities(OF_EACH, seed=17)
    corpus, run = plant(folder, found), folder / "run"
    printed = StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        assert main(["corpus", "--corpus", str(corpus), "--run", str(run)]) == 0
        assert main(["report", str(run)]) == 0
    return Planted(corpus, run, found, printed.getvalue())


@pytest.fixture
def copy(planted: Planted, tmp_path: Path) -> Path:
    """A copy of the run that a test may change."""
    return Path(shutil.copytree(planted.run, tmp_path / "run"))


@pytest.fixture(scope="module")
def shared(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("given") / "away"
    assert main(["share", str(planted.run), "--to", str(target)]) == 0
    return target


def missing(wanted: list[Identity], found: list[Identity]) -> list[Identity]:
    """Those that were not found."""
    there = set(found)
    return [one for one in wanted if one not in there]


def test_the_raw_steps_have_what_was_planted(planted: Planted, tmp_path: Path) -> None:
    """The control: the search finds what is there."""
    documents = [one for one in planted.identities if one.place in ("text", "reference", "url", "meta")]
    assert missing(documents, planted.leaked(planted.run / "ingest")) == []
    named = [one for one in planted.identities if one.place == "name"]
    assert missing(named, planted.leaked(planted.corpus.parent / "named")) == []
    assert len(missing(named, planted.leaked(planted.run / "language"))) == len(named)
    pairs = [one for one in planted.identities if one.place in ("prompt", "target", "task")]
    shutil.copyfile(planted.corpus.with_name("pairs.jsonl"), tmp_path / "pairs.jsonl")
    assert missing(pairs, found_in(tmp_path, pairs)) == []


def test_nothing_after_the_privacy_step_has_any(planted: Planted) -> None:
    assert planted.leaked(*(planted.run / step for step in CLEAN)) == []


def test_no_model_was_trained_on_any(planted: Planted) -> None:
    quality = planted.run / "quality"
    assert planted.leaked(quality / "tokenizer", quality / "models") == []
    for model in (quality / "models").glob("*.ngrams"):
        assert remembered_by(model, planted.tokenizer, planted.identities) == []


def test_a_model_of_the_raw_text_would_remember_them(planted: Planted, tmp_path: Path) -> None:
    """The control of the test before."""
    tables = [open_table(path) for path in (planted.run / "quality" / "signals").glob("*.arrow")]
    tokens = tables[0]["tokens"].combine_chunks()
    offsets = tokens.offsets.to_numpy().astype(np.int64)
    estimate(tokens.flatten().to_numpy(), offsets - offsets[0], 5, tmp_path / "raw.ngrams")
    texts = [one for one in planted.identities if one.place in ("text", "reference")]
    assert len(remembered_by(tmp_path / "raw.ngrams", planted.tokenizer, texts)) > len(texts) // 3


def test_the_report_the_manifests_and_what_is_printed_have_none(planted: Planted, tmp_path: Path) -> None:
    for path in [
        planted.run / "report.html",
        *planted.run.glob("*/manifest.json"),
        *planted.run.glob("*/stats.json"),
    ]:
        shutil.copyfile(path, tmp_path / f"{path.parent.name}-{path.name}")
    (tmp_path / "printed.txt").write_text(planted.printed, encoding="utf-8")
    assert "shards" in planted.printed
    assert planted.leaked(tmp_path) == []


def test_only_the_owner_may_read_what_is_raw(planted: Planted) -> None:
    private = [planted.run / step for step in RAW] + [planted.run / step / "rejected" for step in CLEAN]
    for folder in private:
        for path in (folder, *folder.rglob("*")):
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    for step in (*RAW, *CLEAN):
        manifest = json.loads((planted.run / step / "manifest.json").read_text(encoding="utf-8"))
        assert manifest["personal_data"] == (["*"] if step in RAW else ["rejected"])


def test_what_is_shared_has_none_and_is_verified_and_read(planted: Planted, shared: Path) -> None:
    assert planted.leaked(shared) == []
    result = verify(shared)
    assert (result.problems, result.redacted > 0) == ([], True)
    assert result.tokens == verify(planted.run).tokens
    for name in ("en", "zh"):
        ours, theirs = (ShardDataset(run, name, length=64) for run in (planted.run, shared))
        assert len(ours) > 0
        assert all(torch.equal(*pair) for pair in zip(_chunks(ours), _chunks(theirs), strict=True))
    assert (shared / "report.html").is_file()
    assert list((shared / "quality" / "models").glob("*.ngrams"))
    assert not list(shared.rglob("rejected"))


def _chunks(samples: ShardDataset) -> Iterator[torch.Tensor]:
    return (sample for sample in samples if isinstance(sample, torch.Tensor))


def test_damage_of_what_is_shared_is_still_found(shared: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(shared, tmp_path / "copy"))
    shard = next((copy / "shards" / "en").glob("*.arrow"))
    shard.unlink()
    assert verify(copy).problems == [f"{shard}: missing"]


def test_a_redacted_run_has_none_and_says_so(
    planted: Planted, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redact", str(copy)]) == 0
    (copy / "report.html").unlink()
    assert planted.leaked(copy) == []
    assert set(redacted_in(copy)) == {*RAW, *CLEAN}
    capsys.readouterr()
    assert main(["verify", str(copy)]) == 0
    assert "as its manifests say" in (said := capsys.readouterr().out)
    assert "files redacted" in said
    assert main(["report", str(copy)]) == 0
    assert main(["redact", str(copy)]) == 0


def test_a_redacted_run_is_up_to_date_until_a_step_would_have_to_run(
    planted: Planted, copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["redact", str(copy)]) == 0
    before = {path: path.read_bytes() for path in copy.rglob("manifest.json")}
    capsys.readouterr()
    assert main(["corpus", "--corpus", str(planted.corpus), "--run", str(copy)]) == 0
    assert capsys.readouterr().out.count("as it was") == len((*RAW, *CLEAN))
    changed = yaml.safe_load(planted.corpus.read_text(encoding="utf-8"))
    changed["shards"]["budget"]["en"] = "1 K"
    other = planted.corpus.with_name("other.yaml")
    other.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")
    assert main(["corpus", "--corpus", str(other), "--run", str(copy)]) == 1
    (error,) = capsys.readouterr().err.strip().splitlines()
    assert "shards would have to run, but the run was redacted" in error
    assert {path: path.read_bytes() for path in copy.rglob("manifest.json")} == before


@pytest.mark.parametrize("inside", [".", "shards/away", ".."])
def test_a_folder_in_the_run_or_around_it_is_refused(
    planted: Planted, inside: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["share", str(planted.run), "--to", str(planted.run / inside)]) == 1
    assert "lies in the run" in capsys.readouterr().err


def test_a_damaged_file_is_not_shared_and_nothing_is_left(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = next((copy / "shards" / "zh").glob("*.arrow"))
    content = bytearray(shard.read_bytes())
    content[-9] ^= 1
    shard.write_bytes(content)
    assert main(["share", str(copy), "--to", str(tmp_path / "to" / "away")]) == 1
    (error,) = capsys.readouterr().err.strip().splitlines()
    assert f"{shard}: was changed after it was written" in error
    assert list((tmp_path / "to").iterdir()) == []


def test_what_is_there_is_not_overwritten(
    planted: Planted, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["share", str(planted.run), "--to", str(shared)]) == 1
    assert "is there already" in capsys.readouterr().err


def test_a_run_of_an_earlier_version_is_neither_shared_nor_redacted(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = copy / "quality" / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(manifest | {"personal_data": []}), encoding="utf-8")
    for arguments in (["share", str(copy), "--to", str(tmp_path / "away")], ["redact", str(copy)]):
        assert main(arguments) == 1
        (error,) = capsys.readouterr().err.strip().splitlines()
        assert "quality was made by an earlier version" in error
