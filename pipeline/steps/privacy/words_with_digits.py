"""Words with digits: which kinds of personal data a word could be, by its form and length. What passes is
rare, and goes to its validator."""

from __future__ import annotations

from pipeline.steps.privacy.kinds import credit_code_cn_organisation as credit_code
from pipeline.steps.privacy.kinds import iban, mac_address, passport_cn, plate_cn_vehicle, qq_number
from pipeline.text.arrow.kernel import kernel

_PAIR, _SHORTEST, _LONGEST = 2, 4, 34


@kernel
def word_candidate(data, start, stop, begin, end, classes):  # type: ignore[no-untyped-def]
    """First byte, end and candidate bits of what the word ``data[start:stop]`` (letters and digits, one digit
    or more) could be."""
    size = stop - start
    if size == _PAIR:
        first = mac_address.mac_address_start(data, start, begin, end, classes)
        return (first, first + mac_address.BYTES, mac_address.CANDIDATE) if first >= 0 else (start, stop, 0)
    if size < _SHORTEST or size > _LONGEST:
        return start, stop, 0
    first, last = plate_cn_vehicle.find_plate(data, start, stop, begin, end, classes)
    if first >= 0:
        return first, last, plate_cn_vehicle.CANDIDATE
    first = qq_number.qq_start(data, start, stop, begin, classes)
    if first >= 0:
        return first, stop, qq_number.CANDIDATE
    if passport_cn.could_be_passport(data, start, stop, classes):
        return start, stop, passport_cn.CANDIDATE
    bits = credit_code.CANDIDATE if credit_code.could_be_credit_code(data, start, stop, classes) else 0
    last = iban.iban_end(data, start, stop, end, classes)
    return (start, last, bits | iban.CANDIDATE) if last >= 0 else (start, stop, bits)
