"""Answers of an export to real prompts: token for token what ours writes, greedy and by beam search. With the
transformers that is installed; `make test-exports` runs it with the newest too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from manifests.schema.shards import ShardManifest
from tests.trainer.export.test_hf_folder import model_of, open_run, shards  # noqa: F401 - a fixture
from tests.trainer.states import weights_of
from tests.trainer.tiny import CHINESE, ENGLISH
from trainer.export import hf_folder
from trainer.generation.generate import SamplingSettings, generate
from trainer.model.transformer import EncoderDecoder
from trainer.run import TrainingRun

transformers = pytest.importorskip("transformers", reason="transformers is not installed; run `make setup`")
PROMPTS = [
    *(text[3 * index : 40 + 15 * index] for index, text in enumerate(ENGLISH)),
    *(CHINESE[9 * index : 9 * index + 5 + 4 * index] for index in range(10)),
]
LENGTH = 10


@torch.no_grad()
def told_apart(model: EncoderDecoder) -> EncoderDecoder:
    """Random weights repeat the last token; these do not, and listen to the prompt."""
    model.output_bias.mul_(0.1)
    model.decoder.norm.weight.neg_()
    for name, weight in model.named_parameters():
        if "cross_attention" in name:
            weight.mul_(3)
    return model


@pytest.fixture(scope="module", params=["sandwich", "pre"])
def both(
    request: pytest.FixtureRequest,
    shards: tuple[Path, ShardManifest],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[TrainingRun, EncoderDecoder, Any, Any]]:
    """A run, its model, and model and tokenizer of its export."""
    path = tmp_path_factory.mktemp("generation")
    run = open_run(shards, path / "run", request.param)
    model = told_apart(model_of(run))
    tokenizer_file = run.shard_folder / run.shards.vocabulary.model.path
    hf_folder.write(path / "out", run.manifest, run.shards.vocabulary, tokenizer_file, weights_of(model).read)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", str(path / "cache"))
        patch.syspath_prepend(str(path / "cache"))
        theirs = transformers.AutoModelForSeq2SeqLM.from_pretrained(path / "out", trust_remote_code=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(path / "out", trust_remote_code=True)
        yield run, model, theirs.eval(), tokenizer


def ours(
    run: TrainingRun, model: EncoderDecoder, tokenizer: Any, choice: SamplingSettings
) -> list[list[int]]:
    asked = [tokenizer.pieces.encode(prompt) for prompt in PROMPTS]
    answers = generate(model, run.shards.vocabulary, asked, max_tokens=LENGTH, choice=choice)
    return [answer.tolist() for answer in answers]


@torch.no_grad()
def answered(run: TrainingRun, theirs: Any, tokenizer: Any, **settings: Any) -> list[list[int]]:
    """Without what answers begin with and after their ends."""
    batch = tokenizer(PROMPTS, return_tensors="pt", padding=True)
    found = theirs.generate(**batch, max_new_tokens=LENGTH, do_sample=False, **settings)
    vocabulary = run.shards.vocabulary
    assert found[:, :2].tolist() == [[vocabulary.pad, vocabulary.sentinel(0)]] * len(PROMPTS)
    return [
        [*row, vocabulary.eos][: [*row, vocabulary.eos].index(vocabulary.eos)]
        for row in found[:, 2:].tolist()
    ]


def test_greedy_answers_to_twenty_prompts_are_ours(
    both: tuple[TrainingRun, EncoderDecoder, Any, Any],
) -> None:
    run, model, theirs, tokenizer = both
    expected = ours(run, model, tokenizer, SamplingSettings())
    assert len(expected) == 20
    assert len(set(map(tuple, expected))) > 5, "prompts tell"
    assert answered(run, theirs, tokenizer) == expected
    text = {id for answer in expected for id in answer}
    assert max(text) < run.shards.vocabulary.pieces


@pytest.mark.parametrize(("beams", "penalty"), [(2, 1.0), (4, 1.0), (3, 0.0)])
def test_beam_search_finds_what_ours_finds(
    both: tuple[TrainingRun, EncoderDecoder, Any, Any], beams: int, penalty: float
) -> None:
    """Probabilities are over text alone in both."""
    run, model, theirs, tokenizer = both
    expected = ours(run, model, tokenizer, SamplingSettings(beams=beams, length_penalty=penalty))
    assert answered(run, theirs, tokenizer, num_beams=beams, length_penalty=penalty) == expected
