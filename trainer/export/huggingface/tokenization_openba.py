# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""OpenBA's tokenizer for transformers: a SentencePiece model, ``<extra_id_99>`` .. ``<extra_id_0>``, then
``<R>``, ``<S>``, ``<X>``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import sentencepiece
from transformers import AddedToken, PreTrainedTokenizer

SENTINELS = 100


class OpenBATokenizer(PreTrainedTokenizer):
    """Frames a text as the model was trained: ``<S> text <extra_id_0> </s>``, and a target, which becomes
    labels, as ``<extra_id_0> target </s>``. Decoding leaves the special tokens out where asked."""

    vocab_files_names = {"vocab_file": "spiece.model"}
    model_input_names = ["input_ids", "attention_mask"]
    _is_target = False

    def __init__(self, vocab_file: str, **others: Any) -> None:
        self.vocab_file = vocab_file
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=vocab_file)
        special = [*(f"<extra_id_{k}>" for k in reversed(range(SENTINELS))), "<R>", "<S>", "<X>"]
        named = {
            name: self.pieces.id_to_piece(id)
            for id, name in enumerate(("pad_token", "eos_token", "unk_token"))
        }
        own = {id: AddedToken(self.pieces.id_to_piece(id), special=True, normalized=False) for id in range(3)}
        own |= {
            len(self.pieces) + index: AddedToken(token, special=True, normalized=False)
            for index, token in enumerate(special)
        }
        others = {
            name: value
            for name, value in others.items()
            if name not in ("added_tokens_decoder", "additional_special_tokens")
        }
        super().__init__(**(named | others), additional_special_tokens=special, added_tokens_decoder=own)

    @property
    def vocab_size(self) -> int:
        """Pieces of the SentencePiece model, without the added tokens."""
        return len(self.pieces)

    def get_vocab(self) -> dict[str, int]:
        """Token -> id, added tokens included."""
        return {self.pieces.id_to_piece(id): id for id in range(len(self.pieces))} | self.added_tokens_encoder

    def _tokenize(self, text: str, **_: Any) -> list[str]:
        return self.pieces.encode(text, out_type=str)

    def _convert_token_to_id(self, token: str) -> int:
        return self.pieces.piece_to_id(token)

    def _convert_id_to_token(self, index: int) -> str:
        return self.pieces.id_to_piece(index)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        """Text of pieces."""
        return self.pieces.decode(tokens)

    def build_inputs_with_special_tokens(
        self, token_ids_0: list[int], token_ids_1: list[int] | None = None
    ) -> list[int]:
        """A prompt as ``<S> prompt <extra_id_0> </s>``, a target (``text_target``) as ``<extra_id_0> target
        </s>``, as the model was trained. Of what begins so already only the end is added that it lacks."""
        ids = [*token_ids_0, *(token_ids_1 or [])]
        instruction, *noised, answer, eos = self.convert_tokens_to_ids(
            ["<S>", "<R>", "<X>", "<extra_id_0>", self.eos_token]
        )
        first = answer if self._is_target else instruction
        if ids[:1] != [first] and (self._is_target or ids[0:1] not in ([mode] for mode in noised)):
            ids = [first, *ids]
        if ids[-1] != eos:
            ids += [answer, eos] if ids[0] == instruction and ids[-1] != answer else [eos]
        return ids

    def num_special_tokens_to_add(self, pair: bool = False) -> int:
        """Tokens that ``build_inputs_with_special_tokens`` adds to a text that has none."""
        return 2 if self._is_target else 3

    def _switch_to_target_mode(self) -> None:
        self._is_target = True

    def _switch_to_input_mode(self) -> None:
        self._is_target = False

    def save_vocabulary(self, save_directory: str, filename_prefix: str | None = None) -> tuple[str]:
        """Copies the SentencePiece model into a folder; its path."""
        target = Path(save_directory) / ((f"{filename_prefix}-" if filename_prefix else "") + "spiece.model")
        if Path(self.vocab_file).resolve() != target.resolve():
            shutil.copyfile(self.vocab_file, target)
        return (str(target),)
