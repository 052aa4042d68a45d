"""Credentials out of addresses and messages: what a run writes, logs and prints has ``***`` for them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus

MASK = "***"

_NAMES = frozenset(
    # Signatures of AWS (4 and 2), Google, Alibaba, Tencent, Huawei; SAS of Azure; and what opens an account.
    "xamzsignature xamzcredential xamzsecuritytoken awsaccesskeyid signature xgoogsignature xgoogcredential "
    "googleaccessid ossaccesskeyid xosssignature xosscredential xosssecuritytoken qsignature qak "
    "xobssignature xobssecuritytoken xcossecuritytoken sig sastoken sharedaccesssignature "
    "accesskey accesskeyid accountkey awssecretaccesskey secretaccesskey secretkey sharedaccesskey keysecret "
    "apikey appkey authkey key privatekey encryptionkey passphrase password passwd pwd secret clientsecret "
    "token accesstoken authtoken bearertoken idtoken refreshtoken securitytoken sessiontoken awssessiontoken "
    "privatetoken hftoken xaccesstoken xauthtoken xapikey auth authorization credential credentials jwt "
    "sessionid".split()
)
# Names of credentials in an address or beside quotes alone: elsewhere they are words and settings.
_COMMON = frozenset({"key", "auth", "signature", "sig", "token", "credential", "credentials"})

_USER = re.compile(
    r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,40})://(?P<user>[^\s/?#'\"<>]{1,4096})@"
)
_PARAMETER = re.compile(r"(?P<before>[?&;#])(?P<name>[^\s?&;#='\"<>]{1,64})=(?P<value>[^\s&;#'\"<>]+)")
_ASSIGNED = re.compile(
    r"(?<![\w%-])(?P<before>)(?P<name>[A-Za-z][A-Za-z_-]{2,30})=(?P<value>[^\s,;&'\"<>)}\]]+)"
)
_QUOTED = re.compile(
    r"(?<![\w%-])(?P<name>['\"]?[A-Za-z][A-Za-z_-]{2,30}['\"]?\s?[=:]\s?)"
    r"(?P<value>'(?:[^'\\\n]|\\.)+'|\"(?:[^\"\\\n]|\\.)+\")"
)
_SCHEME = re.compile(r"\b(?P<name>Bearer|Basic|SharedKey)\s+(?P<value>[A-Za-z0-9+/=_.:~-]{8,})")


def without_credentials(text: str) -> str:
    """A text with ``***`` for each credential: user and password of an address (a name alone stays, but for
    HTTP, where it is a token), values of the parameters that sign or open one (``X-Amz-Signature``, ``sig``,
    ``token``) and of fields of such names (``AccountKey=...``, ``'secret': '...'``), and what follows
    ``Bearer`` or ``Basic``. Applied again it changes nothing."""
    if "://" in text:
        text = _USER.sub(_user, text)
    if "=" in text or ":" in text:
        text = _PARAMETER.sub(_parameter, text)
        text = _ASSIGNED.sub(_assigned, text)
        text = _QUOTED.sub(_quoted, text)
    return _SCHEME.sub(rf"\g<name> {MASK}", text)


def settings_without_credentials(value: Any, name: str = "") -> Any:
    """A JSON value with ``***`` for the text of each key that names a credential, and credentials masked in
    all other texts. A common word such as ``key`` names one in ``storage_options`` and beside another
    credential (as fsspec's ``key`` beside ``secret``)."""
    if isinstance(value, str):
        return without_credentials(value)
    if isinstance(value, list | tuple):
        return [settings_without_credentials(inner, name) for inner in value]
    if not isinstance(value, dict):
        return value
    named = {inner for inner in value if _secret(inner)}
    opening = name == "storage_options" or any(inner.lower() not in _COMMON for inner in named)
    return {
        inner: MASK
        if opening and inner in named and isinstance(content, str)
        else settings_without_credentials(content, inner)
        for inner, content in value.items()
    }


def _secret(name: str) -> bool:
    return re.sub(r"[^a-z0-9]", "", unquote_plus(name).lower()) in _NAMES


def _user(found: re.Match[str]) -> str:
    scheme, user = found["scheme"].lower(), found["user"]
    alone = ":" not in user and not scheme.endswith(("http", "https"))
    return found[0] if alone else f"{found['scheme']}://{MASK}@"


def _parameter(found: re.Match[str]) -> str:
    return f"{found['before']}{found['name']}={MASK}" if _secret(found["name"]) else found[0]


def _assigned(found: re.Match[str]) -> str:
    return found[0] if found["name"].lower() in _COMMON else _parameter(found)


def _quoted(found: re.Match[str]) -> str:
    quote = found["value"][0]
    return f"{found['name']}{quote}{MASK}{quote}" if _secret(found["name"]) else found[0]
