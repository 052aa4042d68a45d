"""What a candidate could be: a bit for each finder."""

from __future__ import annotations

(
    URL,
    EMAIL,
    PHONE_CN,
    PHONE,
    IPV4,
    IPV6,
    MAC,
    ID_CARD,
    CREDIT_CODE,
    PASSPORT,
    PLATE,
    CARD,
    IBAN,
    WECHAT,
    QQ,
    API_KEY,
    PRIVATE_KEY,
    PASSWORD,
) = (1 << bit for bit in range(18))
