from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curriculum.step_plan import Samples
from manifests.schema.objectives import InstructionObjective, PrefixObjective
from manifests.schema.shards import ShardManifest
from tests.trainer.tiny import SHARD_TOKENS, write_shards
from trainer.data.data_loader import DataLoader
from trainer.data.dataset import PairTable, ShardError, TokenStream, open_sets
from trainer.data.drawn import Drawn
from trainer.data.shard_verification import verify
from trainer.distributed import Ranks
from trainer.objectives import build


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ShardManifest]:
    run = tmp_path_factory.mktemp("run")
    manifest = write_shards(run)
    return run / "shards", manifest


def column(folder: Path, manifest: ShardManifest, name: str, field: str) -> list[list[int]]:
    """All rows of a column of a set, the slow way."""
    return [
        row
        for shard in manifest.sets[name].shards
        for row in pa.ipc.open_file(folder / shard.file.path).read_all()[field].to_pylist()
    ]


@settings(deadline=None)
@given(st.integers(1, 3 * SHARD_TOKENS), st.data())
def test_chunks_are_slices_of_the_stream_across_shards(
    shards: tuple[Path, ShardManifest], length: int, data: st.DataObject
) -> None:
    folder, manifest = shards
    stream = TokenStream(folder, manifest.sets["en"])
    tokens = np.concatenate([np.array(row, np.uint32) for row in column(folder, manifest, "en", "tokens")])
    rows = np.array(data.draw(st.lists(st.integers(0, stream.tokens // length - 1), min_size=1, max_size=5)))
    chunks = stream.chunks(rows, length)
    assert chunks.dtype == np.uint32
    assert np.array_equal(chunks, np.stack([tokens[row * length : (row + 1) * length] for row in rows]))


def test_pairs_are_views_of_the_shards(shards: tuple[Path, ShardManifest]) -> None:
    folder, manifest = shards
    rows = np.array([0, 51, 25, 26, 0])
    prompts, targets = PairTable(folder, manifest.sets["pairs"]).pairs(rows)
    expected = [(column(folder, manifest, "pairs", field)) for field in ("prompt", "target")]
    assert [prompt.tolist() for prompt in prompts] == [expected[0][row] for row in rows]
    assert [target.tolist() for target in targets] == [expected[1][row] for row in rows]
    lengths = PairTable(folder, manifest.sets["pairs"]).lengths(rows)
    assert [side.tolist() for side in lengths] == [[len(row) for row in side] for side in (prompts, targets)]
    assert not any(array.flags.owndata for array in (*prompts, *targets))


def test_a_shard_that_changed_is_refused(shards: tuple[Path, ShardManifest], tmp_path: Path) -> None:
    folder, manifest = shards
    copy = tmp_path / "shards"
    shutil.copytree(folder, copy)
    verify(copy, manifest, copy / "verified.json", Ranks())
    with (copy / "zh-0.arrow").open("r+b") as file:
        file.seek(-300, 2)
        file.write(b"\x00\x01")
    with pytest.raises(ShardError, match=r"zh-0.arrow: differs from the shard that the manifest describes"):
        verify(copy, manifest, copy / "verified.json", Ranks())
    (copy / "zh-0.arrow").unlink()
    with pytest.raises(ShardError, match=r"zh-0.arrow: no such shard; make the shards again"):
        open_sets(copy, manifest.sets)


def test_a_shard_of_another_length_is_refused(shards: tuple[Path, ShardManifest]) -> None:
    folder, manifest = shards
    zh = manifest.sets["zh"]
    longer = zh.model_copy(update={"shards": (zh.shards[0].model_copy(update={"tokens": 1}),)})
    with pytest.raises(ShardError, match=rf"zh-0.arrow: holds {zh.tokens} tokens, not 1"):
        TokenStream(folder, longer)


def samples(set_index: list[int], rows: list[int], denoisers: list[int] | None = None) -> Samples:
    seeds = np.arange(len(rows), dtype=np.uint64)
    return Samples(
        np.array(set_index, np.int32), np.array(rows), np.array(denoisers or [0] * len(rows)), seeds, seeds
    )


def test_a_micro_batch_keeps_the_order_of_its_samples(shards: tuple[Path, ShardManifest]) -> None:
    folder, manifest = shards
    sets = open_sets(folder, manifest.sets)
    objective = build(PrefixObjective(kind="prefix", source=6, target=4), manifest.vocabulary)
    loaded = DataLoader(sets).load([Drawn(objective, ("en", "zh"), samples([1, 0, 1], [3, 99, 0]))])
    assert loaded.tokens == {"en": 10, "zh": 20}
    streams = {name: tokens for name, tokens in sets.items() if isinstance(tokens, TokenStream)}
    expected = [
        streams[name].chunks(np.array([row]), 10)[0] for name, row in (("zh", 3), ("en", 99), ("zh", 0))
    ]
    assert loaded.batch.encoder[:, 1:7].tolist() == [chunk[:6].tolist() for chunk in expected]
    assert loaded.batch.labels[:, 1:].tolist() == [chunk[6:].tolist() for chunk in expected]


def test_instruction_pairs_count_their_own_tokens(shards: tuple[Path, ShardManifest]) -> None:
    folder, manifest = shards
    objective = build(InstructionObjective(kind="instruction", source=64, target=64), manifest.vocabulary)
    part = Drawn(objective, ("pairs",), samples([0, 0], [7, 2]))
    loaded = DataLoader(open_sets(folder, manifest.sets)).load([part])
    prompts, targets = (column(folder, manifest, "pairs", field) for field in ("prompt", "target"))
    assert loaded.tokens == {"pairs": sum(len(side[row]) for side in (prompts, targets) for row in (7, 2))}
    assert loaded.batch.encoder[0, 1 : 1 + len(prompts[7])].tolist() == prompts[7]


def cut_short(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(64)


def write_again(path: Path) -> None:
    path.write_bytes(path.read_bytes()[::-1])


def replace(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"shorter")
    other.replace(path)


@pytest.mark.parametrize(("name", "kind"), [("en", TokenStream), ("pairs", PairTable)])
@pytest.mark.parametrize("change", [cut_short, write_again])
def test_a_shard_that_is_changed_under_its_reader_is_told_in_a_line(
    shards: tuple[Path, ShardManifest],
    tmp_path: Path,
    name: str,
    kind: type[TokenStream] | type[PairTable],
    change: Callable[[Path], None],
) -> None:
    """Reading on would end the process by a signal, or train on nonsense."""
    folder, manifest = shards
    shutil.copytree(folder, tmp_path / "shards")
    table = kind(tmp_path / "shards", manifest.sets[name])
    read = partial(table.chunks, length=8) if isinstance(table, TokenStream) else table.pairs
    read(np.array([0]))
    path = tmp_path / "shards" / manifest.sets[name].shards[0].file.path
    change(path)
    with pytest.raises(
        ShardError, match=f"^{path}: was changed while the training reads it; put the shard back"
    ):
        read(np.array([0]))


@pytest.mark.parametrize("change", [replace, Path.unlink])
def test_another_file_in_a_shards_place_does_no_harm(
    shards: tuple[Path, ShardManifest], tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder, manifest = shards
    shutil.copytree(folder, tmp_path / "shards")
    stream = TokenStream(tmp_path / "shards", manifest.sets["en"])
    before = stream.chunks(np.array([0]), 8).tolist()
    change(tmp_path / "shards" / manifest.sets["en"].shards[0].file.path)
    assert stream.chunks(np.array([0]), 8).tolist() == before
