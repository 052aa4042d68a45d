"""Ours against the harness's own backend for transformers, on our export of the same model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sentencepiece
import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from tests.trainer.remote_code import remote_code_in
from tests.trainer.tiny import CHINESE, ENGLISH, write_curriculum, write_shards
from trainer.evaluation.harness.harness_model import HarnessModel, Room
from trainer.export import hf_folder
from trainer.model.transformer import EncoderDecoder

CONTEXTS = [ENGLISH[3][:200].strip(), CHINESE[:60], "Answer:"]
ANSWERS = ["A", "the for statement", "分久必合"]


def instances(kind: str, pairs: list[tuple[Any, ...]]) -> list[Instance]:
    """What the harness asks."""
    return [Instance(kind, {}, pair, index) for index, pair in enumerate(pairs)]


def framed(context: str) -> str:
    """A prompt with its special tokens, which the harness leaves out."""
    return f"<S>{context}<extra_id_0></s>"


@pytest.mark.slow
def test_likelihoods_equal_those_of_the_harness_on_our_export(tmp_path: Path) -> None:
    """Its decoder begins with pad alone: asked for ``<extra_id_0> answer``, it counts ``<extra_id_0>``, too,
    whose own likelihood is then taken off."""
    shards = write_shards(tmp_path)
    curriculum = load(write_curriculum(tmp_path / "curriculum.yaml"), CurriculumManifest)
    model = EncoderDecoder(
        curriculum.model.model_copy(update={"init_std": 0.3}), shards.vocabulary.padded, seed=3
    ).eval()
    weights = dict(model.named_parameters())
    tokenizer = tmp_path / "shards" / "tokenizer.model"
    hf_folder.write(
        tmp_path / "export",
        curriculum,
        shards.vocabulary,
        tokenizer,
        lambda name, start, numel: weights[name].detach().flatten()[start : start + numel],
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(tokenizer))
    ours = HarnessModel(model, shards.vocabulary, pieces, Room(500, 12))
    with remote_code_in(tmp_path / "cache"):
        exported = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "export", trust_remote_code=True)
        theirs = HFLM(
            pretrained=exported,
            tokenizer=AutoTokenizer.from_pretrained(tmp_path / "export", trust_remote_code=True),
            backend="seq2seq",
            batch_size=3,
            max_length=512,
            device="cpu",
        )
    asked = [(context, answer) for context in CONTEXTS for answer in ANSWERS]
    marked = [(framed(context), f"<extra_id_0>{answer}") for context, answer in asked]
    mark = [(framed(context), "<extra_id_0>") for context, _ in asked]
    with torch.inference_mode():
        whole = theirs.loglikelihood(instances("loglikelihood", marked), disable_tqdm=True)
        first = theirs.loglikelihood(instances("loglikelihood", mark), disable_tqdm=True)
    found = ours.loglikelihood(instances("loglikelihood", asked))
    expected = [both[0] - one[0] for both, one in zip(whole, first, strict=True)]
    assert [score for score, _ in found] == pytest.approx(expected, abs=1e-4)
    assert max(expected) - min(expected) > 5
