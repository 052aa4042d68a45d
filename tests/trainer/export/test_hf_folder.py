"""The released layout: exact there and back, loaded by a current transformers, and refused where it is not
what it should be."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import ShardManifest
from tests.trainer.examples import RELEASED
from tests.trainer.export.read_back import read_back
from tests.trainer.states import weights_of
from tests.trainer.tiny import CHINESE, ENGLISH, write_curriculum, write_shards
from trainer.export import hf_folder
from trainer.export.parameter_layout import entries, parameter_shapes
from trainer.generation.generate import generate
from trainer.model.transformer import EncoderDecoder
from trainer.objectives.prefix_lm import frame_prompt
from trainer.run import TrainingRun

SIZES: dict[str, Any] = {
    "d_model": 16,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "heads": 3,
    "head_size": 8,
    "d_ff": 400,
    "init_std": 0.3,
    "rope_base": 500.0,
}
NORMS = ["sandwich", "pre"]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ShardManifest]:
    run = tmp_path_factory.mktemp("shards")
    return run, write_shards(run)


def open_run(shards: tuple[Path, ShardManifest], path: Path, norm: str, **model: Any) -> TrainingRun:
    """A run that has shards, and no checkpoint."""
    shutil.copytree(shards[0] / "shards", path / "shards")
    return TrainingRun.open(
        write_curriculum(path / "curriculum.yaml", model=SIZES | {"norm": norm} | model), path
    )


def model_of(run: TrainingRun) -> EncoderDecoder:
    """A model whose gains and biases differ from each other too."""
    torch.manual_seed(3)
    model = EncoderDecoder(run.manifest.model, run.shards.vocabulary.padded).eval()
    for weight in model.parameters():
        if weight.ndim == 1:
            torch.nn.init.normal_(weight, mean=0.5, std=0.3)
    return model


def write(run: TrainingRun, to: Path, largest: int = 10**9) -> EncoderDecoder:
    model = model_of(run)
    tokenizer = run.shard_folder / run.shards.vocabulary.model.path
    hf_folder.write(to, run.manifest, run.shards.vocabulary, tokenizer, weights_of(model).read, largest)
    return model


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("largest", [10**9, 70_000])
def test_there_and_back_is_exact(
    shards: tuple[Path, ShardManifest], tmp_path: Path, norm: str, largest: int
) -> None:
    run = open_run(shards, tmp_path / "run", norm)
    model = write(run, tmp_path / "out", largest)
    back = read_back(tmp_path / "out", run)
    assert back.keys() == dict(model.named_parameters()).keys()
    assert all(torch.equal(back[name], weight) for name, weight in model.named_parameters())
    files = sorted(file.name for file in (tmp_path / "out").glob("*.safetensors"))
    assert (len(files) > 1) == (largest < 10**9)
    if largest < 10**9:
        assert files[0] == f"model-00001-of-{len(files):05d}.safetensors"
        assert all(
            sum(tensor.nbytes for tensor in load_file(tmp_path / "out" / file).values()) <= largest
            for file in files
        )
    assert not [
        file
        for file in (tmp_path / "out").iterdir()
        if file.suffix not in {".safetensors", ".json", ".py", ".model"}
    ]


def test_keys_and_shapes_are_the_released_ones() -> None:
    """Those of ../shared/openba.md, for the 15 B model."""
    preset = Path(__file__).parents[3] / "manifests" / "presets" / "openba-15b" / "curriculum.yaml"
    settings = load(preset, CurriculumManifest).model.model_copy(update={"norm": "pre"})
    shapes = parameter_shapes(settings, RELEASED)
    released = {entry.released: tuple(shapes[entry.ours]) for entry in entries(settings)}
    norm = ["weight", "bias"]
    blocks = {
        "encoder": ["input_layernorm", "self_attn.qkv", "self_attn.o", "post_attn_layernorm"],
        "decoder": [
            *("input_layernorm", "self_attn.qkv", "self_attn.o", "post_attn_layernorm"),
            *("inter_attn.q", "inter_attn.kv", "inter_attn.o", "post_inter_attn_layernorm"),
        ],
    }
    expected = {"shared_embedding.weight", "lm_head.bias"}
    for stack, layers in (("encoder", 12), ("decoder", 36)):
        expected |= {f"{stack}.final_layernorm.{part}" for part in norm}
        for layer in range(layers):
            expected |= {f"{stack}.block.{layer}.{name}.{part}" for name in blocks[stack] for part in norm}
            expected |= {f"{stack}.block.{layer}.mlp.{name}.weight" for name in ("fc_in", "fc_out")}
    assert released.keys() == expected
    assert {entry.ours for entry in entries(settings)} == shapes.keys()
    block = "decoder.block.35"
    assert released[f"{block}.self_attn.qkv.weight"] == (3 * 5120, 4096)
    assert released[f"{block}.inter_attn.kv.bias"] == (2 * 5120,)
    assert released[f"{block}.mlp.fc_in.weight"] == (2 * 11008, 4096)
    assert released["shared_embedding.weight"] == (250_368, 4096)


def test_rows_are_interleaved_head_by_head(shards: tuple[Path, ShardManifest], tmp_path: Path) -> None:
    """Head h has its q at 3 h, its k at 3 h + 1 and its v at 3 h + 2; in kv, k at 2 h and v at 2 h + 1; the
    gate comes before the up."""
    run = open_run(shards, tmp_path / "run", "pre")
    model = write(run, tmp_path / "out")
    found = load_file(tmp_path / "out" / "model.safetensors")
    layer: Any = model.decoder.blocks[1]
    rows: Any = lambda weight, start: weight[8 * start : 8 * start + 8]  # noqa: E731
    for head in range(3):
        for part in range(3):
            ours, theirs = layer.attention.sublayer.qkv.weight, found["decoder.block.1.self_attn.qkv.weight"]
            assert torch.equal(rows(theirs, 3 * head + part), rows(ours, 3 * part + head))
        for part in range(2):
            ours, theirs = layer.cross_attention.sublayer.kv.bias, found["decoder.block.1.inter_attn.kv.bias"]
            assert torch.equal(rows(theirs, 2 * head + part), rows(ours, 3 * part + head))
    assert torch.equal(found["decoder.block.1.mlp.fc_in.weight"], layer.feedforward.sublayer.gate_up.weight)
    assert torch.equal(found["lm_head.weight"], found["shared_embedding.weight"])
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["add_qkv_bias"] is config["add_lm_head_bias"] is True
    assert config["add_ffn_bias"] is False
    assert config["tie_word_embeddings"] is True
    assert (
        config["kv_channels"],
        config["ffn_hidden_size"],
        config["num_layers"],
        config["num_decoder_layers"],
    ) == (8, 400, 2, 3)
    assert (
        config["num_heads"],
        config["hidden_size"],
        config["max_seq_length"],
        config["decoder_max_seq_length"],
    ) == (3, 16, 32, 27)


@pytest.fixture(scope="module", params=NORMS)
def loaded(
    request: pytest.FixtureRequest,
    shards: tuple[Path, ShardManifest],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TrainingRun, EncoderDecoder, Any, Path]]:
    """An exported model, and the same loaded by transformers with the code of its folder."""
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed; run `make setup`"
    )
    path = tmp_path_factory.mktemp("loaded")
    run = open_run(shards, path / "run", request.param)
    model = write(run, path / "out", 70_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(path / "cache"))
        patch.syspath_prepend(str(path / "cache"))
        theirs, report = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            path / "out", trust_remote_code=True, output_loading_info=True
        )
        yield run, model, theirs.eval(), path / "out"
    assert not any(report.values()), "no key is missing, unexpected or of another shape"


def prompts(run: TrainingRun) -> list[list[int]]:
    generator = np.random.default_rng(0)
    return [generator.integers(3, run.shards.vocabulary.pieces, length).tolist() for length in (9, 4, 30)]


def source(run: TrainingRun) -> tuple[Tensor, Tensor]:
    """The prompts, framed and padded, and their mask."""
    lengths = np.array([len(prompt) for prompt in prompts(run)])
    padded = np.zeros((3, lengths.max()), np.int64)
    for row, prompt in enumerate(prompts(run)):
        padded[row, : len(prompt)] = prompt
    framed = torch.from_numpy(frame_prompt(padded, lengths, run.shards.vocabulary))
    return framed, (torch.arange(framed.shape[1]) < torch.from_numpy(lengths + 3)[:, None]).long()


@torch.no_grad()
def test_transformers_computes_the_same_logits(loaded: tuple[TrainingRun, EncoderDecoder, Any, Path]) -> None:
    run, model, theirs, _ = loaded
    tokens, mask = source(run)
    decoder = torch.randint(
        3, run.shards.vocabulary.pieces, (3, 21), generator=torch.Generator().manual_seed(0)
    )
    memory, key_mask = model.encode(tokens, mask.sum(1))
    ours = model.logits(model.decode(decoder, memory, key_mask))
    found = theirs(input_ids=tokens, attention_mask=mask, decoder_input_ids=decoder).logits
    assert (ours - found).abs().max() < 1e-5 * ours.abs().max().clamp(min=1)
    total, count, _ = model(
        tokens, theirs.prepare_decoder_input_ids_from_labels(decoder), decoder, mask.sum(1)
    )
    assert theirs(input_ids=tokens, attention_mask=mask, labels=decoder).loss.item() == pytest.approx(
        (total / count).item(), rel=1e-5
    )


def test_transformers_generates_the_same_tokens(
    loaded: tuple[TrainingRun, EncoderDecoder, Any, Path],
) -> None:
    run, model, theirs, _ = loaded
    tokens, mask = source(run)
    ours = [answer.tolist() for answer in generate(model, run.shards.vocabulary, prompts(run), max_tokens=40)]
    eos = run.shards.vocabulary.eos
    for cached in (True, False):
        found = theirs.generate(
            input_ids=tokens, attention_mask=mask, max_new_tokens=40, do_sample=False, use_cache=cached
        )
        assert found[:, :2].tolist() == [[0, run.shards.vocabulary.sentinel(0)]] * 3
        assert [[*row, eos][: [*row, eos].index(eos)] for row in found[:, 2:].tolist()] == ours
    assert all(ours)


def test_transformers_searches_with_beams(loaded: tuple[TrainingRun, EncoderDecoder, Any, Path]) -> None:
    """Its caches are reordered rightly: the search finds the same with caches and without."""
    run, _, theirs, _ = loaded
    tokens, mask = source(run)
    search = lambda cached: theirs.generate(  # noqa: E731
        input_ids=tokens,
        attention_mask=mask,
        max_new_tokens=12,
        num_beams=3,
        do_sample=False,
        use_cache=cached,
    )
    assert search(True).tolist() == search(False).tolist()


def test_the_tokenizer_frames_a_prompt_as_the_model_was_trained(
    loaded: tuple[TrainingRun, EncoderDecoder, Any, Path],
) -> None:
    run, _, theirs, path = loaded
    transformers = pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(path, trust_remote_code=True)
    vocabulary = run.shards.vocabulary
    texts = [ENGLISH[0], CHINESE, "def f(x):\n\treturn  x"]
    pieces = tokenizer.pieces
    for text, ids in zip(texts, tokenizer(texts)["input_ids"], strict=True):
        assert ids == [vocabulary.mode("S"), *pieces.encode(text), vocabulary.sentinel(0), vocabulary.eos]
        assert tokenizer.decode(ids, skip_special_tokens=True) == pieces.decode(pieces.encode(text))
    for k in (0, 7, 99):
        assert tokenizer.convert_tokens_to_ids(f"<extra_id_{k}>") == vocabulary.sentinel(k)
    for mode in ("R", "S", "X"):
        assert tokenizer.convert_tokens_to_ids(f"<{mode}>") == vocabulary.mode(mode)
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id, len(tokenizer)) == (0, 1, vocabulary.size)
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    assert theirs.generate(**batch, max_new_tokens=3).shape == (3, 5)
