"""Keys, tokens, passwords and private keys: what opens something, and the examples of it that open
nothing."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise

from pipeline.steps.privacy.contexts import SECRET_NAMES

_BLOCK_LINE = re.compile(rb"[0-9A-Za-z+/=]{24,}")
_SK = re.compile(
    rb"sk-(?:[0-9a-f]{32}|[0-9A-Za-z]{40,64}|[0-9A-Za-z_\-]*T3BlbkFJ[0-9A-Za-z_\-]*|(?:ant|proj|svcacct|admin|or)-[0-9A-Za-z_\-]{40,200})"
)
_ASSIGNED = re.compile(
    rb"(?:\b|_|(?<=[a-z]))(?P<name>%b)[\"'\]]{0,2} ?(?::?=|:) {0,3}[\"']\Z"
    % b"|".join(re.escape(name) for name in sorted(SECRET_NAMES, key=len, reverse=True)),
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    rb"^(?:my|test)|pass(?:word|wd|phrase)|secret|token|your|example|changeme|change[_\-]?me|xxx|\*\*\*|\.\.\.|api[_\-]?key|dummy|fake|sample|insert|here|none|null"
    rb"|true|false|required|invalid",
    re.IGNORECASE,
)
_IN_CODE = re.compile(rb"[{}<>()\[\]$%\\]|://|^[./]|^--")
_LINE_GAP, _MOST_HEADERS = 12, 240
_LEAST_TOKEN = 16  # names of tokens are also those of lexers and pages
_LEAST_BITS_KEY, _LEAST_BITS_VALUE = 2.6, 2.5


def entropy(text: bytes) -> float:
    """Shannon's, of the bytes of a text: bits for each."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def api_key(found: bytes, before: bytes, after: bytes) -> int:
    """A key or token in the form that its service gives out. The same letter again and again (ghp_xxxx) is an
    example of one."""
    if found.startswith(b"sk-") and not _SK.fullmatch(found):
        return 0
    return len(found) if entropy(found[4:]) >= _LEAST_BITS_KEY else 0


def private_key(found: bytes, before: bytes, after: bytes) -> int:
    """A block with key material. Where the closing line is missing, the block ends with the last of the lines
    that follow each other,
    the first of which has digits: a long name in code has none."""
    lines = list(_BLOCK_LINE.finditer(found, found.index(b"-----", 11) + 5))
    if not lines or entropy(lines[0].group()) < _LEAST_BITS_KEY:
        return 0
    if found.endswith(b"-----"):
        return len(found)
    if lines[0].start() > _MOST_HEADERS or not re.search(rb"[0-9]", lines[0].group()):
        return 0
    return next(
        (line.end() for line, after_it in pairwise(lines) if after_it.start() - line.end() > _LINE_GAP),
        lines[-1].end(),
    )


def password(found: bytes, before: bytes, after: bytes) -> int:
    """What is assigned in quotes to a secret's name, if it looks made up by somebody: digits and letters
    mixed, and neither an example (your-password), a name in code, a path nor a template."""
    assigned = _ASSIGNED.search(before)
    if (
        not assigned
        or (assigned["name"].lower() == b"token" and len(found) < _LEAST_TOKEN)
        or _EXAMPLE.search(found)
        or _IN_CODE.search(found)
    ):
        return 0
    mixed = re.search(rb"[0-9]", found) and re.search(rb"[A-Za-z]", found)
    return len(found) if mixed and entropy(found) >= _LEAST_BITS_VALUE else 0
