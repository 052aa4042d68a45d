"""The quality signals of a column of texts: what the native pass counted, as the numbers that rules judge."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.schema.signals import MODEL_SIGNALS, SIGNALS
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.document_stats import scan
from pipeline.text.quality_signals.phrases import GROUP
from pipeline.text.quality_signals.repetition import DUPLICATE, TOP

MEASURED = tuple(name for name in SIGNALS if name not in MODEL_SIGNALS)
PHRASES_PER = 1000
ENOUGH = 50
"""A share of fewer words or characters than this would say nothing about a text."""


def measure(texts: pa.Array) -> dict[str, np.ndarray]:
    """The signals of ``MEASURED``, float32 [documents] each, NaN where one has no meaning.

    Methods: Gopher (arXiv 2112.11446, A.1.1), C4 (1910.10683, section 2.2), FineWeb (2406.17557) and
    RedPajama-V2 (2411.12372); the Chinese and code signals are ours.
    """
    counts, phrases = scan(text_buffers(texts))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (
            _sizes(counts)
            | _characters(counts)
            | _language(counts)
            | _lines(counts)
            | _repetition(counts)
            | _phrases(counts, phrases)
        )
    return {name: found[name].astype(np.float32) for name in MEASURED}


def _share(part: np.ndarray, whole: np.ndarray, enough: int = 1) -> np.ndarray:
    """part / whole; NaN where the whole is less than ``enough``."""
    return np.where(whole >= enough, part / whole, np.nan)


def _sizes(c: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "characters": c["visible"],
        "words": c["words"],
        "lines": c["lines"],
        "sentences": c["sentences"],
        "mean_word_length": _share(c["word_characters"], c["words"]),
        "longest_word": c["longest_word"],
        "mean_sentence_length": _share(c["letters"] + c["digits"], c["sentences"]),
        "mean_line_length": _share(c["line_characters"], c["lines"]),
        "max_line_length": c["longest_line"],
    }


def _characters(c: np.ndarray) -> dict[str, np.ndarray]:
    shares = {
        "letter_ratio": "letters",
        "digit_ratio": "digits",
        "punctuation_ratio": "punctuation",
        "control_ratio": "control",
        "broken_ratio": "broken",
        "han_ratio": "han",
        "full_width_ratio": "full_width",
        "curly_ratio": "curly",
    }
    return {name: _share(c[count], c["visible"]) for name, count in shares.items()} | {
        "uppercase_ratio": _share(c["upper"], c["letters"]),
        "whitespace_ratio": _share(c["code_points"] - c["visible"], c["code_points"]),
        "url_ratio": _share(c["url"], c["code_points"]),
    }


def _language(c: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "stop_words": c["stop_words"],
        "stop_word_ratio": _share(c["stop_word_hits"], c["words"]),
        "capital_words": _share(c["capital"], c["words"]),
        "traditional_ratio": _share(c["traditional"], c["simplified"] + c["traditional"]),
        "function_characters": _share(c["function"], c["han"], ENOUGH),
        "alphabetic_words": _share(c["alphabetic"], c["words"] + c["symbols"]),
        "hash_words": _share(c["hashes"], c["words"]),
        "ellipsis_words": _share(c["ellipses"], c["words"]),
    }


def _lines(c: np.ndarray) -> dict[str, np.ndarray]:
    shares = {
        "bullet_lines": "bullet",
        "ellipsis_lines": "ellipsis",
        "punctuated_lines": "terminal",
        "terminal_lines": "closed",
        "short_lines": "short",
        "few_word_lines": "few_runs",
        "javascript_lines": "javascript_lines",
        "policy_lines": "policy_lines",
        "c4_lines": "c4_lines",
        "comment_lines": "comment",
        "duplicate_lines": "duplicate_lines",
    }
    return {name: _share(c[count], c["lines"]) for name, count in shares.items()} | {
        "newline_words": _share(c["breaks"], c["words"]),
        "c4_sentences": c["c4_sentences"],
        "c4_curly_lines": c["c4_curly"],
        "licence_lines": _share(
            c["header"] * ((c["licence_line"] > 0) & (c["licence_line"] <= c["header"])), c["lines"]
        ),
        "data_characters": _share(c["data_characters"], c["visible"]),
        "duplicate_line_characters": _share(c["duplicate_line_characters"], c["line_characters"]),
        "duplicate_paragraphs": _share(c["duplicate_paragraphs"], c["paragraphs"]),
        "duplicate_paragraph_characters": _share(c["duplicate_paragraph_characters"], c["line_characters"]),
    }


def _repetition(c: np.ndarray) -> dict[str, np.ndarray]:
    top = {
        f"top_{n}gram": np.minimum(_share(c["top"][:, k], c["word_characters"]), 1) for k, n in enumerate(TOP)
    }
    duplicate = {
        f"duplicate_{n}grams": _share(c["duplicate"][:, k], c["word_characters"])
        for k, n in enumerate(DUPLICATE)
    }
    return (
        {name: np.where(c["words"] >= ENOUGH, values, np.nan) for name, values in top.items()}
        | duplicate
        | {
            "unique_words": _share(c["distinct_words"], c["words"]),
            "word_entropy": np.where(c["words"] > 0, c["entropy"], np.nan),
            "longest_run": _share(c["longest_run"], c["visible"]),
            "top_character": _share(c["top_character"], c["visible"]),
        }
    )


def _phrases(c: np.ndarray, phrases: np.ndarray) -> dict[str, np.ndarray]:
    dense = {
        "html_tags": "html",
        "lorem_ipsum": "lorem",
        "javascript_notices": "javascript",
        "policy_phrases": "policy",
        "boilerplate_phrases": "boilerplate",
        "advertising_phrases": "advertising",
        "mojibake_marks": "mojibake",
    }
    return {
        name: _share(PHRASES_PER * phrases[:, GROUP[group]], c["words"]) for name, group in dense.items()
    } | {"generated_marks": phrases[:, GROUP["generated"]]}
