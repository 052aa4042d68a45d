"""Reusing ids: a line keeps those it had only if it has the same bytes, each one of them."""

from __future__ import annotations

import io
import string
from pathlib import Path

import pyarrow as pa
import pytest
import sentencepiece

from pipeline.models.sentencepiece_model import read_spelling
from pipeline.models.tokenizer import Tokenizer

TEXT = (Path(__file__).parents[3] / "data" / "zen_and_laozi.txt").read_text(encoding="utf-8")
LONGEST = 17
# A piece of every length, none of which is the best way to write its text but where it is a symbol.
SYMBOLS = [string.ascii_lowercase[-length:] for length in range(2, LONGEST + 1)]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(TEXT.split("\n")),
        model_writer=model,
        vocab_size=600,
        hard_vocab_limit=False,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        byte_fallback=True,
        user_defined_symbols=["\n", *SYMBOLS],
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    )
    path = tmp_path_factory.mktemp("reuse") / "symbols.model"
    path.write_bytes(model.getvalue())
    return Tokenizer(path)


def again(tokenizer: Tokenizer, before: str, after: str) -> str:
    """What the ids of ``after`` spell, found with the help of those of ``before``."""
    found = tokenizer.encode_again(pa.array([after]), tokenizer.encode(pa.array([before])))
    return str(tokenizer.decode(found)[0].as_py())


def test_there_is_a_piece_of_every_length(tokenizer: Tokenizer) -> None:
    spelling = read_spelling(tokenizer._processor.serialized_model_proto())
    assert spelling is not None
    for symbol in SYMBOLS:
        (ids,) = tokenizer.encode(pa.array([f"道{symbol}"])).to_pylist()
        assert spelling.table[ids[-1], 0] == len(symbol), "a symbol is one piece"


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_a_line_that_differs_in_any_one_byte_of_a_piece_is_another_line(
    tokenizer: Tokenizer, length: int
) -> None:
    symbol = string.ascii_lowercase[-length:]
    for at in range(length):
        changed = symbol[:at] + chr(ord(symbol[at]) ^ 1) + symbol[at + 1 :]
        for frame in ("{}", "道 {}", "{} 道", "道\n{}\n可"):
            assert again(tokenizer, frame.format(symbol), frame.format(changed)) == frame.format(changed), (
                f"byte {at + 1} of {length}"
            )


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_a_line_that_ends_within_or_behind_a_piece_is_another_line(tokenizer: Tokenizer, length: int) -> None:
    symbol = string.ascii_lowercase[-length:]
    for after in (
        symbol[:-1],
        symbol + "a",
        symbol + " ",
        f"{symbol[:-1]}\n{symbol[-1]}",
        f"{symbol[:-1]}\n",
        f"\n{symbol}",
        symbol * 2,
    ):
        assert again(tokenizer, symbol, after) == after
        assert again(tokenizer, f"道\n{symbol}\n可", f"道\n{after}\n可") == f"道\n{after}\n可"


@pytest.mark.parametrize("length", range(2, LONGEST + 1))
def test_the_same_line_keeps_its_ids(tokenizer: Tokenizer, length: int) -> None:
    # Ids that the search would never choose: the letters one by one.
    letters = [
        tokenizer.encode(pa.array([f"道{letter}"])).to_pylist()[0][-1]
        for letter in string.ascii_lowercase[-length:]
    ]
    line_break = tokenizer.encode(pa.array(["\n"])).to_pylist()[0][-1]
    (first,) = tokenizer.encode(pa.array(["道\n"])).to_pylist()
    before = pa.array([[*first, *letters, line_break], [*first, *letters]], pa.list_(pa.uint32()))
    text = f"道\n{SYMBOLS[length - 2]}"
    assert tokenizer.encode_again(pa.array([text + "\n", text]), before).to_pylist() == before.to_pylist()
