"""Whatever goes wrong, a command ends with its exit code and one line: what was wrong, where, what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests import tiny
from tests.commands import Ended, run

pytestmark = pytest.mark.slow

STEP = "pipeline {} --corpus {{x}}/corpus.yaml --run {{x}}/run"
CORPUS, INGEST, DEDUP = (STEP.format(name) for name in ("corpus", "ingest", "dedup"))
TRAINER = "trainer {} --curriculum {{x}}/curriculum.yaml --run {{x}}/run"
TRAIN = TRAINER.format("train --quiet")
EVALUATE = TRAINER.format("evaluate")
GENERATE = TRAINER.format("generate --prompt 一 --max-tokens 3")
EXPORT = TRAINER.format("export --to {x}/exported")
CHECK = "manifests check {x}/corpus.yaml"
REPORT, VERIFY = "manifests report {x}/run", "manifests verify {x}/run"
PART = "quality/part-00002.arrow"

Damage = Callable[[Path], Any]


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifests, text and a run folder that every step and the training are done in; not to be changed."""
    folder = tmp_path_factory.mktemp("finished") / "x"
    tiny.set_up(folder)
    for command in (CORPUS, TRAIN):
        done = call(folder, command)
        assert done.code == 0, done.err
    return folder


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    shutil.copytree(finished, tmp_path / "x")
    return tmp_path / "x"


def call(folder: Path, command: str, **more: Any) -> Ended:
    return run(folder.parent, *command.format(x=folder).split(), **more)


def one_line(ended: Ended, code: int = 1, lines: int = 1) -> str:
    """The only line on standard error; a command that shows a traceback, or ends with another code, fails."""
    assert "Traceback" not in ended.err, ended.err
    assert ended.code == code, ended.err
    assert [line.startswith("error: ") for line in ended.errors] == [True] * lines, ended.err
    return "\n".join(ended.errors)


def gone(path: str) -> Damage:
    def damage(folder: Path) -> None:
        target = folder / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return damage


def bytes_of(path: str, change: Callable[[bytes], bytes]) -> Damage:
    return lambda folder: (folder / path).write_bytes(change((folder / path).read_bytes()))


def cut(path: str) -> Damage:
    return bytes_of(path, lambda data: data[: len(data) // 2])


def flipped(path: str) -> Damage:
    """One bit is another one."""
    return bytes_of(path, lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])


def text(path: str, content: str) -> Damage:
    return bytes_of(path, lambda _: content.encode())


def folder_at(path: str) -> Damage:
    def damage(folder: Path) -> None:
        gone(path)(folder)
        (folder / path).mkdir()

    return damage


def file_at(path: str) -> Damage:
    def damage(folder: Path) -> None:
        gone(path)(folder)
        (folder / path).write_text("")

    return damage


def first(*damages: Damage) -> Damage:
    """One after another."""

    def damage(folder: Path) -> None:
        for one in damages:
            one(folder)

    return damage


def corpus(**changes: Any) -> Damage:
    """Another corpus manifest, applied in a run folder where nothing is done yet."""

    def damage(folder: Path) -> None:
        tiny.write(folder, tiny.corpus(**changes))
        gone("run")(folder)

    return damage


def curriculum(**changes: Any) -> Damage:
    return lambda folder: tiny.write(folder, tiny.curriculum(**changes))


def source(**changes: Any) -> Damage:
    return corpus(sources=[{"name": "guests", "path": "texts", "format": "jsonl"} | changes])


def key(path: str, **changes: Any) -> Damage:
    """Other values in a JSON file."""

    def change(data: bytes) -> bytes:
        return json.dumps(json.loads(data) | changes).encode()

    return bytes_of(path, change)


def shard(damage: Callable[[str], Damage]) -> Damage:
    """Damages the first shard of the Chinese set."""

    def damage_it(folder: Path) -> None:
        manifest = json.loads((folder / "run/shards/shards.json").read_text(encoding="utf-8"))
        name = manifest["sets"]["zh"]["shards"][0]["file"]["path"]
        damage(f"run/shards/{name}")(folder)

    return damage_it


@dataclass(frozen=True)
class Failure:
    """A command, what is wrong before it, and what its one line must say (``{x}``: the folder)."""

    command: str
    damage: Damage
    says: str
    code: int = 1
    lines: int = 1


TABLE = {
    # manifests
    "no manifest": Failure(CORPUS, gone("corpus.yaml"), "{x}/corpus.yaml: no such manifest; name"),
    "no manifest to check": Failure(CHECK, gone("corpus.yaml"), "{x}/corpus.yaml: no such manifest; name"),
    "no curriculum": Failure(TRAIN, gone("curriculum.yaml"), "{x}/curriculum.yaml: no such manifest; name"),
    "a folder as manifest": Failure(CORPUS, folder_at("corpus.yaml"), "{x}/corpus.yaml: Is a directory; "),
    "a folder to check": Failure(CHECK, folder_at("corpus.yaml"), "{x}/corpus.yaml: Is a directory; "),
    "no YAML": Failure(CORPUS, text("corpus.yaml", "a: [b\nc"), "{x}/corpus.yaml: not readable as YAML: "),
    "no YAML to check": Failure(CHECK, text("corpus.yaml", "a: [b\nc"), "not readable as YAML: "),
    "no YAML to train": Failure(TRAIN, text("curriculum.yaml", "a: [b\nc"), "not readable as YAML: "),
    "no UTF-8": Failure(CORPUS, bytes_of("corpus.yaml", lambda _: b"\xff\xfe"), "not readable as YAML: "),
    "unknown key": Failure(
        CORPUS, corpus(nmae="x"), "{x}/corpus.yaml: nmae: Extra inputs are not permitted; "
    ),
    "unknown key to train": Failure(TRAIN, curriculum(nmae="x"), "{x}/curriculum.yaml: nmae: Extra inputs"),
    "two wrong keys": Failure(CORPUS, corpus(nmae="x", seed="y"), "corpus.yaml: seed: ", lines=2),
    # what the corpus manifest names
    "no source": Failure(INGEST, source(path="nowhere"), "nowhere"),
    "a folder as benchmark": Failure(
        CORPUS,
        corpus(decontaminate={"benchmarks": [{"name": "b", "path": "texts", "text_fields": ["text"]}]}),
        "{x}/texts",
    ),
    "no benchmark": Failure(
        CORPUS,
        corpus(decontaminate={"benchmarks": [{"name": "b", "path": "gone.jsonl", "text_fields": ["text"]}]}),
        "gone.jsonl",
    ),
    "wrong text field": Failure(
        INGEST, source(text_field="body"), "kept none of 120 documents (missing_text 120); "
    ),
    "wrong format": Failure(INGEST, source(format="parquet"), "kept none of 2 documents (not_parquet 2); "),
    "no tokenizer": Failure(CORPUS, corpus(quality={"tokenizer": {"model": "gone.model"}}), "{x}/gone.model"),
    "a folder as tokenizer": Failure(CORPUS, corpus(quality={"tokenizer": {"model": "texts"}}), "{x}/texts"),
    "text as tokenizer": Failure(
        CORPUS,
        corpus(quality={"tokenizer": {"model": "corpus.yaml"}}),
        "or leave quality.tokenizer.model out",
    ),
    "no language model": Failure(CORPUS, corpus(language={"model": "gone.ftz"}), "{x}/gone.ftz"),
    "a folder as language model": Failure(
        CORPUS, corpus(language={"model": "texts"}), "{x}/texts: Is a directory; "
    ),
    "text as language model": Failure(
        CORPUS, corpus(language={"model": "corpus.yaml"}), "{x}/corpus.yaml: is not a fastText model ("
    ),
    "text falls short": Failure(
        CORPUS,
        corpus(shards=tiny.corpus()["shards"] | {"budget": {"zh": "5 M"}, "tolerance": 0.1}),
        "the token budget cannot be met: zh: 5,000,000 tokens wanted, ",
        code=3,
    ),
    # the run folder
    "the step before is not done": Failure(DEDUP, gone("run/quality"), "dedup needs the step quality first"),
    "a part is gone": Failure(DEDUP, first(gone("run/dedup"), gone("run/" + PART)), PART + " is missing; "),
    "a part is changed": Failure(
        DEDUP, first(gone("run/dedup"), flipped("run/" + PART)), PART + " was changed"
    ),
    "a part is cut": Failure(DEDUP, first(gone("run/dedup"), cut("run/" + PART)), PART + " was changed"),
    "the manifest before is cut": Failure(
        DEDUP, cut("run/quality/manifest.json"), "{x}/run/quality/manifest.json: not readable as JSON: "
    ),
    "the manifest before is empty": Failure(
        DEDUP, text("run/quality/manifest.json", ""), "{x}/run/quality/manifest.json: not readable as JSON: "
    ),
    "a later format": Failure(
        DEDUP, key("run/quality/manifest.json", version=99), "{x}/run/quality/manifest.json: version: "
    ),
    "a later format to verify": Failure(
        VERIFY, key("run/quality/manifest.json", version=99), "{x}/run/quality/manifest.json: version: "
    ),
    "a later format to report": Failure(
        REPORT, key("run/shards/shards.json", version=99), "{x}/run/shards/shards.json: version: "
    ),
    "a later format to train": Failure(
        TRAIN, key("run/shards/shards.json", version=99), "{x}/run/shards/shards.json: version: "
    ),
    "a file as run folder": Failure(CORPUS, file_at("run"), "{x}/run: is a file, not a run folder; "),
    "a file to report": Failure(REPORT, file_at("run"), "{x}/run: is a file, not a run folder; "),
    "a file to verify": Failure(VERIFY, file_at("run"), "{x}/run: is a file, not a run folder; "),
    "a file to train in": Failure(TRAIN, file_at("run"), "{x}/run"),
    "a URL": Failure(CORPUS.replace("{x}/run", "ftp://b/r"), str, "ftp://b/r: a run folder cannot be "),
    "a URL to report": Failure("manifests report memory://b", str, "memory://b: holds no step manifest"),
    "a URL to verify": Failure("manifests verify gs://b/r", str, "gs://b/r: cannot be opened ("),
    "an empty folder to report": Failure(
        "manifests report {x}/texts", str, "{x}/texts: holds no step manifest"
    ),
    "an empty folder to verify": Failure(
        "manifests verify {x}/texts", str, "{x}/texts: holds no step manifest"
    ),
    "no folder to verify": Failure("manifests verify {x}/gone", str, "{x}/gone: holds no step manifest"),
    # what verify finds
    "a part is gone, to verify": Failure(VERIFY, gone("run/" + PART), PART + ": missing"),
    "a part is changed, to verify": Failure(VERIFY, flipped("run/" + PART), PART + ": SHA-256 is "),
    "a shard is gone, to verify": Failure(VERIFY, shard(gone), ": missing"),
    "a shard is changed, to verify": Failure(VERIFY, shard(flipped), ": SHA-256 is "),
    # shards
    "no shards to train on": Failure(TRAIN, gone("run/shards"), "{x}/run/shards/shards.json"),
    "a shard is gone, to train": Failure(TRAIN, first(gone("run/train"), shard(gone)), "{x}/run/shards/"),
    "a shard is changed, to train": Failure(
        TRAIN, first(gone("run/train"), shard(flipped)), "{x}/run/shards/"
    ),
    "a shard is cut, to train": Failure(TRAIN, first(gone("run/train"), shard(cut)), "{x}/run/shards/"),
    "no model to evaluate": Failure(EVALUATE, gone("run/train"), "{x}/run/train"),
    "no model to generate with": Failure(GENERATE, gone("run/train"), "{x}/run/train"),
    "no model to export": Failure(EXPORT, gone("run/train"), "{x}/run/train"),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_failure_is_one_line(name: str, copy: Path) -> None:
    failure = TABLE[name]
    failure.damage(copy)
    message = one_line(call(copy, failure.command), failure.code, failure.lines)
    assert failure.says.replace("{x}", str(copy)) in message
    assert "while running" not in message
    assert not list(copy.rglob(".*.tmp"))
    assert not (copy / "run" / ".lock").exists() if (copy / "run").is_dir() else True


def test_a_damaged_receipt_is_work_to_do_again(copy: Path) -> None:
    receipts = copy / "run/quality/.receipts"
    before = {path.name: path.read_bytes() for path in (copy / "run/quality").glob("*.arrow")}
    (copy / "run/quality/manifest.json").unlink()
    cut("run/quality/.receipts/part-00000.json")(copy)
    key("run/quality/.receipts/part-00001.json", value={"index": "one"})(copy)
    text("run/quality/.receipts/part-00003.json", "[]")(copy)
    flipped("run/" + PART)(copy)
    gone("run/quality/part-00004.arrow")(copy)
    done = call(copy, CORPUS)
    assert (done.code, done.errors) == (0, [])
    assert {path.name: path.read_bytes() for path in (copy / "run/quality").glob("*.arrow")} == before
    assert sorted(path.name for path in receipts.iterdir()) == [f"part-{n:05d}.json" for n in range(6)]
    assert "as it was" in done.out.splitlines()[3], "the next step reads the same bytes"


def untouched(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
