"""What looks like an account or a secret and is none."""

from __future__ import annotations

from random import Random

from tests.pipeline.steps.privacy.value_parts import BASE62, digits


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
