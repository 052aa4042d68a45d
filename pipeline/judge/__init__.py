"""Judges the rules of quality: what they drop of trusted text, and what they catch of junk."""
