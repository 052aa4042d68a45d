"""Pseudonyms: the same datum gets the same name everywhere, and without the salt nobody can tell whose it
is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from manifests.schema.privacy import Salt
from pipeline.runtime.pipeline_error import PipelineError
from pipeline.steps.privacy.kinds import INDICES_OF_NAME, KINDS
from pipeline.steps.privacy.number_joints import JOINTS
from pipeline.steps.privacy.salt_strength import LEAST_BITS, estimated_bits

LEAST_SALT = 16
_MAKE_ONE = "make one with `openssl rand -hex 32`"
_DIGEST_BYTES = 16
_ASCII_OF_FULLWIDTH = {0xFEE0 + code: code for code in range(0x21, 0x7F)}
_SEPARATORS = re.compile(rf"[ .\-()/+·•{''.join(JOINTS.values())}]+")


@dataclass(frozen=True)
class Pseudonyms:
    """``key``: of the keyed BLAKE2b (RFC 7693), made from the salt. It travels with the work and is in no
    file, log or representation."""

    key: bytes = field(repr=False)

    def name(self, kind: str, value: bytes) -> bytes:
        """``<EMAIL:3fa9c1d2...>`` with 128 bits in hexadecimal digits: no two values share a name in any
        corpus (among n of a kind with a chance of n² / 6.8e38). A number is the same however it is grouped,
        an address however it is capitalised."""
        digest = blake2b(
            _canonical(kind, value), digest_size=_DIGEST_BYTES, key=self.key, person=kind.encode()
        )
        return f"<{kind.upper()}:{digest.hexdigest()}>".encode()

    def fingerprint(self) -> str:
        """Changes with the salt, and does not tell it."""
        return blake2b(b"fingerprint", digest_size=32, key=self.key, person=b"salt").hexdigest()


def _canonical(kind: str, value: bytes) -> bytes:
    """The one form of all the ways in which a datum is written."""
    text = value.decode(errors="surrogateescape").translate(_ASCII_OF_FULLWIDTH)
    if kind in INDICES_OF_NAME:
        built_in = KINDS[INDICES_OF_NAME[kind][0]]
        text = _SEPARATORS.sub("", text) if built_in.ignores_separators else text
        text = text.lower() if built_in.ignores_case else text
    return text.encode(errors="surrogateescape")


def read_salt(salt: Salt, base: Path) -> Pseudonyms:
    """The pseudonyms that the salt gives.

    Args:
        base: the folder of the corpus manifest, which the salt's path is relative to.

    Raises:
        PipelineError: the file or variable is missing, holds less than 16 bytes, or what could be guessed.
    """
    where = f"environment variable {salt.env}" if salt.env else f"file {salt.file}"
    content = _content(salt, base, where)
    if len(content) < LEAST_SALT:
        raise PipelineError(
            f"privacy.salt: the {where} holds {len(content)} bytes; a salt needs at least {LEAST_SALT} "
            f"random ones; {_MAKE_ONE}"
        )
    bits = estimated_bits(content)
    if bits < LEAST_BITS:
        raise PipelineError(
            f"privacy.salt: the {where} can be guessed: it has about {bits:.0f} bits, reckoned by "
            f"its alphabet, repeats, sequences and words; a salt needs {LEAST_BITS}; {_MAKE_ONE}"
        )
    return Pseudonyms(blake2b(content, digest_size=32, person=b"privacy salt").digest())


def _content(salt: Salt, base: Path, where: str) -> bytes:
    try:
        found = os.environb[salt.env.encode()] if salt.env else (base / str(salt.file)).read_bytes()
    except (KeyError, OSError) as error:
        raise PipelineError(
            f"privacy.salt: the {where} is not there ({type(error).__name__}); put at least {LEAST_SALT} "
            "random bytes in it"
        ) from None
    return found.strip()
