"""Personal data: found in linear time, proved by a validator for each kind, replaced by placeholders or removed."""

from pipeline.privacy.step import PrivacyStep

__all__ = ["PrivacyStep"]
