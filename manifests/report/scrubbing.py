"""What a page shows of texts: what a scrubber leaves of them. This package knows none and is given one."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

Scrub = Callable[[pa.Array], pa.Array]
"""string [texts] to the same without personal data."""

HIDDEN = "‹not shown›"
_LOOKED_AT = 1 << 14


def hidden(texts: pa.Array) -> pa.Array:
    """Nothing of any text: where there is no scrubber, no text is fit for a page."""
    return pa.array([None if text is None else HIDDEN for text in texts.is_valid().to_pylist()], pa.string())


def beginnings(texts: pa.Array, characters: int, scrub: Scrub) -> pa.Array:
    """The first characters of the scrubbed texts. Scrubbed is far more than is shown, so that no datum is
    found only because, or only if, it was cut."""
    looked_at = pc.utf8_slice_codeunits(texts.cast(pa.string()), 0, max(_LOOKED_AT, 8 * characters))
    return pc.utf8_slice_codeunits(scrub(looked_at), 0, characters)


def shown_details(details: pa.Array, characters: int, scrub: Scrub) -> pa.Array:
    """What rejects tell beside their reason, as texts are shown. The details of duplicates name documents,
    whose numbers are places and nobody's."""
    told = details.cast(pa.string())
    is_text = pc.invert(pc.starts_with(pc.fill_null(told, ""), "cluster="))
    return pc.if_else(is_text, beginnings(told, characters, scrub), told)
