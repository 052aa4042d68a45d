"""The tokenizer: nothing of a text is lost, the same texts give the same model, foreign models are
refused."""

from __future__ import annotations

import inspect
import io
import random
import tokenize
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sentencepiece
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.schema.base import ManifestError
from pipeline.models.tokenizer import Tokenizer, join_ids, train
from pipeline.text.unicode.repair import repair

TEXTS = [
    inspect.getsource(tokenize),
    (Path(__file__).parents[2] / "data" / "zen_and_laozi.txt").read_text(encoding="utf-8"),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    train(TEXTS, 900, path, seed=1)
    return path


def test_same_texts_give_the_same_bytes_and_no_path_is_in_them(model: Path, tmp_path: Path) -> None:
    train(iter(TEXTS), 900, tmp_path / "again.model", seed=1)
    assert (tmp_path / "again.model").read_bytes() == model.read_bytes()
    assert str(tmp_path.parent).encode() not in model.read_bytes()


def test_indentation_line_breaks_and_full_width_punctuation_survive(model: Path) -> None:
    texts = [*TEXTS, "  def f(x):\r\n\n\treturn  'ａ１，。'   ", "道　名\n\n", "", "\n", "😀龘\u200b\x00"]
    tokenizer = Tokenizer(model)
    tokens = tokenizer.encode(pa.array(texts))
    assert tokenizer.decode(tokens).to_pylist() == texts
    assert tokens.type == pa.list_(pa.uint32())
    assert 2 not in tokens.values.to_pylist(), "byte fallback leaves nothing unknown"


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="▁")), max_size=4))
def test_decoding_gives_the_text_back(model: Path, texts: list[str]) -> None:
    tokenizer = Tokenizer(model)
    assert tokenizer.decode(tokenizer.encode(pa.array(texts, pa.string()))).to_pylist() == texts


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.text("▁ _a道\n"), max_size=4))
def test_decoding_gives_back_every_text_that_ingest_makes(model: Path, texts: list[str]) -> None:
    repaired = repair(pa.array(texts, pa.string())).texts
    tokenizer = Tokenizer(model)
    assert tokenizer.decode(tokenizer.encode(repaired)).equals(repaired)


def by_library(model: Path, texts: list[str]) -> list[list[int]]:
    rows: list[list[int]] = sentencepiece.SentencePieceProcessor(model_file=str(model)).Encode(texts)
    return rows


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
        | st.text(st.sampled_from(" ▁\n\t=-_:abcdef道可名，01é€😀"), max_size=60)
        | st.lists(st.sampled_from(["  ", "\n", "self", "return ", "token", "非常", "道", "▁"])).map("".join),
        max_size=4,
    )
)
def test_ids_are_those_of_sentencepiece(model: Path, texts: list[str]) -> None:
    assert Tokenizer(model).encode(pa.array(texts, pa.string())).to_pylist() == by_library(model, texts)


def test_ids_of_real_and_of_long_texts_are_those_of_sentencepiece(model: Path) -> None:
    lines = [line for text in TEXTS for line in text.split("\n")]
    random.Random(1).shuffle(lines)
    # Long enough for scores to be lowered several times.
    texts = [*TEXTS, "\n".join(lines * 5), "=" * 20_000 + "-" * 20_000, " " * 9999, "龘" * 5000]
    tokenizer = Tokenizer(model)
    found = tokenizer.encode(pa.array(texts)).to_pylist()
    for text, ids, expected in zip(texts, found, by_library(model, texts), strict=True):
        assert ids == expected, text[:50]
    assert tokenizer._pieces is not None


@pytest.mark.parametrize(
    ("settings_", "by_kernel"),
    [
        ({"byte_fallback": False}, True),
        ({"user_defined_symbols": ["<br>", "\n", "é"], "unk_id": 2}, True),
        ({"normalization_rule_name": "nmt_nfkc", "remove_extra_whitespaces": True}, False),
        ({"model_type": "bpe"}, False),
        ({"add_dummy_prefix": False}, False),
        ({"treat_whitespace_as_suffix": True}, False),
    ],
)
def test_other_models_give_their_own_ids(tmp_path: Path, settings_: dict[str, Any], by_kernel: bool) -> None:
    model = io.BytesIO()
    usual: dict[str, Any] = {
        "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False,
        "byte_fallback": True,
        "hard_vocab_limit": False,
    }
    lines = iter([line for text in TEXTS for line in text.split("\n")])
    ids = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1}
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines,
        model_writer=model,
        vocab_size=800,
        minloglevel=2,
        **(usual | ids | settings_),
    )
    path = tmp_path / "other.model"
    path.write_bytes(model.getvalue())
    texts = [*TEXTS, "  a <br><br>b<br\n\n\té龘龘é  道 龘", "", "▁▁ ▁", "ａ１，。", "\x00"]
    tokenizer = Tokenizer(path)
    assert tokenizer.encode(pa.array(texts)).to_pylist() == by_library(path, texts)
    assert (tokenizer._pieces is not None) == by_kernel


LINES = ["", " ", "▁", "道可道，非常道", "  return self.token", "龘é\x00", "a " * 30, "=" * 9, "<br>"]


@settings(max_examples=300, deadline=None)
@given(
    pairs=st.lists(
        st.tuples(
            st.lists(st.sampled_from(LINES), max_size=9).map("\n".join),
            st.lists(
                st.sampled_from(LINES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
                max_size=9,
            ).map("\n".join),
        ),
        max_size=3,
    )
)
def test_a_changed_text_is_spelled_by_its_ids(model: Path, pairs: list[tuple[str, str]]) -> None:
    tokenizer = Tokenizer(model)
    before, after = (pa.array([pair[side] for pair in pairs], pa.string()) for side in (0, 1))
    found = tokenizer.encode_again(after, tokenizer.encode(before))
    assert tokenizer.decode(found).to_pylist() == [text.replace("▁", " ") for text in after.to_pylist()]
    assert found.value_lengths().to_pylist() == tokenizer.encode(after).value_lengths().to_pylist()


def test_cut_and_changed_lines_of_real_texts(model: Path) -> None:
    tokenizer = Tokenizer(model)
    after = []
    for text in TEXTS:
        lines = text.split("\n")
        after.append(
            "\n".join(
                line if number % 5 else f"<URL> {line[3:]}" for number, line in enumerate(lines) if number % 3
            )
        )
    found = tokenizer.encode_again(pa.array(after), tokenizer.encode(pa.array(TEXTS)))
    assert found.to_pylist() == tokenizer.encode(pa.array(after)).to_pylist()


def test_lines_of_before_keep_their_ids_wherever_they_go(model: Path) -> None:
    tokenizer = Tokenizer(model)
    space, line_break, *letters = (
        tokenizer.encode(pa.array([f"\n{letter}"])).to_pylist()[0][-1] for letter in " \ntoken"
    )
    before = pa.array([[space, *letters, line_break, *letters]], pa.list_(pa.uint32()))
    assert tokenizer.decode(before).to_pylist() == ["token\ntoken"]
    (found,) = tokenizer.encode_again(pa.array(["return\ntoken\ntokens\ntoken"]), before).to_pylist()
    (new,) = tokenizer.encode(pa.array(["return\n\ntokens\n"])).to_pylist()
    first, second, third = (at for at, token in enumerate(new) if token == line_break)
    assert found == [*new[: first + 1], *letters, *new[second : third + 1], *letters]


def test_where_line_breaks_are_not_pieces_a_changed_text_is_encoded_anew(tmp_path: Path) -> None:
    model = io.BytesIO()
    lines = iter([line for text in TEXTS for line in text.split("\n")])
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines,
        model_writer=model,
        vocab_size=800,
        minloglevel=2,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
    )
    (tmp_path / "nfkc.model").write_bytes(model.getvalue())
    tokenizer = Tokenizer(tmp_path / "nfkc.model")
    texts = pa.array(TEXTS)
    assert (
        tokenizer.encode_again(texts, pa.array([[5], [6]], pa.list_(pa.uint32()))).to_pylist()
        == tokenizer.encode(texts).to_pylist()
    )


def test_runs_of_spaces_are_pieces(model: Path) -> None:
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    assert "▁▁▁▁" in {processor.IdToPiece(index) for index in range(processor.GetPieceSize())}


def test_batch_with_nulls_slices_and_nothing(model: Path) -> None:
    tokenizer = Tokenizer(model)
    the = tokenizer.encode(pa.array(["the"]))[0].as_py()
    assert tokenizer.encode(pa.array([None, "the", None], pa.string()).slice(1)).to_pylist() == [the, []]
    assert tokenizer.encode(pa.array([], pa.string())).to_pylist() == []


def test_vocabulary_follows_openba(model: Path) -> None:
    vocabulary = Tokenizer(model).vocabulary()
    assert (vocabulary.pad, vocabulary.eos, vocabulary.unknown) == (0, 1, 2)
    assert (vocabulary.pieces, vocabulary.size, vocabulary.padded) == (900, 1003, 1024)
    assert (vocabulary.sentinel(0), vocabulary.sentinel(99), vocabulary.mode("R")) == (999, 900, 1000)
    assert (vocabulary.model.path, vocabulary.model.bytes) == ("tokenizer.model", model.stat().st_size)


def test_too_few_pieces_for_the_characters_says_what_to_change(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"quality\.tokenizer\.pieces: no tokenizer with 300 pieces"):
        train(TEXTS, 300, tmp_path / "small.model", seed=1)
    assert list(tmp_path.iterdir()) == []


def test_foreign_models_are_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.model"
    broken.write_bytes(b"not a model")
    with pytest.raises(ManifestError, match="not a SentencePiece model"):
        Tokenizer(broken)
    other = io.BytesIO()
    lines = iter(TEXTS[0].split("\n"))
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=lines, model_writer=other, vocab_size=300, minloglevel=2
    )
    broken.write_bytes(other.getvalue())
    with pytest.raises(ManifestError, match=r"pad, eos and unknown are \(-1, 2, 0\)"):
        Tokenizer(broken)


def test_words_are_decimal_ids() -> None:
    assert join_ids(pa.array([[4294967295, 0], []], pa.list_(pa.uint32()))).to_pylist() == [
        "4294967295 0",
        "",
    ]
