"""What looks like a datum of some kind and is none: wrong check digits and lengths, examples, templates,
other things of that form."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from manifests.schema.privacy import PrivacyKind
from tests.pipeline.steps.privacy import values
from tests.pipeline.steps.privacy.numbers_in_text import version
from tests.pipeline.steps.privacy.values import BASE62, digits, fill


def _other(random: Random, text: str, place: int, characters: str = "0123456789") -> str:
    """The text with another character in this place."""
    wrong = random.choice([character for character in characters if character != text[place].upper()])
    return text[:place] + wrong + (text[place:][1:])


def _id_card(random: Random) -> str:
    right = values.id_card_cn(random)
    month = right[:10] + random.choice(["13", "00", "19"]) + right[12:]
    return random.choice(
        [
            _other(random, right, 17, "0123456789X"),
            _other(random, right, random.randrange(2, 17)),
            "99" + right[2:],
            month,
            right[:-3],
            f"id_{right}",
            f"{right}00",
        ]
    )


def _bank_card(random: Random) -> str:
    right = values.bank_card(random)
    return random.choice(
        [
            _other(random, right, len(right) - 1),
            _other(random, right, 7) if right[7].isdigit() else right[:-1],
            f"0.{right}",
            f"{right.replace(' ', '').replace('-', '')}_x",
            digits(random, 24),
        ]
    )


def _iban(random: Random) -> str:
    right = values.iban(random)
    return random.choice(
        [
            _other(random, right, 2),
            _other(random, right, len(right) - 1),
            right[:-2],
            f"XX{right[2:]}",
            f"YD00{digits(random, 14)}",
        ]
    )


def _credit_code(random: Random) -> str:
    right = values.credit_code_cn(random)
    return random.choice(
        [
            _other(random, right, 17),
            _other(random, right, 9),
            right[:17],
            right.lower() if right[17].isalpha() else right[:-2],
            f"I{right[1:]}",
            digits(random, 18),
            f"{right}A",
        ]
    )


def _phone_cn(random: Random) -> str:
    return random.choice(
        [
            f"12{digits(random, 9)}",
            f"0.138{digits(random, 8)}",
            f"138{digits(random, 8)}L",
            f"138{digits(random, 13)}",
            f"1{digits(random, 9)}",
            f"fig-138{digits(random, 8)}",
            f"总额 010{digits(random, 8)} 元",
            f"400{digits(random, 7)} rows",
            f"2023-{digits(random, 8)}",
            f"138-{digits(random, 4)}",
        ]
    )


def _phone(random: Random) -> str:
    return random.choice(
        [
            f"+{digits(random, 3)}",
            f"UTC+08:00 {digits(random, 4)}",
            f"x+1{digits(random, 8)}",
            f"+1{digits(random, 5)}",
            fill(random, "1##-###-####"),
            fill(random, "N##-##-####"),
            f"+0{digits(random, 9)}",
            f"{digits(random, 3)}-{digits(random, 3)}",
            f"i+{digits(random, 9)}",
        ]
    )


def _email(random: Random) -> str:
    name = random.choice(["icon", "logo", "getty", "user", "w", "npm"])
    return random.choice(
        [
            f"{name}@2x.png",
            "getty@tty1.service",
            "git@github.com:torvalds/linux.git",
            f"react@18.{digits(random, 1)}.0",
            f"{name}@localhost",
            f"@{name}.setter",
            "a @ b.T",
            "x@y",
            f"{name}@{digits(random, 3)}",
            f"{name} at example dot com",
            "A@B.sum()",
        ]
    )


def _url(random: Random) -> str:
    return random.choice(
        [
            f"http://localhost:{digits(random, 4)}/",
            "http://{host}:{port}/",
            "a://b",
            "os.path.join",
            "www.",
            "https://",
            f"file:///tmp/{digits(random, 3)}",
            "std::vector",
            "//comment",
            "http:// 空",
            "example.com/path",
            "www 服务",
            f"x = y //{digits(random, 2)}",
            "and/or",
            "C:\\Users\\x",
        ]
    )


def _ip(random: Random) -> str:
    a, b, c, d = (random.randint(0, 255) for _ in range(4))
    majors = (*range(1, 10), 11, 12)
    return random.choice(
        [
            version(random),
            f"{256 + a}.{b}.{c}.{d}",
            f"{a}.{b}.{c}",
            f"{a}.{b}.{c}.{d}.{a}",
            f"Firmware {random.choice(majors)}.{b % 20}.{c}.{d % 30}",
            f"nginx {random.choice(majors)}.{b % 20}.{c}.{d % 30}",
            f"M{a % 9}.{b % 90} {c % 10}.{d % 99}.{a % 99}.{b % 99} 0 {c % 9}.{d}",
            "1.2.3.4",
            f"§{a % 9}.{b % 9}.{c % 9}.{d % 9}",
            "127.0.0.1",
            "255.255.255.0",
            "0.0.0.0",
            f"1.3.6.1.4.1.{a}.{b}",
            f"{a}.{b}.{c}.{d}a",
            f"{a % 24:02}:{b % 60:02}:{c % 60:02}",
            "std::cafe::beef",
            "::1",
            f"{a:02x}:{b:02x}:{c:02x}",
        ]
    )


def _mac(random: Random) -> str:
    pairs = [f"{random.randint(0, 255):02x}" for _ in range(8)]
    return random.choice(
        [
            ":".join(pairs),
            ":".join(pairs[:5]),
            "-".join(pairs[:5]),
            ":".join(pairs[:5]) + ":zz",
            "ff:ff:ff:ff:ff:ff",
            "00:00:00:00:00:00",
            ":".join(pairs[:3]) + "-" + "-".join(pairs[3:6]),
            "12-11-10-09-08-07",
            ":".join(pairs * 2),
            "".join(pairs[:6]),
        ]
    )


def _passport(random: Random) -> str:
    return random.choice(
        [
            f"零件号 E{digits(random, 8)}",
            f"model G{digits(random, 8)}",
            f"E{digits(random, 7)}",
            f"护照办理 {digits(random, 8)} 份",
            f"passport.js?v={digits(random, 8)}",
            f"护照 A{digits(random, 8)}",
            f"passport E{digits(random, 10)}",
            f"E{digits(random, 8)}",
        ]
    )


def _plate(random: Random) -> str:
    head = random.choice("京沪粤川浙苏")
    return random.choice(
        [
            f"{head}ICP备{digits(random, 8)}号",
            f"{head}A{digits(random, 4)}",
            f"{head}A{digits(random, 7)}",
            f"北A{digits(random, 5)}",
            f"{head}{digits(random, 6)}",
            f"{head}公网安备{digits(random, 14)}号",
            f"A{digits(random, 5)}",
            f"{head} A 座 {digits(random, 4)} 室",
            f"{head}I{digits(random, 5)}",
            f"{head}B-{digits(random, 3)}",
        ]
    )


def _wechat(random: Random) -> str:
    return random.choice(
        [
            "微信公众号 JavaGuide",
            "微信小程序 wx.request2",
            "微信：下载 Android 8.0",
            "WeChat Pay API v3",
            "wechat is popular",
            "微信支付 merchant_id1",
            "用微信 login2fa 登录",
            f"微信{digits(random, 8)}人",
            "威信 authority",
            "企业微信 corp_id",
            f"vxlan{digits(random, 4)}",
            "wx.Frame",
        ]
    )


def _qq(random: Random) -> str:
    return random.choice(
        [
            f"QQ {random.randint(2000, 2020)}",
            f"QQ浏览器 10.{digits(random, 5)}",
            f"号码{digits(random, 8)}",
            f"QQ空间 {digits(random, 6)} 次访问",
            f"seq {digits(random, 6)}",
            f"qqplot {digits(random, 5)}",
            f"IQ {digits(random, 5)}",
            f"QQ 音乐 {digits(random, 7)} 首",
            f"QQ：0{digits(random, 6)}",
            f"编号：{digits(random, 7)}",
        ]
    )


def _api_key(random: Random) -> str:
    take = lambda count: "".join(random.choices(BASE62, k=count))  # noqa: E731
    return random.choice(
        [
            "ghp_" + "x" * 36,
            "AKIA" + "X" * 16,
            f"AKIA{digits(random, 8)}",
            f"sk-{take(6)}",
            "sk-learn-contrib-imbalanced-learn-2-examples",
            take(40),
            f"eyJ{take(20)}",
            f"hf_{take(5)}",
            "npm_config_registry_and_cache_and_other_x1",
            f"github_pat_{take(3)}",
            "sk-" + "your-api-key-goes-here-0000000000",
            f"data:image/png;base64,iVBOR{take(60)}",
            "sk_test_",
        ]
    )


def _private_key(random: Random) -> str:
    body = "".join(random.choices(BASE62, k=64))
    return random.choice(
        [
            "-----BEGIN PRIVATE KEY-----",
            f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----",
            f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----",
            "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
            "PRIVATE KEY",
            f"ssh-rsa AAAAB3NzaC1yc2E{body}",
            "-----BEGIN PRIVATE KEY-----\nYOUR KEY HERE\n-----END PRIVATE KEY-----",
            "---KEY-----",
            f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n{body}",
        ]
    )


def _password(random: Random) -> str:
    name = random.choice(["password", "secret", "api_key", "token"])
    value = random.choice(
        [
            "your-password",
            "changeme",
            "********",
            "{password}",
            "${DB_PASSWORD}",
            "<secret>",
            "password123",
            "xxxxxxxx1",
            "os.environ['KEY1']",
            "enter it here",
            "abc",
            "%(password)s",
            "MY_TOKEN_1",
            "required",
        ]
    )
    return random.choice(
        [
            f'{name} = "{value}"',
            f"{name}: '{value}'",
            f'"{name}": "{value}"',
            f"{name} = get_{name}(1)",
            f'keyword = "a1b2{digits(random, 4)}"',
            f'title = "x{digits(random, 6)}"',
            f"{name}={digits(random, 6)}",
        ]
    )


NEAR_MISSES: dict[PrivacyKind, Callable[[Random], str]] = {
    "email": _email, "phone_cn": _phone_cn, "phone": _phone, "url": _url, "ip": _ip, "mac": _mac, "id_card_cn": _id_card,
    "credit_code_cn": _credit_code, "passport_cn": _passport, "plate_cn": _plate, "bank_card": _bank_card, "iban": _iban,
    "wechat": _wechat, "qq": _qq, "api_key": _api_key, "private_key": _private_key, "password": _password,
}  # fmt: skip
