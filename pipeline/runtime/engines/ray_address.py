"""Whether the cluster that ``RAY_ADDRESS`` names answers: Ray itself tries for long, and may end the
process."""

from __future__ import annotations

import re
import socket

from manifests.errors import UserError

SECONDS = 10
_HOST_AND_PORT = re.compile(r"(?:ray://)?\[?([^/\]]+)\]?:(\d+)")


def check_address(address: str) -> None:
    """Opens a connection to the address and closes it; a name such as ``auto`` is left to Ray.

    Raises:
        UserError: nothing answers there.
    """
    found = _HOST_AND_PORT.fullmatch(address)
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), SECONDS).close()
    except (OSError, OverflowError) as error:
        raise unreachable(address, str(error)) from None


def unreachable(address: str, why: str) -> UserError:
    """The error of a cluster that cannot be joined."""
    return UserError(
        f"no Ray cluster answers ({' '.join(why.split())})",
        where=f"RAY_ADDRESS={address}",
        fix="start it with `ray start --head`, correct RAY_ADDRESS, or unset it to start a cluster here",
    )
