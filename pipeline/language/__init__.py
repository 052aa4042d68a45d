"""The language step: English, Chinese (Hans or Hant) and code are kept, the rest is rejected."""

from pipeline.language.identify import Identifier
from pipeline.language.step import IdentifyLanguage, LanguageStep

__all__ = ["Identifier", "IdentifyLanguage", "LanguageStep"]
