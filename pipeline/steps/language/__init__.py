"""The language step: English, Chinese (Hans or Hant) and code are kept, the rest is rejected."""

from pipeline.steps.language.language_id import Identifier
from pipeline.steps.language.language_step import IdentifyLanguage, LanguageStep

__all__ = ["Identifier", "IdentifyLanguage", "LanguageStep"]
