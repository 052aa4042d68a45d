"""Labelled examples: what must be found, to the byte, and what only looks like it."""

from __future__ import annotations

import pytest

from tests.pipeline.steps.privacy.looks import found

POSITIVE = [
    # (text with the datum between ⟦ ⟧, kind)
    ("邮箱⟦zhangsan@163.com⟧联系", "email"),
    ("Author: Guido van Rossum <⟦guido@python.org⟧>", "email"),
    ("write to ⟦first.last+tag@mail.example.co.uk⟧.", "email"),
    ("[mail](mailto:⟦team@gsa.gov⟧)", "email"),
    ("QQ邮箱：⟦12345678@qq.com⟧，欢迎", "email"),
    ("# contact ⟦ops_team@corp-mail.io⟧(值班)", "email"),
    ("手机⟦13812345678⟧联系", "phone_cn"),
    ("手机：⟦138-1234-5678⟧。", "phone_cn"),
    ("致电 ⟦138 1234 5678⟧ 咨询", "phone_cn"),
    ("tel:⟦+86 13912345678⟧", "phone_cn"),
    ("拨打⟦+86-10-62345678⟧", "phone_cn"),
    ("电话：⟦010-62345678⟧转", "phone_cn"),
    ("电话⟦(0755) 2345678⟧", "phone_cn"),
    ("Tel⟦(010)62345678⟧", "phone_cn"),
    ("传真 ⟦0571-87654321-802⟧", "phone_cn"),
    ("电话：⟦01062345678⟧", "phone_cn"),
    ("客服热线⟦400-810-8888⟧", "phone_cn"),
    ("热线 ⟦4008108888⟧", "phone_cn"),
    ("phone='⟦13012345678⟧' and", "phone_cn"),
    ("Call ⟦+44 20 7946 0958⟧ today", "phone"),
    ("Call ⟦+1 (415) 555-2671⟧.", "phone"),
    ("致电⟦+81-3-1234-5678⟧即可", "phone"),
    ("⟦+33 1 42 68 53 00⟧ 2023", "phone"),
    ("at ⟦(415) 555-2671⟧ or", "phone"),
    ("or ⟦415-555-2671⟧,", "phone"),
    ("(⟦+49 30 38550571⟧) 2.5", "phone"),
    ("Tel. ⟦+49 731 88005-8205⟧ Abo", "phone"),
    ("⟦+971 4 683 0649⟧ 0.9.27: fix", "phone"),
    ("at ⟦+44 (0)20 7934 7287⟧.", "phone"),
    ("Fax:⟦+86-27-22453754⟧ 1. The", "phone_cn"),
    ("访问⟦https://example.com/a?b=c#d⟧了解", "url"),
    ("[text](⟦https://en.wikipedia.org/wiki/Lisp_(language)⟧)", "url"),
    ("(see ⟦http://www.w3.org/2000/svg⟧).", "url"),
    ("// docs: ⟦https://docs.python.org/3/library/re.html#re.compile⟧", "url"),
    ("请看⟦www.baidu.com⟧，", "url"),
    ("⟦ftp://user:secret@ftp.example.org:2121/pub/⟧", "url"),
    ("**⟦https://a.io⟧**", "url"),
    ("⟦http://8.8.4.4:8080/x⟧ up", "url"),
    ("⟦https://x.com/?mail=a@b.com&tel=13812345678⟧ nested", "url"),
    ("server ⟦93.184.216.34⟧ answered", "ip"),
    ("服务器⟦10.128.0.57⟧上", "ip"),
    ("IP 地址：⟦8.8.8.8⟧", "ip"),
    ("from ⟦192.168.1.243⟧:22", "ip"),
    ("(127.0.0.1 ⟦192.168.1.242⟧)", "ip"),
    ("SERVER via ⟦3.5.140.2⟧", "ip"),
    ("mac: ⟦38:b1:db:7c:78:c7⟧ (Realtek)", "mac"),
    ("BSSID ⟦8D-AE-9D-65-1F-B2⟧，", "mac"),
    ("物理地址 ⟦12:34:56:78:90:12⟧", "mac"),
    ("统一社会信用代码：⟦9144030071526726XG⟧", "credit_code_cn"),
    ("信用代码⟦91110000802100433B⟧，", "credit_code_cn"),
    ("护照号码：⟦E12345678⟧", "passport_cn"),
    ("Passport No. ⟦EA1234567⟧", "passport_cn"),
    ("车牌⟦京A12345⟧的", "plate_cn"),
    ("车牌号：⟦粤B·D12345⟧。", "plate_cn"),
    ("⟦沪A1234警⟧停在", "plate_cn"),
    ("IBAN: ⟦CH38 0900 0000 3002 2018 5⟧ BIC", "iban"),
    ("Konto ⟦DE89370400440532013000⟧.", "iban"),
    ("专属客服经理微信:⟦YH04551H⟧ 专属", "wechat"),
    ("加微信⟦wang_123⟧咨询", "wechat"),
    ("编号12345vx:⟦wang_123⟧", "wechat"),
    ("客服经理QQ：⟦3013739370⟧。", "qq"),
    ("加qq⟦77291275⟧", "qq"),
    ("QQ number: ⟦77291275⟧", "qq"),
    ("QQ Group ⟦77291275⟧", "qq"),
    ("qq id: ⟦77291275⟧", "qq"),
    ("key ⟦AKIAIOSFODNN7EXAMPLE⟧ (AWS's own example)", "api_key"),
    ("token glpat-only-letters: ⟦glpat-fboIKYIsttvGgzoBcFdK⟧", "api_key"),
    ("key=⟦AIzaSyKqFHzTatMXjaRypbbGUIGhna_NFJc_Tum⟧&", "api_key"),
    ("“⟦ghp_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ⟧”", "api_key"),
    ("export T=⟦npm_abcdefghijklmnopqrstuvwxyzABCDEFGHIJ⟧", "api_key"),
    ("GOOGLE=⟦GOCSPX-abcdefghijklmnopqrstuvwxyzAB⟧", "api_key"),
    ("key ⟦sk-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST⟧", "api_key"),
    (
        "it begins with `-----BEGIN PRIVATE KEY-----`:\n⟦-----BEGIN PRIVATE KEY-----\n"
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----⟧",
        "private_key",
    ),
    ("password = '⟦abcd1234⟧'", "password"),
    ('"token": "⟦07c63.fb2823cG759.b20_852f337a6551bc⟧",', "password"),
    ("inet6 ⟦2001:19f0:feee::dead:beef:cafe⟧/64", "ip"),
    ("地址⟦fe80::822a:a8ff:fe49:470c⟧。", "ip"),
    ("身份证⟦11010519491231002X⟧，", "id_card_cn"),
    ("身份证号码：⟦11010519491231002x⟧", "id_card_cn"),
    ("ID ⟦440524188001010014⟧ ok", "id_card_cn"),
    ("卡号⟦4111111111111111⟧有效", "bank_card"),
    ("card: ⟦4111 1111 1111 1111⟧ 123", "bank_card"),
    ("⟦5500-0000-0000-0004⟧", "bank_card"),
    ("amex ⟦3782 822463 10005⟧", "bank_card"),
    ("银联卡号：⟦6222021234567890128⟧", "bank_card"),
    ("卡号 ⟦6222 0212 3456 7890 128⟧ 工行", "bank_card"),
]

NEAR_MISS = [
    # e-mail
    "icon@2x.png",
    "systemctl start getty@tty1.service",
    "git clone git@github.com:torvalds/linux.git",
    "@property def x(self): pass",
    "y = w@x.sum() + b",
    "user@localhost said",
    "'ks_in@devanagari.utf8': 'ks_IN.UTF-8', sd_IN@devanagari.UTF-8",
    "npm install react@18.2.0",
    # Chinese telephones
    "订单号 AB-13812345678",
    "sha1 13812345678abcdef13812345678abcdef1381234",
    "时间戳 1381234567890",
    "long id = 13812345678L;",
    "0.13812345678",
    "$13384966760$ 的约数",
    "GB82 0900 0755 2345 6789",
    "12812345678 不是号段",
    "2023-11-23 10:20:30",
    "ISBN 978-7-111-54742-6",
    "ISBN 9787111547426",
    "总额 01062345678 元",
    "4008108888 rows",
    "to suppress them completely.\n(4007791603 rows)",
    "Intel 8008205100 and hotel 4008108888",
    'assertEqual(phone2numeric_filter("0800 flowers"), "0800 3569377")',
    # international telephones
    "2023-01-01T00:00:00+08:00",
    "UTC+0800 and a+12345678",
    "+1234567",
    "+999 12",
    "1-2-3-4-5-6-7-8-9-10",
    # URLs
    "http://localhost:8000/admin",
    'url = f"http://{host}:{port}/"',
    "import os.path; os.path.join",
    "a://b",
    "example.com/path without a scheme",
    "www.",
    # IP addresses and versions
    "version 10.2.14.3",
    "版本号：10.2.14.3",
    "v1.12.13.14",
    "pip install django==10.2.14.3",
    "1.2.3.4",
    "see section 3.2.1.14",
    "Firmware 11.8.153.19, 固件：12.10.185.9",
    "Chrome/91.0.44.124",
    "1.3.6.1.4.1.311.21",
    "python-3.8.10.1",
    "127.0.0.1 and 0.0.0.0 and 255.255.255.0",
    "300.1.2.3",
    "1.22.33.44-beta",
    "AMP for WP 1.0.77.42",
    "c.36.42.9.72 1.44.72.72 0 1.44-.54",
    "02.2.07.28.14zm-4.62-5.84c1.17-1.45 3.06-.88 3.47.52.3 1.01",
    "12:34:56 and 12:34:56:78",
    "aa:bb:cc:dd:ee:ff",
    "a scan of the repository on November 5, 2006::\n\n    nonlocal    0",
    "from year 1677 to year 2262::",
    "routes: fe80::/64, fd00::/64",
    "《信息学奥林匹克辞典》2.4.7.11 章 1. 树的重心",
    "std::vector<beef::cafe> x; feed::face()",
    # MAC addresses
    "ff:ff:ff:ff:ff:ff",
    "10-11-12-13-14-15",
    "use these techniques together.\n12-11-10-09-08-07",
    "the machine 12:11:10:09:08:07",
    "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
    # codes, passports, plates, accounts, ids
    "9144030071526726XA",
    "零件 E12345678",
    "京ICP备16044242号",
    "京A123456",
    "DE88370400440532013000",
    "微信公众号 JavaGuide2",
    "微信小程序 wx.request",
    "QQ浏览器 10.53863",
    # keys and passwords
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "password = 'your-password-1'",
    'api_key="YOUR_API_KEY_HERE1"',
    "-----BEGIN RSA PRIVATE KEY----- opens the file, and the text goes on for a while.",
    "print(f'-----BEGIN PRIVATE KEY-----')\n    ZstdCompressionParametersSlots,\n};\n",
    "-----BEGIN PRIVATE KEY-----\nwhose minor version is\nunsupported/unrecognized and no key material at "
    "all",
    "agglpat-fboIKYIsttvGgzoBcFdK and AIzaurs_of_the_world_unite_and_take_over",
    # identity cards
    "110105194912310021",  # check character
    "11010519490231002X",  # 31 February
    "99010519491231002X",  # no such province
    "1101051949123100",
    # bank cards
    "4111111111111112",  # Luhn
    "1234567812345670",  # no issuer
    "0.4111111111111111",
    "id_4111111111111111",
    "41111111111111111111111",
    "deadbeef4111111111111111",
    "550e8400-e29b-41d4-a716-446655440000",
    "1700000000000000",
]


@pytest.mark.parametrize(("marked", "kind"), POSITIVE)
def test_the_datum_is_found_to_the_byte(marked: str, kind: str) -> None:
    value = marked.split("⟦")[1].split("⟧")[0]
    assert found(marked.replace("⟦", "").replace("⟧", "")) == [(kind, value)]


@pytest.mark.parametrize("text", NEAR_MISS)
def test_a_near_miss_is_left_alone(text: str) -> None:
    assert found(text) == []
    assert found(f"说明{text}结束") == found(text)


def test_neighbours_in_one_line() -> None:
    text = "张三13812345678/13912345678，zhang@163.com;li@qq.com 身份证11010519491231002X卡4111111111111111"
    assert [kind for kind, _ in found(text)] == [
        "phone_cn",
        "phone_cn",
        "email",
        "email",
        "id_card_cn",
        "bank_card",
    ]


def test_the_longest_of_nested_findings_is_counted_once() -> None:
    assert found("http://10.1.2.33/u?m=zhang@163.com") == [("url", "http://10.1.2.33/u?m=zhang@163.com")]
    assert found("+86 13812345678") == [("phone_cn", "+86 13812345678")]


def test_an_eighteen_digit_number_that_is_both_is_an_identity_card() -> None:
    number = "62010219900307181"  # Lanzhou; as a card it would be UnionPay's
    kinds = [[kind for kind, _ in found(number + check)] for check in "0123456789X"]
    assert kinds.count(["id_card_cn"]) == 1
    assert all(len(found_kinds) <= 1 for found_kinds in kinds)
