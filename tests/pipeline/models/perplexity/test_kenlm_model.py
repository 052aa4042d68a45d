"""KenLM models from elsewhere: perplexities by hand from an ARPA file's own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sentencepiece

from manifests.errors import UserError
from pipeline.models.perplexity.ccnet_text import ccnet_text
from pipeline.models.perplexity.kenlm_model import KenlmScorer
from tests.pipeline.steps.quality.corpus import DAODEJING

PROBABILITIES = {
    "<unk>": -2.0,
    "<s>": -99.0,
    "</s>": -1.0,
    "道": -0.5,
    "可": -0.75,
    "name": -1.25,
    "0": -0.25,
}


def arpa(folder: Path) -> Path:
    """A model of single words."""
    rows = "\n".join(f"{value}\t{word}\t0" for word, value in PROBABILITIES.items())
    path = folder / "words.arpa"
    path.write_text(
        f"\\data\\\nngram 1={len(PROBABILITIES)}\nngram 2=1\n\n\\1-grams:\n{rows}\n\n\\2-grams:\n-0.125\t道 可\n\n"
        "\\end\\\n"
    )
    return path


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("道可", [-0.5, -0.125, -1]),
        ("道可\n\n道", [-0.5, -0.125, -1, -0.5, -1]),  # each line a sentence; a blank one is none
        ("可 道", [-0.75, -0.5, -1]),
        ("name道, 道", [-1.25, -0.5, -2, -0.5, -1]),
        ("name", [-1.25, -1]),
    ],
)
def test_a_perplexity_is_per_word_and_line_end(tmp_path: Path, text: str, scores: list[float]) -> None:
    found = KenlmScorer(arpa(tmp_path)).score([text])
    np.testing.assert_allclose(found, [10 ** (-sum(scores) / len(scores))], rtol=1e-5)


def test_a_text_without_words_has_none(tmp_path: Path) -> None:
    assert np.isnan(KenlmScorer(arpa(tmp_path)).score(["", " \n\t"])).all()
    assert KenlmScorer(arpa(tmp_path)).score([]).tolist() == []


def test_words_are_the_pieces_of_the_tokenizer(tmp_path: Path) -> None:
    model = tmp_path / "tokenizer"
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter("".join(DAODEJING).split("。")),
        model_prefix=str(model),
        vocab_size=170,
        hard_vocab_limit=False,
        add_dummy_prefix=False,
        minloglevel=2,
    )
    path = tmp_path / "tokenizer.model"
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(path)).EncodeAsPieces("道可道")
    expected = [PROBABILITIES.get(piece, -2.0) for piece in pieces]
    for place in range(1, len(pieces)):
        if pieces[place - 1 : place + 1] == ["道", "可"]:
            expected[place] = -0.125
    found = KenlmScorer(arpa(tmp_path), path).score(["道可道"])
    np.testing.assert_allclose(found, [10 ** (-(sum(expected) - 1) / (len(pieces) + 1))], rtol=1e-5)


def test_text_is_normalised_for_ccnet_s_models_only(tmp_path: Path) -> None:
    plain, ccnet = KenlmScorer(arpa(tmp_path)), KenlmScorer(arpa(tmp_path), ccnet=True)
    np.testing.assert_allclose(plain.score(["NAME 7"]), [10 ** ((2 + 2 + 1) / 3)], rtol=1e-5)
    np.testing.assert_allclose(ccnet.score(["NAME 7"]), [10 ** ((1.25 + 0.25 + 1) / 3)], rtol=1e-5)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (" Héllo  World ", "hello  world"),
        ("２０２６年 3", "0000年 0"),
        ("「道，可道」。非常…", '"道,可道".非常...'),
        ("a—b–c", "a - b-c"),
        ("tab\there\x85", "tabhere"),
        ("％【】〈〉《》；", '%[]<>"";'),
    ],
)
def test_ccnet_s_normalisation(line: str, expected: str) -> None:
    assert ccnet_text(line) == expected


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    for content in (b"", b"hello\n", arpa(tmp_path).read_bytes()[:80], bytes(range(256)) * 20):
        bad.write_bytes(content)
        with pytest.raises(UserError, match="no KenLM model") as raised:
            KenlmScorer(bad)
        assert str(bad) in str(raised.value)
    with pytest.raises(UserError, match="no KenLM model"):
        KenlmScorer(tmp_path / "missing")
    with pytest.raises(UserError, match="no SentencePiece model"):
        KenlmScorer(arpa(tmp_path), bad)
