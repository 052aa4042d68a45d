"""The documentation site, and what makes its reference."""
