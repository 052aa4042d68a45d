"""Our scores against KenLM's query of the same model, and against sums over the ARPA file's own numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import kenlm
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.models.perplexity.arpa import read
from pipeline.models.perplexity.kneser_ney import estimate
from pipeline.models.perplexity.ngram_model import LINE, BrokenModelError, NgramModel
from pipeline.models.perplexity.scorer import PerplexityScorer
from pipeline.models.word_starts import BEGINS_HAN, ENDS_HAN
from tests.pipeline.models.perplexity.test_kneser_ney import DATA, arpa, corpus, read_arpa

GOLDEN = DATA / "zen_and_laozi.arpa"


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "golden.ngrams"
    read(GOLDEN).save(path)
    return path


def rows(*texts: str | None) -> pa.ListArray:
    return pa.array(
        [None if text is None else [ord(character) for character in text] for text in texts],
        pa.list_(pa.uint32()),
    )


def by_kenlm(path: Path, documents: Sequence[Sequence[int]]) -> np.ndarray:
    """log10 P of each document, added up in double precision."""
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    model = kenlm.Model(str(path), config)
    return np.array(
        [sum(score for score, _, _ in model.full_scores(" ".join(map(str, ids)))) for ids in documents]
    )


def log10(scorer: PerplexityScorer, documents: Sequence[Sequence[int]]) -> np.ndarray:
    lengths = np.array([len(ids) + 1 for ids in documents])
    return -np.log10(scorer.score(pa.array(documents, pa.list_(pa.uint32())))) * lengths


def by_hand(text: str) -> float:
    """Perplexity under the golden trigram model, backing off by hand."""
    model = read_arpa(GOLDEN)
    words = ["<s>", *(str(ord(character)) for character in text), "</s>"]
    known = [word if word in model else "<unk>" for word in words]

    def logarithm(history: list[str], word: str) -> float:
        gram = " ".join([*history, word])
        if gram in model:
            return model[gram][0]
        return model.get(" ".join(history), (0.0, 0.0))[1] + logarithm(history[1:], word)

    total = sum(
        logarithm(known[max(0, place - 2) : place], word) for place, word in enumerate(known) if place
    )
    return float(10 ** (-total / (len(words) - 1)))


def test_perplexity_is_that_of_the_arpa_file(golden: Path) -> None:
    texts = ["Beautiful is better than ugly.", "道可道，非常道。", "龘", "", "龘龘龘道龘龘"]
    np.testing.assert_allclose(
        PerplexityScorer(golden).score(rows(*texts)), [by_hand(text) for text in texts], rtol=1e-5
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 8), max_size=7), min_size=1, max_size=8),
    st.lists(st.lists(st.integers(0, 9), max_size=9)),
    st.integers(2, 6),
)
@example(
    [[], [2, 1, 0, 0, 0], [2, 1, 3, 2, 1, 2, 0], [2, 2]], [[2, 1, 3], [0]], 2
)  # a discount of 0 leaves nothing over
def test_every_document_has_the_score_of_kenlm(
    tmp_path_factory: pytest.TempPathFactory,
    sentences: list[list[int]],
    documents: list[list[int]],
    order: int,
) -> None:
    folder = tmp_path_factory.mktemp("model")
    ids, offsets = (
        np.array([word for sentence in sentences for word in sentence], np.uint32),
        np.cumsum([0, *map(len, sentences)]),
    )
    (folder / "arpa").write_text(arpa(ids, offsets, order), encoding="utf-8")
    estimate(ids, offsets, order, folder / "ours")
    read(folder / "arpa").save(folder / "read")
    expected = by_kenlm(folder / "arpa", documents)
    for name in ("ours", "read"):
        np.testing.assert_allclose(log10(PerplexityScorer(folder / name), documents), expected, atol=1e-4)


def test_long_documents_have_the_score_of_kenlm(golden: Path) -> None:
    ids, _ = corpus()
    mixed = np.where(np.random.default_rng(0).random(20 * len(ids)) < 0.1, 1, np.tile(ids, 20))
    documents = [mixed.tolist(), ids[:1000].tolist(), [], ids[500:].tolist()]
    np.testing.assert_allclose(
        log10(PerplexityScorer(golden), documents), by_kenlm(GOLDEN, documents), rtol=1e-6
    )


def test_text_of_the_model_is_likelier_than_foreign_text_and_null_is_nan(golden: Path) -> None:
    familiar, foreign, nothing = PerplexityScorer(golden).score(rows("名可名，非常名。", "qzxjQZX", None))
    assert familiar < 10 < 100 < foreign
    assert np.isnan(nothing)


def test_slices_are_scored_as_they_stand(golden: Path) -> None:
    whole = rows("道可道", "名可名", "Beautiful")
    scorer = PerplexityScorer(golden)
    np.testing.assert_array_equal(scorer.score(whole.slice(1)), scorer.score(whole)[1:])


def test_the_file_holds_every_ngram_and_its_tables_begin_on_a_cache_line(golden: Path) -> None:
    model = NgramModel.load(golden)
    assert (len(model.unigrams), len(model.lines), (model.word > 0).sum()) == (154, 2, 151)
    assert (model.tables[:, :LINE] != 0).sum() == 506 + 760
    assert model.tables.ctypes.data % 64 == 0


def test_what_is_no_model_is_refused(golden: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        PerplexityScorer(tmp_path / "missing")
    whole = golden.read_bytes()
    for name, content in {"empty": b"", "text": b"hello", "cut": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BrokenModelError, match=f"{name}: holds no n-gram model"):
            PerplexityScorer(tmp_path / name)


def test_what_is_no_arpa_file_is_refused(tmp_path: Path) -> None:
    whole = GOLDEN.read_text(encoding="utf-8")
    broken = {
        "empty": "\n",
        "other": "hello\n",
        "cut": whole[: len(whole) // 2],
        "words": whole.replace("\t116\t", "\tthe\t"),
    }
    for name, content in broken.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
        with pytest.raises(BrokenModelError, match=name):
            read(tmp_path / name)


def test_only_the_rows_that_are_named_are_judged(golden: Path) -> None:
    scorer = PerplexityScorer(golden)
    whole = rows("道可道，非常道。", None, "名可名，非常名。", "")
    np.testing.assert_array_equal(
        scorer.score(whole, np.array([2, 0, 3, 1])), scorer.score(whole)[[2, 0, 3, 1]]
    )
    assert scorer.score(whole, np.array([], np.int64)).tolist() == []


def test_the_gain_is_what_kenlm_adds_to_a_word_s_own_probability(golden: Path) -> None:
    text = "名可名，非常名。无名天地之始。qz"
    classes = np.zeros(0x10000, np.uint8)
    han = [ord(character) for character in text if "\u3400" <= character <= "\u9fff"]
    classes[han] = BEGINS_HAN + ENDS_HAN
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    model = kenlm.Model(str(GOLDEN), config)
    found = list(model.full_scores(" ".join(str(ord(character)) for character in text)))
    expected = [
        found[place][0] - model.score(str(ord(text[place])), bos=False, eos=False)
        for place in range(1, len(text))
        if ord(text[place]) in han
        and ord(text[place - 1]) in han
        and not found[place][2]
        and not found[place - 1][2]
    ]
    assert len(expected) > 5
    scores = PerplexityScorer(golden, classes).scores(rows(text, "", None))
    assert scores.places.tolist() == [len(expected), 0, 0]
    np.testing.assert_allclose(scores.gain, [sum(expected), 0, 0], rtol=1e-5)
    np.testing.assert_allclose(scores.gain_squares, [sum(np.square(expected)), 0, 0], rtol=1e-5)


def test_without_classes_no_place_counts(golden: Path) -> None:
    scores = PerplexityScorer(golden).scores(rows("名可名，非常名。"))
    assert (scores.places.tolist(), scores.gain.tolist()) == ([0.0], [0.0])
