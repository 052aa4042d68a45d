"""Passwords and other secrets among the arguments of commands: ``mysql -p...``, ``sshpass -p ...``, ``curl -u
user:...``, ``redis-cli -a ...``, and options whose name says it (``--password ...``)."""

from __future__ import annotations

import re

from pipeline.steps.privacy.assigned_value import unquoted_end
from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import TOKEN, run_end
from pipeline.steps.privacy.secret_looks import is_chosen_secret
from pipeline.steps.privacy.secret_names import NAME_EXPRESSION, secret_is_named
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import (
    CASE_BIT,
    COLON,
    DASH,
    DOUBLE_QUOTE,
    QUOTE,
    SMALL_U,
    SPACE,
)

CANDIDATE = 1 << 25
TRIGGER = (b"-", b"pusatcdPUSATCD")
"""Last dash and first letter of the options."""

_LONGEST_NAME, _LONGEST_USER, _USER_OPTION_BYTES = 32, 64, 5
_USER = re.compile(rb"(?:curl|wget|https?|svn|ab)[ ][^\n|;&]*(?:-u|--user)[ =]?[\"']?[^\s:<]{1,64}:\Z")
_PASSWORD = re.compile(
    rb"(?:(?:mysql|mariadb)[a-z]*|mongo[a-z]*|sshpass|(?:docker|podman)[ ]login|sqlcmd|clickhouse-client)[ ]"
    rb"(?:[^\n|;&]*[ ])?-p[ ]?[\"']?\Z|redis-cli[ ](?:[^\n|;&]*[ ])?-a[ ]?[\"']?\Z"
)
_LONG_OPTION = re.compile(rb"--[a-z\-]{0,24}" + NAME_EXPRESSION + rb"[ ][\"']?\Z", re.IGNORECASE)


@kernel_without_refcounts
def _after_quote(data, at, end):  # type: ignore[no-untyped-def]
    return at + 1 if at < end and data[at] in (QUOTE, DOUBLE_QUOTE) else at


@kernel_without_refcounts
def _after_user(data, start, end):  # type: ignore[no-untyped-def]
    """After the user's name and the colon that begin at ``start``; the end where there is none."""
    at, stop = start, min(end, start + _LONGEST_USER)
    while at < stop and data[at] > SPACE and data[at] != COLON:
        at += 1
    return at + 1 if at < stop and data[at] == COLON else end


@kernel_without_refcounts
def _long_option_end(data, dash, begin, end, classes):  # type: ignore[no-untyped-def]
    """The space after the name of the option --name whose second dash is at ``dash``; -1 for none."""
    if dash - begin < 2 or data[dash - 2] > SPACE:
        return -1
    stop = run_end(data, dash + 1, min(end, dash + _LONGEST_NAME), classes, TOKEN)
    return stop if stop < end and data[stop] == SPACE else -1


@kernel_without_refcounts
def find_argument(data, dash, begin, end, classes):  # type: ignore[no-untyped-def]
    """The argument of the option whose last dash is at ``dash``, or the password in it: first byte (-1: none)
    and end."""
    if dash == begin or dash + 3 >= end:
        return -1, dash
    first = dash + 2
    is_user = data[dash + 1] | CASE_BIT == SMALL_U
    if data[dash - 1] == DASH:
        stop = _long_option_end(data, dash, begin, end, classes)
        is_user &= stop - dash == _USER_OPTION_BYTES
        if stop < 0 or not (is_user or secret_is_named(data, stop, begin)):
            return -1, dash
        first = stop + 1
    elif data[dash - 1] == SPACE:
        first += data[first] == SPACE
    else:
        return -1, dash
    first = _after_quote(data, first, end)
    first = _after_user(data, first, end) if is_user else first
    last = unquoted_end(data, first, end) if first < end else -1
    return (first, last) if last >= 0 else (-1, dash)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """An argument of one of the commands that take a secret so, or of an option that is called like one."""
    is_argument = _LONG_OPTION.search(before) or _PASSWORD.search(before) or _USER.search(before)
    return len(found) if is_argument and is_chosen_secret(found) else 0


KIND = BuiltInKind(
    name="password",
    detectors=(Detector(CANDIDATE, validate),),
    examples=(
        "mysql -h db -u root -p⟦Zk8vQ2mN7xR4tB9w⟧ app",
        "curl -u admin:⟦Zk8vQ2mN7xR4tB9w⟧ there",
        "curl -s --user 'admin:⟦abcd1234⟧' there",
        "sshpass -p ⟦Guangzhou2019⟧ ssh root@host",
        "docker login -u app -p ⟦Zk8vQ2mN7xR4tB9w⟧ there",
        "deploy --api-token ⟦h7Gd93kLmQ2pXz5c9aQ⟧ --force",
        "redis-cli -h cache -a ⟦Zk8vQ2mN7xR4tB9w⟧ ping",
    ),
    near_misses=(
        "mkdir -p data2024/x1 && ssh -p 2222 host",
        "docker run -p 8080:80/tcp -u 1000:1000 image2024",
        "mysql -u root -p app2024 < dump2024.sql.x1",
        "mysql -u root -p${PASSWORD1} app",
        "tool --password-file secrets2024 --token-length 16characters",
        "curl -u user:your-password-1 there",
        "well-password1234 and multi-p2345678",
    ),
)
