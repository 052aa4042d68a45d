"""Near duplicates of any text in a finished run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from datasketch import MinHash, MinHashLSH

from manifests.files import write_json
from manifests.schema.steps import StepManifest
from openba.cli.main import main
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.dedup.near import near
from pipeline.text.similarity.minhash import permutations, signatures
from tests.pipeline.steps.dedup.finished import finish
from tests.pipeline.steps.dedup.test_dedup_step import GETTYSBURG, LICENCE, ORIGIN, PEACH, YUEYANG

TEXTS = {
    "g": GETTYSBURG, "g2": GETTYSBURG + " So it was.", "g3": GETTYSBURG.replace("nation", "people"), "o": ORIGIN,
    "p": PEACH, "p2": PEACH + "南阳刘子骥，高尚士也。", "y": YUEYANG, "empty": "…",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished dedup step, and the manifest of what it read."""
    folder = tmp_path_factory.mktemp("run")
    found = finish(folder, [{"id": name, "text": text} for name, text in TEXTS.items()], parts=3)
    path = found.folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, manifest | {"input_step": "before"})
    parts = [{**part, "kept": {**part["kept"], "path": part["kept"]["path"]}} for part in manifest["parts"]]
    whole = StepManifest.model_validate(manifest | {"step": "before", "parts": parts})
    inputs = [
        part.model_copy(
            update={"kept": part.kept.model_copy(update={"path": f"part-{part.index:05d}.arrow"})}
        )
        for part in whole.parts
    ]
    write_json(
        folder / "before" / "manifest.json",
        whole.model_copy(update={"parts": tuple(inputs)}).model_dump(mode="json"),
    )
    return folder


@pytest.mark.parametrize(
    "text", [GETTYSBURG, PEACH, PEACH[:-20] + "完。", ORIGIN + " Yes.", LICENCE, YUEYANG[:30]]
)
def test_the_answer_is_that_of_datasketch_on_all_documents(run: Path, text: str) -> None:
    names = list(TEXTS)
    values = signatures(pa.array([*TEXTS.values(), text]), permutations(120, 1))
    hashes = [MinHash(num_perm=120, seed=1, hashvalues=value, scheme="affine32") for value in values]
    index = MinHashLSH(num_perm=120, params=(20, 6))
    for name, one in zip(names, hashes, strict=False):
        if name != "empty":
            index.insert(name, one)
    found = near(run, text)
    assert {one.id for one in found} == set(index.query(hashes[-1]))
    for one in found:
        assert one.text == TEXTS[one.id]
        assert one.minhash == hashes[-1].jaccard(hashes[names.index(one.id)])
        assert abs(one.similarity - one.minhash) < 0.15
    assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)


def test_rejected_documents_are_found_too(run: Path) -> None:
    found = near(run, GETTYSBURG)
    assert [one.id for one in found][:2] == ["g", "g2"]
    assert found[0].similarity == 1.0


def test_a_text_without_words_is_refused(run: Path) -> None:
    with pytest.raises(PipelineError, match="near: the text has no letter or digit"):
        near(run, " …！")


def test_a_run_without_dedup_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="has no finished dedup step; run `openba dedup` there first"):
        near(tmp_path, GETTYSBURG)


def test_the_command_reads_a_text_or_a_file(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["near", PEACH, "--run", str(run)]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].startswith("1.00  p  晋太元中")
    (tmp_path / "peach.txt").write_text(PEACH, encoding="utf-8")
    assert main(["near", str(tmp_path / "peach.txt"), "--run", str(run)]) == 0
    assert capsys.readouterr().out == printed
    assert main(["near", PEACH, "--run", str(run), "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == ["p", "p2"]
    assert main(["near", "Nobody wrote this sentence before.", "--run", str(run)]) == 0
    assert capsys.readouterr().out == "no document shares a band with it\n"
