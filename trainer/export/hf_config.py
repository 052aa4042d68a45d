"""config.json of an exported model, and whether one found in a folder fits a curriculum's model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from curriculum.plugin_objective import shape_of
from manifests.schema.curriculum import CurriculumManifest
from manifests.schema.model import ModelSettings
from manifests.schema.shards import Vocabulary
from trainer.dtypes import dtype_name

DEFAULTS = {
    "norm": "pre",
    "rope_base": 10000.0,
    "add_qkv_bias": False,
    "add_ffn_bias": False,
    "add_lm_head_bias": False,
}
"""What a key means that config.json does not have: the released class knows neither of the first two, and has
no biases by default."""
CLASS = "OpenBAForConditionalGeneration"


def shape(model: ModelSettings, vocabulary: Vocabulary) -> dict[str, Any]:
    """The keys that decide which parameters there are and what they compute."""
    return {
        "vocab_size": vocabulary.padded,
        "hidden_size": model.d_model,
        "kv_channels": model.head_size,
        "ffn_hidden_size": model.d_ff,
        "num_layers": model.encoder_layers,
        "num_decoder_layers": model.decoder_layers,
        "num_heads": model.heads,
        "norm": model.norm,
        "rope_base": model.rope_base,
        "add_qkv_bias": True,
        "add_ffn_bias": False,
        "add_lm_head_bias": True,
    }


def config(
    curriculum: CurriculumManifest,
    vocabulary: Vocabulary,
    folder: Path = Path(),
    dtype: torch.dtype = torch.float32,
) -> dict[str, Any]:
    """The whole config.json. The greatest lengths are those of the stages: the released class makes a table
    of so many positions. ``folder`` is the curriculum's, where its plug-ins are; ``dtype`` is that of the
    weights."""
    lengths = [shape_of(stage.objective, vocabulary, folder).longest for stage in curriculum.stages]
    return {
        "architectures": [CLASS],
        "auto_map": {
            "AutoConfig": "configuration_openba.OpenBAConfig",
            "AutoModelForSeq2SeqLM": f"modeling_openba.{CLASS}",
        },
        "model_type": "openba",
        **shape(curriculum.model, vocabulary),
        "answer_token_id": vocabulary.sentinel(0),
        "max_seq_length": max(source for source, _ in lengths),
        "decoder_max_seq_length": max(target for _, target in lengths),
        "hidden_dropout": curriculum.model.dropout,
        "attention_dropout": curriculum.model.dropout,
        "initializer_range": curriculum.model.init_std,
        # The weights of the output layer are stored all the same: the released class wants them.
        "tie_word_embeddings": True,
        "is_encoder_decoder": True,
        "pad_token_id": vocabulary.pad,
        "eos_token_id": vocabulary.eos,
        "decoder_start_token_id": vocabulary.pad,
        "torch_dtype": dtype_name(dtype),
    }


def generation_config(vocabulary: Vocabulary, longest: int) -> dict[str, Any]:
    """generation_config.json: answers begin with ``<extra_id_0>``, hold only text after it, and are, unless
    told otherwise, at most ``longest`` tokens long with what they begin with. The released class has no more
    positions. It may write ``<extra_id_0>`` again; ours forbids that as it generates."""
    special = {vocabulary.pad, *range(vocabulary.pieces, vocabulary.padded)} - {vocabulary.sentinel(0)}
    return {
        "pad_token_id": vocabulary.pad,
        "eos_token_id": vocabulary.eos,
        "decoder_start_token_id": vocabulary.pad,
        "forced_bos_token_id": vocabulary.sentinel(0),
        "suppress_tokens": sorted(special),
        # Beams are compared by their probability among texts, as ours are.
        "renormalize_logits": True,
        "max_length": longest,
    }


def tokenizer_config() -> dict[str, Any]:
    """tokenizer_config.json."""
    auto_map = {"AutoTokenizer": ["tokenization_openba.OpenBATokenizer", None]}
    return {"tokenizer_class": "OpenBATokenizer", "auto_map": auto_map, "clean_up_tokenization_spaces": False}


def difference(found: dict[str, Any], model: ModelSettings, vocabulary: Vocabulary) -> str | None:
    """The first key in which a folder's config.json is another model's, with both values; None if there is
    none."""
    for key, expected in shape(model, vocabulary).items():
        value = found.get(key, DEFAULTS.get(key))
        if value != expected:
            return f"{key} is {value!r}, but the curriculum's model needs {expected!r}"
    return None
