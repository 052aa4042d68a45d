"""What people do with an export: Trainer, LoRA, accumulation, checkpointing, more tokens, other caches, and back
into a run. With the transformers that is installed; `make test-exports` runs them with the newest too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from manifests.schema.shards import ShardManifest
from openba.cli.main import main
from tests.trainer.export.read_back import read_back
from tests.trainer.export.test_hf_folder import open_run, shards, write  # noqa: F401 - a fixture
from tests.trainer.tiny import CHINESE, ENGLISH
from trainer.run import TrainingRun

transformers = pytest.importorskip("transformers", reason="transformers is not installed; run `make setup`")
QUESTIONS = [*ENGLISH[:7], CHINESE[:40]]
ANSWERS = [
    text[:length] for text, length in zip(reversed(QUESTIONS), (9, 30, 4, 60, 17, 2, 40, 25), strict=True)
]


class Exported:
    """A run, its export, and the same loaded by transformers, without dropout."""

    def __init__(self, run: TrainingRun, path: Path) -> None:
        self.run, self.path = run, path
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(path, trust_remote_code=True)

    def model(self) -> Any:
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            self.path, trust_remote_code=True, hidden_dropout=0.0, attention_dropout=0.0
        )
        return model.train()

    def pairs(self) -> list[dict[str, list[int]]]:
        """Fresh ones: Trainer's collator changes them."""
        rows = self.tokenizer(QUESTIONS, text_target=ANSWERS, truncation=True, max_length=48)
        return [dict(zip(rows, values, strict=True)) for values in zip(*rows.values(), strict=True)]

    def batch(self) -> dict[str, Tensor]:
        collate = transformers.DataCollatorForSeq2Seq(self.tokenizer)
        return dict(collate(self.pairs()))

    def train(self, model: Any, out: Path, batch: int, accumulated: int, **settings: Any) -> Any:
        pytest.importorskip("accelerate", reason="accelerate is not installed; run `make setup`")
        arguments = transformers.Seq2SeqTrainingArguments(
            output_dir=str(out),
            per_device_train_batch_size=batch,
            gradient_accumulation_steps=accumulated,
            max_steps=3,
            learning_rate=0.01,
            optim="sgd",
            lr_scheduler_type="constant",
            report_to=[],
            save_strategy="no",
            logging_steps=1,
            use_cpu=True,
            disable_tqdm=True,
            seed=1,
            **settings,
        )
        found = transformers.Seq2SeqTrainer(
            model,
            arguments,
            train_dataset=self.pairs(),
            data_collator=transformers.DataCollatorForSeq2Seq(self.tokenizer),
        )
        found.train()
        return found


@pytest.fixture(scope="module")
def exported(
    shards: tuple[Path, ShardManifest], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Exported]:
    path = tmp_path_factory.mktemp("exported")
    run = open_run(shards, path / "run", "sandwich")
    write(run, path / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(path / "cache"))
        patch.syspath_prepend(str(path / "cache"))
        yield Exported(run, path / "out")


def losses(trainer: Any) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def gradients(model: Any, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    model.zero_grad()
    model(**batch).loss.backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def test_targets_become_the_labels_that_the_model_was_trained_on(exported: Exported) -> None:
    vocabulary, pieces = exported.run.shards.vocabulary, exported.tokenizer.pieces
    for question, answer, pair in zip(QUESTIONS, ANSWERS, exported.pairs(), strict=True):
        assert pair["labels"] == [vocabulary.sentinel(0), *pieces.encode(answer)[:46], vocabulary.eos]
        prompt = pieces.encode(question)[:45]
        assert pair["input_ids"] == [vocabulary.mode("S"), *prompt, vocabulary.sentinel(0), vocabulary.eos]
    # And prompts are prompts again.
    assert exported.tokenizer("a")["input_ids"][0] == vocabulary.mode("S")
    shifted = exported.model().prepare_decoder_input_ids_from_labels(torch.tensor([pair["labels"]]))
    assert shifted[0, :2].tolist() == [vocabulary.pad, vocabulary.sentinel(0)]


@pytest.mark.parametrize(
    ("text", "framed"),
    [
        ("where?", "<S> where?<extra_id_0></s>"),
        ("<S>where?", "<S>where?<extra_id_0></s>"),
        ("<S>where?<extra_id_0>", "<S>where?<extra_id_0></s>"),
        ("<S>where?<extra_id_0></s>", "<S>where?<extra_id_0></s>"),
        ("<R>this <extra_id_0> there", "<R>this <extra_id_0> there</s>"),
        ("<X>this <extra_id_0></s>", "<X>this <extra_id_0></s>"),
        ("a <S> b", "<S> a <S> b<extra_id_0></s>"),
        ("", "<S><extra_id_0></s>"),
    ],
)
def test_a_text_that_is_framed_is_not_framed_again(exported: Exported, text: str, framed: str) -> None:
    tokenizer = exported.tokenizer
    wanted = tokenizer(framed, add_special_tokens=False)["input_ids"]
    assert tokenizer(text)["input_ids"] == wanted
    assert tokenizer(tokenizer.decode(wanted))["input_ids"] == wanted


@pytest.mark.parametrize("text", ["there", "<extra_id_0>there", "<extra_id_0>there</s>", "there</s>"])
def test_a_target_that_is_framed_is_not_framed_again(exported: Exported, text: str) -> None:
    tokenizer = exported.tokenizer
    wanted = tokenizer("<extra_id_0>there</s>", add_special_tokens=False)["input_ids"]
    assert tokenizer(text_target=text)["input_ids"] == wanted


def test_accumulation_is_one_large_batch(exported: Exported, tmp_path: Path) -> None:
    """Eight rows at once, in four times two, and one by one: labels weigh the same, wherever they stand."""
    found = [exported.train(exported.model(), tmp_path, *way) for way in ((8, 1), (2, 4), (1, 8))]
    first = dict(found[0].model.named_parameters())
    for other in found[1:]:
        assert losses(other) == pytest.approx(losses(found[0]), abs=1e-3)  # logged to four decimals
        for name, weight in other.model.named_parameters():
            assert torch.allclose(weight, first[name], rtol=1e-5, atol=1e-6), name
    assert losses(found[0])[-1] < losses(found[0])[0]


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("frozen", [False, True])
def test_checkpointing_gives_the_same_gradients(exported: Exported, reentrant: bool, frozen: bool) -> None:
    model, batch = exported.model(), exported.batch()
    model.shared_embedding.requires_grad_(not frozen)
    plain = gradients(model, batch)
    model.gradient_checkpointing_enable({"use_reentrant": reentrant})
    calls = []
    model.decoder.block[1].mlp.register_forward_hook(lambda *_: calls.append(1))
    found = gradients(model, batch)
    assert len(calls) == 2, "forward, and again in the backward pass"
    assert plain.keys() == found.keys()
    assert all(torch.allclose(plain[name], found[name], atol=1e-6) for name in plain)


def test_lora_with_checkpointing_trains_its_adapters_alone(exported: Exported, tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", reason="peft is not installed; run `make setup`")
    base = exported.model()
    before = {name: weight.clone() for name, weight in base.named_parameters()}
    config = peft.LoraConfig(r=4, target_modules=["qkv", "q", "kv", "o"], task_type="SEQ_2_SEQ_LM")
    model = peft.get_peft_model(base, config)
    trainer = exported.train(
        model,
        tmp_path,
        4,
        2,
        gradient_checkpointing=True,
        gradient_checkpointing_kwargs={"use_reentrant": False},
    )
    assert losses(trainer)[-1] < losses(trainer)[0]
    merged = model.merge_and_unload()
    changed = {name for name, weight in merged.named_parameters() if not torch.equal(weight, before[name])}
    attention = ("qkv.weight", ".q.weight", ".kv.weight", ".o.weight")
    assert changed == {name for name in before if name.endswith(attention)}
    merged.save_pretrained(tmp_path / "merged")
    back = read_back(tmp_path / "merged", exported.run)
    assert torch.equal(back["embedding.weight"], before["shared_embedding.weight"])


def test_a_fine_tuned_model_comes_back_and_is_evaluated(
    exported: Exported, shards: tuple[Path, ShardManifest], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = exported.train(exported.model(), tmp_path / "t", 4, 2).model
    assert model.lm_head.weight is model.shared_embedding.weight, "still one"
    model.save_pretrained(tmp_path / "tuned")
    exported.tokenizer.save_pretrained(tmp_path / "tuned")
    run = open_run(shards, tmp_path / "run", "sandwich")
    where = ["--curriculum", str(run.folder / "curriculum.yaml"), "--run", str(run.folder)]
    assert main(["import", *where, "--from", str(tmp_path / "tuned")]) == 0
    assert main(["evaluate", *where]) == 0
    assert re.search(r"^biflan +pairs \d\.\d+$", capsys.readouterr().out, re.MULTILINE)
    back = read_back(tmp_path / "tuned", run)
    assert torch.equal(back["embedding.weight"], model.shared_embedding.weight)


def test_tokens_can_be_added(exported: Exported) -> None:
    model = exported.model().eval()
    batch = exported.batch()
    with torch.no_grad():
        before = model(**batch).logits
    old = model.config.vocab_size
    model.resize_token_embeddings(old + 64)
    assert model.lm_head.weight is model.shared_embedding.weight
    after = model(**batch).logits
    assert after.shape[-1] == model.config.vocab_size == old + 64
    assert torch.allclose(after[..., :old], before, atol=1e-6)
    batch["input_ids"][0, 1] = old + 3
    model(**batch).loss.backward()
    assert model.shared_embedding.weight.grad[old + 3].abs().sum() > 0


@torch.no_grad()
def test_embeddings_in_place_of_ids(exported: Exported) -> None:
    model, batch = exported.model().eval(), exported.batch()
    embeds = model.get_input_embeddings()(batch["input_ids"])
    mask, labels = batch["attention_mask"], batch["labels"]
    found = model(inputs_embeds=embeds, attention_mask=mask, labels=labels)
    assert torch.allclose(found.logits, model(**batch).logits, atol=1e-6)
    decoder = model.prepare_decoder_input_ids_from_labels(labels)
    found = model(
        **{"inputs_embeds": embeds, "attention_mask": mask},
        decoder_inputs_embeds=model.get_input_embeddings()(decoder),
    )
    assert torch.allclose(found.logits, model(**batch).logits, atol=1e-6)
    by_ids = model.generate(input_ids=batch["input_ids"], attention_mask=mask, max_new_tokens=5)
    assert model.generate(inputs_embeds=embeds, attention_mask=mask, max_new_tokens=5).equal(by_ids)


@torch.no_grad()
def test_lengths_of_answers_are_what_was_asked_for(exported: Exported) -> None:
    model = exported.model().eval()
    # Without an end, so that only the length ends an answer.
    batch = dict(exported.tokenizer(QUESTIONS[:2], return_tensors="pt", padding=True)) | {"eos_token_id": 511}
    assert model.generate(**batch).shape[1] == exported.model().config.decoder_max_seq_length
    assert model.generate(**batch, max_length=9).shape[1] == 9
    assert model.generate(**batch, max_new_tokens=9).shape[1] == 11


@torch.no_grad()
def test_what_would_be_wrong_in_silence_is_refused(exported: Exported) -> None:
    model, batch = exported.model().eval(), exported.batch()
    with pytest.raises(TypeError, match="atention_mask"):
        model(**batch, atention_mask=batch["attention_mask"])
    with pytest.raises(ValueError, match="OpenBA keeps neither"):
        model(**batch, output_hidden_states=True)
    with pytest.raises(ValueError, match="cache_implementation 'static' is of a fixed size"):
        model.generate(input_ids=batch["input_ids"], cache_implementation="static")
    with pytest.raises(ValueError, match="atention_mask"):
        model.generate(input_ids=batch["input_ids"], atention_mask=batch["attention_mask"])
    config = model.config
    static = transformers.StaticCache(config=config, max_cache_len=32)
    with pytest.raises(ValueError, match="past_key_values: StaticCache is of a fixed size"):
        model(**batch, past_key_values=static)


@torch.no_grad()
def test_a_plain_cache_and_tuples_are_what_they_are_elsewhere(exported: Exported) -> None:
    model, batch = exported.model().eval(), exported.batch()
    ids = model.prepare_decoder_input_ids_from_labels(batch["labels"])
    source = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    whole = model(**source, decoder_input_ids=ids).logits
    cache = transformers.DynamicCache()
    first = model(**source, decoder_input_ids=ids[:, :5], past_key_values=cache, use_cache=True)
    rest = model(**source, decoder_input_ids=ids[:, 5:], past_key_values=first.past_key_values)
    assert torch.allclose(torch.cat((first.logits, rest.logits), 1), whole, atol=1e-5)
    loss, logits, *_ = model(**batch, return_dict=False)
    assert torch.equal(logits, model(**batch).logits)
    assert loss == model(**batch).loss
