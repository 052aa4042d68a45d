"""Which pieces begin a word."""

from __future__ import annotations

from pipeline.models.word_starts import BEGINS_HAN, BEGINS_WORD, ENDS_HAN, word_starts


def test_a_word_begins_with_a_space_and_a_letter_or_with_a_chinese_character() -> None:
    known = {
        "▁the": BEGINS_WORD,
        "▁über": BEGINS_WORD,
        "▁1": 0,  # numbers follow no words
        "▁": 0,
        "ing": 0,
        "\n": 0,
        "<0xE4>": 0,
        "中国": BEGINS_HAN + ENDS_HAN,
        "，中": ENDS_HAN,
        "的，": BEGINS_HAN,
        "\u3400": BEGINS_HAN + ENDS_HAN,
        "\u9fff": BEGINS_HAN + ENDS_HAN,
        "かな": 0,
        "▁中": BEGINS_WORD + ENDS_HAN,
    }
    assert word_starts(list(known)).tolist() == list(known.values())
