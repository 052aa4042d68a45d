"""The built-in Kneser-Ney against lmplz's numbers, and against the law that probabilities sum to 1."""

from __future__ import annotations

import itertools
import shutil
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.models.perplexity import lmplz
from pipeline.models.perplexity.arpa import read
from pipeline.models.perplexity.kneser_ney import (
    BYTES_PER_TOKEN,
    FALLBACK,
    NOTHING,
    discounts,
    estimate,
    weights,
)
from pipeline.models.perplexity.ngrams import BEGIN, END, count

DATA = Path(__file__).parents[3] / "data"
Model = dict[str, tuple[float, float]]


def corpus() -> tuple[np.ndarray, np.ndarray]:
    """The Zen of Python and the first chapters of the Daodejing; words are code points, a sentence is a
    line."""
    lines = (DATA / "zen_and_laozi.txt").read_text(encoding="utf-8").split("\n")
    ids = np.frombuffer("".join(lines).encode("utf-32-le"), np.uint32)
    return ids, np.cumsum([0, *map(len, lines)])


def read_arpa(path: Path) -> Model:
    entries = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if "\t" in line]
    return {entry[1]: (float(entry[0]), float(entry[2]) if len(entry) == 3 else 0.0) for entry in entries}


def arpa(ids: np.ndarray, offsets: np.ndarray, order: int) -> str:
    """The built-in estimate as ARPA text, written word by word."""
    words, tables = count(ids, offsets, order)
    names = ["<unk>", "<s>", "</s>", *map(str, words)]
    lines = ["\\data\\", *(f"ngram {n}={len(table)}" for n, table in enumerate(tables, 1)), ""]
    grams: list[str] = []
    for n, (table, (probability, backoff)) in enumerate(zip(tables, weights(tables), strict=True), 1):
        grams = [
            f"{grams[prefix]} {names[word]}" if n > 1 else names[word]
            for prefix, word in zip(table.prefix, table.word, strict=True)
        ]
        numbers = np.minimum(np.log10(np.maximum([probability, backoff], NOTHING)), 0).T + 0
        lines += [
            f"\\{n}-grams:",
            *(f"{first:.8g}\t{gram}\t{last:.8g}" for gram, (first, last) in zip(grams, numbers, strict=True)),
            "",
        ]
    return "\n".join([*lines, "\\end\\", ""])


def assert_same(model: Model, expected: Model) -> None:
    assert model.keys() == expected.keys()
    np.testing.assert_allclose([model[gram] for gram in expected], list(expected.values()), rtol=0, atol=1e-5)


def test_every_number_is_that_of_lmplz(tmp_path: Path) -> None:
    (tmp_path / "model.arpa").write_text(arpa(*corpus(), 3), encoding="utf-8")
    model = read_arpa(tmp_path / "model.arpa")
    assert len(model) == 154 + 506 + 760
    assert_same(model, read_arpa(DATA / "zen_and_laozi.arpa"))


@pytest.mark.skipif(shutil.which("lmplz") is None, reason="lmplz is not on the PATH")
def test_lmplz_itself_gives_the_golden_model(tmp_path: Path) -> None:
    program = lmplz.find("auto")
    assert program is not None
    lmplz.estimate(program, *corpus(), 3, tmp_path / "model")
    read(DATA / "zen_and_laozi.arpa").save(tmp_path / "golden")
    assert (tmp_path / "model").read_bytes() == (tmp_path / "golden").read_bytes()


STAND_IN = """#!{python}
import shutil, sys
sentences = sys.stdin.read().split("\\n")
if sentences != {sentences!r}:
    sys.exit("these are not the sentences")
shutil.copy({golden!r}, sys.argv[sys.argv.index("--arpa") + 1])
"""


def stand_in(folder: Path, sentences: list[str]) -> Path:
    """A program that answers as lmplz does, and only for these sentences."""
    program = folder / "lmplz"
    golden = str(DATA / "zen_and_laozi.arpa")
    program.write_text(
        STAND_IN.format(python=sys.executable, sentences=sentences, golden=golden), encoding="utf-8"
    )
    program.chmod(0o755)
    return program


def test_lmplz_is_given_every_sentence_and_its_model_is_read(tmp_path: Path) -> None:
    ids, offsets = corpus()
    sentences = [" ".join(map(str, ids[start:end])) for start, end in itertools.pairwise(offsets)]
    lmplz.estimate(stand_in(tmp_path, [*sentences, ""]), ids, offsets, 3, tmp_path / "model")
    read(DATA / "zen_and_laozi.arpa").save(tmp_path / "golden")
    assert (tmp_path / "model").read_bytes() == (tmp_path / "golden").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["golden", "lmplz", "model"]


@pytest.mark.parametrize("documents", [1, 2, lmplz.SENTENCES, lmplz.SENTENCES + 1])
def test_lmplz_is_given_the_last_sentence_of_any_number(tmp_path: Path, documents: int) -> None:
    ids, offsets = np.arange(2 * documents, dtype=np.uint32), 2 * np.arange(documents + 1)
    sentences = [f"{first} {first + 1}" for first in range(0, 2 * documents, 2)]
    lmplz.estimate(stand_in(tmp_path, [*sentences, ""]), ids, offsets, 3, tmp_path / "model")


def test_a_failing_lmplz_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="failed with 1: these are not the sentences"):
        lmplz.estimate(stand_in(tmp_path, ["other"]), *corpus(), 3, tmp_path / "model")


def test_builtin_is_chosen_by_name_and_without_lmplz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = stand_in(tmp_path, [])
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lmplz.find("auto") == program
    assert lmplz.find("builtin") is None
    monkeypatch.setenv("PATH", "")
    assert lmplz.find("auto") is None


def test_memory_is_bounded_by_the_number_of_tokens(tmp_path: Path) -> None:
    # No text needs more than one in which hardly any n-gram comes twice.
    ids = np.random.default_rng(1).integers(0, 8000, 200_000).astype(np.uint32)
    offsets = np.arange(0, 200_001, 400)
    estimate(ids[:400], offsets[:2], 4, tmp_path / "warm")
    tracemalloc.start()
    try:
        estimate(ids, offsets, 4, tmp_path / "model")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < BYTES_PER_TOKEN * len(ids)


def test_same_bytes_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        estimate(*corpus(), 4, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=8), st.integers(2, 4))
def test_probabilities_sum_to_one_after_every_history(sentences: list[list[int]], order: int) -> None:
    ids = np.array([word for sentence in sentences for word in sentence], np.uint32)
    words, tables = count(ids, np.cumsum([0, *map(len, sentences)]), order)
    model = list(weights(tables))
    possible = [word for word in range(len(words) + 3) if word != BEGIN]
    assert model[0].probability[possible].sum() == pytest.approx(1)
    # full[row, word]: p(word | n-gram of that row), by the definition of backoff from the order below
    full = np.broadcast_to(model[0].probability[: len(words) + 3], (1, len(words) + 3))
    for below, table, low, high in zip(tables, tables[1:], model, model[1:], strict=False):
        context = full[below.suffix] if len(full) > 1 else np.repeat(full, len(below), 0)
        full = context * low.backoff[:, None]
        full[table.prefix, table.word] = high.probability
        histories = below.word != END
        np.testing.assert_allclose(full[histories][:, possible].sum(1), 1, atol=1e-9)


def test_discounts_fall_back_where_the_closed_form_has_none() -> None:
    assert discounts(np.array([1, 1, 2, 3, 3])) is FALLBACK  # D3+ would be 3, but D2 = 2 - 3 * .5 * 2 < 0
    assert discounts(np.array([1, 1, 2])) is FALLBACK
    np.testing.assert_allclose(discounts(np.repeat([1, 2, 3, 4], [8, 4, 2, 1])), [0, 0.5, 1.25, 2])


def test_the_stand_in_discounts_are_those_of_lmplz() -> None:
    # lmplz --discount_fallback: "if no arguments are given, the default is 0.5 1 1.5"; what never came is not
    # discounted.
    assert FALLBACK.tolist() == [0, 0.5, 1, 1.5]


def counts_of_counts(*numbers: int) -> np.ndarray:
    """Adjusted counts of which so many are 1, 2, 3, 4, 5."""
    return np.repeat(np.arange(1, len(numbers) + 1), numbers)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((), FALLBACK),
        ((0, 9, 9, 9), FALLBACK),
        ((9, 0, 9, 9), FALLBACK),
        ((9, 9, 0, 9), FALLBACK),
        ((9, 9, 9, 0), [0, 1 / 3, 1, 3]),  # nothing comes four times: D3 is 3 - 0, all that is there
        ((6, 3, 4, 6), [0, 0.5, 0, 0]),  # y = 1/2: D2 = 2 - 3/2 * 4/3 and D3 = 3 - 2 * 6/4 are just 0
        ((6, 3, 5, 6), FALLBACK),  # D2 = 2 - 3/2 * 5/3 < 0
        ((6, 3, 4, 7), FALLBACK),  # D3 = 3 - 2 * 7/4 < 0
        ((6, 3, 4, 6, 99), [0, 0.5, 0, 0]),  # what comes five times does not count
    ],
)
def test_the_closed_form_holds_as_far_as_it_is_between_nothing_and_all(
    numbers: tuple[int, ...], expected: list[float]
) -> None:
    with np.errstate(all="raise"):
        found = discounts(counts_of_counts(*numbers))
    np.testing.assert_allclose(found, expected, atol=1e-15)


def test_a_text_too_small_for_the_closed_form_has_the_stand_in_discounts() -> None:
    # "a b", "a b": every bigram comes twice, and each word has one word to its left.
    ids, offsets = np.array([7, 8, 7, 8], np.uint32), np.array([0, 2, 4])
    words, tables = count(ids, offsets, 2)
    names = ["<unk>", "<s>", "</s>", *map(str, words)]
    unigrams, bigrams = weights(tables)
    # Unigrams: 3 of count 1, D1 = 0.5; what is left over, 1.5 / 3, goes to <unk>, </s>, a and b alike.
    assert dict(zip(names, unigrams.probability.tolist(), strict=True)) == pytest.approx(
        {"<unk>": 0.125, "<s>": 1, "</s>": 0.5 / 3 + 0.125, "7": 0.5 / 3 + 0.125, "8": 0.5 / 3 + 0.125}
    )
    # Bigrams: one word after each history, of count 2, D2 = 1; half of it is left over.
    np.testing.assert_allclose(bigrams.probability, 0.5 + 0.5 * (0.5 / 3 + 0.125))
    np.testing.assert_allclose(unigrams.backoff, [1, 0.5, 1, 0.5, 0.5])


def test_refuses_nothing_and_order_one(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one document"):
        estimate(np.empty(0, np.uint32), np.zeros(1, np.int64), 3, tmp_path / "x")
    with pytest.raises(ValueError, match="order >= 2"):
        estimate(*corpus(), 1, tmp_path / "x")
