"""The built-in kinds of personal data (PII), one in a file."""

from __future__ import annotations

from pipeline.steps.privacy.built_in_kind import BuiltInKind
from pipeline.steps.privacy.kinds import (
    api_key_and_token,
    authorization_header,
    bank_card,
    credit_code_cn_organisation,
    email,
    iban,
    id_card_cn,
    id_card_hong_kong_taiwan,
    id_card_macao,
    ip_address,
    mac_address,
    passport_cn,
    password_after_han,
    password_in_address,
    password_in_code,
    password_in_command,
    password_unquoted,
    phone_cn_mobile_and_landline,
    phone_hong_kong_macao_taiwan,
    phone_international,
    plate_cn_vehicle,
    private_key,
    qq_number,
    travel_permit_cn,
    url,
    wechat_id,
)

KINDS: tuple[BuiltInKind, ...] = (
    private_key.KIND,
    api_key_and_token.KIND,
    id_card_cn.KIND,
    id_card_hong_kong_taiwan.KIND,
    id_card_macao.KIND,
    credit_code_cn_organisation.KIND,
    bank_card.KIND,
    iban.KIND,
    passport_cn.KIND,
    travel_permit_cn.KIND,
    plate_cn_vehicle.KIND,
    phone_cn_mobile_and_landline.KIND,
    phone_international.KIND,
    phone_hong_kong_macao_taiwan.KIND,
    ip_address.KIND,
    mac_address.KIND,
    email.KIND,
    url.KIND,
    qq_number.KIND,
    wechat_id.KIND,
    password_in_code.KIND,
    password_unquoted.KIND,
    password_after_han.KIND,
    password_in_address.KIND,
    password_in_command.KIND,
    authorization_header.KIND,
)
"""Where two findings are equally long, the one whose kind is first here wins."""

INDICES_OF_NAME: dict[str, tuple[int, ...]] = {
    kind.name: tuple(index for index, other in enumerate(KINDS) if other.name == kind.name) for kind in KINDS
}
"""A kind that is written in very different ways has a file for each, all of one name."""
