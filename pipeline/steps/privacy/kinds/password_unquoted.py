"""Passwords and other secrets that settings assign without quotes to a name that says so: env files and
shell exports, YAML, ini and properties files, connection strings, queries, headers and XML."""

from __future__ import annotations

import re

from pipeline.steps.privacy.built_in_kind import CONTEXT_BEFORE, BuiltInKind, Detector
from pipeline.steps.privacy.kinds.password_in_code import is_short_token
from pipeline.steps.privacy.secret_looks import is_chosen_secret, is_unquoted_secret
from pipeline.steps.privacy.secret_names import NAME_EXPRESSION

CANDIDATE = 1 << 22
_ASSIGNMENT_BEFORE = re.compile(
    NAME_EXPRESSION + rb"(?:[\"'\]\\*`]{0,4} {0,2}(?::?={1,3}>?|:)[ \t*\\]{0,5}|[\"']?(?P<tag>>))\Z",
    re.IGNORECASE,
)
_PLACEHOLDER_BEFORE = re.compile(rb"<[A-Z_]+:\Z")
_LINE_BEFORE = re.compile(
    rb"(?:\A|[\r\n])[ \t>#*\-|]*(?:(?:export|set|env|arg|local|declare)[ ]+)?[\"']?[\w.\-]*[\"']?"
    rb"(?:=|[ ]?:[ \t]{1,3}|[ ]=[ ])\Z",
    re.IGNORECASE,
)
_LINE_AFTER = re.compile(rb"[ \t]*(?:[\r\n#;\\]|//|\Z)")
_NEXT_OF_QUERY = re.compile(rb"&(?:amp;)?[A-Za-z_.\-]+=?|&amp;")


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A value that looks made at random; or chosen by somebody, where the assignment has a line of its own or
    is an XML element: code has lines such as ``password = hunter2`` only by chance."""
    assigned = _ASSIGNMENT_BEFORE.search(before)
    if assigned is None or _PLACEHOLDER_BEFORE.search(before):
        return 0
    query = _NEXT_OF_QUERY.search(found)
    value = found[: query.start()] if query else found.rstrip(b".:?")
    is_line = value == found and _is_line(before, after)
    is_settings = after.startswith(b"</") if assigned["tag"] else is_line
    if is_short_token(assigned, value):
        return 0
    return len(value) if (is_chosen_secret if is_settings else is_unquoted_secret)(value) else 0


def _is_line(before: bytes, after: bytes) -> bool:
    """Whether name, sign and value are a line; what the window cuts off is none."""
    cut = b"\0" if len(before) == CONTEXT_BEFORE else b""
    return bool(_LINE_BEFORE.search(cut + before) and _LINE_AFTER.match(after))


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "DB_PASSWORD=⟦Guangzhou2019⟧\nDB_HOST=db",
        "export API_TOKEN=⟦h7Gd93kLmQ2pXz5c9aQ⟧\n",
        "password: ⟦Zk8vQ2mN7xR4tB9w⟧\nuser: app",
        "  passwd = ⟦Zk8vQ2mN7xR4tB9w⟧ # of db",
        "spring.datasource.password=⟦Zk8vQ2mN7xR4tB9w⟧\n",
        "<password>⟦abcd1234⟧</password>",
        "jdbc:mysql://db:3306/app?user=root&password=⟦Zk8vQ2mN7xR4tB9w⟧&useSSL=false",
        "Server=db;Database=app;User Id=sa;Password=⟦Zk8vQ2mN7xR4tB9w⟧;",
        "curl -H 'X-Api-Key: ⟦Zk8vQ2mN7xR4tB9w⟧' here",
        "set MYSQL_PWD=⟦Zk8vQ2mN7xR4tB9w⟧.",
    ),
    near_misses=(
        "password=os.environ['DB_PASSWORD1']\npassword: ${DB_PASSWORD1}\npassword = getpass2()",
        "def login(user: str1, password: string16, token: Token2) -> None:",
        "token = tokens[0], password=password1, secret = settings.SECRET_KEY2",
        "password: 至少八位，包括字母和数字",
        "password=<password1>\napi_key: your-api-key-1\nsecret: xxxxxxxx1\ntoken: *anchor123\n",
        "private_token=self.session2.cookies\npassword = hash_of_v2\nsecret = sha256sum\n",
        "secret: tls/server1.key\nsecret_key: 2024-01-15T00:00:00Z\naccess_key: v1.22.333-beta4\n",
    ),
)
