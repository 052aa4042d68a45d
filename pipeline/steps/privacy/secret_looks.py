"""What a secret looks like, and what only stands where one would: examples, templates, names in code. No
standard says it; the borders are set by real settings files, documentation and code."""

from __future__ import annotations

import re

from pipeline.steps.privacy.entropy import entropy

LEAST_ENTROPY, SHORTEST_UNQUOTED = 2.5, 8
_EXAMPLE = re.compile(
    rb"^(?:my|test)|pass(?:word|wd|phrase)|secret|token|your|example|changeme|change[_\-]?me|xxx|\*\*\*|\.\.\."
    rb"|api[_\-]?key|dummy|fake|sample|insert|here|none|null|true|false|required|invalid",
    re.IGNORECASE,
)
_CODE_OR_TEMPLATE = re.compile(rb"[{}<>()\[\]$%\\]|://|^[./]|^--")
_PLAIN_EXAMPLE = re.compile(rb"placeholder|redacted|masked|replace|^(?:foo|bar|some)", re.IGNORECASE)
_OTHER_VALUE = re.compile(
    rb"^[0-9]{4}-[0-9]{2}|^v?[0-9]+(?:\.[0-9]+)+|@[\w\-]+\.[a-z]{2,}$|\.(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml"
    rb"|txt|py|js|ts|go|java|env|conf|ini|cfg|md|html?)$|^(?:u?int|float|bytes|string|varchar|char)_?[0-9]+"
    rb"|(?:^|[_\-.])(?:sha[0-9]{1,3}(?![0-9])|md[45]|aes[\-_]?[0-9]{3}|rsa[\-_]?[0-9]{4}|base[0-9]{2}|utf[\-_]?[0-9]"
    rb"|ed25519|argon2|scrypt|bcrypt|oauth)",
    re.IGNORECASE,
)
_SNAKE_NAME = re.compile(rb"[a-z]+(?:_[a-z0-9]+)+|[A-Z]+(?:_[A-Z0-9]+)+")
_DOTTED_NAME = re.compile(rb"[A-Za-z_][\w\-]*(?:[.:/][A-Za-z_][\w\-]*)+")
_DIGIT, _LETTER = re.compile(rb"[0-9]"), re.compile(rb"[A-Za-z]")
_TWO_DIGITS, _THREE_DIGITS = re.compile(rb"[0-9]{2}"), re.compile(rb"[0-9]{3}")
_HEX = re.compile(rb"[0-9a-f]{16,}|[0-9A-F]{16,}")
_PIECE = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_WORD = re.compile(rb"(?=.*[aeiouAEIOU])(?!.*[^aeiouyAEIOUY]{4})(?!.*[^aeiouyAEIOUY]{3}\Z)[A-Za-z]{4,}")
_MOST_OF_PIECE, _MOST_IN_WORDS, _LONG = 3.2, 0.7, 24


def is_example(value: bytes) -> bool:
    """Whether a value is there to be replaced (your-password), or is a template or an expression."""
    return bool(_EXAMPLE.search(value) or _CODE_OR_TEMPLATE.search(value))


def is_mixed(value: bytes) -> bool:
    """Whether digits and letters are mixed, not too few of them again and again."""
    return bool(_DIGIT.search(value) and _LETTER.search(value)) and entropy(value) >= LEAST_ENTROPY


def looks_random(value: bytes) -> bool:
    """Whether letters and digits change as they do in no name: sixteen hexadecimal digits or more, or pieces
    of one case or of digits have fewer than 3.2 characters on average, and at most seven tenths of the
    letters are in pieces that could be words, of four or more with vowels."""
    if _HEX.fullmatch(value):
        return True
    pieces = _PIECE.findall(value)
    letters = sum(len(piece) for piece in pieces if not piece.isdigit())
    if not letters or sum(map(len, pieces)) >= _MOST_OF_PIECE * len(pieces):
        return False
    return sum(len(piece) for piece in pieces if _WORD.fullmatch(piece)) <= _MOST_IN_WORDS * letters


def is_unquoted_secret(value: bytes) -> bool:
    """Whether a value without quotes, which code could have written, is a secret for its look alone."""
    return _may_be_secret(value) and looks_random(value) and not _SNAKE_NAME.fullmatch(value)


def is_chosen_secret(value: bytes) -> bool:
    """Whether a value where nothing but a secret can stand is one, be it a word and a number
    (Guangzhou2019)."""
    if not _may_be_secret(value):
        return False
    if _SNAKE_NAME.fullmatch(value):
        return _THREE_DIGITS.search(value) is not None
    return _TWO_DIGITS.search(value) is not None or looks_random(value)


def _may_be_secret(value: bytes) -> bool:
    if len(value) < SHORTEST_UNQUOTED or not is_mixed(value) or is_example(value):
        return False
    if len(value) < _LONG and _DOTTED_NAME.fullmatch(value):
        return False
    return not (_PLAIN_EXAMPLE.search(value) or _OTHER_VALUE.search(value))
