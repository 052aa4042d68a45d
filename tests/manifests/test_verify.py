"""Each thing that verification checks sets off its own alarm, and nothing else does."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from manifests.__main__ import main
from manifests.errors import UserError
from manifests.files import digest, sha256, write_json
from manifests.schema.training import CheckpointFile, TrainingManifest
from manifests.verify import verify
from tests.manifests.forged_run import Content, edit, rewrite, seal, write_shards_step
from tests.manifests.small_run import STEPS, build_corpus
from tests.trainer.checkpoint.test_checkpoint import progress, state
from tests.trainer.tiny import write_shards
from trainer.checkpoint.saving import save

DOCUMENTS = len(STEPS["ingest"])
CHECKPOINT = "train/checkpoints/step-000000007"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five corpus steps, shards and a checkpoint; not to be changed."""
    run = tmp_path_factory.mktemp("sound")
    build_corpus(run)
    shutil.rmtree(run / "shards")
    write_shards(run)
    write_shards_step(run / "shards")
    saved = save(run / "train" / "checkpoints", progress(7), state(7.0), keep=1)
    trained = TrainingManifest(
        fingerprint="",
        curriculum="tiny",
        steps=7,
        tokens=7,
        tokens_by_set={"en": 7},
        heldout_losses={},
        checkpoint=CheckpointFile(
            path=saved.folder.relative_to(run / "train").as_posix(), sha256=saved.sha256
        ),
    )
    write_json(run / "train" / "manifest.json", trained.model_dump())
    return run


@pytest.fixture
def run(sound: Path, tmp_path: Path) -> Path:
    """A copy, to be changed."""
    return Path(shutil.copytree(sound, tmp_path / "run"))


def only(run: Path, *expected: str) -> None:
    """The problems found are these, in order, given as regular expressions."""
    problems = verify(run).problems
    assert len(problems) == len(expected), problems
    for problem, pattern in zip(problems, expected, strict=True):
        assert re.search(pattern, problem), (problem, pattern)


def test_a_sound_run_is_counted_and_has_no_problem(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = verify(sound)
    assert found.problems == []
    sets = json.loads((sound / "shards" / "shards.json").read_text(encoding="utf-8"))
    shards = [
        shard for group in ("sets", "heldout") for one in sets[group].values() for shard in one["shards"]
    ]
    assert found.tokens == sum(shard["tokens"] for shard in shards)
    assert found.files == 2 * len(STEPS) + 1 + len(shards) + 1 + 2
    assert found.documents == DOCUMENTS
    read = [
        path
        for path in sound.rglob("*")
        if path.suffix in {".arrow", ".safetensors"} or path.name == "shards.json"
    ]
    assert found.bytes == sum(path.stat().st_size for path in read)
    assert main(["verify", str(sound)]) == 0
    assert (
        f"as its manifests say ({found.files:,} files, {found.bytes:,} bytes, {DOCUMENTS} documents"
        in capsys.readouterr().out
    )


def test_a_run_of_which_only_the_manifests_are_there_is_told(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in [
        path for path in run.rglob("*") if path.suffix == ".arrow" or path.name == "tokenizer.model"
    ]:
        path.unlink()
    assert main(["verify", str(run)]) == 1
    assert "missing" in capsys.readouterr().err


def test_sealing_a_sound_run_leaves_it_sound(run: Path) -> None:
    seal(run)
    only(run)


def test_a_folder_without_manifests_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="holds no step manifest; run `openba corpus` first"):
        verify(tmp_path)
    assert main(["verify", str(tmp_path)]) == 1
    assert "error: " in capsys.readouterr().err


FILES = [
    "dedup/part-00000.arrow",
    "dedup/rejected/part-00000.arrow",
    "shards/zh-0.arrow",
    f"{CHECKPOINT}/weights-00000-of-00001.safetensors",
]


@pytest.mark.parametrize(
    "name", [*FILES, f"{CHECKPOINT}/optimizer-00000-of-00001.safetensors", f"{CHECKPOINT}/checkpoint.json"]
)
def test_a_lost_file_is_named_and_nothing_is_read_from_it(
    run: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / name).unlink()
    only(run, rf"^{run / name}: missing$")
    assert main(["verify", str(run)]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"error: {run / name}: missing\n"
    assert ": 1 problem (" in captured.out


@pytest.mark.parametrize("name", [*FILES, "shards/shards.json"])
def test_a_changed_byte_is_found_and_nothing_is_read_from_it(run: Path, name: str) -> None:
    data = bytearray((run / name).read_bytes())
    before = sha256(run / name)
    data[-1] ^= 1
    (run / name).write_bytes(data)
    only(run, rf"^{run / name}: SHA-256 is {sha256(run / name)[:16]}…, the manifest says {before[:16]}…$")


@pytest.mark.parametrize(
    ("folder", "column", "kept"),
    [("", "source", "kept"), ("", "language", "kept"), ("rejected", "reason", "short")],
)
def test_documents_of_another_source_language_or_reason_are_counted(
    run: Path, folder: str, column: str, kept: str
) -> None:
    path = run / "dedup" / folder / "part-00000.arrow"
    rewrite(path, column, lambda values: ["code" if column == "language" else "short", *values[1:]])
    seal(run)
    found, stated = (4, 5) if not folder else (1, 2)
    told = rf"^{run / 'dedup' / 'part-00000.arrow'}: {found} documents of source 'pep20', language 'en', reason '\S+', "
    other = r": 1 documents of source '\w+', language '\w+', reason '\w+', the manifest says 0$"
    problems = verify(run).problems
    counted = [problem for problem in problems if "documents of source" in problem]
    assert len(counted) == len(problems) == 2
    assert any(re.search(told + rf"the manifest says {stated}$", problem) for problem in counted)
    assert any(re.search(other, problem) and kept in problem for problem in counted)


@pytest.mark.parametrize("folder", ["", "rejected"])
def test_another_document_in_the_place_of_one_is_found(run: Path, folder: str) -> None:
    """Kept or rejected: as many of every kind as before, but not those that the step before kept."""
    rewrite(run / "dedup" / folder / "part-00000.arrow", "id", lambda values: ["another", *values[1:]])
    seal(run)
    expected = [rf"^{run / 'dedup'}: the documents kept and rejected are not those that quality kept$"]
    if not folder:
        expected.append(
            rf"^{run / 'privacy'}: the documents kept and rejected are not those that dedup kept$"
        )
    only(run, *expected)


def test_a_document_that_stands_twice_in_the_place_of_another_is_found(run: Path) -> None:
    rewrite(run / "language" / "part-00000.arrow", "id", lambda values: [values[1], *values[1:]])
    seal(run)
    only(
        run,
        "language: the documents kept and rejected are not those that ingest kept",
        "quality: .* are not those that language kept",
    )


def test_a_step_made_from_an_earlier_manifest_is_found(run: Path) -> None:
    edit(run / "quality" / "manifest.json", lambda content: content.update(fingerprint="another"))
    only(
        run,
        rf"^{run / 'dedup' / 'manifest.json'}: was made from another quality/manifest.json; run `openba "
        r"dedup` again$",
    )


@pytest.mark.parametrize(
    ("group", "name"), [("sets", "zh"), ("sets", "pairs"), ("heldout", "en"), ("heldout", "pairs")]
)
def test_a_shard_that_the_step_did_not_write_is_found(run: Path, group: str, name: str) -> None:
    edit(
        run / "shards" / "shards.json",
        lambda content: content[group][name]["shards"][0]["file"].update(sha256="0" * 64),
    )
    edit(
        run / "shards" / "manifest.json",
        lambda content: content["files"][-1].update(sha256=sha256(run / "shards" / "shards.json")),
    )
    shard = f"{'heldout-' if group == 'heldout' else ''}{name}-0.arrow"
    only(run, rf"^{run / 'shards' / shard}: shards.json names another file than manifest.json$")


@pytest.mark.parametrize("heldout", ["en", "pairs"])
@pytest.mark.parametrize("trained", ["en", "zh", "pairs"])
def test_a_held_out_document_in_any_training_set_is_found(run: Path, trained: str, heldout: str) -> None:
    shard = sorted((run / "shards").glob(f"heldout-{heldout}-*.arrow"))[-1]
    rewrite(shard, "id", lambda values: [*values[:-1], f"{trained}-0"])
    seal(run)
    only(
        run,
        rf"^{run / 'shards'}: 1 held-out documents are also in the training shards, such as '{trained}-0'$",
    )


def test_a_piece_of_a_document_of_which_another_is_held_out_is_found(run: Path) -> None:
    rewrite(run / "shards" / "heldout-en-0.arrow", "id", lambda values: [*values[:-1], "book#piece-12"])
    rewrite(run / "shards" / "zh-0.arrow", "id", lambda values: ["book#piece-3", *values[1:]])
    seal(run)
    only(run, rf"^{run / 'shards'}: 1 held-out documents are also in the training shards, such as 'book'$")


def test_a_document_of_two_training_sets_is_no_leak(run: Path) -> None:
    rewrite(run / "shards" / "zh-0.arrow", "id", lambda values: ["en", *values[1:]])
    seal(run)
    only(run)


@pytest.mark.parametrize(("name", "column"), [("zh", "tokens"), ("pairs", "prompt"), ("pairs", "target")])
def test_a_token_too_many_is_counted(run: Path, name: str, column: str) -> None:
    manifest = json.loads((run / "shards" / "shards.json").read_text(encoding="utf-8"))["sets"][name]
    index = len(manifest["shards"]) - 1
    path, tokens = run / "shards" / f"{name}-{index}.arrow", manifest["shards"][index]["tokens"]
    rewrite(path, column, lambda values: [*values[:-1], [*values[-1], 7]])
    seal(run)
    total = manifest["tokens"]
    by_source = (
        rf"^set {name}: tokens by source are {{'tiny': {total + 1}}}, the manifest says {{'tiny': {total}}}$"
    )
    only(run, rf"^{path}: holds {tokens + 1} tokens, the manifest says {tokens}$", by_source)


def test_all_shards_of_a_stream_but_the_last_are_of_one_length(run: Path) -> None:
    edit(run / "shards" / "shards.json", lambda content: content["sets"]["en"].update(shard_tokens=999))
    seal(run)
    last = (
        len(json.loads((run / "shards" / "shards.json").read_text(encoding="utf-8"))["sets"]["en"]["shards"])
        - 1
    )
    assert last > 0
    shards = [run / "shards" / f"en-{index}.arrow" for index in range(last)]
    only(
        run,
        *(
            rf"^{path}: holds 1000 tokens, but all shards of set en except the last should hold 999$"
            for path in shards
        ),
    )


def test_tokens_of_another_source_are_found(run: Path) -> None:
    rewrite(run / "shards" / "zh-0.arrow", "source", lambda values: ["sanguo", *values[1:]])
    seal(run)
    only(run, r"^set zh: tokens by source are \{'sanguo': \d+\}, the manifest says \{'tiny': \d+\}$")


def test_a_source_that_gave_nothing_need_not_be_in_the_shards(run: Path) -> None:
    nothing = {"name": "empty", "documents": 0, "tokens": 0, "available_tokens": 9, "epochs": 0.0}
    edit(run / "shards" / "shards.json", lambda content: content["sets"]["zh"]["sources"].append(nothing))
    seal(run)
    only(run)


def _forge(content: Content) -> None:
    content["progress"]["step"] = 8
    content["sha256"] = digest({name: value for name, value in content.items() if name != "sha256"})


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["progress"].update(step=8),
        lambda content: content.update(sha256="0" * 64),
        _forge,
    ],
    ids=["content", "hash", "both"],
)
def test_a_changed_checkpoint_listing_is_found(run: Path, change: Callable[[Content], Any]) -> None:
    """Also where its own hash fits: the training manifest knows another."""
    listing = run / CHECKPOINT / "checkpoint.json"
    edit(listing, change)
    only(run, rf"^{listing}: is not the one that {run / 'train' / 'manifest.json'} names$")
