"""Settings of the language step."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from manifests.schema.base import Strict
from manifests.schema.values import Fraction


class LanguageSettings(Strict):
    """Chinese is told by its script, other languages by fastText lid.176 (Joulin et al. 2016) on a sample of
    the prose."""

    model: str
    """The file ``lid.176.ftz`` or ``lid.176.bin``, relative to the corpus manifest; set-up puts one into
    ``assets``."""
    sample_bytes: Annotated[int, Field(ge=100)] = 1000
    """Bytes of prose that the model reads. 1,000 are enough for nearly all documents; see ``sure``."""
    sure: Fraction = 0.8
    """Below this probability the model also reads three times as much, words alone, and the surer answer
    counts; of a text of fewer than 20 words it then names no language but English."""
    min_score: Fraction = 0.5
    """Documents below it are rejected as unsure: the model's probability, or for Chinese the share of Han
    among characters and foreign words."""
    to_simplified: bool = False
    """Converts Traditional Chinese to Simplified (OpenCC: ``tw2s`` where a text is of Taiwan, else
    ``t2s``)."""
