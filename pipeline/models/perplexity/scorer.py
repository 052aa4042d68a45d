"""What an n-gram model over token ids says of documents: their perplexity, and how much the order of their
words means to it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from manifests.border.unsound_file import UnsoundFileError
from pipeline.models.perplexity.ngram_model import BLOCK, LINE, NgramModel, first_line, ngram_key, search
from pipeline.models.perplexity.ngrams import BEGIN, END, UNKNOWN
from pipeline.models.word_starts import BEGINS_HAN, BEGINS_WORD, ENDS_HAN
from pipeline.text.arrow.intrinsics import prefetch
from pipeline.text.arrow.kernel import inlined, kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

_AGAIN = "run `openba quality` and the steps after it again"
TOGETHER = 1024
"""Words of short documents that are searched for together, at least."""
LINES, ABSENT, UNSURE = np.uint64(LINE), np.uint64(0xFFFFFFFFFFFFFFFF), np.uint64(0xFFFFFFFFFFFFFFFE)


class Scores(NamedTuple):
    """Of documents: their perplexity [rows]; and of the places in them where a word follows a word (see
    ``pipeline.models.word_starts``), both known to the model, the number [rows], and the sum and the sum of
    squares [rows] of what the words before tell of the next one, ``log10 P(word | before) - log10
    P(word)``."""

    perplexity: npt.NDArray[np.float64]
    places: npt.NDArray[np.float64]
    gain: npt.NDArray[np.float64]
    gain_squares: npt.NDArray[np.float64]


class PerplexityScorer:
    """An n-gram model (see ``NgramModel``) with the probabilities that KenLM gives for the same n-grams.

    Raises:
        BrokenModelError: the file is no model.
        OSError: it is missing.
    """

    def __init__(self, model: Path, classes: npt.NDArray[np.uint8] | None = None) -> None:
        """``classes`` [ids]: see ``pipeline.models.word_starts``; without them no place counts."""
        self._model = NgramModel.load(model)
        self._classes = classes

    def score(
        self, tokens: pa.ListArray, rows: npt.NDArray[np.int64] | slice = slice(None)
    ) -> npt.NDArray[np.float64]:
        """The perplexity alone; see ``scores``."""
        return self.scores(tokens, rows).perplexity

    def scores(self, tokens: pa.ListArray, rows: npt.NDArray[np.int64] | slice = slice(None)) -> Scores:
        """Of the documents in these rows. The perplexity is per token, the end of the document counted as
        one: ``10 ** (-log10 P(document </s>) / (tokens + 1))``.

        An empty document has the perplexity of its end; a null one NaN.
        """
        lengths = pc.list_value_length(tokens).to_numpy(zero_copy_only=False).astype(np.float64)
        offsets = tokens.offsets.to_numpy().astype(np.int64)
        begins, ends = offsets[:-1][rows], offsets[1:][rows]
        ids = tokens.values.to_numpy()
        model = self._model
        classes = self._classes_of(int(ids.max(initial=0)))
        unigrams, packed = model.unigrams.view("<f4").reshape(-1, 2), model.tables.view("<f4")
        tables = (unigrams, model.lines, model.tables, packed)
        total, *gains = _score(ids, begins, ends, model.word, classes, *tables)
        return Scores(np.asarray(10.0 ** (-total / (lengths[rows] + 1)), np.float64), *gains)

    def _classes_of(self, largest: int) -> npt.NDArray[np.uint8]:
        """A class for every id up to the largest."""
        if self._classes is None:
            return np.zeros(largest + 1, np.uint8)
        if largest >= len(self._classes):
            what = f"tokens that were written down are not below {len(self._classes)}"
            raise UnsoundFileError(what, fix=_AGAIN)
        return self._classes


@kernel
def _score(
    ids: np.ndarray,
    begins: np.ndarray,
    ends: np.ndarray,
    word_of: np.ndarray,
    classes: np.ndarray,
    unigrams: np.ndarray,
    lines: np.ndarray,
    tables: np.ndarray,
    packed: np.ndarray,
) -> np.ndarray:
    """log10 P(document </s>), places, gain and its squares of each document: float64 [4, documents].
    ``packed``: the memory of ``tables`` as float32 [lines, 16].

    Every n-gram is searched for, order by order; the longest one that ends at a word gives its probability,
    and the longer histories
    that were found give their backoffs. Nothing in an order depends on its neighbour, so that the processor
    overlaps the searches: memory latency, not arithmetic, is what a look-up costs. Short documents are
    searched for together, else there would be too few searches at a time.
    """
    room = TOGETHER
    for document in range(len(begins)):
        room = max(room, ends[document] - begins[document] + 2)
    words, slot_of = np.empty(room, np.uint32), np.empty(room, np.uint32)
    open_ = np.empty(room, np.uint64)
    probability, backoff = np.empty(room, np.float32), np.empty(room + 1, np.float32)
    scores, scratch = np.zeros((4, len(begins)), np.float64), np.empty((3, BLOCK), np.uint64)
    following = 0
    while following < len(begins):
        first, size = following, 0
        while following < len(begins) and (
            size == 0 or size + ends[following] - begins[following] + 2 <= TOGETHER
        ):
            own = ids[begins[following] : ends[following]]
            size += _unigrams(own, word_of, unigrams, words[size:], probability[size:], backoff[size:])
            following += 1
        slot_of[:size] = words[:size]
        count = _starts(words[:size], open_)
        begin = np.int64(0)
        for order in range(2, len(lines) + 2):
            end = begin + np.int64(lines[order - 2])
            keys, numbers = tables[begin:end], packed[begin:end]
            count = _extend(order, keys, numbers, words, slot_of, open_, count, probability, backoff, scratch)
            begin = end
        at = 0
        for document in range(first, following):
            own, until = ids[begins[document] : ends[document]], at + ends[document] - begins[document] + 2
            of = words[at:until], classes, unigrams, probability[at:until], backoff[at:until]
            _sums(own, *of, scores[:, document])
            at = until
    return scores


@kernel_without_refcounts
def _starts(words: np.ndarray, open_: np.ndarray) -> int:
    """Writes the places of words that another one follows to ``open_``, and returns their number: from the
    last to the first, so that what an n-gram adds to the backoff of the next word is not wiped out by the
    n-gram that ends there."""
    count = 0
    for start in range(len(words) - 1, -1, -1):
        open_[count] = start
        count += words[start] != END
    return count


@kernel_without_refcounts
def _sums(
    ids: np.ndarray,
    words: np.ndarray,
    classes: np.ndarray,
    unigrams: np.ndarray,
    probability: np.ndarray,
    backoff: np.ndarray,
    scores: np.ndarray,
) -> None:
    """What ``_score`` says of a document. Without a branch, which no processor could foretell."""
    total = places = gains = squares = np.float64(0)
    for place in range(1, len(words)):
        total += probability[place] + backoff[place]
    for place in range(2, len(words) - 1):
        follows = _word_follows(ids, words, classes, place)
        told = probability[place] + backoff[place] - unigrams[words[place], 0]
        gain = told if follows else np.float32(0)
        places += follows
        gains += gain
        squares += gain * gain
    scores[0], scores[1], scores[2], scores[3] = total, places, gains, squares


@inlined
def _word_follows(ids: np.ndarray, words: np.ndarray, classes: np.ndarray, place: int) -> bool:
    """Whether a known word begins at a place after a known one; the id there is ``ids[place - 1]``."""
    last, first = classes[ids[place - 2]], classes[ids[place - 1]]
    begins = (first & BEGINS_WORD != 0) | ((first & BEGINS_HAN != 0) & (last & ENDS_HAN != 0))
    return bool(begins & (words[place] != UNKNOWN) & (words[place - 1] != UNKNOWN))


@kernel_without_refcounts
def _unigrams(
    ids: np.ndarray,
    word_of: np.ndarray,
    unigrams: np.ndarray,
    words: np.ndarray,
    probability: np.ndarray,
    backoff: np.ndarray,
) -> int:
    """Fills in the words ``<s> .. </s>``, their own probabilities and the backoffs of the words before them;
    returns their number."""
    size = len(ids) + 2
    words[0], words[size - 1] = BEGIN, END
    for place in range(len(ids)):
        words[place + 1] = word_of[ids[place]] if ids[place] < len(word_of) else 0
    for place in range(size):
        probability[place] = unigrams[words[place], 0]
        backoff[place + 1] = unigrams[words[place], 1]
    return size


@kernel_without_refcounts
def _extend(
    order: int,
    keys: np.ndarray,
    numbers: np.ndarray,
    words: np.ndarray,
    slot_of: np.ndarray,
    open_: np.ndarray,
    count: int,
    probability: np.ndarray,
    backoff: np.ndarray,
    scratch: np.ndarray,
) -> int:
    """Appends a word to the n-grams at the first ``count`` starts in ``open_``, and leaves there the starts
    of those that were found and that another word follows. ``backoff`` has one place more than ``words``;
    ``scratch`` is uint64 [3, BLOCK]."""
    lines, kept, one = np.uint64(len(keys)), 0, np.uint64(1)
    slots, wanted, starts = scratch[0], scratch[1], scratch[2]
    added = np.uint64(order - 1)
    for block in range(0, count, BLOCK):
        some, found = min(BLOCK, count - block), 0
        for index in range(some):
            start = open_[block + index]
            wanted[index] = ngram_key(slot_of[start], words[start + added])
            slots[index] = first_line(wanted[index], lines)
            prefetch(keys, slots[index])
        for index in range(some):
            slot = _on_line(keys, wanted[index], slots[index])
            if slot == UNSURE:
                slot = np.uint64(search(keys, wanted[index]))
                if keys[slot // LINES, slot % LINES] != wanted[index]:
                    slot = ABSENT
            starts[found], slots[found] = open_[block + index], slot
            found += slot != ABSENT
        for index in range(found):
            start, slot = starts[index], slots[index]
            end, line, place = start + added, slot // LINES, np.uint64(2) * (LINES + slot % LINES)
            probability[end], backoff[end] = numbers[line, place], 0
            backoff[end + one] += numbers[line, place + one]
            slot_of[start], open_[kept] = slot, start
            kept += words[end] != END
    return kept


@inlined
def _on_line(keys: np.ndarray, key: np.uint64, line: np.uint64) -> np.uint64:
    """The slot of a key if it is on its first line; ``ABSENT``; or ``UNSURE`` where the line is full of
    others. Without a branch."""
    slot = ABSENT if keys[line, LINE - 1] == 0 else UNSURE
    for place in range(LINE):
        slot = LINES * line + np.uint64(place) if keys[line, place] == key else slot
    return slot
