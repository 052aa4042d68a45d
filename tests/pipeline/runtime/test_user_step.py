"""Steps of the user's own: a folder, a manifest, reasons and conservation as in every step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
import xxhash
import yaml

from manifests.border.arrow_files import open_table
from manifests.plugins import PluginError, resolve
from manifests.report import summary, write_report
from manifests.schema.documents import INGESTED, MEASURED
from manifests.schema.plugins import STEPS_GROUP
from manifests.schema.steps import KEPT
from manifests.verify import verify
from pipeline.__main__ import main
from pipeline.runtime.batch_result import BatchPosition, BatchResult
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.run import CorpusRun, StepOutcome
from pipeline.runtime.user_step import UserTransform
from pipeline.steps.registry import step_named
from tests.pipeline.plugins import SHORTEN, write_plugin
from tests.pipeline.steps.ingest.run import corpus
from tests.pipeline.steps.measured import measured
from tests.pipeline.toy import documents

STORIES = ["Now is better than never.\nAlthough", "Never\nis often better", "than *right* now?", "学而时习之"]
SHORTENED = {"use": "shorten:Shorten", "after": "ingest", "settings": {"least": 10}}


def corpus_file(folder: Path, *steps: dict[str, Any], **ingest: int) -> Path:
    """A manifest of stories, with the plug-in beside it."""
    write_plugin(folder, "shorten", SHORTEN)
    for number, text in enumerate(STORIES):
        (folder / "stories").mkdir(exist_ok=True)
        (folder / "stories" / f"{number}.txt").write_text(text, encoding="utf-8")
    source = {"name": "stories", "path": "stories", "format": "text"}
    manifest = corpus(source, **ingest).model_dump(mode="json") | {"steps": list(steps)}
    file = folder / "corpus.yaml"
    file.write_text(yaml.safe_dump(manifest, allow_unicode=True), encoding="utf-8")
    return file


def run_steps(file: Path, *names: str) -> list[StepOutcome]:
    run = CorpusRun(file, file.parent / "run", open_engine("local", 1))
    return [run.step(step_named(name, run.corpus)) for name in names]


def apply(folder: Path, code: str, batch: pa.RecordBatch) -> BatchResult:
    """What becomes of a batch in a step whose function has this body."""
    write_plugin(folder, "faulty", f"import pyarrow as pa\ndef f(batch, settings):\n    {code}\n")
    work = UserTransform("mine", resolve("faulty:f", STEPS_GROUP, folder), {}, batch.schema)
    work.setup()
    return work.process(batch, BatchPosition(0, 0))


def test_it_has_a_folder_with_kept_and_rejected_documents(tmp_path: Path) -> None:
    file = corpus_file(tmp_path, SHORTENED)
    done = run_steps(file, "ingest", "shorten")[1].manifest
    folder = tmp_path / "run" / "shorten"
    kept = open_table(folder / done.parts[0].kept.path)
    rejected = open_table(folder / done.parts[0].rejected.path)
    assert kept.column("text").to_pylist() == ["Now is better than never.", "than *right* now?"]
    assert kept.column("hash").to_pylist() == [
        xxhash.xxh3_128_digest(text.encode()) for text in kept.column("text").to_pylist()
    ]
    assert rejected.column("text").to_pylist() == [STORIES[1], STORIES[3]], "as they were found"
    assert set(rejected.column("reason").to_pylist()) == {"first_line_short"}
    assert set(rejected.column("step").to_pylist()) == {"shorten"}
    assert {count.reason: count.documents for count in done.counts} == {KEPT: 2, "first_line_short": 2}
    assert (done.input_step, done.settings) == (
        "ingest",
        {"use": "shorten:Shorten", "settings": {"least": 10}},
    )
    assert done.metrics["documents_changed"] == 1


def test_it_is_done_again_only_where_code_settings_or_input_changed(tmp_path: Path) -> None:
    file = corpus_file(tmp_path, SHORTENED)
    run_steps(file, "ingest", "shorten")
    assert [outcome.worked for outcome in run_steps(file, "ingest", "shorten")] == [False, False]
    corpus_file(tmp_path, SHORTENED | {"settings": {"least": 3}})
    assert [outcome.worked for outcome in run_steps(file, "ingest", "shorten")] == [False, True]
    write_plugin(tmp_path, "shorten", SHORTEN + "\n")
    assert [outcome.worked for outcome in run_steps(file, "ingest", "shorten")] == [False, True]


def test_verify_and_the_report_know_it(tmp_path: Path) -> None:
    function = {"use": "shorten:no_questions", "after": "shorten", "settings": {"reason": "asks"}}
    file = corpus_file(tmp_path, SHORTENED, function)
    done = run_steps(file, "ingest", "shorten", "no_questions")[2].manifest
    assert {count.reason: count.documents for count in done.counts} == {KEPT: 1, "asks": 1}
    result = verify(tmp_path / "run")
    assert (result.problems, result.documents) == ([], 4)
    assert summary(tmp_path / "run")[1:3] == [
        "shorten: 2 of 4 documents kept (2 rejected); first line short 2",
        "no_questions: 1 of 2 documents kept (1 rejected); asks 1",
    ]
    assert "first line short" in write_report(tmp_path / "run").read_text(encoding="utf-8")
    part = tmp_path / "run" / "shorten" / "part-00000.arrow"
    part.write_bytes(part.read_bytes() + b"x")
    assert [str(part) in problem for problem in verify(tmp_path / "run").problems] == [True]


def test_the_next_step_reads_what_it_kept(tmp_path: Path) -> None:
    file = corpus_file(tmp_path, SHORTENED)
    run_steps(file, "ingest")
    with pytest.raises(PipelineError, match="language needs the step shorten first"):
        run_steps(file, "language")


def test_a_function_gets_the_settings(tmp_path: Path) -> None:
    file = corpus_file(
        tmp_path,
        {"use": "shorten:no_questions", "name": "answers", "after": "ingest", "settings": {"reason": "asks"}},
    )
    done = run_steps(file, "ingest", "answers")[1].manifest
    assert {count.reason: count.documents for count in done.counts} == {KEPT: 3, "asks": 1}
    assert open_table(tmp_path / "run" / "answers" / done.parts[0].kept.path).schema.equals(INGESTED)


def test_behind_the_quality_step_the_hash_tells_of_the_change(tmp_path: Path) -> None:
    batch = measured([{"id": "a", "text": "one"}, {"id": "b", "text": "two"}])
    done = apply(tmp_path, "return pa.nulls(2, pa.string()), pa.array(['one', 'TWO'])", batch)
    assert done.kept.column("text").to_pylist() == ["one", "TWO"]
    assert done.kept.column("hash").equals(batch.column("hash"))
    assert done.kept.schema.equals(MEASURED)
    assert done.metrics == {"documents_changed": 1}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("return None", "returned NoneType as reasons; return a string or null for each document"),
        ("return [1, {}]", "returned list as reasons; return a string or null"),
        ("return [None]", "returned 1 reasons for 2 documents"),
        ("return ['', None]", "returned an empty reason; null keeps a document"),
        ("return [None, None], ['a']", "returned 1 texts for 2 documents"),
        ("return [None, 'b'], [None, None]", "returned no text for a document that it keeps"),
    ],
)
def test_what_is_wrong_with_its_outcome_is_told(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(PluginError, match=f"plug-in faulty:f: {message}"):
        apply(tmp_path, code, documents(["one", "two"]))


def test_an_error_inside_names_plugin_and_line(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as caught:
        apply(tmp_path, "return batch.column('txt')", documents(["one"]))
    assert str(caught.value).startswith(f"{tmp_path}/faulty.py:3: plug-in faulty:f failed: KeyError: ")


def test_documents_that_it_keeps_unchanged_are_the_same_batch(tmp_path: Path) -> None:
    batch = documents(["one", "two"])
    done = apply(tmp_path, "return [None, 'b']", batch)
    assert done.kept.equals(batch.slice(0, 1))
    assert pc.all(pc.equal(done.rejected.column("text"), batch.column("text").slice(1))).as_py()


def test_a_plugin_that_is_not_there_ends_the_command_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = corpus_file(tmp_path, {"use": "nowhere:Shorten", "after": "ingest"})
    assert main(["ingest", "--corpus", str(file), "--run", str(tmp_path / "run")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(
        "error: plug-in nowhere:Shorten: there is no module 'nowhere'; put nowhere.py into"
    )
    assert message.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_an_error_inside_ends_the_command_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = corpus_file(tmp_path, SHORTENED | {"settings": {"least": "ten"}})
    assert main(["corpus", "--corpus", str(file), "--run", str(tmp_path / "run")]) == 1
    message = capsys.readouterr().err
    assert (
        "plug-in shorten:Shorten failed: ArrowNotImplementedError: Function 'less' has no kernel" in message
    )
    assert message.count("\n") == 1
    assert not (tmp_path / "run" / "shorten" / "manifest.json").exists()


def test_a_plugin_that_cannot_be_called_is_refused(tmp_path: Path) -> None:
    write_plugin(tmp_path, "constant", "VALUE = 5\n")
    file = corpus_file(tmp_path, {"use": "constant:VALUE", "after": "ingest"})
    with pytest.raises(PluginError, match="plug-in constant:VALUE: is int, not a function or class"):
        run_steps(file, "ingest")
