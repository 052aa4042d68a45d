"""Exports in bfloat16 and float16: rounded to nearest even, never to infinity, and loaded as what they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from manifests.schema.shards import ShardManifest
from openba.cli.main import main
from tests.trainer.export.test_hf_folder import (  # noqa: F401 - a fixture
    model_of,
    open_run,
    shards,
    source,
)
from tests.trainer.states import weights_of
from trainer.dtypes import DTYPES, DtypeName
from trainer.export import hf_folder
from trainer.export.safetensors_files import INDEX, Tensors, write
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun
from trainer.tensor_file import OverflowedError, write_tensors

SHORT: list[DtypeName] = ["bfloat16", "float16"]


def nearest_bfloat16(values: np.ndarray) -> np.ndarray:
    """By the bits: half a unit of the upper 16 is added, less one where they are even."""
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16 << 16
    return rounded.astype(np.uint32).view(np.float32)


@given(st.lists(st.floats(width=32, allow_nan=False, min_value=-60_000, max_value=60_000), min_size=1))
def test_numbers_are_rounded_to_the_nearest_ties_to_even(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[float]
) -> None:
    values = np.array(numbers, dtype=np.float32)
    ties = (values.view(np.uint32) & 0xFFFF0000 | 0x8000).view(np.float32)  # half-way in bfloat16
    both = np.concatenate((values, ties))
    file = tmp_path_factory.mktemp("rounded") / "a.safetensors"
    for dtype, expected in (
        (torch.bfloat16, nearest_bfloat16(both)),
        (torch.float16, both.astype(np.float16).astype(np.float32)),
        (torch.float32, both),
    ):
        write_tensors(file, {"a": both.shape}, lambda _: torch.from_numpy(both), dtype=dtype)
        found = load_file(file)["a"]
        assert found.dtype == dtype
        assert found.float().numpy().tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("dtype", "fits", "beyond", "message"),
    [
        (
            "float16",
            65519.996,
            -65520.0,
            r"^w: holds 65520, which would be infinite in float16, whose largest number is 65504; "
            "take bfloat16 or float32$",
        ),
        (
            "bfloat16",
            3.3961e38,
            3.3963e38,
            r"^w: holds 3.3963e\+38, which would be infinite in bfloat16, whose largest number is "
            r"3.38953e\+38; take float32$",
        ),
    ],
)
def test_a_number_that_would_be_infinite_is_an_error_that_names_the_tensor(
    tmp_path: Path, dtype: DtypeName, fits: float, beyond: float, message: str
) -> None:
    """What is infinite already, or no number, is what it was."""
    file = tmp_path / "a.safetensors"
    values = torch.tensor([fits, torch.inf, torch.nan])
    write_tensors(file, {"w": [3]}, lambda _: values, dtype=DTYPES[dtype])
    found = load_file(file)["w"]
    assert found[0] == torch.finfo(DTYPES[dtype]).max
    assert found[1].isinf()
    assert found[2].isnan()
    tensors = {"v": values, "w": torch.tensor([beyond])}
    with pytest.raises(OverflowedError, match=message):
        write_tensors(file, {"v": [3], "w": [1]}, tensors.__getitem__, dtype=DTYPES[dtype])


def test_an_export_that_overflows_leaves_no_file(tmp_path: Path) -> None:
    tensors = {"a": torch.ones(4), "b": torch.full((4,), 70_000.0)}
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    with pytest.raises(OverflowedError, match="b: holds 70000"):
        write(tmp_path / "out", shapes, tensors.__getitem__, largest=8, dtype=torch.float16)
    assert not list((tmp_path / "out").iterdir())
    write(tmp_path / "out", shapes, tensors.__getitem__, largest=8, dtype=torch.bfloat16)
    index = json.loads((tmp_path / "out" / INDEX).read_text(encoding="utf-8"))
    assert index["metadata"] == {"total_size": 16}
    assert set(index["weight_map"]) == {"a", "b"}


def exported(run: TrainingRun, to: Path, dtype: DtypeName) -> EncoderDecoder:
    model = model_of(run)
    tokenizer = run.shard_folder / run.shards.vocabulary.model.path
    hf_folder.write(
        to,
        run.manifest,
        run.shards.vocabulary,
        tokenizer,
        weights_of(model).read,
        largest=70_000,
        dtype=DTYPES[dtype],
    )
    return model


@pytest.fixture(scope="module")
def transformers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    found = pytest.importorskip("transformers", reason="transformers is not installed; run `make setup`")
    cache = str(tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(found.dynamic_module_utils, "HF_MODULES_CACHE", cache)
        patch.syspath_prepend(cache)
        yield found


@pytest.mark.parametrize("dtype", SHORT)
@pytest.mark.parametrize("norm", ["sandwich", "pre"])
@torch.no_grad()
def test_transformers_loads_the_type_and_computes_as_exactly_as_it_allows(
    shards: tuple[Path, ShardManifest],
    tmp_path: Path,
    transformers: Any,
    dtype: DtypeName,
    norm: str,
) -> None:
    """Half as many bytes, each number the nearest one, and logits no further from float32's than our own
    model's in that type, but for another order of sums."""
    run = open_run(shards, tmp_path / "run", norm)
    model = exported(run, tmp_path / "out", dtype)
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    index = json.loads((tmp_path / "out" / INDEX).read_text(encoding="utf-8"))
    assert config["torch_dtype"] == dtype
    stored = sum(weight.numel() for weight in model.parameters()) + model.embedding.weight.numel()
    assert index["metadata"] == {"total_size": 2 * stored}
    theirs, report = transformers.AutoModelForSeq2SeqLM.from_pretrained(
        tmp_path / "out", trust_remote_code=True, dtype="auto", output_loading_info=True
    )
    assert not any(report.values())
    assert {weight.dtype for weight in theirs.parameters()} == {DTYPES[dtype]}
    embedding = model.embedding.weight.to(DTYPES[dtype])
    assert torch.equal(theirs.shared_embedding.weight, embedding)
    tokens, mask = source(run)
    decoder = torch.arange(3, 66).view(3, 21)
    wide = model.logits(model.decode(decoder, *model.encode(tokens, mask.sum(1))))
    model.to(DTYPES[dtype])
    short = model.logits(model.decode(decoder, *model.encode(tokens, mask.sum(1))))
    found = theirs.eval()(input_ids=tokens, attention_mask=mask, decoder_input_ids=decoder).logits
    assert found.dtype == DTYPES[dtype]
    error, own = ((one.float() - wide).square().mean().sqrt() for one in (found, short))
    assert 0 < own < 8 * torch.finfo(DTYPES[dtype]).eps * wide.square().mean().sqrt()
    assert error < 1.5 * own


@pytest.mark.parametrize("dtype", [*SHORT, "float32"])
def test_an_import_says_what_precision_it_has_and_exports_the_same_bytes_again(
    shards: tuple[Path, ShardManifest],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    dtype: DtypeName,
) -> None:
    run = open_run(shards, tmp_path / "run", "sandwich")
    exported(run, tmp_path / "out", dtype)
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["import", *where, "--from", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.endswith(
        f"step-000000000: written, of weights in {dtype}; evaluate, generate and train go on from it\n"
    )
    assert main(["export", *where, "--to", str(tmp_path / "again"), "--dtype", dtype]) == 0
    assert capsys.readouterr().out.startswith(f"{tmp_path / 'again'}: written in {dtype}; ")
    one, other = Tensors(tmp_path / "again"), Tensors(tmp_path / "out")
    assert set(one) == set(other)
    assert {one.dtype(name) for name in one} == {DTYPES[dtype]}
    assert all(
        torch.equal(*(held.rows(name, 0, held.shape(name)[0]) for held in (one, other))) for name in one
    )
    assert main(["export", *where, "--to", str(tmp_path / "wide")]) == 0
    found = load_file(tmp_path / "wide" / "model.safetensors")["lm_head.bias"]
    assert found.dtype == torch.float32
    assert torch.equal(found, found.to(DTYPES[dtype]).float())
