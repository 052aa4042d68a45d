"""What a command shows: a name that holds the escapes of a terminal is shown, never carried out."""

from __future__ import annotations

import re
import sys

from manifests.credentials import without_credentials

# Controls but for the tab and the line break (C0, DEL and C1, where one character can begin an escape); marks
# and embeddings that turn the direction of what follows (Unicode Standard Annex 9); line separators; and lone
# surrogates, which are bytes of a file's name that are no UTF-8.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """A text whose controls are written as ``\\x1b`` or ``\\u202e``. JSON, which has none below U+0020, still
    means the same."""
    return _CONTROLS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 0x20 else f"\\u{number:04x}"


def say(text: str) -> None:
    """Writes lines to standard output, at once."""
    print(printable(text), flush=True)


def complain(text: str) -> None:
    """Writes lines to standard error, without credentials."""
    print(printable(without_credentials(text)), file=sys.stderr, flush=True)
