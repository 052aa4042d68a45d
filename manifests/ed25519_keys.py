"""Keys of Ed25519 signatures (RFC 8032) in PEM files, as OpenSSL writes them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from manifests.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MOST_BYTES = 1 << 16
_MAKE = "make one by `openssl genpkey -algorithm ed25519 -out key.pem`"
_PUBLIC = "take it by `openssl pkey -in key.pem -pubout -out public.pem`"


def private_key(file: Path) -> Ed25519PrivateKey:
    """The key of a PKCS8 file without a passphrase.

    Raises:
        UserError: it is another kind of key or file, or the package ``cryptography`` is not installed.
    """
    ed25519, serialization = _library()
    data = _read(file)
    if b"PUBLIC KEY-----" in data:
        raise UserError("is a public key", where=file, fix="sign with the private one")
    try:
        key = serialization.load_pem_private_key(data, None)
    except TypeError:
        fix = f"name a key without one, which only you can read, or {_MAKE}"
        raise UserError("has a passphrase", where=file, fix=fix) from None
    except Exception as error:  # OpenSSL's errors have no common class
        raise _no_key(file, "private", error, _MAKE) from None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise UserError(f"is a key of another kind ({type(key).__name__})", where=file, fix=_MAKE)
    return cast("Ed25519PrivateKey", key)


def public_key(file: Path) -> Ed25519PublicKey:
    """The key of a SubjectPublicKeyInfo file.

    Raises:
        UserError: it is another kind of key or file, or the package ``cryptography`` is not installed.
    """
    ed25519, serialization = _library()
    data = _read(file)
    if b"PRIVATE KEY-----" in data:
        raise UserError("is a private key", where=file, fix=f"verify with the public one; {_PUBLIC}")
    try:
        key = serialization.load_pem_public_key(data)
    except Exception as error:  # OpenSSL's errors have no common class
        raise _no_key(file, "public", error, _PUBLIC) from None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise UserError(f"is a key of another kind ({type(key).__name__})", where=file, fix=_MAKE)
    return cast("Ed25519PublicKey", key)


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        fix = "pip install 'openba-pipeline[sign]'"
        raise UserError("signatures need the package cryptography", fix=fix) from None
    return ed25519, serialization


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError as error:
        raise UserError(f"cannot be read ({error.strerror})", where=file, fix="name a key file") from None


def _no_key(file: Path, kind: str, error: Exception, fix: str) -> UserError:
    return UserError(f"holds no {kind} key in PEM ({type(error).__name__})", where=file, fix=fix)
