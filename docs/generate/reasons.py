"""The reasons for which documents are rejected, as a page."""

from __future__ import annotations

import inspect

from docs.generate.markdown import markdown
from manifests.schema import reasons

PAIRS = "shards: instruction pairs"


def page() -> str:
    """A section a step, a line a reason."""
    text = ["# Reasons", markdown(inspect.getdoc(reasons) or "")]
    for step, found in (*reasons.REASONS.items(), (PAIRS, reasons.PAIR_REASONS)):
        text += [f"## {step}", *(f"`{name}`\n: {markdown(about)}" for name, about in found.items())]
    return "\n\n".join(text) + "\n"
