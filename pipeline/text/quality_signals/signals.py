"""The quality signals of a column of texts: what the native pass counted, as the numbers that rules judge."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.schema.signals import MODEL_SIGNALS, SIGNALS
from manifests.schema.terms import COMPANY, HARD_WEIGHT
from pipeline.text.arrow.buffers import text_buffers
from pipeline.text.quality_signals.document_stats import LONGEST, scan
from pipeline.text.quality_signals.neighbours import neighbours
from pipeline.text.quality_signals.phrases import GROUP, HARD, SOFT, TOPICS
from pipeline.text.quality_signals.repetition import DUPLICATE, TOP
from pipeline.text.quality_signals.set_aside import set_aside

MEASURED = tuple(name for name in SIGNALS if name not in MODEL_SIGNALS)
PHRASES_PER = 1000
ENOUGH = 50
"""A share of fewer words or characters than this would say nothing about a text."""
MANY, HUNDRED = 150, 100
"""The same of the order of words, and for how many it is given."""
SOME = 10
"""A share of fewer lines, clauses, or words before which some others cannot stand would say nothing."""
FORMULA = 20
"""Chinese characters that a text may say twice: one formula is much of a short one."""
UNLIKE = 0.6
"""The spread of the lengths of Chinese clauses, at least, where their marks may have been shuffled."""
LAID_OUT = 0.25
"""White space among all code points, at most, of text that is not laid out by spaces. Manual pages have 0.27
to 0.6, what a shuffle made of other text 0.2."""
SPACED, BY_WORDS = 0.1, 0.7
"""Spaces for each Chinese character, at least, of text that is written in words, and the share of gaps among
them, at most: a scanner's spaces make nothing but gaps."""
FEWEST_GAPS = 3
"""Gaps between Chinese characters, at least: one or two are slips, in a short text, too."""
ENOUGH_OF_ENTROPY = 200
"""Words: their entropy is at most the logarithm of their number, so that of fewer only tells how few they
are."""
FEW = 3
"""Line ends that would be pairs of words known from elsewhere, at least."""


def measure(texts: pa.Array, prose: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """The signals of ``MEASURED``, float32 [documents] each, NaN where one has no meaning.

    ``prose``: bool [documents], of which markup is set aside, and of which is looked at what stands beside
    what; by default markup of none is, and all are looked at.

    Methods: Gopher (arXiv 2112.11446, A.1.1), C4 (1910.10683, section 2.2), FineWeb (2406.17557) and
    RedPajama-V2 (2411.12372); the Chinese and code signals are ours.
    """
    whole = text_buffers(texts)
    chosen = np.zeros(len(texts), bool) if prose is None else prose
    judged, aside = set_aside(whole, chosen)
    counts, phrases, company = scan(judged)
    beside = neighbours(judged, np.ones(len(texts), bool) if prose is None else prose, LONGEST)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (
            _sizes(counts, aside)
            | _characters(counts, aside)
            | _language(counts)
            | _lines(counts)
            | _repetition(counts)
            | _phrases(counts, aside, phrases, company)
            | _topics(counts, phrases, company)
            | _order(counts, beside)
            | _forms(counts)
        )
    return {name: found[name].astype(np.float32) for name in MEASURED}


def _share(part: np.ndarray, whole: np.ndarray, enough: int = 1) -> np.ndarray:
    """part / whole; NaN where the whole is less than ``enough``."""
    return np.where(whole >= enough, part / whole, np.nan)


def _sizes(c: np.ndarray, aside: np.ndarray) -> dict[str, np.ndarray]:
    characters = c["visible"] + aside["visible"]
    return {
        "characters": characters,
        "words": c["words"] + aside["words"],
        "prose_ratio": _share(c["visible"], characters),
        "lines": c["lines"],
        "sentences": c["sentences"],
        "mean_word_length": _share(c["word_characters"], c["words"]),
        "longest_word": c["longest_word"],
        "mean_sentence_length": _share(c["letters"] + c["digits"], c["sentences"]),
        "mean_line_length": _share(c["line_characters"], c["lines"]),
        "max_line_length": c["longest_line"],
    }


def _characters(c: np.ndarray, aside: np.ndarray) -> dict[str, np.ndarray]:
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
        "url_ratio": _share(c["url"] + aside["addresses"], c["code_points"] + aside["addresses"]),
    }


def _language(c: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "stop_words": np.where(c["words"] >= ENOUGH, c["stop_words"], np.nan),
        "chinese_stop_words": c["chinese_stop_words"],
        "stop_word_ratio": _share(c["stop_word_hits"], c["words"]),
        "capital_words": _share(c["capital"], c["words"]),
        "traditional_ratio": _share(c["traditional"], c["simplified"] + c["traditional"]),
        "function_characters": _share(c["function"], c["han"], ENOUGH),
        "alphabetic_words": _share(c["alphabetic"], c["words"] + c["symbols"]),
        "hash_words": _share(c["hashes"], c["words"]),
        "hash_tags": _share(c["hash_tags"], c["words"]),
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
    forgiven = np.where(c["chinese"] != 0, FORMULA, 0)
    duplicate = {
        f"duplicate_{n}grams": _share(np.maximum(c["duplicate"][:, k] - forgiven, 0), c["word_characters"])
        for k, n in enumerate(DUPLICATE)
    }
    return (
        {name: np.where(c["words"] >= ENOUGH, values, np.nan) for name, values in top.items()}
        | duplicate
        | {
            "unique_words": _share(c["distinct_words"], c["words"]),
            "word_entropy": np.where(c["words"] >= ENOUGH_OF_ENTROPY, c["entropy"], np.nan),
            "longest_run": _share(c["longest_run"], c["visible"]),
            "top_character": _share(c["top_character"], c["visible"]),
        }
    )


def _phrases(
    c: np.ndarray, aside: np.ndarray, phrases: np.ndarray, company: np.ndarray
) -> dict[str, np.ndarray]:
    phrases[:, GROUP["html"]] += aside["tags"]
    turning, advertising = GROUP["turning"], GROUP["advertising"]
    alone = company[:, turning] + company[:, advertising] < COMPANY
    phrases[:, advertising] += np.where(alone, 0, phrases[:, turning])
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


def _topics(c: np.ndarray, phrases: np.ndarray, company: np.ndarray) -> dict[str, np.ndarray]:
    found = {}
    for topic in TOPICS:
        hard, soft = (GROUP[f"{topic}/{weight}"] for weight in (HARD, SOFT))
        weights = HARD_WEIGHT * phrases[:, hard] + phrases[:, soft]
        weights = np.where(company[:, hard] >= COMPANY, weights, 0)
        found[f"{topic}_terms"] = _share(PHRASES_PER * weights, c["words"])
    return found


def _order(c: np.ndarray, beside: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "odd_letter_pairs": _share(beside["odd_pairs"], beside["letter_pairs"], ENOUGH),
        "odd_words": _share(beside["odd_words"], beside["latin_words"], ENOUGH),
        "misplaced_words": _share(np.maximum(beside["misplaced"] - 1, 0), beside["openers"], SOME),
        "rare_characters": _share(beside["rare_han"], beside["han"], ENOUGH),
        "gapped_characters": np.where(
            c["visible"] < (1 - LAID_OUT) * c["code_points"],
            np.nan,
            _share(beside["gaps"] * _are_gaps(beside), beside["han"], ENOUGH),
        ),
        "torn_lines": np.where(
            2 * beside["lower_lines"] >= beside["joined_lines"],
            _share(beside["torn_lines"], beside["joined_lines"], SOME),
            np.nan,
        ),
        "clause_length_spread": _clause_spread(beside),
        "mean_clause_length": _share(beside["clause_characters"], beside["clauses"], SOME),
        "word_order": np.where(_clause_spread(beside) < UNLIKE, np.nan, _word_order(c)),
        "line_order": _line_order(c),
    }


def _are_gaps(beside: np.ndarray) -> np.ndarray:
    """Whether what parts characters is more than slips, and no space behind every word, of which few have one
    character."""
    words = (beside["spaces"] > SPACED * beside["han"]) & (beside["gaps"] < BY_WORDS * beside["spaces"])
    return (beside["gaps"] >= FEWEST_GAPS) & ~words


def _clause_spread(beside: np.ndarray) -> np.ndarray:
    return _spread(beside["clauses"], beside["clause_characters"], beside["clause_squares"], SOME)


def _word_order(c: np.ndarray) -> np.ndarray:
    """Equal pairs of neighbours, against those that the same words in any order would have: their number is
    about Poisson's. A text has them in proportion to its words, so that the excess grows with the square root
    of these; it is that of ``HUNDRED`` words."""
    words = c["words"].astype(np.float64)
    same = c["equal_words"] / (words * (words - 1))
    expected = same**2 * (words - 1) * (words - 2) / 2
    excess = (c["equal_pairs"] / 2 - expected) / np.sqrt(expected + 1)
    return np.where(words >= MANY, excess * np.sqrt(HUNDRED / words), np.nan)


def _line_order(c: np.ndarray) -> np.ndarray:
    """Pairs of words across line ends that stand elsewhere, too, against the share of all pairs that do."""
    share = c["repeated_pairs"] / c["pairs"]
    expected = c["seams"] * share
    spread = np.sqrt(expected * (1 - share) + 0.1)
    return np.where(expected >= FEW, (c["repeated_seams"] - expected) / spread, np.nan)


def _forms(c: np.ndarray) -> dict[str, np.ndarray]:
    shares = {
        "item_lines": "items",
        "article_lines": "articles",
        "speech_lines": "speeches",
        "question_lines": "questions",
        "row_lines": "rows",
        "field_lines": "fields",
    }
    return {name: _share(c[count], c["lines"]) for name, count in shares.items()} | {
        "line_length_spread": _spread(c["lines"], c["line_characters"], c["line_squares"])
    }


def _spread(number: np.ndarray, total: np.ndarray, squares: np.ndarray, enough: int = 1) -> np.ndarray:
    """Standard deviation by the mean, of so many lengths with their sum and that of their squares."""
    mean = total / number
    variance = np.maximum(squares / number - mean**2, 0)
    return np.where(number >= enough, np.sqrt(variance) / mean, np.nan)
