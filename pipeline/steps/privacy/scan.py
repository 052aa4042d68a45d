"""Where in a batch personal data could be: one native pass that no document can make slow."""

from __future__ import annotations

import numpy as np

from pipeline.steps.privacy import assigned_value, triggers
from pipeline.steps.privacy.byte_classes import ALNUM, CLASSES, DIGIT, TOKEN, run_end, run_start
from pipeline.steps.privacy.digit_groups import number_candidate
from pipeline.steps.privacy.fullwidth import needs_folding
from pipeline.steps.privacy.invisible import hidden_run
from pipeline.steps.privacy.kinds import (
    api_key_and_token,
    authorization_header,
    email,
    ip_address,
    password_after_han,
    password_in_address,
    password_in_code,
    password_in_command,
    password_unquoted,
    private_key,
    url,
    wechat_id,
)
from pipeline.steps.privacy.number_joints import joins_groups
from pipeline.steps.privacy.words_with_digits import word_candidate
from pipeline.text.arrow.buffers import TextBuffers
from pipeline.text.arrow.kernel import kernel
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

_MOST_ADDED = 3  # candidates of one digit: a number, a word, a key
_NUMBER, _WORD, _WORD_CANDIDATE, _KEY, _URL, _EMAIL, _IPV6, _PRIVATE_KEY = range(8)
"""What ``read_to`` has an entry for: how far numbers, words and so on have been read. Nothing is read
twice."""

_READERS = 8
_KEYS = triggers.PRIVATE_KEY | triggers.KEY_PREFIX | triggers.KEY_CAPITALS
_SECRETS = triggers.PASSWORD | triggers.SECRET_HAN_NAME | triggers.OPTION | triggers.AUTHORIZATION


@kernel
def _twice_as_large(found, count):  # type: ignore[no-untyped-def]
    larger = np.empty((2 * len(found), 3), np.int64)
    larger[:count] = found[:count]
    return larger


@kernel_without_refcounts
def _add(found, count, first, last, bits):  # type: ignore[no-untyped-def]
    found[count] = first, last, bits
    return count + 1


@kernel_without_refcounts
def _add_number(data, at, end, classes, read_to, found, count):  # type: ignore[no-untyped-def]
    """Adds the number around the digit at ``at`` to ``found``; returns how many candidates there are."""
    if at < read_to[_NUMBER]:
        return count
    first, last, read_to[_NUMBER], bits = number_candidate(data, at, read_to[_NUMBER], end, classes)
    return _add(found, count, first, last, bits) if bits else count


@kernel_without_refcounts
def _add_word(data, start, stop, begin, end, classes, read_to, found, count):  # type: ignore[no-untyped-def]
    """Adds what the word ``data[start:stop]`` could be."""
    first, last, bits = word_candidate(data, start, stop, begin, end, classes)
    if not bits or first < read_to[_WORD_CANDIDATE]:
        return count
    read_to[_WORD_CANDIDATE] = first + 1
    return _add(found, count, first, last, bits)


@kernel_without_refcounts
def _add_key(data, at, begin, end, classes, read_to, found, count):  # type: ignore[no-untyped-def]
    """Adds the API key around the digit at ``at``."""
    start = run_start(data, at, read_to[_KEY], classes, TOKEN)
    while not classes[data[start]] & ALNUM:
        start += 1
    start = api_key_and_token.sendgrid_start(data, start, begin, classes)
    stop = read_to[_KEY] = run_end(data, at, end, classes, TOKEN)
    last = api_key_and_token.key_end(data, start, stop, end, classes)
    if last < 0:
        return count
    read_to[_KEY] = last
    return _add(found, count, start, last, api_key_and_token.CANDIDATE)


@kernel_without_refcounts
def _add_at_digit(data, at, begin, end, classes, read_to, found, count):  # type: ignore[no-untyped-def]
    """Adds the number, the word and the key around the digit at ``at``."""
    count = _add_number(data, at, end, classes, read_to, found, count)
    start = run_start(data, at, read_to[_WORD], classes, ALNUM)
    stop = read_to[_WORD] = run_end(data, at, end, classes, ALNUM)
    count = _add_word(data, start, stop, begin, end, classes, read_to, found, count)
    if at >= read_to[_KEY] and api_key_and_token.could_be_in_key(data, start, stop, begin, end):
        count = _add_key(data, at, begin, end, classes, read_to, found, count)
    return count


@kernel_without_refcounts
def _prefixed_key(data, at, trigger, begin, end, classes, read_to):  # type: ignore[no-untyped-def]
    """Keys that may have no digit: hf_, glpat-, AKIA, AIza and the like, and letters."""
    start = at if trigger & triggers.KEY_CAPITALS else api_key_and_token.prefix_start(data, at, begin)
    if start < read_to[_KEY] or (start > begin and classes[data[start - 1]] & TOKEN):
        return -1, at
    last = read_to[_KEY] = run_end(data, at, end, classes, TOKEN)
    return (start, last) if last - start >= api_key_and_token.SHORTEST else (-1, at)


@kernel_without_refcounts
def _secret_at(data, at, trigger, begin, end, classes):  # type: ignore[no-untyped-def]
    """A password or a secret of another name, as ``_candidate_at`` returns it."""
    if trigger & triggers.PASSWORD:
        first, last, how = assigned_value.find_assigned_value(data, at, begin, end)
        is_quoted = how == assigned_value.QUOTED
        return first, last, password_in_code.CANDIDATE if is_quoted else password_unquoted.CANDIDATE
    if trigger & triggers.SECRET_HAN_NAME:
        first, last = password_after_han.find_after_han(data, at, begin, end, classes)
        return first, last, password_after_han.CANDIDATE
    if trigger & triggers.OPTION:
        first, last = password_in_command.find_argument(data, at, begin, end, classes)
        return first, last, password_in_command.CANDIDATE
    first, last = authorization_header.find_credentials(data, at, begin, end, classes)
    return first, last, authorization_header.CANDIDATE


@kernel_without_refcounts
def _credential_at(data, at, trigger, begin, end, classes, in_block, read_to):  # type: ignore[no-untyped-def]
    """A private key or API key, as ``_candidate_at`` returns it."""
    first, last = -1, at
    if trigger & triggers.PRIVATE_KEY:
        if at >= read_to[_PRIVATE_KEY]:
            first, last, read_to[_PRIVATE_KEY] = private_key.find_private_key(data, at, begin, end, in_block)
        return first, last, private_key.CANDIDATE
    first, last = _prefixed_key(data, at, trigger, begin, end, classes, read_to)
    return first, last, api_key_and_token.CANDIDATE


@kernel_without_refcounts
def _add_password_before(data, at_sign, begin, found, count):  # type: ignore[no-untyped-def]
    """Adds what may be the password of an address, before the @ at ``at_sign``."""
    first = password_in_address.find_password_before(data, at_sign, begin)
    return _add(found, count, first, at_sign, password_in_address.CANDIDATE) if first >= 0 else count


@kernel_without_refcounts
def _candidate_at(data, at, trigger, begin, end, classes, in_block, read_to):  # type: ignore[no-untyped-def]
    """The candidate that a trigger other than a digit begins or is in: first byte (-1: none), end and bit."""
    first, last = -1, at
    if trigger & triggers.URL_SCHEME or (trigger & triggers.URL_WWW and url.is_www(data, at, end)):
        if at >= read_to[_URL]:
            first, last, read_to[_URL] = url.find_url(data, at, begin, read_to[_URL], end, classes)
        return first, last, url.CANDIDATE
    if trigger & triggers.EMAIL:
        first, last = email.find_email(data, at, begin, read_to[_EMAIL], end, classes)
        read_to[_EMAIL] = last if first >= 0 else read_to[_EMAIL]
        return first, last, email.CANDIDATE
    if trigger & triggers.IPV6:
        if at >= read_to[_IPV6]:
            first, last = ip_address.find_v6(data, at, begin, end, classes)
            read_to[_IPV6] = last if first >= 0 else read_to[_IPV6]
        if first >= 0 or not trigger & triggers.PASSWORD:
            return first, last, ip_address.V6_CANDIDATE
    if trigger & _SECRETS:
        return _secret_at(data, at, trigger, begin, end, classes)
    if trigger & _KEYS:
        return _credential_at(data, at, trigger, begin, end, classes, in_block, read_to)
    first, last = wechat_id.find_wechat_id(data, at, begin, end, classes)
    return first, last, wechat_id.CANDIDATE


@kernel_without_refcounts
def _last_digit(data, stop, classes):  # type: ignore[no-untyped-def]
    """The last digit of the word that ends at ``stop``: letters after it may be a name (13812345678vx:)."""
    at = stop - 1
    while not classes[data[at]] & DIGIT:
        at -= 1
    return at


@kernel_without_refcounts
def _hides(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """Whether characters of no width hide an address or a number from ``at`` on."""
    return at > begin and hidden_run(data, at, begin, end, data[at - 1], classes) > 0


@kernel
def _scan_span(data, start, stop, begin, end, classes, firsts, seconds, in_block, read_to, found, count):  # type: ignore[no-untyped-def]
    """Adds the candidates known by a byte in ``data[start:stop]``, of the document ``data[begin:end]``.
    Returns ``found``, how many there are, and whether the document is to be folded instead."""
    at = triggers.next_trigger(data, start, end, firsts, seconds)
    while at < stop:
        trigger = triggers.triggers_at(data, at, end, firsts, seconds)
        if trigger & triggers.DIGIT:
            count = _add_at_digit(data, at, begin, end, classes, read_to, found, count)
            if joins_groups(data, at, read_to[_WORD], end, classes):
                return found, count, True
            at = _last_digit(data, read_to[_WORD], classes)
        elif trigger & (triggers.FULLWIDTH | triggers.FULLWIDTH_SMALL):
            if at > begin and needs_folding(data, at - 1, end):
                return found, count, True
            if trigger & triggers.INVISIBLE and _hides(data, at - 1, begin, end, classes):
                return found, count, True
        elif trigger & (triggers.INVISIBLE | triggers.SOFT_HYPHEN):
            first_byte = at if trigger & triggers.SOFT_HYPHEN else at - 1
            if _hides(data, first_byte, begin, end, classes):
                return found, count, True
        else:
            first, last, bit = _candidate_at(data, at, trigger, begin, end, classes, in_block, read_to)
            count = _add(found, count, first, last, bit) if first >= 0 else count
            if trigger & triggers.EMAIL:
                count = _add_password_before(data, at, begin, found, count)
        if count + _MOST_ADDED > len(found):
            found = _twice_as_large(found, count)
        at = triggers.next_trigger(data, at + 1, end, firsts, seconds)
    return found, count, False


@kernel
def _scan(offsets, data, spans, classes, firsts, seconds, in_block):  # type: ignore[no-untyped-def]
    found, count, wide = np.empty((256, 3), np.int64), 0, np.zeros(len(spans), np.bool_)
    read_to = np.empty(_READERS, np.int64)
    for index in range(len(spans)):
        row, start, stop = spans[index]
        begin, end, count_before = offsets[row], offsets[row + 1], count
        read_to[:] = start
        found, count, wide[index] = _scan_span(
            data, start, stop, begin, end, classes, firsts, seconds, in_block, read_to, found, count
        )
        count = count_before if wide[index] else count
    return found[:count].copy(), wide


def scan(texts: TextBuffers, spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The candidates.

    Every byte is passed once by the scan, and at most a few times more by the tests of form, each of which
    either reads a bounded number of bytes or never reads a byte twice.

    Args:
        spans: int64 [n, 3]: document, first byte and end of what to look at, in order. A candidate is known
            by a byte inside, and may reach beyond.

    Returns:
        int64 [candidates, 3]: first byte and end, as positions in ``texts.data``, and what they could be (the
        kinds' candidate bits). Candidates never leave their document. And bool [n]: spans with full-width
        characters, which are to be folded; no candidates are given of these.
    """
    candidates, wide = _scan(
        texts.offsets, texts.data, spans, CLASSES, triggers.FIRST, triggers.SECOND, private_key.IN_BLOCK
    )
    return np.asarray(candidates), np.asarray(wide)
