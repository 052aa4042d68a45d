"""The language step: English, Chinese (Hans or Hant) and code are kept, the rest is rejected."""
