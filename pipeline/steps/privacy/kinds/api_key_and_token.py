"""API keys and access tokens in the form in which a service gives them out: AWS, GitHub, GitLab, Slack,
Google, OpenAI, Anthropic, Stripe, npm, PyPI, Hugging Face and SendGrid by the prefixes that they document,
and JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

import re

import numpy as np

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import TOKEN
from pipeline.steps.privacy.byte_matching import code_of_three, codes, is_one_of
from pipeline.steps.privacy.entropy import entropy
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import CAPITAL_G, CAPITAL_S, DASH, DOT, UNDERSCORE

CANDIDATE = 1 << 15
PREFIX_TRIGGER = (b"fkmoprstuX", b"_-")
CAPITALS_TRIGGER = (b"A", b"IKS")  # AIza, AKIA, ASIA
SHORTEST = 20
KEY_PREFIXES = (
    *(b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"glpat-", b"npm_", b"hf_", b"sk_", b"rk_", b"sk-"),
    b"GOCSPX-",
)
"""Of keys whose other characters may all be letters."""

_FIRST_TWO = codes(b"AK AS gh gi gl xo xa AI GO sk rk ey np py hf SG".split())
_PREFIXES, _PREFIX_ENDS = codes(KEY_PREFIXES), codes(prefix[-3:] for prefix in KEY_PREFIXES)
_LONGEST_PREFIX = max(map(len, KEY_PREFIXES))
_SENDGRID_BYTES = 40
_KEY = re.compile(
    rb"""
    (?: (?: AKIA | ASIA ) [A-Z2-7]{16}
      | gh[pousr]_ [0-9A-Za-z]{36,76} | github_pat_ [0-9A-Za-z]{22} _ [0-9A-Za-z]{59}
      | glpat- [0-9A-Za-z_\-]{20,40}
      | xox[abeoprs]- [0-9A-Za-z\-]{10,250} | xapp- [0-9]- [0-9A-Za-z\-]{20,200}
      | AIza [0-9A-Za-z_\-]{35} | GOCSPX- [0-9A-Za-z_\-]{28}
      | sk-ant-[a-z]{3}[0-9]{2}- [0-9A-Za-z_\-]{80,120}
      | sk-(?:proj-|svcacct-|admin-|or-v1-)? [0-9A-Za-z_\-]{32,200}
      | [sr]k_(?:live|test)_ [0-9A-Za-z]{16,247}
      | eyJ [0-9A-Za-z_\-]{8,}+ [.] eyJ [0-9A-Za-z_\-]{8,}+ [.] [0-9A-Za-z_\-]{20,}+
      | npm_ [0-9A-Za-z]{36} | pypi-AgE [0-9A-Za-z_\-]{50,300} | hf_ [0-9A-Za-z]{34}
      | SG [.] [0-9A-Za-z_\-]{16,32} [.] [0-9A-Za-z_\-]{16,64}
    ) (?![0-9A-Za-z_])
    """,
    re.VERBOSE,
)
_SK = re.compile(
    rb"sk-(?:[0-9a-f]{32}|[0-9A-Za-z]{40,64}|[0-9A-Za-z_\-]*T3BlbkFJ[0-9A-Za-z_\-]*"
    rb"|(?:ant|proj|svcacct|admin|or)-[0-9A-Za-z_\-]{40,200})"
)
_LEAST_ENTROPY = 2.6


@kernel_without_refcounts
def key_end(data, start, stop, end, classes):  # type: ignore[no-untyped-def]
    """The end of what begins like a key: of the run of its characters and points from ``start`` on; -1 where
    it is short or begins otherwise.

    Args:
        stop: the end of the run without points.
    """
    if stop - start < 2:
        return -1
    if not is_one_of(np.int64(data[start]) << 8 | np.int64(data[start + 1]), _FIRST_TWO):
        return -1
    last = start
    while last < end and (classes[data[last]] & TOKEN or data[last] == DOT):
        last += 1
    return last if last - start >= SHORTEST else -1


@kernel_without_refcounts
def could_be_in_key(data, start, stop, begin, end):  # type: ignore[no-untyped-def]
    """Whether a word is as long as a key, or joined to another by - or _ or a point."""
    return (
        stop - start >= SHORTEST
        or (start > begin and data[start - 1] in (DASH, UNDERSCORE))
        or (stop < end and data[stop] in (DASH, UNDERSCORE, DOT))
    )


@kernel_without_refcounts
def prefix_start(data, at, begin):  # type: ignore[no-untyped-def]
    """Where the longest of ``KEY_PREFIXES`` begins whose last letter is at ``at``; -1 for none."""
    if at == begin or not is_one_of(code_of_three(data, at - 1), _PREFIX_ENDS):
        return -1
    code, start = np.int64(data[at + 1]), -1
    for size in range(2, min(_LONGEST_PREFIX, at + 2 - begin) + 1):
        code |= np.int64(data[at + 2 - size]) << (8 * (size - 1))
        if is_one_of(code, _PREFIXES):
            start = at + 2 - size
    return start


@kernel_without_refcounts
def sendgrid_start(data, start, begin, classes):  # type: ignore[no-untyped-def]
    """Where the key with points (SG.letters.word) begins whose last word, the first with a digit, may begin
    at ``start``; else that."""
    first = start
    while first > max(begin, start - _SENDGRID_BYTES) and (
        data[first - 1] == DOT or (first < start and classes[data[first - 1]] & TOKEN)
    ):
        first -= 1
    is_sendgrid = (
        start - first >= 3
        and data[first] == CAPITAL_S
        and data[first + 1] == CAPITAL_G
        and data[first + 2] == DOT
    )
    return first if is_sendgrid else start


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """A key with a body that looks made at random: the same letter again and again (ghp_xxxx) is an example
    of one."""
    if found.startswith(b"sk-") and not _SK.fullmatch(found):
        return 0
    return len(found) if entropy(found[4:]) >= _LEAST_ENTROPY else 0


KIND = BuiltInKind(
    name="api_key",
    detectors=(Detector(CANDIDATE, validate, _KEY),),
    examples=(
        "key ⟦AKIAIOSFODNN7EXAMPLE⟧ (AWS's own example)",
        "token glpat-only-letters: ⟦glpat-fboIKYIsttvGgzoBcFdK⟧",
        "key=⟦AIzaSyKqFHzTatMXjaRypbbGUIGhna_NFJc_Tum⟧&",
        "“⟦ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ⟧”",
        "export T=⟦npm_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ⟧",
        "GOOGLE=⟦GOCSPX-abcdefghijklmnopqrstuvwxyzAB⟧",
        "key ⟦sk-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST⟧",
    ),
    near_misses=(
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "agglpat-fboIKYIsttvGgzoBcFdK and AIzaurs_of_the_world_unite_and_take_over",
        "sk-learn-contrib-imbalanced-learn-2-examples",
    ),
)
