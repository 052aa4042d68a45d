"""The words of a text alone: what tells its language when there is little of it.

A bibliography, a list of parts, a line of a log are English or Chinese by the few words between the numbers,
and a model that reads the codes for words takes them for German. Left out: addresses (with hosts and paths in
any script), runs of letters with a digit, an underscore, a slash or a mark inside, as identifiers, versions,
paths, hosts and e-mail addresses have, abbreviations in capitals, and all that is no letter.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# Ranges and no names of scripts, which take ten times as long to compile as a batch takes.
_ASCII = r"[!#-&*-;=?-Z\\^-z|~]"
_BEYOND = r"[\x{a1}-\x{1fff}\x{2e80}-\x{2fff}\x{3041}-\x{fefe}\x{20000}-\x{323af}]"
# Letters outside ASCII belong to an address behind a mark of it only: Chinese goes on right behind one.
_ADDRESS = rf"[A-Za-z]+://{_BEYOND}*(?:[/.=-]{_BEYOND}+|{_ASCII})*"
# What stands between two spaces, or between two words of a script that has no spaces.
_RUN = r"[!-~\x{c0}-\x{24f}\x{370}-\x{52f}]"
_IDENTIFIER = rf"{_RUN}*(?:[0-9_@=/\\]|[.:][A-Za-z0-9]|[a-z][A-Z]){_RUN}*"
_ABBREVIATION = r"\b[A-Z]{2,5}s?\b"
_LETTERS = (
    r"A-Za-z'\x{aa}-\x{1fff}\x{2019}\x{2c00}-\x{2dff}\x{3005}-\x{3007}\x{3041}-\x{fefe}\x{ff0c}\x{ff21}-\x{ffdf}"
    r"\x{10000}-\x{1cfff}\x{20000}-\x{323af}"
)
_NO_LETTERS = f"[^{_LETTERS}]+"


def words_alone(texts: pa.Array) -> pa.Array:
    """string [texts] -> string [texts], with single spaces for what is left out. The comma of Chinese, which
    tells it, stays."""
    for pattern in (_ADDRESS, _IDENTIFIER, _ABBREVIATION, _NO_LETTERS):
        texts = pc.replace_substring_regex(texts, pattern, " ")
    return texts
