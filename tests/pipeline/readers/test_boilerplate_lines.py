"""Lines that are no text by their words; and lines of text that speak of the same."""

from __future__ import annotations

import pytest

from pipeline.readers.boilerplate_lines import heads_other_texts, is_boilerplate
from tests.pipeline.at_hand import chapters, manuals, needs_texts

BOILERPLATE = """
We use cookies to make this site better.
By continuing to browse you agree to our use of cookies.
Diese Website verwendet Cookies, um Inhalte zu personalisieren.
Copyright 2020 Example Ltd.
© 2020 Example. All rights reserved.
Please enable JavaScript to view the comments.
Sign up for our weekly newsletter!
Photo: Jane Doe
(Image: GETTY)
Tags: python, testing
Filed under
Share this article
Published: Tue, Nov 19, 2019 7:05 AM
Read more: China plague outbreak confirmed
Mehr zum Thema auf example.de
Lesen Sie auch die folgenden Beiträge:
Vous aimerez aussi
Te puede interesar
Zobacz także
Читайте также
责任编辑：杨倩_NF4425
本文来源：新京报 责任编辑：杜硕_NB12556
网友评论仅供其表达个人看法，并不表明本站立场。
版权所有 未经许可不得转载
京ICP备00000000号
（原标题：姚明对周琦说了啥？）
来源：新华网
关键词：经济
2019-09-09 16:01:46
发布时间：2019-05-18 来源：中国地理学会
分享到：
相关阅读
为您推荐
小编最近文章
上一篇：春天来了
观察员评论 4条
评论（0）
长按识别二维码
请启用 JavaScript 之后再访问本网站
以上内容仅代表作者个人观点
【打印本页】【关闭窗口】
责编|李小明
校对｜王芳
图片来源：视觉中国
返回腾讯网首页>>
1、回复【公租房】查看最新消息
点击菜单栏【便民服务】解锁更多服务！
看都看完了，点【在看】试试
下载客户端还能获得专享福利哦！
发送邮件至news@example.com申请加入
商务合作微信：example
"""
TEXT = """
Cookies are baked at 180 degrees, and kept in a tin.
Response headers did not vary on cookies if a session was not modified.
She read more than anybody in the village.
Related work is discussed in section 2.
Contact with the ship was lost at noon.
Sources close to the family deny it.
Tags are written in capitals.
Share the bread among the guests.
Kontakte knüpfen ist nicht schwer.
编辑部里坐着三个人。
来源于生活，高于生活。
时间：上午八点，地点：学校门口
他把书分享给了同学们。
评论家认为这部小说很好。
责任在我。
作者在书中写道，春天来了。
标签贴在瓶子上。
推荐信写好了。
记者在现场看到，水已经退了。
返回家乡的路很长。
他回复“好”，就走了。
校对工作持续了三年。
他在看一本旧书。
集合地点在看台后面，联系电话：12345
记者：您怎么看这件事？
客户端可以从服务器下载文件。
请把邮件发送到老师的信箱。
热门的景点人太多。
"""


@pytest.mark.parametrize("line", BOILERPLATE.strip().split("\n"))
def test_boilerplate(line: str) -> None:
    assert is_boilerplate(line, False)


@pytest.mark.parametrize("line", TEXT.strip().split("\n"))
def test_text_that_speaks_of_the_same(line: str) -> None:
    assert not is_boilerplate(line, False)


def test_a_long_line_is_text_unless_it_is_linked() -> None:
    line = "Read more: " + "the whole story of the long way home " * 3
    assert (is_boilerplate(line, False), is_boilerplate(line, True)) == (False, True)
    assert not is_boilerplate("We use cookies on this website. " * 9, False)


@pytest.mark.parametrize(
    ("line", "heads"),
    [
        ("Related articles", True),
        ("12 Comments", True),
        ("Kommentar verfassen", True),
        ("相关新闻", True),
        ("我要评论", True),
        ("为你推荐", True),
        ("Photo: Jane Doe", False),
        ("责任编辑：杨倩", False),
        ("Comments are welcome, the author says.", False),
        ("评论说，春天来了", False),
    ],
)
def test_what_heads_other_texts(line: str, heads: bool) -> None:
    assert heads_other_texts(line) == heads


@needs_texts
def test_sentences_of_books_and_manuals_are_no_boilerplate() -> None:
    novel = [line for chapter in chapters() for line in map(str.strip, chapter.split("\n")) if line]
    assert sum(is_boilerplate(line, False) for line in novel) == 0
    paragraphs = [
        " ".join(paragraph.split()) for manual in manuals() for paragraph in manual.split("\n\n") if paragraph
    ]
    sentences = [text for text in paragraphs if text[0].isupper() and text[-1] == "."]
    assert len(sentences) > 5_000
    assert sum(is_boilerplate(text, False) for text in sentences) <= len(sentences) // 1_000
