"""ASCII bytes by name, for kernels: numba compiles a module's integers as constants."""

from __future__ import annotations

TAB = 9
SPACE, EXCLAMATION_MARK, DOUBLE_QUOTE, HASH, DOLLAR, AMPERSAND, QUOTE = b" !\"#$&'"
OPENING_PARENTHESIS, CLOSING_PARENTHESIS, STAR, PLUS, COMMA, DASH, DOT, SLASH = b"()*+,-./"
COLON, SEMICOLON, EQUALS, QUESTION_MARK, AT, UNDERSCORE, BACKTICK, TILDE = b":;=?@_`~"
OPENING_BRACKET, BACKSLASH, CLOSING_BRACKET = b"[\\]"
LAST_PRINTABLE = TILDE
ZERO, ONE, TWO, FOUR, FIVE, SIX, EIGHT, NINE = b"01245689"
CAPITAL_A, CAPITAL_G, CAPITAL_S, CAPITAL_Z = b"AGSZ"
SMALL_A, SMALL_D, SMALL_O, SMALL_P, SMALL_Q, SMALL_R, SMALL_U, SMALL_V, SMALL_W, SMALL_Z = b"adopqruvwz"

CASE_BIT = 32
"""Or'ed to a letter, makes it small; what it makes of other bytes may be a letter too."""

FIRST_NON_ASCII = 128
"""Bytes from here on are parts of characters outside ASCII."""
