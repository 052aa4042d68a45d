"""The HTTP address of a Ray cluster, which its jobs go through: whether it answers, and lets us in."""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from manifests.border.json_files import parsed_json
from manifests.errors import UserError

SECONDS = 10
TOKEN_HELP = (
    "set RAY_AUTH_TOKEN, or RAY_AUTH_TOKEN_PATH, to the cluster's token "
    "(`ray get-auth-token` prints it on the head)"
)


def token() -> str | None:
    """The token that the environment names, by Ray's own variables; with RAY_AUTH_MODE=token also the one in
    the file where Ray keeps it."""
    given = os.environ.get("RAY_AUTH_TOKEN")
    path = os.environ.get("RAY_AUTH_TOKEN_PATH")
    if not given and not path and os.environ.get("RAY_AUTH_MODE", "").lower() == "token":
        path = str(Path.home() / ".ray" / "auth_token")
    if given or not path:
        return given or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UserError(f"no token can be read ({error.strerror})", where=path, fix=TOKEN_HELP) from None


def headers(token: str | None) -> dict[str, str]:
    """What goes with each request."""
    return {"Authorization": f"Bearer {token}"} if token else {}


def ray_version(address: str, sent: Mapping[str, str]) -> str:
    """The version of the Ray that answers at ``address``, such as ``http://head:8265``.

    Raises:
        UserError: nothing answers, it is no Ray, or it does not let us in.
    """
    request = urllib.request.Request(f"{address}/api/version", headers=dict(sent))
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as response:
            return str(parsed_json(response.read().decode())["ray_version"])
    except urllib.error.HTTPError as error:
        raise refused(address, error.code) from None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        why = " ".join(str(getattr(error, "reason", error)).split())
        raise UserError(
            f"no Ray dashboard answers ({why})",
            where=address,
            fix="start a cluster with `openba cluster up` or `ray start --head`, or correct --address (the "
            "dashboard's: port 8265 by default)",
        ) from None


def refused(address: str, code: int) -> UserError:
    """The error of an answer that is no success."""
    if code == 401:
        return UserError("the cluster wants a token", where=address, fix=TOKEN_HELP)
    if code == 403:
        return UserError("the cluster refuses our token", where=address, fix=TOKEN_HELP)
    return UserError(f"no Ray dashboard answers (HTTP {code})", where=address, fix="correct --address")
