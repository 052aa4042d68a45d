# SPDX-License-Identifier: Apache-2.0
# mypy: allow-subclassing-any, no-warn-return-any
"""OpenBA's tokenizer for transformers: a SentencePiece model, ``<extra_id_99>`` .. ``<extra_id_0>``, then
``<R>``, ``<S>``, ``<X>``."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sentencepiece
from transformers import AddedToken, PreTrainedTokenizer

SENTINELS = 100
NOWHERE = (0, 0)
NOT_OF_TEXTS = ("text_pair", "text_target", "is_split_into_words", "return_overflowing_tokens")


def _strips(token: AddedToken) -> bool:
    """Whether an added token changes what stands beside it."""
    return bool(token.lstrip or token.rstrip or token.single_word)


class OpenBATokenizer(PreTrainedTokenizer):
    """Frames a text as the model was trained: ``<S> text <extra_id_0> </s>``, and a target, which becomes
    labels, as ``<extra_id_0> target </s>``. Decoding leaves the special tokens out where asked."""

    vocab_files_names = {"vocab_file": "spiece.model"}
    model_input_names = ["input_ids", "attention_mask"]
    _is_target = False

    def __init__(self, vocab_file: str, **others: Any) -> None:
        self.vocab_file = vocab_file
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=vocab_file)
        self._ids = {self.pieces.id_to_piece(id): id for id in range(len(self.pieces))}
        self._splitting = frozenset[str](), re.compile("")
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
        return self._ids | self.added_tokens_encoder

    def tokenize(self, text: str, **settings: Any) -> list[str]:
        """Pieces and added tokens of a text, as the base class finds them, which looks at each character in
        Python."""
        if settings or self.split_special_tokens or any(map(_strips, self.added_tokens_decoder.values())):
            return super().tokenize(text, **settings)
        return [
            piece
            for part, added in self._parts(text)
            for piece in ([part] if added else self.pieces.encode(part, out_type=str))
        ]

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """What stands between added tokens, and these, each with whether it is one; nothing is empty."""
        tokens = frozenset(self.added_tokens_encoder)
        if self._splitting[0] != tokens:
            longest_first = sorted(tokens, key=len, reverse=True)
            self._splitting = tokens, re.compile("(" + "|".join(map(re.escape, longest_first)) + ")")
        for index, part in enumerate(self._splitting[1].split(text)):
            if part:
                yield part, index % 2 == 1

    def convert_tokens_to_ids(self, tokens: str | list[str] | None) -> Any:
        """The id of a token, or those of many; what is none is unknown."""
        if tokens is None or isinstance(tokens, str):
            return super().convert_tokens_to_ids(tokens)
        added, unknown = self.added_tokens_encoder, self.pieces.unk_id()
        return [added[token] if token in added else self._ids.get(token, unknown) for token in tokens]

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

    def get_special_tokens_mask(
        self,
        token_ids_0: list[int],
        token_ids_1: list[int] | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]:
        """1 for each special token, 0 for text, of ids as ``build_inputs_with_special_tokens`` frames
        them."""
        special = set(self.all_special_ids)
        ids = [*token_ids_0, *(token_ids_1 or [])]
        framed = ids if already_has_special_tokens else self.build_inputs_with_special_tokens(ids)
        return [int(id in special) for id in framed]

    def __call__(self, *texts: Any, return_offsets_mapping: bool = False, **settings: Any) -> Any:
        """As in transformers. ``return_offsets_mapping`` adds the characters ``[begin, end)`` of each token
        in its text: a piece's spaces are its own, each byte of a character has all of it, and what frames or
        pads a text is at (0, 0).

        Raises:
            ValueError: offsets are asked for of what is no text or list of texts.
        """
        if not return_offsets_mapping:
            return super().__call__(*texts, **settings)
        if len(texts) > 1 or any(settings.get(name) for name in NOT_OF_TEXTS):
            raise ValueError(f"return_offsets_mapping: leave out {', '.join(NOT_OF_TEXTS)}")
        given: Any = texts[0] if texts else settings.get("text")
        alone = isinstance(given, str)
        if not alone and not (isinstance(given, list) and all(isinstance(one, str) for one in given)):
            raise ValueError("return_offsets_mapping: give a text or a list of texts")
        tensors, framed = settings.pop("return_tensors", None), settings.get("add_special_tokens", True)
        found = super().__call__(*texts, **settings)
        if alone:
            found["offset_mapping"] = self._offsets(given, found["input_ids"], framed)
        else:
            rows = zip(given, found["input_ids"], strict=True)
            found["offset_mapping"] = [self._offsets(text, row, framed) for text, row in rows]
        return found.convert_to_tensors(tensors, prepend_batch_axis=alone)

    def _offsets(self, text: str, row: list[int], framed: bool) -> list[tuple[int, int]]:
        """Where each id of a row, which may be framed, cut and padded, stands in its text."""
        ids, spans = self._spans(text)
        for count in range(min(len(ids), len(row)), -1, -1):
            kept = slice(0, count) if self.truncation_side == "right" else slice(len(ids) - count, None)
            found = self.build_inputs_with_special_tokens(ids[kept]) if framed else ids[kept]
            padding = len(row) - len(found)
            before = padding if self.padding_side == "left" else 0
            if padding >= 0 and row[before : before + len(found)] == found:
                before += int(found[:count] != ids[kept])
                return [NOWHERE] * before + spans[kept] + [NOWHERE] * (len(row) - before - count)
        raise ValueError("return_offsets_mapping: the ids are not those of the text")

    def _spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """A text's ids, and the characters of each."""
        ids: list[int] = []
        spans: list[tuple[int, int]] = []
        start = 0
        for part, added in self._parts(text):
            if added:
                ids.append(self.added_tokens_encoder[part])
                spans.append((start, start + len(part)))
            else:
                found = self.pieces.encode(part, return_type="offset_mapping")
                ids += found["ids"]
                spans += [(start + begin, start + end) for begin, end in self._whole(found)]
            start += len(part)
        return ids, spans

    def _whole(self, found: dict[str, list[Any]]) -> list[tuple[int, int]]:
        """SentencePiece gives a character to the last of its bytes; here each byte has it."""
        spans = list(found["offsets"])
        for index in range(len(spans) - 2, -1, -1):
            begin, end = spans[index]
            if begin == end and self.pieces.is_byte(found["ids"][index]):
                spans[index] = spans[index + 1]
        return spans

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
