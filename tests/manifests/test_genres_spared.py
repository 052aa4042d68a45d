"""Chinese of unusual form that ``zh_web_v1`` keeps, and junk of the same form that it does not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.genres import genres
from manifests.schema.rules import rules_of
from pipeline.steps.quality.rules import judge
from pipeline.text.quality_signals.signals import measure

FIVE = "床前明月光，疑是地上霜。举头望明月，低头思故乡。白日依山尽，黄河入海流。欲穷千里目，更上一层楼。春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
SEVEN = "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。故人西辞黄鹤楼，烟花三月下扬州。孤帆远影碧空尽，唯见长江天际流。"
CI = "昨夜雨疏风骤，浓睡不消残酒。试问卷帘人，却道海棠依旧。知否，知否？应是绿肥红瘦。常记溪亭日暮，沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡，争渡，惊起一滩鸥鹭。"
THREE = "人之初，性本善。性相近，习相远。苟不教，性乃迁。教之道，贵以专。昔孟母，择邻处。子不学，断机杼。窦燕山，有义方。教五子，名俱扬。养不教，父之过。教不严，师之惰。"
THOUSAND = "天地玄黄，宇宙洪荒。日月盈昃，辰宿列张。寒来暑往，秋收冬藏。闰余成岁，律吕调阳。云腾致雨，露结为霜。金生丽水，玉出昆冈。剑号巨阙，珠称夜光。"
ODES = "关关雎鸠，在河之洲。窈窕淑女，君子好逑。参差荇菜，左右流之。窈窕淑女，寤寐求之。求之不得，寤寐思服。悠哉悠哉，辗转反侧。参差荇菜，左右采之。窈窕淑女，琴瑟友之。"
COUPLETS = "春风得意马蹄疾\n旭日临窗人精神\n爆竹声声辞旧岁\n红梅朵朵迎新春\n天增岁月人增寿\n春满乾坤福满门\n一帆风顺年年好\n万事如意步步高\n"
REFRAIN = "啦啦啦啦啦\n"
SONG = (
    "我走过长长的街\n看过圆圆的月\n等过远远的车\n听过轻轻的歌\n"
    + REFRAIN
    + "你说你会回来\n带着一束白花\n站在我家门口\n等我慢慢长大\n"
    + REFRAIN
    + "后来街灯亮了\n后来月亮落了\n后来车子走了\n后来歌也停了\n"
    + REFRAIN
    + "风吹过老屋顶\n雨打过旧窗台\n猫睡在台阶上\n梦里也有花开\n"
    + REFRAIN
)
MODERN = "我轻轻地来，\n正如我轻轻地走；\n我轻轻地招手，\n作别西天的云彩。\n\n那河畔的金柳，\n是夕阳中的新娘；\n波光里的艳影，\n在我的心头荡漾。\n"
SCORES = [
    ("姓名", "语文", "数学", "英语", "总分"),
    *(
        (name, *map(str, marks), str(sum(marks)))
        for name, marks in (
            ("张三", (95, 88, 92)),
            ("李四", (78, 90, 85)),
            ("王五", (88, 76, 91)),
            ("赵六", (92, 94, 89)),
            ("钱七", (67, 72, 80)),
            ("孙八", (85, 83, 79)),
        )
    ),
]
EXAM = (
    "一、选择题（每小题3分，共15分）\n1．下列各数中，最小的数是（　　）\nA．-3　　B．-2　　C．0　　D．1\n2．计算（-2）×3的结果是（　　）\n"
    "A．-6　　B．-5　　C．5　　D．6\n3．若x＝2是方程2x＋a＝5的解，则a＝（　　）\nA．1　　B．2　　C．3　　D．4\n"
)
PROOF = (
    "例1 已知函数f(x)=x^2-2ax+3在区间[1,4]上的最小值为g(a)，求g(a)的表达式。\n解：f(x)=(x-a)^2+3-a^2，对称轴为x=a。\n"
    "(1) 当a<1时，f(x)在[1,4]上单调递增，g(a)=f(1)=4-2a；\n(2) 当1≤a≤4时，g(a)=f(a)=3-a^2；\n"
    "(3) 当a>4时，f(x)在[1,4]上单调递减，g(a)=f(4)=19-8a。\n"
)
DICTIONARY = (
    "【一】yī ①最小的正整数。②同一：一视同仁。③全；满：一身汗。\n【丁】dīng ①天干的第四位。②成年男子：壮丁。③姓。\n"
    "【七】qī ①六加一后所得。②旧时人死后每隔七天祭奠一次。\n【万】wàn ①数目，十个一千。②比喻很多：万水千山。③姓。\n"
)


def by_lines(text: str, clauses: int) -> str:
    """A poem with so many clauses in a line."""
    cut = text.replace("，", "，|").replace("。", "。|").replace("？", "？|").split("|")
    return "\n".join("".join(cut[at : at + clauses]) for at in range(0, len(cut), clauses)) + "\n"


def table(gap: str) -> str:
    return "\n".join(gap.join(row) for row in SCORES) + "\n"


def broken(text: str) -> tuple[str, list[str] | None]:
    """The genre, and the broken rules of ``zh_web_v1`` but the one of the length."""
    found = measure(pa.array([text]), np.ones(1, bool))
    rules = [rule for rule in rules_of("zh_web_v1") if rule.name != "zh_web_v1/short_text"]
    verdict = judge(found, np.array(["zh"], object), np.array(["web"], object), rules)
    return str(genres(found)[0]), verdict.broken[0].as_py()


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        *((by_lines(FIVE, clauses), "verse") for clauses in (1, 2, 99)),
        *((by_lines(SEVEN, clauses), "verse") for clauses in (1, 2)),
        *((by_lines(THREE, clauses), "verse") for clauses in (1, 2, 4, 99)),
        (by_lines(CI, 1), "verse"),
        (by_lines(THOUSAND, 2), "verse"),
        (by_lines(ODES, 1), "verse"),
        (COUPLETS, "verse"),
        (SONG, "verse"),
        (MODERN, "verse"),
        *((table(gap), "table") for gap in ("\t", "    ", "　　", "　 ")),
        (EXAM, "list"),
        (PROOF, "list"),
        (DICTIONARY, "verse"),
    ],
)
def test_verse_tables_and_exercises_are_kept(text: str, genre: str) -> None:
    assert broken(text) == (genre, None)


@pytest.mark.parametrize(
    ("text", "genre", "rule"),
    [
        (MODERN * 4, "verse", "verse_duplicate_10grams: duplicate_10grams 0.65"),
        ("网上百家乐\n真人娱乐城\n时时彩投注\n澳门六合彩\n" * 3, "verse", "verse_gambling"),
        ("首页 登录 注册\n上一页 1 2 3 4 下一页\n" * 5, "verse", "advertising"),
        (table("，"), "verse", "digits"),
        (
            "我们\n你们\n他们\n大家\n" * 3 + "去年冬天我们搬到了这里，房子不大，但是很安静。\n",
            "prose",
            "short_lines",
        ),
    ],
)
def test_what_only_looks_like_verse_or_a_table_is_not(text: str, genre: str, rule: str) -> None:
    found, rules = broken(text)
    assert found == genre
    assert any(name.startswith(f"zh_web_v1/{rule}") for name in rules or [])
