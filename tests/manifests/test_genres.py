from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.genres import genres
from pipeline.text.quality_signals.signals import measure

VERSE = "\n".join(
    ["床前明月光，", "疑是地上霜。", "举头望明月，", "低头思故乡。", "白日依山尽，", "黄河入海流。"] * 2
)
METRE = (
    "朝辞白帝彩云间，千里江陵一日还。两岸猿声啼不住，轻舟已过万重山。" * 2
    + "故人西辞黄鹤楼，烟花三月下扬州。孤帆远影碧空尽，唯见长江天际流。"
)
STATUTE = "第一章　总则\n第一条　为了规范图书馆的管理，制定本办法。\n第二条　本办法所称图书馆，是指公共图书馆。\n第三条　图书馆应当坚持公益性的原则。"
ENGLISH_STATUTE = (
    "Article 1\nEvery person has the right to read.\nArticle 2\nThe library lends books to every person.\n"
)
DIALOGUE = "甲：您好，请问图书馆怎么走？\n乙：往前走两百米，左手边就是。\n甲：谢谢您。\n乙：不客气。\n"
QUESTIONS = "What is a spider?\nWhat does the engine do?\nHow are items stored?\nWho calls the pipeline?\n"
TABLE = "北京市\t2185\t16410\t43760\n上海市\t2487\t6340\t47218\n广州市\t1882\t7434\t30355\n深圳市\t1779\t1997\t34606\n"
BOLD_STATUTE = "# 图书馆管理办法\n\n**第一条** 为了规范管理，制定本办法。\n\n**第二条** 本办法适用于公共图书馆。\n\n**第三条** 坚持公益。"
DOCSTRINGS = (
    "把文件里的行读成一张表，空行不算在内。\n:param path: 文件在哪里，可以是压缩过的\n:param int skip: 从哪一行开始读\n"
    "first_row: 表头是不是在第一行里\nwidth (int): 一行最多有多少个字\n@return 读到的表，没有的时候是空的\n"
)
BARE_DOCSTRINGS = "".join(
    f"@id{k} 策略\n@code{k} 合约代码\n@period{k} K线周期\n@last_tick_of_all_ticks{k} 最新一笔成交 成交回报 合约价格 委托数量 K线指数\n"
    for k in range(9)
)
RECIPE = "番茄炒蛋\n- 番茄两个\n- 鸡蛋三个\n1. 番茄洗净切块，鸡蛋打散。\n2. 锅里放油烧热，倒入蛋液炒成块。\n"
PROSE = (
    "我们去年冬天搬到了这里。房子不大，但是很安静，窗外有一棵老树。\n"
    + "孩子们喜欢在树下玩，下雨的时候也不肯回来，叫了很多次才进门吃饭，衣服全都湿了。\n" * 2
    + "邻居很和气。\n后来树被砍了。\n"
)
SONNET = "Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\nRough winds do shake the darling buds of May,\nAnd summer's lease hath all too short a date;\n"


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        (VERSE, "verse"),
        (METRE, "verse"),
        (SONNET, "verse"),
        (STATUTE, "statute"),
        (ENGLISH_STATUTE, "statute"),
        (BOLD_STATUTE, "statute"),
        (DOCSTRINGS, "reference"),
        (BARE_DOCSTRINGS, "prose"),
        (DIALOGUE, "dialogue"),
        (QUESTIONS, "dialogue"),
        (TABLE, "table"),
        (RECIPE, "list"),
        (PROSE, "prose"),
        ("", "prose"),
        ("1. one\n2. two\n", "prose"),
    ],
)
def test_most_lines_tell_the_genre(text: str, genre: str) -> None:
    found = genres(measure(pa.array([text]), np.ones(1, bool)))
    assert found.tolist() == [genre]


def test_no_documents() -> None:
    assert genres(measure(pa.array([], pa.string()))).tolist() == []
