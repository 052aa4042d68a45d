"""The text of pages of many kinds: short lines inside the text stay, what stands beside it goes."""

from __future__ import annotations

import pytest

from pipeline.readers.html import page_of

NAV = "<div class=nav><a href=/>首页</a> <a href=/a>诗词</a> <a href=/b>作者</a></div>"
FOOT = "<div class=foot>Copyright 2020 <a href=/x>联系</a></div>"
LONG = [
    "老城区的街道两旁种满了梧桐树，夏天的时候浓密的树荫把整条街都遮住了，走在下面十分凉快。",
    "街角有一家开了三十多年的面馆，老板每天凌晨四点就起来熬汤，来吃面的大多是附近的老街坊。",
    "再往前走就是菜市场，早上最热闹，卖鱼的、卖菜的、卖豆腐的，吆喝声此起彼伏，一直要闹到中午才散。",
]
BODY = "".join(f"<p>{line}</p>" for line in LONG)
SHORT = "床前明月光， 疑是地上霜。 举头望明月， 低头思故乡。 白日依山尽， 黄河入海流。".split()
ENGLISH = ["The moon is up, the stars are bright,", "The wind is fresh and free!", "Across the silver sea"]


def text(inner: str, title: str = "页面", head: str = "") -> str:
    page = page_of(
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{title}</title>{head}</head>"
        f"<body>{NAV}{inner}{FOOT}</body></html>".encode()
    )
    assert page.reason is None
    return page.text


def paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


@pytest.mark.parametrize("lines", [SHORT, ENGLISH], ids=["zh", "en"])
@pytest.mark.parametrize("around", ["<div class=poem>{}</div>", "<article>{}</article>", "{}", "<td>{}"])
def test_verse_keeps_its_lines(lines: list[str], around: str) -> None:
    heading = "<h1>诗</h1>"
    assert text(around.format(heading + "<br>".join(lines))) == "诗\n\n" + "\n".join(lines)
    assert text(around.format(heading + paragraphs(lines))) == "诗\n\n" + "\n\n".join(lines)


def test_stanzas_are_parted_by_a_blank_line() -> None:
    verse = "<br>".join(SHORT[:2]) + "<br><br>" + "<br>".join(SHORT[2:4])
    assert text(f"<div class=lyric>{verse}</div>") == "\n\n".join(
        ["\n".join(SHORT[:2]), "\n".join(SHORT[2:4])]
    )


def test_dialogue_between_long_paragraphs_stays() -> None:
    said = ["“来了？”", "“来了。”", "“吃了没有？”", "“还没吃呢。”"]
    lines = [*said, LONG[0], *said[::-1], LONG[1]]
    assert text(f"<div class=chapter>{paragraphs(lines)}</div>") == "\n\n".join(lines)


def test_a_short_line_at_the_end_of_a_paragraph_of_lines_stays() -> None:
    assert text(f"<article>{BODY}<p>此致<br>敬礼</p></article>").endswith("\n\n此致\n敬礼")


def test_lists_have_marks_numbers_and_depth() -> None:
    inner = (
        f"<article>{BODY}<ol><li>先把面粉和水揉成面团</li><li>醒半个小时<ul><li>盖上湿布</li><li>放在温暖的地方</li></ul></li>"
        "<li>擀成薄片</li></ol></article>"
    )
    assert text(inner).split("\n\n")[-1] == (
        "  1. 先把面粉和水揉成面团\n  2. 醒半个小时\n    • 盖上湿布\n    • 放在温暖的地方\n  3. 擀成薄片"
    )


def test_definitions_and_tables_keep_their_lines() -> None:
    definitions = (
        "<dl><dt>阳春面</dt><dd>只放葱花和猪油的汤面。</dd><dt>大排面</dt><dd>加一块大排。</dd></dl>"
    )
    table = (
        "<table><caption>价格</caption><tr><th>品名</th><th>价格</th></tr><tr><td>阳春面</td><td>12</td></tr>"
        "<tr><td><p>大排面</p></td><td>22</td></tr><tr><td>2020</td><td>2021</td></tr></table>"
    )
    assert text(f"<article>{BODY}{definitions}{table}</article>").split("\n\n")[3:] == [
        "阳春面\n只放葱花和猪油的汤面。\n大排面\n加一块大排。",
        "价格",
        "品名\t价格\n阳春面\t12\n大排面\t22\n2020\t2021",
    ]


def test_a_page_that_is_a_table_or_a_list_is_its_text() -> None:
    rows = [(name, f"{hour}:15") for hour, name in enumerate("北京南 天津南 济南西 徐州东".split(), 8)]
    table = "".join(f"<tr><td>{name}</td><td>{time}</td></tr>" for name, time in rows)
    assert text(f"<h1>时刻表</h1><table>{table}</table>") == "时刻表\n\n" + "\n".join(map("\t".join, rows))
    items = ["一壶热水和几个杯子", "厚一点的外套", "地图", "备用的袜子"]
    inner = f"<article><h1>要带的东西</h1><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul></article>"
    assert text(inner) == "要带的东西\n\n" + "\n".join(f"  • {item}" for item in items)


def test_a_layout_by_lists_or_tables_has_no_marks() -> None:
    plain = "老街\n\n" + "\n\n".join(LONG)
    assert text(f"<ul><li><h1>老街</h1>{BODY}</li></ul>") == plain
    assert text(f"<table><tr><td>1</td></tr><tr><td><h1>老街</h1>{BODY}</td></tr></table>") == plain


def test_programs_keep_their_lines() -> None:
    code = "def f(x):\n    if x:\n        return 1\n\n    return 0"
    assert text(f"<article>{BODY}<pre><code>{code}\n</code></pre></article>").endswith("\n\n" + code)
    lines = "".join(f"<div class=line>{line}</div>" for line in ["if x:", "    y()"])
    assert text(f"<article>{BODY}<pre>{lines}</pre></article>").endswith("\n\nif x:\n    y()")


def test_a_short_article_is_preferred_to_long_boilerplate_outside() -> None:
    terms = paragraphs(
        [f"使用本网站即表示您同意以下第{number}条规定，并承担由此产生的责任。" for number in range(9)]
    )
    inner = f"<article><h1>通知</h1><p>{LONG[0]}</p></article><div class=sidebar>{terms}</div>"
    assert text(inner) == f"通知\n\n{LONG[0]}"


def test_a_form_or_an_aside_around_the_whole_page_drops_nothing() -> None:
    for tag in ("form", "aside", "footer"):
        assert text(f"<{tag}><h1>老街</h1>{BODY}</{tag}>") == "老街\n\n" + "\n\n".join(LONG)


def test_all_posts_of_a_thread_are_its_text() -> None:
    posts = "".join(f"<div class=post><p>{line}</p></div>" for line in LONG)
    assert text(f"<h1>老街</h1><div>{posts}</div>") == "老街\n\n" + "\n\n".join(LONG)


def test_names_that_only_say_what_stands_beside_do_not_drop_the_text() -> None:
    for name in ("layout has-sidebar", "post-comments-wrapper", "menu-open", "modal", "footer-fixed"):
        assert text(f"<div class='{name}'><h1>老街</h1>{BODY}</div>") == "老街\n\n" + "\n\n".join(LONG)


@pytest.mark.parametrize("tag", ["noscript", "template"])
def test_a_fallback_is_the_text_only_where_nothing_else_is(tag: str) -> None:
    assert text(f"<{tag}><article>{BODY}</article></{tag}>") == "\n\n".join(LONG)
    other = "<p>打开开关之后再访问本网站，否则有些功能不能正常使用，谢谢您的配合与理解。</p>"
    assert text(f"<{tag}>{other}</{tag}><article>{BODY}</article>") == "\n\n".join(LONG)


def test_what_is_hidden_is_no_text_unless_all_is() -> None:
    spam = "<p>这段文字是隐藏的，用来给搜索引擎看，正常的读者看不到它，所以不应该出现。</p>" * 9
    shown = f"<div id=js_content style='visibility: hidden'>{BODY}</div>"
    assert text(f"<div style='display:none'>{spam}</div><article>{BODY}</article>") == "\n\n".join(LONG)
    assert text(shown) == "\n\n".join(LONG)


@pytest.mark.parametrize(
    "beside",
    [
        "<div id=cookie-notice><p>本网站使用小型文本文件来改善您的浏览体验，继续浏览即表示您同意。</p></div>",
        "<div class=newsletter><h3>订阅我们的通讯</h3><p>每周一次，把最新的文章寄到您的邮箱里，随时可以退订。</p></div>",
        "<div class=related-posts><h3>相关文章</h3><ul><li><a href=/1>又一条街</a><li><a href=/2>再一条街</a></ul></div>",
        "<h3>相关阅读</h3><ul><li><a href=/1>又一条街</a></li><li><a href=/2>再一条街</a></li></ul>",
        "<div class=author-box><p>作者生在老城，长在老城，写了三十年的老城，今年已经七十岁了。</p></div>",
        "<div class=share-bar><span>分享到</span><a href=/w>微信</a><a href=/q>QQ</a></div>",
        "<p>责任编辑：王小明</p>",
        "<p>网友评论仅供其表达个人看法，并不表明本站立场。</p>",
        "<div>2019-09-18 06:23 来源：山西日报</div>",
        "<figure><img src=x><figcaption>老街的清晨，面馆门口排着长队。</figcaption></figure>",
        "<p>***</p><p>1</p>",
        "<h3>全部评论 2条</h3><ul class=list><li>写得真好，我也在那条街上住过，现在还常常想起那家面馆。</li></ul>",
        "<h2>标签</h2>",
        "<form><label>姓名</label><input><textarea>写下您的评论，请勿发布广告。</textarea></form>",
    ],
)
def test_what_stands_behind_a_text_goes(beside: str) -> None:
    plain = "老街\n\n" + "\n\n".join(LONG)
    assert text(f"<article><h1>老街</h1>{BODY}{beside}</article>", "老街") == plain
    assert text(f"<div><h1>老街</h1>{BODY}{beside}</div>", "老街") == plain


def test_the_text_begins_at_the_title_and_says_it_once() -> None:
    before = "<p>今日要闻：本市将于下月起调整公交线路，请市民留意，并提前安排好出行的时间。</p>"
    inner = f"<div>{before}<h2>老街的早晨</h2><p>老街的早晨</p>{BODY}</div>"
    assert text(inner, "老街的早晨_本地新闻") == "老街的早晨\n\n" + "\n\n".join(LONG)


def test_a_standfirst_between_title_and_text_is_kept() -> None:
    lead = "一条街，一家面馆，一个菜市场，三代人的记忆都在这里了，记者走访了老城区的居民。"
    inner = (
        f"<main><header><h1>老街</h1><p>{lead}</p></header><div class=article-content>{BODY * 4}</div></main>"
    )
    assert text(inner).startswith(f"老街\n\n{lead}\n\n{LONG[0]}")


def test_a_link_alone_in_its_paragraph_is_text_if_it_is_an_address_or_a_sentence() -> None:
    links = (
        "<p><a href=/1>https://example.org/1</a></p><p>就是这里。</p><p><a href=/2>点这里看更多的图片</a></p>"
        f"<p>{LONG[0]}</p>"
    )
    assert text(f"<article>{BODY}{links}</article>").split("\n\n")[3:] == [
        "https://example.org/1",
        "就是这里。",
        LONG[0],
    ]


def test_headings_stay_with_what_is_below_them() -> None:
    inner = (
        f"<article><h1>一</h1><h2>二</h2><h3>三</h3><p>{LONG[0]}</p><h2>空</h2><h2>五</h2><p>{LONG[1]}</p><h2>无</h2>"
        "</article>"
    )
    assert text(inner) == f"一\n\n二\n\n三\n\n{LONG[0]}\n\n五\n\n{LONG[1]}"


def test_a_page_of_links_and_labels_is_no_document() -> None:
    rows = "".join(
        f"<tr><td><a href=/{n}>帖子的标题写在这里第{n}条</a></td><td>作者</td></tr>" for n in range(9)
    )
    page = page_of(f"<meta charset=utf-8><body>{NAV}<table>{rows}</table>{FOOT}".encode())
    assert page.reason == "no_main_text"
