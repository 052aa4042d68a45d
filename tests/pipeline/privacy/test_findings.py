"""Labelled examples: what must be found, to the byte, and what only looks like it."""

from __future__ import annotations

import pytest

from tests.pipeline.privacy.looks import found

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
    "npm install react@18.2.0",
    # Chinese telephones
    "订单号 AB-13812345678",
    "sha1 13812345678abcdef13812345678abcdef1381234",
    "时间戳 1381234567890",
    "long id = 13812345678L;",
    "0.13812345678",
    "12812345678 不是号段",
    "2023-11-23 10:20:30",
    "ISBN 978-7-111-54742-6",
    "ISBN 9787111547426",
    "总额 01062345678 元",
    "4008108888 rows",
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
    "Chrome/91.0.44.124",
    "1.3.6.1.4.1.311.21",
    "python-3.8.10.1",
    "127.0.0.1 and 0.0.0.0 and 255.255.255.0",
    "300.1.2.3",
    "1.22.33.44-beta",
    "12:34:56 and 12:34:56:78",
    "aa:bb:cc:dd:ee:ff",
    "std::vector<beef::cafe> x; feed::face()",
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
    assert [kind for kind, _ in found(text)] == ["phone_cn", "phone_cn", "email", "email", "id_card_cn", "bank_card"]


def test_the_longest_of_nested_findings_is_counted_once() -> None:
    assert found("http://10.1.2.33/u?m=zhang@163.com") == [("url", "http://10.1.2.33/u?m=zhang@163.com")]
    assert found("+86 13812345678") == [("phone_cn", "+86 13812345678")]


def test_an_eighteen_digit_number_that_is_both_is_an_identity_card() -> None:
    number = "62010219900307181"  # Lanzhou; as a card it would be UnionPay's
    kinds = [[kind for kind, _ in found(number + check)] for check in "0123456789X"]
    assert kinds.count(["id_card_cn"]) == 1
    assert all(len(found_kinds) <= 1 for found_kinds in kinds)
