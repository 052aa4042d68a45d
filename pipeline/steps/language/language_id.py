"""Which language a text is in: by its script where that is Chinese, else by fastText's lid.176 (Joulin et al.
2016, Bag of Tricks for Efficient Text Classification).

Only prose counts: code, formulas, tags and links are set aside first (``text.prose``), for documentation in
any language is full of them.

Chinese needs no model. A text is Chinese where Han characters are at least a fifth of its units, a unit being
a Han, kana or hangul character or a word of another script; its score is their share. The bounds are measured
on 7,115 Chinese and 1,774 English documents. No English one has more than 6 % of Han units, and no Chinese
one in running text fewer than 22 %: who writes Chinese quotes English words, who writes English hardly quotes
Chinese. A score below one half is a document in two languages, such as a translator's .po file (28 to 55 %; 5
to 17 % where little is translated yet).

Of English that the model is not sure of, for it is full of names and numbers, the words of grammar decide.

Where kana and hangul are more than a fifth of the CJK characters (Chinese articles on Japan have up to 13 %),
or characters of Japan's own standard more than a twentieth of the Han ones, the model is asked. Asked about
all, it would take one in twenty classical poems for Japanese, which hardly does without kana.

Where the model is unsure, words alone decide (``words_alone``). On 3,000 lines of English documents of which
a third and more is numbers, identifiers and addresses it calls 2,202 English and 6 a third language (1,974
and 19 with these); of 2,630 texts of 60 to 300 characters in 34 other languages, one that is in English.

A text may quote so much Chinese, or have so much code set aside, that a fifth of its units is Han, and yet be
English: of the letters only one in ten is Han, where Chinese full of English words has one in five. Then the
model is asked of what is left without them, and believed if it says English.

What could be anything is ``und``: a text of one or two words; one in Han characters that are all common in
Japan too and without a comma of full width, as headings and names in Japanese are; one of few words in which
the model sees a third language without being sure, as in lists of names. Capitals are read as small letters:
of 600 English articles in capitals alone the model calls 20 another language, and is sure of 15 (597 in small
letters).
"""

from __future__ import annotations

import functools
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.models.fasttext_file import load_model
from pipeline.steps.language.words_alone import words_alone
from pipeline.text.quality_signals.prose import prose, samples
from pipeline.text.unicode.script import HAN, HANGUL, JAPANESE, KANA, WORDS, script_counts

MIN_HAN = 0.2
MAX_KANA = 0.2
MAX_JAPANESE = 0.05
# Han characters of these and Latin letters, below which a text may be English all the same.
MAX_QUOTED = 0.1
# A text with less prose than this is looked at whole: a page of code, a table of links.
MIN_UNITS = 20
# Whoever is asked about fewer guesses.
LEAST_UNITS = 3
# How much longer a sample is of which words alone count.
LONGER = 3
# Told within a line or two of nearly all texts, which then need no counting of capitals.
_RUNNING_TEXT = r"(?s)(?:\p{Ll}{3}.*?){8}"
_HAN_LETTER = r"[\x{3400}-\x{9fff}]"
_HAN_OR_MARK = r"[\x{3000}-\x{303f}\x{3400}-\x{9fff}\x{ff00}-\x{ffef}]"
# ISO 639-3.
UNDETERMINED = "und"
_PREFIX = "__label__"


class Identifier:
    """Languages of whole columns.

    Args:
        model: lid.176.bin or lid.176.ftz.
        sample_bytes: how much of a text's prose the model reads, from its beginning, its end and two places
            between.
        sure: below this score it also reads the words alone, of ``LONGER`` times as much, and without this
            score a third language is not named by few words.
    """

    def __init__(self, model: Path, sample_bytes: int, sure: float) -> None:
        self._model = load_model(model)
        self._sample_bytes = sample_bytes
        self._sure = sure

    def identify(self, texts: pa.Array) -> tuple[pa.Array, np.ndarray, np.ndarray]:
        """Of string [texts]: labels (string [texts], such as ``en``; ``und`` where it could be any), scores
        (float32 [texts], 0 to 1), and ``script_counts``."""
        plain, counts = _prose_counts(texts, LONGER * self._sample_bytes)
        units, chinese = _units(counts), _chinese(counts)
        enough = units >= LEAST_UNITS
        told = chinese & enough
        told[told] = _tells_chinese(plain.filter(pa.array(told)))
        labels = pc.if_else(pa.array(told), "zh", UNDETERMINED)
        scores = np.where(told, _han(counts), 0).astype(np.float32)
        labels = self._quoting_chinese(plain, labels, scores, told & (scores < 0.5))
        asked = enough & ~told & ~(chinese & (_han(counts) >= 0.5))
        found, scores[asked] = self._classify(plain.filter(pa.array(asked)))
        little = (units < MIN_UNITS) | chinese
        guessed = pa.array(little[asked] & (scores[asked] < self._sure))
        found = pc.if_else(pc.and_(guessed, pc.not_equal(found, "en")), UNDETERMINED, found)
        return pc.replace_with_mask(labels, pa.array(asked), found), scores, counts

    def _quoting_chinese(
        self, plain: pa.Array, labels: pa.Array, scores: np.ndarray, doubtful: np.ndarray
    ) -> pa.Array:
        """The labels [texts], of the ``doubtful`` ones English where Chinese is only quoted; their scores are
        set."""
        rows = np.flatnonzero(doubtful)
        rows = rows[_han_letters(plain.take(pa.array(rows))) < MAX_QUOTED]
        found, sure = self._classify(
            pc.replace_substring_regex(plain.take(pa.array(rows)), f"{_HAN_OR_MARK}+", " ")
        )
        rows = rows[english := pc.equal(found, "en").to_numpy(zero_copy_only=False)]
        scores[rows] = sure[english]
        return pc.if_else(pa.array(np.isin(np.arange(len(labels)), rows)), "en", labels)

    def _classify(self, plain: pa.Array) -> tuple[pa.Array, np.ndarray]:
        """Where the model is unsure it reads more, and words alone; the surer answer counts."""
        labels, scores = self._predict(samples(plain, self._sample_bytes))
        unsure = np.flatnonzero(scores < self._sure)
        if len(unsure):
            words = words_alone(samples(plain.take(pa.array(unsure)), LONGER * self._sample_bytes))
            again, surer = self._predict(words)
            better = (surer > scores[unsure]) & (_units(script_counts(words)) >= LEAST_UNITS)
            places = np.zeros(len(labels), bool)
            places[unsure[better]] = True
            labels = pc.replace_with_mask(labels, pa.array(places), again.filter(pa.array(better)))
            scores[places] = surer[better]
        return labels, scores

    def _predict(self, texts: pa.Array) -> tuple[pa.Array, np.ndarray]:
        if not len(texts):
            return pa.array([], pa.string()), np.empty(0, np.float32)
        labels, scores = self._model.predict(_without_capitals(texts).to_pylist())
        flat = pa.array(labels, pa.list_(pa.string())).flatten()
        # fastText's probabilities overshoot 1 by a rounding error.
        return pc.utf8_slice_codeunits(flat, len(_PREFIX)), np.minimum(np.concatenate(scores), 1).astype(
            np.float32
        )


def _prose_counts(texts: pa.Array, size: int) -> tuple[pa.Array, np.ndarray]:
    """The prose of string [texts], all of a text with little of it, and ``script_counts``; without what is no
    word, and of a sample of ``size`` bytes, where that may decide: of little prose, and of Han characters
    among more words of other scripts."""
    plain = prose(texts)
    counts = script_counts(plain)
    few = _units(counts) < MIN_UNITS
    if few.any():
        whole = prose(texts.filter(pa.array(few)), markup=True)
        plain, counts[few] = pc.replace_with_mask(plain, pa.array(few), whole), script_counts(whole)
    doubtful = np.flatnonzero(few | ((_han(counts) > MIN_HAN / 2) & (_han(counts) < 0.5)))
    alone = script_counts(words_alone(samples(plain.take(pa.array(doubtful)), size)))
    tells = np.where(few[doubtful], _units(alone) >= LEAST_UNITS, _han(alone) > _han(counts[doubtful]))
    counts[doubtful[tells]] = alone[tells]
    return plain, counts


def _units(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts[:, [HAN, KANA, HANGUL, WORDS]].sum(axis=1))


def _han(counts: np.ndarray) -> np.ndarray:
    """float64 [texts]: the share of Han characters among the units."""
    return np.asarray(counts[:, HAN] / np.maximum(_units(counts), 1))


def _han_letters(texts: pa.Array) -> np.ndarray:
    """float64 [texts]: the share of Han characters among these and Latin letters."""
    han, latin = (pc.count_substring_regex(texts, kind).to_numpy() for kind in (_HAN_LETTER, "[A-Za-z]"))
    return np.asarray(han / np.maximum(han + latin, 1))


def _chinese(counts: np.ndarray) -> np.ndarray:
    """bool [texts]: whose scripts alone say that they are Chinese."""
    han, others = counts[:, HAN], counts[:, KANA] + counts[:, HANGUL]
    japanese = (others > MAX_KANA * (han + others)) | (counts[:, JAPANESE] > MAX_JAPANESE * han)
    return np.asarray((han > 0) & (han >= MIN_HAN * _units(counts)) & ~japanese)


def _without_capitals(texts: pa.Array) -> pa.Array:
    """The texts, in small letters where most letters are capitals."""
    few_small = pc.invert(pc.match_substring_regex(texts, _RUNNING_TEXT))
    odd = texts.filter(few_small)
    if not len(odd):
        return texts
    capitals, small = (pc.count_substring_regex(odd, kind) for kind in (r"\p{Lu}", r"\p{Ll}"))
    lowered = pc.if_else(pc.greater(capitals, small), pc.utf8_lower(odd), odd)
    return pc.replace_with_mask(texts, few_small, lowered)


@functools.cache
def _chinese_marks() -> str:
    """RE2 pattern of the comma of Chinese, and of the Han characters beyond those that Japan's standard lists
    as common (JIS X 0208, level 1)."""
    rows, cells = range(0xB0, 0xD0), range(0xA1, 0xFF)
    common = bytes(byte for row in rows for cell in cells for byte in (row, cell)).decode("euc_jp", "ignore")
    borders = sorted({*map(ord, common), 0x4DFF, 0xA000})
    ranges = [(low + 1, high - 1) for low, high in pairwise(borders) if high > low + 1]
    return f"[\uff0c\u3400-\u4dbf{''.join(f'{chr(low)}-{chr(high)}' for low, high in ranges)}]"


def _tells_chinese(texts: pa.Array) -> np.ndarray:
    """bool [texts]: which texts in Han characters can be nothing but Chinese."""
    return np.asarray(pc.match_substring_regex(texts, _chinese_marks()))
