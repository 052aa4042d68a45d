"""Numbers in groups: which kinds of personal data a run of digits, spaces, points, dashes, slashes and
brackets could hold.

Text is full of dates, prices and tables; the lengths of the groups and their first digits rule nearly all of
them out at once. What is left goes to the kinds' regular expressions, none of which finds anything that is
ruled out here (``tests/pipeline/steps/privacy/test_kernels.py``)."""

from __future__ import annotations

from pipeline.steps.privacy.byte_classes import DIGIT, NUMBER, OPENING, run_end, run_start
from pipeline.steps.privacy.kinds import bank_card, id_card_cn, id_card_macao
from pipeline.steps.privacy.kinds import phone_cn_mobile_and_landline as phone_cn
from pipeline.steps.privacy.kinds import phone_hong_kong_macao_taiwan as phone_hmt
from pipeline.steps.privacy.kinds import phone_international as phone
from pipeline.steps.privacy.kinds.ip_address import V4_CANDIDATE, v4_octets
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

_OCTETS = 4


@kernel_without_refcounts
def _stands_alone(data, at, stop, end, classes):  # type: ignore[no-untyped-def]
    """Whether the digits ``data[at:stop]`` are too few for any kind, and no other digits follow: most numbers
    are such."""
    return stop - at < phone.MIN_DIGITS and (
        stop + 1 >= end or not (classes[data[stop]] & classes[data[stop + 1]] & NUMBER)
    )


@kernel_without_refcounts
def _kinds_of_group(data, at, size, before, before_that, begin):  # type: ignore[no-untyped-def]
    """Candidate bits of the kinds that the group of ``size`` digits at ``at`` could begin, hold or end.

    Args:
        before: how many digits the group has that one separator joins to this one; 0 for none.
        before_that: how many the one before has.
    """
    bits = 0
    if phone_cn.could_begin_phone_cn(data, at, size, begin):
        bits |= phone_cn.CANDIDATE
    if phone_cn.could_end_mobile(data, at, size, before, before_that, begin):
        bits |= phone_cn.CANDIDATE
    if phone_hmt.could_hold_phone_hmt(data, at, size, before, before_that, begin):
        bits |= phone_hmt.CANDIDATE
    if phone.could_hold_phone(data, at, size, before, before_that, begin):
        bits |= phone.CANDIDATE
    if id_card_cn.could_hold_id_card(size, before):
        bits |= id_card_cn.CANDIDATE
    if id_card_macao.could_end_macao_id(size, before, before_that):
        bits |= id_card_macao.CANDIDATE
    if bank_card.could_hold_bank_card(size, before, before_that):
        bits |= bank_card.CANDIDATE
    return bits


@kernel_without_refcounts
def _with_enough_digits(bits, digits):  # type: ignore[no-untyped-def]
    """The candidate bits of those kinds that have no more digits than were found."""
    if digits < id_card_cn.MIN_DIGITS:
        bits &= ~id_card_cn.CANDIDATE
    if digits < bank_card.MIN_DIGITS:
        bits &= ~bank_card.CANDIDATE
    if digits < phone_cn.MIN_DIGITS:
        bits &= ~phone_cn.CANDIDATE
    if digits < phone.MIN_DIGITS:
        bits &= ~(phone.CANDIDATE | phone_hmt.CANDIDATE)
    return bits


@kernel_without_refcounts
def number_candidate(data, at, begin, end, classes):  # type: ignore[no-untyped-def]
    """The run around the digit at ``at``: its first byte, the end after its last digit, the end of the run,
    and candidate bits of what it could be."""
    first, stop = run_start(data, at, begin, classes, OPENING), run_end(data, at, end, classes, DIGIT)
    if _stands_alone(data, at, stop, end, classes):
        return first, stop, stop, 0
    position, last, digits, octets, bits = first, at, 0, 0, 0
    before, before_that = 0, 0
    while position < end and classes[data[position]] & NUMBER:
        if not classes[data[position]] & DIGIT:
            position += 1
            continue
        gap = position - last
        last = run_end(data, position, end, classes, DIGIT)
        size, adjoins = last - position, gap == 1 and position > first
        digits += size
        octets = v4_octets(data, position, size, adjoins, octets)
        if octets == _OCTETS:
            bits |= V4_CANDIDATE
        bits |= _kinds_of_group(data, position, size, before if adjoins else 0, before_that, begin)
        before, before_that = size, before if adjoins or gap == 2 else 0
        position = last
    return first, last, position, _with_enough_digits(bits, digits)
