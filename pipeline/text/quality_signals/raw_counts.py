"""The raw numbers that the native pass counts in a document."""

from __future__ import annotations

import numpy as np

from pipeline.text.quality_signals.repetition import DUPLICATE, TOP

_CHARACTERS = (
    "code_points visible letters digits upper punctuation control broken han full_width function simplified "
    "traditional chinese_stop_words curly hashes hash_tags top_character longest_run"
)
_WORDS = (
    "url sentences ellipses breaks words symbols alphabetic capital word_characters longest_word stop_words "
    "stop_word_hits distinct_words equal_words equal_pairs chinese pairs repeated_pairs seams repeated_seams"
)
_LINES = (
    "lines line_characters longest_line bullet ellipsis terminal closed short few_runs comment header "
    "items articles speeches rows fields questions line_squares licence_line data_characters "
    "javascript_lines policy_lines c4_lines c4_sentences c4_curly duplicate_lines duplicate_line_characters "
    "paragraphs duplicate_paragraphs duplicate_paragraph_characters"
)

COUNTS = np.dtype(
    [
        *((name, np.int64) for name in f"{_CHARACTERS} {_WORDS} {_LINES}".split()),
        ("entropy", np.float64),
        ("top", np.int64, len(TOP)),
        ("duplicate", np.int64, len(DUPLICATE)),
    ]
)
"""``pipeline.text.quality_signals.signals`` says what becomes of each."""
