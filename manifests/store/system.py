"""The file system of a URL, and calls to it: tried again where a store is slow or breaks off, and explained
where it refuses."""

from __future__ import annotations

import errno
import os
import random
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from manifests.errors import UserError

Value = TypeVar("Value")

DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "hdfs": "pyarrow and Hadoop's libhdfs", "memory": "fsspec"}
"""What opens the URLs of each scheme that a run folder may have."""
ATTEMPTS = 10
_FIRST, _LONGEST = 0.1, 10.0
"""Seconds between attempts: doubled each time, up to the longest."""
_OWN: dict[str, dict[str, Any]] = {
    # Calls are tried again here, not by each of three layers.
    "s3": {"config_kwargs": {"retries": {"total_max_attempts": 1}, "read_timeout": 60}},
}
FULL = {errno.ENOSPC, errno.EDQUOT}
"""Errors of scratch, not of the store."""
_PASSING = {
    errno.EIO,
    errno.EBUSY,
    errno.EAGAIN,
    errno.EPIPE,
    errno.ETIMEDOUT,
    errno.ECONNRESET,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    getattr(errno, "EREMOTEIO", errno.EIO),
}
# Of botocore, aiohttp and gcsfs, none of which is a dependency, and not all of which derive from OSError.
_PASSING_NAMES = {
    "HTTPClientError",
    "EndpointConnectionError",
    "ConnectionError",
    "ResponseParserError",
    "IncompleteReadError",
    "ClientPayloadError",
    "ClientConnectionError",
    "ServerDisconnectedError",
}
_PASSING_CODES = {"IncompleteBody", "BadDigest", "XAmzContentSHA256Mismatch", "ConditionalRequestConflict"}


class BrokenOffError(OSError):
    """An object came with fewer or more bytes than it has."""

    def __init__(self, url: str, got: int, size: int) -> None:
        super().__init__(errno.EIO, f"{got:,} of {size:,} bytes came", url)


def system_of(url: str) -> tuple[Any, str]:
    """The file system and the path in it. Listings are never cached.

    Raises:
        UserError: no installed package opens such URLs, or it does not find what it needs.
    """
    import fsspec  # slow, and not needed where runs are in folders

    scheme = urlsplit(url).scheme
    try:
        system, path = fsspec.core.url_to_fs(url, use_listings_cache=False, **_OWN.get(scheme, {}))
    except (ImportError, OSError) as error:
        fix = f"install {DRIVERS.get(scheme)}; for S3: pip install 'openba[s3]'"
        raise UserError(f"cannot be opened ({_line(error)})", where=url, fix=fix) from None
    if scheme == "s3":
        system.retries = 1
    return system, path


def called(url: str, call: Callable[[Any, str], Value]) -> Value:
    """What ``call(system, path)`` returns; a passing failure is met by waiting and calling again.

    Raises:
        FileNotFoundError, FileExistsError: as the store says.
        UserError: it refuses, or failed at each attempt.
    """
    for attempt in range(ATTEMPTS):
        try:
            return call(*system_of(url))
        except FileNotFoundError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url) from None
        except FileExistsError:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), url) from None
        except Exception as error:
            if not _passes(error):
                raise _refused(url, error) from error
            last = error
        time.sleep(min(_LONGEST, _FIRST * 2**attempt) * random.uniform(0.5, 1))
    what = f"failed {ATTEMPTS} times, the last time with {type(last).__name__}: {_line(last)}"
    raise UserError(what, where=url, fix="see that the store answers, and run the same command again")


def code_of(error: BaseException) -> str:
    """What S3 calls an error; empty where it does not come from there."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _passes(error: Exception) -> bool:
    if isinstance(error, ConnectionError | TimeoutError):
        return True
    if isinstance(error, OSError) and (error.errno in _PASSING or code_of(error) in _PASSING_CODES):
        return True
    return any(base.__name__ in _PASSING_NAMES for base in type(error).__mro__)


def _refused(url: str, error: Exception) -> Exception:
    """A refusal for the user; a fault of a program as it is."""
    name = type(error).__name__
    if name in ("NoCredentialsError", "PartialCredentialsError"):
        fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        return UserError("no credentials were found", where=url, fix=fix)
    if isinstance(error, PermissionError):
        fix = "correct the credentials in the environment, or their rights"
        return UserError(f"access is denied ({_line(error)})", where=url, fix=fix)
    if isinstance(error, OSError) and error.errno not in FULL:
        return UserError(f"the store refuses ({_line(error)})", where=url, fix="correct the address")
    return error


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
