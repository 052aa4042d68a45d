"""The examples, each run as a script on Python's help topics and a Chinese novel, and the notebook."""

from __future__ import annotations

import csv
import json
import re
import runpy
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import openba
from tests.pipeline.at_hand import chapters, needs_texts

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOK = EXAMPLES / "look_at_a_run.ipynb"
pytestmark = [needs_texts, pytest.mark.slow]


def script(name: str, *arguments: Path) -> None:
    """Runs an example as ``python examples/NAME.py`` does, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        patch.syspath_prepend(EXAMPLES)
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Models as small as these are slower with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample text."""
    folder = tmp_path_factory.mktemp("examples") / "texts"
    script("sample_texts", folder)
    return folder


@pytest.fixture(scope="module")
def finished(texts: Path) -> Path:
    """A run of all seven steps, by the example of the loop in torch; not to be changed."""
    run = texts.parent / "run"
    script("torch_loop", texts, run)
    return run


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run of its own for an example, up to date where that changes nothing."""
    return shutil.copytree(finished, tmp_path / "run")


@pytest.fixture(scope="module")
def trained(finished: Path, texts: Path) -> Path:
    """A run with a training, by the example of the callback; not to be changed."""
    run = shutil.copytree(finished, texts.parent / "trained")
    script("callback", texts, run)
    return run


def test_the_sample_text_is_english_and_chinese(texts: Path) -> None:
    assert (texts / "en" / "assert.txt").read_text(encoding="utf-8").startswith('The "assert" statement\n')
    assert (texts / "zh" / "chapter-01.txt").read_text(encoding="utf-8") == chapters()[0]


def test_the_filter_rejects_what_exclaims(texts: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("own_filter", texts, run)
    out = capsys.readouterr().out
    found = dict(re.findall(r"^  texts:(\S+)  exclamations ([\d.]+) > 5$", out, re.MULTILINE))
    rates = {}
    for path in texts.rglob("*.txt"):
        text = path.read_text(encoding="utf-8").strip()
        rates[str(path.relative_to(texts))] = 1000 * len(re.findall("[!！]", text)) / len(text)
    assert found.keys() == {name for name, rate in rates.items() if rate > 5} != set()
    assert {name: float(rate) for name, rate in found.items()} == pytest.approx(
        {name: rates[name] for name in found}, rel=0.01
    )
    assert out.startswith(f"{len(found)} documents exclaim too much:\n")


def test_the_step_cuts_and_rejects(texts: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("own_step", texts, run)
    steps = re.findall(r"^(\w+) +(\d+) in +(\d+) kept$", capsys.readouterr().out, re.MULTILINE)
    assert [name for name, _, _ in steps] == [
        *("ingest", "language", "quality", "see_also", "dedup", "privacy", "decontaminate", "shards")
    ]
    rejected = openba.rejected(run, "see_also").to_table()
    assert set(rejected["reason"].to_pylist()) == {"short_without_see_also"}
    kept = openba.kept(run, "see_also").to_table()["text"].to_pylist()
    assert not [text for text in kept if re.search(r"\n\s*See also\b", text) or len(text) < 300]
    before = openba.kept(run, "quality").to_table()["text"].to_pylist()
    assert [text for text in before if re.search(r"\n\s*See also\b", text)]


def test_the_second_dataset_is_held_against_the_first(
    texts: Path, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished, tmp_path / "two" / "a")
    new = tmp_path / "new"
    new.mkdir()
    topic = (texts / "en" / "try.txt").read_text(encoding="utf-8")
    (new / "same.txt").write_text(topic, encoding="utf-8")
    (new / "nearly.txt").write_text(topic.replace("handler", "clause", 2), encoding="utf-8")
    (new / "other.txt").write_text(chapters()[40], encoding="utf-8")
    script("dedup_two_datasets", texts, new, tmp_path / "two")
    out = capsys.readouterr().out
    assert out.startswith("2 of 3 documents of B stand in A:\n")
    assert re.search(r"^  texts:same.txt  exact_duplicate .* survivor=texts:en/try.txt", out, re.MULTILINE)
    assert re.search(r"^  texts:nearly.txt  near_duplicate .* survivor=texts:en/try.txt", out, re.MULTILINE)
    assert openba.kept(tmp_path / "two" / "b", "dedup").to_table()["id"].to_pylist() == ["texts:other.txt"]


def test_the_loop_in_torch_learns(texts: Path, finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("torch_loop", texts, finished)
    losses = [float(loss) for loss in re.findall(r"epoch \d: ([\d.]+) nats", capsys.readouterr().out)]
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2]


def test_the_objective_trains_a_stage(texts: Path, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script("own_objective", texts, run)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("held-out losses")]
    first, last = (float(re.findall(r"'en': ([\d.]+)", line)[0]) for line in lines)
    assert last < first - 0.5


def test_token_deletion_keeps_the_order_and_lies_in_the_seed_alone() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        example = runpy.run_path(str(EXAMPLES / "own_objective.py"))
    vocabulary = type("Vocabulary", (), {"pad": 0})()
    deletion = example["TokenDeletion"]({"length": 64, "deleted": 10}, vocabulary)
    samples = np.arange(3, 3 + 4 * 64, dtype=np.uint32).reshape(4, 64)
    seeds = np.arange(4, dtype=np.uint64)
    batch = deletion.apply(samples, 0, seeds)
    assert deletion.shape.longest == (batch.encoder.shape[1], batch.labels.shape[1]) == (54, 64)
    assert (np.diff(batch.encoder, axis=1) > 0).all()
    assert (batch.labels == samples).all()
    assert (deletion.apply(samples[2:3], 0, seeds[2:3]).encoder == batch.encoder[2]).all()


def test_the_callback_writes_what_the_metrics_say(trained: Path) -> None:
    rows = list(csv.DictReader((trained / "train" / "losses.csv").open(encoding="utf-8")))
    metrics = (trained / "train" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [(str(line["step"]), str(line["loss"])) for line in map(json.loads, metrics)]
    assert [(row["step"], row["value"]) for row in rows if row["name"] == "loss"] == losses != []
    assert [row["step"] for row in rows if row["name"] == "heldout/zh"] == ["0", losses[-1][0]]


def cells() -> list[str]:
    """The code of the notebook's cells."""
    found = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def test_the_notebook_looks_at_a_run(
    trained: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUN", str(trained))
    names: dict[str, object] = {}
    for cell in cells():
        exec(cell, names)
    out = capsys.readouterr().out
    shards = openba.open_manifest(trained / "shards" / "manifest.json").model_dump()
    assert re.search(
        rf"^shards +{shards['documents_in']} in +{shards['documents_kept']} kept$", out, re.MULTILINE
    )
    assert re.search(r"^ +\d+ over_budget$", out, re.MULTILINE)
    assert 1 <= len(re.findall(rf"^texts:\S+  {names['REASON']}  ", out, re.MULTILINE)) <= 3
    documents = names["documents"]
    assert isinstance(documents, np.ndarray)
    assert documents.sum() == openba.kept(trained, "quality").count_rows()
    assert len(names["steps"]) == 20  # type: ignore[arg-type]


def test_the_notebook_is_saved_without_outputs() -> None:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in ids)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


def test_the_readme_names_every_example() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [
        path.name
        for path in EXAMPLES.iterdir()
        if path.suffix in (".py", ".ipynb") and path.name not in readme
    ] == []
