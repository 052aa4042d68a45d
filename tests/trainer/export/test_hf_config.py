"""config.json and generation_config.json by what they are made of: each id is the vocabulary's own, and none
is right by being the default."""

from __future__ import annotations

from pathlib import Path

from manifests.schema.base import load
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.shards import Vocabulary
from manifests.schema.steps import File
from tests.trainer.tiny import write_curriculum
from trainer.export.hf_config import config, generation_config
from trainer.export.huggingface.configuration_openba import OpenBAConfig

VOCABULARY = Vocabulary(
    model=File(path="part-00000.model", bytes=1, sha256="0" * 64),
    pieces=500,
    pad=3,
    eos=5,
    unknown=7,
    sentinels=100,
    size=603,
    padded=640,
)


def test_the_configuration_has_the_vocabulary_s_ids(tmp_path: Path) -> None:
    curriculum = load(write_curriculum(tmp_path / "curriculum.yaml"), CurriculumManifest)
    found = config(curriculum, VOCABULARY, tmp_path)
    assert {name: value for name, value in found.items() if "token_id" in name or name == "vocab_size"} == {
        "vocab_size": 640,
        "pad_token_id": 3,
        "eos_token_id": 5,
        "decoder_start_token_id": 3,
        "answer_token_id": 599,
    }
    loaded = OpenBAConfig(**found)
    assert (loaded.pad_token_id, loaded.eos_token_id, loaded.decoder_start_token_id) == (3, 5, 3)
    assert (loaded.answer_token_id, loaded.vocab_size, loaded.tie_word_embeddings) == (599, 640, True)


def test_the_lengths_are_the_greatest_of_the_stages(tmp_path: Path) -> None:
    curriculum = load(write_curriculum(tmp_path / "curriculum.yaml"), CurriculumManifest)
    found = config(curriculum, VOCABULARY, tmp_path)
    lengths = found["max_seq_length"], found["decoder_max_seq_length"]
    alone = [
        config(curriculum.model_copy(update={"stages": [stage]}), VOCABULARY, tmp_path)
        for stage in curriculum.stages
    ]
    assert lengths == tuple(
        max(one[key] for one in alone) for key in ("max_seq_length", "decoder_max_seq_length")
    )
    assert (alone[1]["max_seq_length"], alone[1]["decoder_max_seq_length"]) == (32, 16)


def test_answers_begin_with_the_first_sentinel_hold_only_text_and_fit_the_decoder() -> None:
    assert generation_config(VOCABULARY, 27) == {
        "pad_token_id": 3,
        "eos_token_id": 5,
        "decoder_start_token_id": 3,
        "forced_bos_token_id": 599,
        "suppress_tokens": [3, *range(500, 599), *range(600, 640)],
        "renormalize_logits": True,
        "max_length": 27,
    }
