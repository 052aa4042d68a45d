"""Every engine gives the same bytes; a killed or failed phase resumes; what is lost or torn is seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam import coders
from apache_beam.pipeline import PipelineVisitor

from benchmarks.kill import durable
from manifests.border.arrow_files import open_table
from manifests.files import sha256
from manifests.schema.steps import Part
from pipeline.runtime import jobs, part_sinks
from pipeline.runtime.batch_result import BatchPosition
from pipeline.runtime.checked_file import CheckedFile
from pipeline.runtime.context import StepContext
from pipeline.runtime.elements import Element
from pipeline.runtime.engines.engine import Engine
from pipeline.runtime.engines.open_engine import open_engine
from pipeline.runtime.part_sinks import WritePart
from pipeline.runtime.phases import Phases
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.runtime.run import CorpusRun, StepOutcome
from pipeline.runtime.transform import PartTask
from pipeline.steps.quality.quality_step import QualityStep
from pipeline.steps.registry import step_named
from tests.pipeline.plugins import LETTERS, SHOUTING, write_plugin
from tests.pipeline.readers.test_plugin_reader import SOURCE, TABLE
from tests.pipeline.runtime.test_user_step import corpus_file
from tests.pipeline.steps import measured
from tests.pipeline.steps.dedup.finished import finish, names
from tests.pipeline.steps.dedup.test_dedup_index import varied
from tests.pipeline.steps.ingest.run import corpus
from tests.pipeline.steps.quality import corpus as quality
from tests.pipeline.toy import (
    BUCKETS,
    PEP20,
    LongEnough,
    Sizes,
    Texts,
    documents,
    emit_sizes,
    reduce_sizes,
    write_square,
)

SHORT = sum(len(line.encode()) < 30 for line in PEP20)


def context(folder: Path, engine: Engine, inputs: tuple[Part, ...] = ()) -> StepContext:
    own = folder / "ingest"
    return StepContext("ingest", measured.corpus(), folder, own, own, inputs, engine, "fingerprint")


def everything(folder: Path, engine: Engine) -> dict[str, str]:
    """All four kinds of phase, and the hash of every file that they wrote."""
    run, tasks = Phases(context(folder, engine)), [PartTask(index, Texts(index)) for index in range(4)]
    run.map(LongEnough(), tasks)
    run.group("grouped", run.extract("sizes", Sizes(), tasks), emit_sizes, reduce_sizes, BUCKETS)
    run.each("squares", write_square, 5, ".txt")
    return {
        path.relative_to(folder).as_posix(): sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def ray() -> Iterator[Engine]:
    """A cluster of two workers, started once."""
    engine = open_engine("ray", 2)
    yield engine
    engine.close()


def test_local_and_ray_give_the_same_bytes(tmp_path: Path, ray: Engine) -> None:
    local = everything(tmp_path / "local", open_engine("local", 1))
    assert everything(tmp_path / "ray", ray) == local
    assert sum(name.endswith(".arrow") for name in local) == 12
    assert sum("bucket-" in name and ".receipts" not in name for name in local) == BUCKETS


def test_an_incremental_index_has_the_same_bytes_on_ray(tmp_path: Path, ray: Engine) -> None:
    first = finish(tmp_path / "first", varied(1, "first")).folder
    second = finish(tmp_path / "second", varied(2, "second"), names(first)).folder
    local, other = (
        finish(tmp_path / name, varied(3, "third"), names(first, second), parts=3, engine=engine)
        for name, engine in {"local": open_engine("local", 1), "ray": ray}.items()
    )
    assert durable(other.folder) == durable(local.folder)
    assert any(f"index={first}" in detail for _, detail in local.rejected.values())


def test_a_classifier_has_the_same_bytes_on_ray(tmp_path: Path, ray: Engine) -> None:
    rule = {"name": "quality", "signal": "quality_score", "languages": ["en"], "min": 0.5}
    manifest = quality.manifest([rule], classifier={})
    texts = quality.english()
    shuffled = [" ".join(sorted(text.split())) for text in texts]
    parts = [
        quality.rows(texts, "reference-en", "en"),
        [*quality.rows(shuffled, "web", "en"), *quality.rows(quality.chinese(), "reference-zh", "zh")],
    ]
    results = []
    for name, engine in {"local": open_engine("local", 1), "ray": ray}.items():
        results.append(
            QualityStep().run(replace(quality.context(tmp_path / name, manifest, parts), engine=engine))
        )
    assert results[0] == results[1]
    assert durable(tmp_path / "local") == durable(tmp_path / "ray")
    assert [file.path for file in results[0].files if file.path.startswith("classifiers/")] == [
        "classifiers/part-00000.bin",
        "classifiers/part-00001.bin",
    ]
    assert sum(part.rejected.rows for part in results[0].parts) > 0


def test_a_signal_of_the_users_own_has_the_same_bytes_on_ray(tmp_path: Path, ray: Engine) -> None:
    rule = {"name": "shouting", "signal": "capitals", "languages": ["en"], "max": 0.05}
    own = {"use": "shouting:capitals", "range": [0, 1]}
    manifest = quality.manifest([rule], signals=[own], perplexity=None)
    parts = [
        quality.rows(quality.english(), "web", "en"),
        quality.rows(quality.chinese(), "reference-zh", "zh"),
    ]
    results = []
    for name, engine in {"local": open_engine("local", 1), "ray": ray}.items():
        write_plugin(tmp_path / name, "shouting", SHOUTING)
        run = replace(quality.context(tmp_path / name, manifest, parts), engine=engine)
        results.append(QualityStep().run(run))
    assert results[0] == results[1]
    assert durable(tmp_path / "local" / "quality") == durable(tmp_path / "ray" / "quality")
    assert results[0].parts[0].rejected.rows > 0


def step_of_ones_own(folder: Path, engine: Engine, least: object) -> StepOutcome:
    """The outcome of a step behind the ingest step, on three parts of the stories."""
    entry = {"use": "shorten:Shorten", "after": "ingest", "settings": {"least": least}}
    file = corpus_file(folder, entry, part_bytes=40)
    run = CorpusRun(file, folder / "run", engine)
    return [run.step(step_named(name, run.corpus)) for name in ("ingest", "shorten")][1]


def test_a_step_of_the_users_own_has_the_same_bytes_on_ray(tmp_path: Path, ray: Engine) -> None:
    engines = {"local": open_engine("local", 1), "ray": ray}
    done = [step_of_ones_own(tmp_path / name, engine, 10) for name, engine in engines.items()]
    assert done[0].manifest == done[1].manifest
    assert durable(tmp_path / "local" / "run" / "shorten") == durable(tmp_path / "ray" / "run" / "shorten")
    assert (len(done[0].manifest.parts), done[0].manifest.documents_kept) == (3, 2)


def test_a_reader_of_the_users_own_and_pieces_have_the_same_bytes_on_ray(tmp_path: Path, ray: Engine) -> None:
    done = []
    for name, engine in {"local": open_engine("local", 1), "ray": ray}.items():
        write_plugin(tmp_path / name, "letters", LETTERS)
        (tmp_path / name / "table.csv").write_text(f"{TABLE}4;a;;{PEP20[4] * 60}", encoding="utf-8")
        file = tmp_path / name / "corpus.yaml"
        file.write_text(corpus(SOURCE, max_words=200).model_dump_json(), encoding="utf-8")
        run = CorpusRun(file, tmp_path / name / "run", engine)
        done.append(run.step(step_named("ingest", run.corpus)).manifest)
    assert done[0].parts == done[1].parts
    assert (done[0].documents_in, done[0].documents_kept, done[0].metrics["cut/pieces"]) == (5, 4, 2)


@pytest.mark.parametrize("name", ["local", "ray"])
def test_an_error_of_the_users_own_code_names_it(name: str, tmp_path: Path, ray: Engine) -> None:
    engine = ray if name == "ray" else open_engine("local", 1)
    with pytest.raises(Exception, match=r"plug-in shorten:Shorten failed: ArrowNotImplementedError"):
        step_of_ones_own(tmp_path, engine, "ten")


def test_documents_are_conserved_with_their_reasons(tmp_path: Path) -> None:
    run = Phases(context(tmp_path, open_engine("local", 1)))
    (part,) = run.map(LongEnough(), [PartTask(0, Texts(0))])
    assert part.documents_in == 3 * len(PEP20)
    assert part.rejected.rows == 3 * SHORT
    assert {count.reason: count.documents for count in part.counts} == {
        "": 3 * (len(PEP20) - SHORT),
        "short": 3 * SHORT,
    }
    assert part.metrics == {"seen": 3 * len(PEP20)}
    rejected = open_table(tmp_path / "ingest" / part.rejected.path)
    assert set(rejected.column("reason").to_pylist()) == {"short"}
    assert "19 bytes" in rejected.column("detail").to_pylist()


def test_a_part_is_forgotten_behind_its_last_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten: list[Path] = []
    mapped: list[str] = []

    def forget(path: Path) -> None:
        forgotten.append(path)
        mapped.extend(
            line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith(str(path))
        )

    for module in (jobs, part_sinks):
        monkeypatch.setattr(module, "drop_page_cache", forget)
    (first,) = Phases(context(tmp_path / "first", open_engine("local", 1))).map(
        LongEnough(), [PartTask(0, Texts(0))]
    )
    assert forgotten == [tmp_path / "first" / "ingest" / first.rejected.path], (
        "the kept documents are for the next step"
    )
    task = PartTask(0, CheckedFile(tmp_path / "first" / "ingest" / first.kept.path, first.kept))
    second = Phases(context(tmp_path / "second", open_engine("local", 1)))
    second.extract("sizes", Sizes(), [task])
    assert len(forgotten) == 1, "there are more passes"
    second.map(LongEnough(), [task])
    assert forgotten[1:] == [
        tmp_path / "second" / "ingest" / first.rejected.path,
        tmp_path / "first" / "ingest" / first.kept.path,
    ]
    assert mapped == [], "what is mapped would stay in memory"


def test_a_failed_phase_keeps_the_finished_parts(tmp_path: Path) -> None:
    run = Phases(context(tmp_path, open_engine("local", 1)))
    tasks = [PartTask(index, Texts(index)) for index in range(3)]
    with pytest.raises(RuntimeError, match="poisoned"):
        run.map(LongEnough(poison=2), tasks)
    first = tmp_path / "ingest" / "part-00000.arrow"
    inode = first.stat().st_ino
    assert not (tmp_path / "ingest" / "part-00002.arrow").exists()
    parts = run.map(LongEnough(), tasks)
    assert [part.index for part in parts] == [0, 1, 2]
    assert first.stat().st_ino == inode
    assert not list(tmp_path.rglob("*.tmp"))


def test_parts_of_an_earlier_plan_are_swept(tmp_path: Path) -> None:
    run = Phases(context(tmp_path, open_engine("local", 1)))
    run.map(LongEnough(), [PartTask(index, Texts(index)) for index in range(3)])
    run.map(LongEnough(), [PartTask(0, Texts(0))])
    assert sorted(path.name for path in (tmp_path / "ingest").glob("*.arrow")) == ["part-00000.arrow"]


def test_a_changed_input_part_is_refused(tmp_path: Path) -> None:
    run = Phases(context(tmp_path, open_engine("local", 1)))
    (part,) = run.map(LongEnough(), [PartTask(0, Texts(0))])
    path = tmp_path / "ingest" / part.kept.path
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(PipelineError, match="was changed after it was written"):
        list(CheckedFile(path, part.kept))


def test_a_lost_batch_is_an_error(tmp_path: Path) -> None:
    sink = WritePart(tmp_path, LongEnough.schema, {0: "x"})
    sink.start_bundle()
    with pytest.raises(PipelineError, match="batch 1 came where batch 0 was due"):
        list(sink.process(Element(0, 1, 0, None)))


def test_a_part_without_its_end_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rejected").mkdir()
    sink = WritePart(tmp_path, LongEnough.schema, {0: "x"})
    sink.start_bundle()
    outcome = LongEnough().process(documents(PEP20), BatchPosition(0, 0))
    list(sink.process(Element(0, 0, 0, outcome)))
    with pytest.raises(PipelineError, match="ended without their end mark"):
        sink.finish_bundle()


def element_coders(work: beam.PTransform) -> list[object]:
    pipeline = beam.Pipeline()
    pipeline | beam.Create([PartTask(0, Texts(0))]) | work
    found: list[object] = []

    class Visitor(PipelineVisitor):
        def visit_value(self, value: beam.pvalue.PValue, producer_node: object) -> None:
            if isinstance(value, beam.PCollection):
                found.append(coders.registry.get_coder(value.element_type))

    pipeline.visit(Visitor())
    return found
