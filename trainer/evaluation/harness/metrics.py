"""Metrics that the harness lacks for our languages, or downloads: its tasks name them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sacrebleu.metrics import BLEU, CHRF

from trainer.evaluation.harness.sandbox import passes

Pair = tuple[str, str]
"""A reference and what was written."""
DRAWS = 1000
"""Of items, for the standard error of a corpus's BLEU."""
WIDTH = 1.96
"""Half of a 95 % interval, in standard errors."""


def bleu(references: Sequence[str], predictions: Sequence[str]) -> Pair:
    """Of one item: both texts. BLEU is of a corpus."""
    return references[0], predictions[0]


def chrf(references: Sequence[str], predictions: Sequence[str]) -> float:
    """chrF of one item, 0 to 100 (Popović 2015): n-grams of 1 to 6 characters, which need no words."""
    return float(CHRF().sentence_score(predictions[0], [references[0]]).score)


def bleu_zh(pairs: Sequence[Pair]) -> float:
    """BLEU of a corpus, 0 to 100, Chinese cut into characters: sacrebleu's ``zh``, where its usual tokenizer
    would see a sentence as a word."""
    return corpus_bleu(pairs, chinese=True)[0]


def bleu_en(pairs: Sequence[Pair]) -> float:
    """BLEU of a corpus, 0 to 100, with sacrebleu's usual tokenizer, ``13a``."""
    return corpus_bleu(pairs, chinese=False)[0]


def corpus_bleu(pairs: Sequence[Pair], *, chinese: bool) -> tuple[float, float]:
    """BLEU (Papineni et al. 2002) and its standard error, by DRAWS bootstrap samples (Koehn 2004)."""
    references, written = zip(*pairs, strict=True)
    scorer = BLEU(tokenize="zh" if chinese else "13a")
    found: Any = scorer.corpus_score(list(written), [list(references)], n_bootstrap=DRAWS)
    return float(found.score), float(found._ci) / WIDTH


def programs(answers: Sequence[Sequence[str]], documents: Sequence[dict[str, Any]]) -> list[list[str]]:
    """What was written, after the beginning of the program that it goes on with."""
    return [
        [document["prompt"] + answer for answer in written]
        for written, document in zip(answers, documents, strict=True)
    ]


def pass_at_1(references: Sequence[str], predictions: Sequence[Sequence[str]]) -> float:
    """1 if the first program passes its tests, in a sandbox, else 0 (Chen et al. 2021)."""
    return float(passes(f"{predictions[0][0]}\n{references[0]}"))
