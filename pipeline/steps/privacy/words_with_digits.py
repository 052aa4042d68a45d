"""Words with digits: which kinds of personal data a word could be, by its form and length. What passes is
rare, and goes to its validator."""

from __future__ import annotations

from pipeline.steps.privacy.kinds import credit_code_cn_organisation as credit_code
from pipeline.steps.privacy.kinds import (
    iban,
    mac_address,
    passport_cn,
    plate_cn_vehicle,
    qq_number,
    travel_permit_cn,
)
from pipeline.steps.privacy.kinds import id_card_hong_kong_taiwan as lettered_id
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts

_PAIR, _SHORTEST, _LONGEST = 2, 4, 34


@kernel_without_refcounts
def _document_candidate(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """End and candidate bits of the identity card, passport or permit whose number the word could be or
    begin."""
    bits, last = 0, lettered_id.lettered_id_end(data, start, stop, end, classes)
    if last > stop:
        return last, lettered_id.CANDIDATE
    if last == stop:
        bits |= lettered_id.CANDIDATE
    if passport_cn.could_be_passport(data, start, stop, classes):
        bits |= passport_cn.CANDIDATE
    if travel_permit_cn.could_be_permit(data, start, stop, begin, classes):
        bits |= travel_permit_cn.CANDIDATE
    return stop, bits


@kernel_without_refcounts
def word_candidate(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """First byte, end and candidate bits of what the word ``data[start:stop]`` (letters and digits, one digit
    or more) could be."""
    size = stop - start
    if size == _PAIR or size == mac_address.GROUP:
        first, last = mac_address.find_mac_address(data, start, stop, begin, end, classes)
        if first >= 0:
            return first, last, mac_address.CANDIDATE
    if size < _SHORTEST or size > _LONGEST:
        return start, stop, 0
    first, last = plate_cn_vehicle.find_plate(data, start, stop, begin, end, classes)
    if first >= 0:
        return first, last, plate_cn_vehicle.CANDIDATE
    first = qq_number.qq_start(data, start, stop, begin, classes)
    if first >= 0:
        # What a q stands before may be a permit's number all the same (q=台胞证：12345678).
        is_permit = first == start and travel_permit_cn.could_be_permit(data, start, stop, begin, classes)
        return first, stop, qq_number.CANDIDATE | (travel_permit_cn.CANDIDATE if is_permit else 0)
    last, bits = _document_candidate(data, start, stop, begin, end, classes)
    if bits:
        return start, last, bits
    bits = credit_code.CANDIDATE if credit_code.could_be_credit_code(data, start, stop, classes) else 0
    last = iban.iban_end(data, start, stop, end, classes)
    return (start, last, bits | iban.CANDIDATE) if last >= 0 else (start, stop, bits)
