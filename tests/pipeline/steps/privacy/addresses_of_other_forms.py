"""Addresses with letters outside ASCII, addresses of networks, and what looks like them."""

from __future__ import annotations

from random import Random

from tests.pipeline.steps.privacy.value_parts import NAMES, digits

_HAN_HOSTS = "例子 中文 北京大学 新闻 购物 我的网站".split()
_HAN_TOPS = "中国 公司 网络 在线 香港 台灣".split()
_OTHER_HOSTS = "bücher.example münchen.de café.fr пример.рф почта.example.org δοκιμή.gr 한국.한국 日本語.jp www.société.fr".split()


def _host(random: Random) -> str:
    han = f"{random.choice(_HAN_HOSTS)}.{random.choice([*_HAN_TOPS, 'com', 'cn'])}"
    return random.choice([han, han, random.choice(_OTHER_HOSTS)])


def international_url(random: Random) -> str:
    path = random.choice(["", "/", "/index.html", f"/a?id={digits(random, 5)}", ":8080/x"])
    return f"{random.choice(['http', 'https', 'ftp'])}://{_host(random)}{path}"


def international_email(random: Random) -> str:
    host = _host(random).removeprefix("www.")
    return f"{random.choice(NAMES)}{random.choice(['', '.li', '_2', digits(random, 3)])}@{host}"


def no_international_address(random: Random) -> str:
    name = random.choice(NAMES)
    return random.choice([
        f"{name}@张三", f"转发 {name}@李四.王五", f"@{random.choice(_HAN_HOSTS)}.", "http://说明.文档", "http://本机/路径", f"{random.choice(_HAN_HOSTS)}.中国", f"{name} @ 例子.中国", "www。例子。中国", "://例子.中国", f"{name}@_例子.中国",
    ])  # fmt: skip


def public_v4(random: Random) -> str:
    """One that is nobody's example: with a number above 31 that begins no version."""
    return ".".join(
        map(
            str,
            (
                random.choice([36, 61, 112, 123, 183, 202, 220]),
                random.randint(0, 255),
                random.randint(0, 255),
                random.randint(1, 254),
            ),
        )
    )


def version_or_section(random: Random) -> str:
    a, b, c, d = (random.randint(0, high) for high in (30, 30, 250, 250))
    small = ".".join(str(random.randint(1, 31)) for _ in range(4)).replace("10.", "11.", 1)
    large = f"{a}.{b}.{c}.{d}"
    return random.choice([
        f"\n## [{large}] - 2026-09-12\n", f"第 {large} 条", f"见 {large} 节", f"（第{small}节）", f"§ {large}", f"AssemblyVersion(\"{large}\")", f'"version": "{large}"', f"<version>{large}</version>", f"升级到 {large}", f"upgraded to {large}",
        f"release-{large}", f"固件 {large}", f"Version={large}, Culture=neutral", f"lib-{large}.tar.gz", f"软件{large}.exe", f"OID 1.3.6.1.4.1.{c}", f"Oracle {max(a, 1)}.{b}.{c}.{d}", f"{small} 概述", f"v{large}", f"{large} 版",
    ])  # fmt: skip
