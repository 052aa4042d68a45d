"""Passwords between user and host in addresses of databases and other services (``postgres://app:...@db``;
RFC 3986, section 3.2.1), and in the form of Go's MySQL driver (``app:...@tcp(db:3306)``)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.secret_looks import is_example, is_mixed, looks_random
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import AT, COLON, LAST_PRINTABLE, SLASH, SPACE

CANDIDATE = 1 << 24
_LONGEST, _SHORTEST = 128, 6
_ADDRESS_BEFORE = re.compile(rb"[a-z][a-z0-9+.\-]{1,24}://[^\s/@:\"'<>]{0,63}:\Z", re.IGNORECASE)
_GO_BEFORE, _GO_AFTER = re.compile(rb"(?<![^\s\"'`=(])[\w.\-]{1,32}:\Z"), re.compile(rb"@(?:tcp|unix)\(")
_ESCAPE = re.compile(rb"%[0-9A-Fa-f]{2}")


@kernel_without_refcounts
def find_password_before(data, at_sign, begin):  # type: ignore[no-untyped-def]
    """What may be a password and ends before the @ at ``at_sign``: after the first colon behind a slash, or
    in the word. First byte; -1 for none."""
    colon, at, first = -1, at_sign - 1, max(begin, at_sign - _LONGEST)
    while at >= first and SPACE < data[at] <= LAST_PRINTABLE and data[at] != AT and data[at] != SLASH:
        colon = at if data[at] == COLON else colon
        at -= 1
    return colon + 1 if colon >= 0 and at_sign - colon > _SHORTEST else -1


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A password that is no example: digits and letters mixed, or of no name's look."""
    is_address = _ADDRESS_BEFORE.search(before) or (_GO_BEFORE.search(before) and _GO_AFTER.match(after))
    plain = _ESCAPE.sub(b"x", found)
    if not is_address or is_example(plain):
        return 0
    return len(found) if is_mixed(plain) or looks_random(plain) else 0


def is_in_address(before: bytes) -> bool:
    """Whether what follows is, or ends, the password of an address."""
    return re.search(rb"://[^\s/@]{0,60}:[^\s/@]{0,60}\Z", before) is not None


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "db url postgres://admin:⟦S3cr3tPass99⟧@db.internal.example:5432/prod",
        "redis://:⟦Zk8vQ2mN7xR4tB9w⟧@cache:6379/0",
        'dsn := "app:⟦Zk8vQ2mN7x⟧@tcp(db:3306)/app"',
        "mongodb+srv://app:⟦p%40ss9Word⟧@cluster0.mongodb.net",
    ),
    near_misses=(
        "postgres://user:password@localhost/db",
        "mysql://root:123456@db/app",
        "amqp://guest:guest@rabbit",
        "postgres://user:${PASSWORD1}@db/app",
        "redis://cache:6379/0 and ssh://git@host1:22/x",
    ),
)
