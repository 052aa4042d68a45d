"""Ways in which data are written that have rules of their own: each with valid data, the words that announce
them, and near-misses."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy import addresses_of_other_forms as addresses
from tests.pipeline.steps.privacy import numbers_of_other_forms as numbers
from tests.pipeline.steps.privacy import secrets_of_other_forms as secrets
from tests.pipeline.steps.privacy.labelled import ITEMS, Hosts, Item, embedded

_TELEPHONE = (
    "電話：{}",
    "联系电话：{}，",
    "Tel: {}\n",
    "手機：{}。",
    "傳真: {} ",
    "Phone: {}",
    "（電話：{}）",
    "热线：{}；",
)
_CALL = ("Tel: {}\n", "WhatsApp {} now", "call {} today", "Phone: {};", "fax {}", "电话 {}，")
_MOBILE = ("手机：{}", "手机号是{}，", "联系电话 {}（张先生）", "Tel: {}\n", "拨打 {} 咨询", "mobile {};")
_CARD = (
    "身分證字號：{}",
    "身份证号码{}，",
    "身份證：{}。",
    "ID card: {}\n",
    "ID No. {} ",
    "（身份证号 {}）",
    "居留證號碼：{}",
)
_PERMIT = ("港澳居民来往内地通行证号码：{}", "回乡证{}，", "通行证号 {}", "香港護照：{}。", "（通行證：{}）")
_TAIWANS_PERMIT = ("台胞证号码{}，", "台胞證：{}", "台湾居民来往大陆通行证号码：{}。")


class Way(NamedTuple):
    """``announced``: templates with ``{}``; none where the datum needs no word before it."""

    kind: PrivacyKind
    value: Callable[[Random], str]
    near_miss: Callable[[Random], str]
    announced: tuple[str, ...] = ()


WAYS: dict[str, Way] = {
    "phone of Hong Kong or Macao": Way("phone", numbers.hong_kong_macao_phone, numbers.not_chinas_phone, _TELEPHONE),
    "phone of eight digits": Way("phone", numbers.local_phone, numbers.not_chinas_phone, _TELEPHONE),
    "phone of Taiwan": Way("phone", numbers.taiwan_phone, numbers.not_chinas_phone, _TELEPHONE),
    "phone of North America in bare digits": Way("phone", numbers.american_phone, numbers.not_chinas_phone, _CALL),
    "mobile in unusual groups": Way("phone_cn", numbers.mobile_in_unusual_groups, numbers.range_or_amount, _MOBILE),
    "number with no-break joints": Way("phone_cn", numbers.joined_otherwise, numbers.range_or_amount),
    "identity card of 15 digits": Way("id_card_cn", numbers.id_card_15, numbers.no_identity_card, _CARD[:6]),
    "identity card in groups": Way("id_card_cn", numbers.id_card_in_groups, numbers.no_identity_card),
    "identity card of Taiwan": Way("id_card_cn", numbers.id_card_taiwan, numbers.no_identity_card, _CARD),
    "identity card of Hong Kong": Way("id_card_cn", numbers.id_card_hong_kong, numbers.no_identity_card),
    "identity card of Macao": Way("id_card_cn", numbers.id_card_macao, numbers.no_identity_card, _CARD),
    "travel permit": Way("passport_cn", numbers.travel_permit, numbers.no_permit, _PERMIT),
    "travel permit of Taiwan": Way("passport_cn", numbers.taiwans_permit, numbers.no_permit, _TAIWANS_PERMIT),
    "MAC address of Cisco": Way("mac", numbers.cisco_mac, numbers.no_cisco_mac),
    "secret in a settings file": Way("password", secrets.chosen_secret, secrets.no_secret, secrets.SETTINGS),
    "random secret without quotes": Way("password", secrets.random_secret, secrets.no_secret, secrets.ANYWHERE),
    "password that Chinese text tells": Way("password", secrets.chosen_secret, secrets.no_secret, secrets.AFTER_HAN),
    "password in an address": Way("password", secrets.password_of_address, secrets.no_secret, secrets.ADDRESSES),
    "password in a command": Way("password", secrets.chosen_secret, secrets.no_secret, secrets.COMMANDS),
    "bearer token": Way("password", secrets.bearer, secrets.no_secret, secrets.BEARERS),
    "basic credentials": Way("password", secrets.basic, secrets.no_secret, secrets.BASICS),
    "URL with letters outside ASCII": Way("url", addresses.international_url, addresses.no_international_address),
    "e-mail with letters outside ASCII": Way("email", addresses.international_email, addresses.no_international_address),
    "address that is no version": Way("ip", addresses.public_v4, addresses.version_or_section),
}  # fmt: skip


def items(name: str, seed: int, hosts: Hosts) -> list[Item]:
    """Data of this way, and as many near-misses."""
    way, random = WAYS[name], Random(f"{name} {seed}")
    right = [way.value(random) for _ in range(ITEMS)]
    wrong = [way.near_miss(random) for _ in range(ITEMS)]
    return [
        *(Item(way.kind, *embedded(random, value, hosts, way.announced), value) for value in right),
        *(Item(way.kind, embedded(random, value, hosts)[0], 0, "") for value in wrong),
    ]
