"""LoRA: factors are trained beside given weights, saved alone, and merged into plain weights."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from manifests.border.logs import read_evaluations
from manifests.errors import UserError
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.lora import Lora
from manifests.schema.optimization import Optimizer
from tests.trainer.disturbed import KillAt, Killed, outcome
from tests.trainer.examples import small_model
from tests.trainer.origins import Trained, few_steps
from tests.trainer.origins import trained as trained_in
from tests.trainer.remote_code import remote_code_in
from tests.trainer.whole_state import whole_state
from trainer.__main__ import main
from trainer.checkpoint.checkpoint import ALONE, newest
from trainer.data.dataset import open_sets
from trainer.data.drawn import drawn
from trainer.data.step_loader import StepLoader
from trainer.distributed import join_process_group
from trainer.forward_pass import ForwardPass
from trainer.inference import evaluate_checkpoint, export_model, trained_model
from trainer.lora_state import opened_state
from trainer.model.lora import LoraLinear, add_lora
from trainer.run import TrainingRun
from trainer.run_engine import build_engine, build_objectives
from trainer.train import train

LORA = {"rank": 4, "alpha": 8}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained_in(tmp_path_factory.mktemp("trained"))


def adapted(trained: Trained, folder: Path, weights: Path | None = None, **changes: Any) -> TrainingRun:
    """A run of LoRA with few steps."""
    few = few_steps(trained)
    few["train"] |= changes
    return trained.other(folder, {"weights": str(weights or trained.export)}, lora=LORA, **few)


def first_loss(run: TrainingRun) -> float:
    loss: float = read_evaluations(run.evaluations_file)[0]["losses"]["en"]
    return loss


@pytest.mark.parametrize(("precision", "zero"), [("fp32", 1), ("fp32", 2), ("bf16", 2)])
def test_it_trains_factors_alone_and_the_export_is_what_was_trained(
    trained: Trained, tmp_path: Path, precision: str, zero: int
) -> None:
    run = adapted(trained, tmp_path / "run", precision=precision, zero=zero)
    assert train(run, quiet=True)
    usual = read_evaluations(trained.run.evaluations_file)[-1]["losses"]["en"]
    assert first_loss(run) == pytest.approx(usual, rel=0 if precision == "fp32" else 1e-2)
    last = newest(run.checkpoints)
    assert last is not None
    state = whole_state(last.folder)
    assert all(name.endswith((".lora_a", ".lora_b")) for name in state)
    assert len(state) == 3 * 2 * 18, "the weights and two moments of 18 matrices' A and B"
    assert all(state[name].any() for name in state if name.endswith(".lora_b")), "B has left 0"
    merged, base = tmp_path / "merged", load_file(trained.export / "model.safetensors")
    export_model(run, merged)
    changed = {
        name
        for name, value in load_file(merged / "model.safetensors").items()
        if not torch.equal(value, base[name])
    }
    matrices = ("qkv.weight", ".q.weight", ".kv.weight", ".o.weight", "fc_in.weight", "fc_out.weight")
    assert changed == {name for name in base if name.endswith(matrices)}
    plain = trained.other(tmp_path / "plain", {"weights": str(merged)}, **few_steps(trained))
    with pytest.raises(Killed):
        train(plain, [KillAt(1)], quiet=True)
    ended = evaluate_checkpoint(run)["ul2"]["en"]
    assert first_loss(plain) == pytest.approx(ended, rel=1e-5 if precision == "fp32" else 1e-2)
    assert ended < first_loss(run)


def test_transformers_computes_what_the_merged_model_does(trained: Trained, tmp_path: Path) -> None:
    transformers = pytest.importorskip(
        "transformers", reason="transformers is not installed; run `make setup`"
    )
    run = adapted(trained, tmp_path / "run")
    assert train(run, quiet=True)
    export_model(run, tmp_path / "merged")
    with remote_code_in(tmp_path / "cache"):
        theirs = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            tmp_path / "merged", trust_remote_code=True
        )
    ours = trained_model(run)
    source, target = torch.arange(3, 40)[None], torch.arange(5, 30)[None]
    with torch.no_grad():
        found = theirs.eval()(input_ids=source, decoder_input_ids=target).logits
        memory, _ = ours.encode(source)
        wanted = ours.logits(ours.decode(target, memory))
    assert torch.allclose(found, wanted, atol=1e-5)
    base = trained_model(trained.run)
    with torch.no_grad():
        memory, _ = base.encode(source)
        assert not torch.allclose(base.logits(base.decode(target, memory)), wanted, atol=1e-3)


def test_it_is_resumed_exactly(trained: Trained, tmp_path: Path) -> None:
    runs = [adapted(trained, tmp_path / name) for name in ("whole", "killed")]
    assert train(runs[0], quiet=True)
    for step in (2, 5):
        with pytest.raises(Killed):
            train(runs[1], [KillAt(step)], quiet=True)
    assert train(runs[1], quiet=True)
    assert outcome(runs[0]) == outcome(runs[1])


def lost(folder: Path) -> str:
    shutil.rmtree(folder)
    return (
        r"step-000000006: holds LoRA's factors alone, and needs the weights .*: .*base: no such folder; .*put"
    )


def changed(folder: Path) -> str:
    weights = load_file(folder / "model.safetensors")
    weights["lm_head.bias"] += 1
    save_file(weights, folder / "model.safetensors")
    return r"step-000000006: holds LoRA's factors alone, .* it holds other weights now; put the weights back into"


@pytest.mark.parametrize("harm", [lost, changed])
def test_without_the_weights_beside_which_it_was_trained_it_is_of_no_use(
    trained: Trained, tmp_path: Path, harm: Callable[[Path], str], capsys: pytest.CaptureFixture[str]
) -> None:
    base = Path(shutil.copytree(trained.export, tmp_path / "base"))
    run = adapted(trained, tmp_path / "run", base)
    assert train(run, quiet=True)
    with pytest.raises(UserError, match=harm(base)):
        export_model(run, tmp_path / "merged")
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["evaluate", *where]) == 1
    assert "holds LoRA's factors alone" in capsys.readouterr().err


@pytest.mark.parametrize(("precision", "frozen_bytes"), [("fp32", 4), ("bf16", 2)])
def test_a_frozen_weight_has_neither_gradient_nor_moments(
    trained: Trained, tmp_path: Path, precision: str, frozen_bytes: int
) -> None:
    join_process_group()
    run = adapted(trained, tmp_path / "run", precision=precision)
    with closing(build_engine(run, opened_state(run, None, ALONE)[1])) as engine:
        frozen = [weight for weight in engine.module.parameters() if not weight.requires_grad]
        factors = sum(weight.numel() for weight in engine.module.parameters() if weight.requires_grad)
        assert sum(weight.nbytes for weight in frozen) == frozen_bytes * sum(
            weight.numel() for weight in frozen
        )
        assert [sum(piece.values.nbytes for piece in held) for held in engine.held()] == [
            4 * factors,
            8 * factors,
        ]
        assert engine.state().bytes == 12 * factors
        objectives = build_objectives(run)
        plan = run.curriculum().step(0)
        loader = StepLoader(
            open_sets(run.shard_folder, run.shards.sets),
            run.manifest.model,
            run.shards.vocabulary.padded,
            0,
            1,
        )
        loaded = loader.load(drawn(plan, objectives), run.manifest.stages[0].micro_batch)
        engine.step([ForwardPass(one.batch) for one, _ in loaded], 1e-3, Optimizer())
        assert all(weight.grad is None for weight in frozen)


def test_what_does_not_go_together_is_refused(trained: Trained, tmp_path: Path) -> None:
    run = trained.other(tmp_path / "run", None, lora=LORA, **few_steps(trained))
    with pytest.raises(
        UserError, match=r"lora trains beside given weights, and none are named; name them in"
    ):
        train(run, quiet=True)
    begun = run.beginning_from(trained.run.folder)
    with pytest.raises(Killed):
        train(begun, [KillAt(4)], quiet=True)
    more = trained.other(tmp_path / "more", {"weights": str(run.folder)})
    with pytest.raises(
        UserError, match=r"step-000000003: holds LoRA's factors alone; export it, and begin from"
    ):
        train(more, quiet=True)
    data = yaml.safe_load((run.folder / "curriculum.yaml").read_text())
    (run.folder / "curriculum.yaml").write_text(yaml.safe_dump(data | {"lora": LORA | {"alpha": 9}}))
    other = TrainingRun.open(run.folder / "curriculum.yaml", run.folder)
    with pytest.raises(
        UserError, match=r"was trained with lora.alpha = 8.0, and the curriculum now says 9.0"
    ):
        trained_model(other)
    with pytest.raises(ValueError, match=r"set train.zero to 2 or less"):
        CurriculumManifest.model_validate(data | {"train": {"zero": 3}})
    kept = {"initial": {"weights": "x", "moments": "kept"}}
    with pytest.raises(ValueError, match=r"set initial.moments to fresh"):
        CurriculumManifest.model_validate(data | kept)


def test_an_adapted_layer_is_the_sum_of_both_products_and_trains_its_factors_alone() -> None:
    model = small_model()
    before = dict(model.named_parameters())
    add_lora(model, Lora(rank=2, alpha=6.0, targets=("attention",)))
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, LoraLinear)}
    assert len(layers) == 5 * 2, "qkv and out of five layers"
    assert all(".attention." in name for name in layers)
    found = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert found == {f"{name}.{factor}" for name in layers for factor in ("lora_a", "lora_b")}
    assert before.keys() == {name for name, _ in model.named_parameters()} - found
    layer = next(iter(layers.values()))
    for weight in layer.parameters():
        torch.nn.init.normal_(weight)
    x = torch.randn(3, layer.in_features)
    whole = layer.weight + 3 * layer.lora_b @ layer.lora_a
    assert torch.allclose(layer(x), x @ whole.T + layer.bias, atol=1e-4)
