"""Good Chinese of rare kinds that no rule of the demo drops, and what is like it and dropped all the same."""

from __future__ import annotations

import pytest

from tests.pipeline.steps.quality.test_rules import _demo_reason

ANSWER = "老师问，这三十六个“好”都是你写的吗？是的，这三十六个“好”都是我写的。"
QUESTION = "你最想从学校带走的是什么？最想从学校带走的，是我交过的学费。"
POEM = (
    "参差荇菜，左右流之。窈窕淑女，寤寐求之。求之不得，寤寐思服。悠哉悠哉，辗转反侧。"
    "参差荇菜，左右采之。窈窕淑女，琴瑟友之。参差荇菜，左右芼之。窈窕淑女，钟鼓乐之。"
)
LYRICS = (
    "后来我才明白那不过是一种习惯 我也学着你说起一样的谎话 你总是让我留在你的身旁 却说不出幸福该是什么模样 "
    "要是我能够早一点和你告别 我们就不必在雨里互相勉强 可是我到底不够勇敢 好 就这样吧"
)
POST = (
    "每天的日子虽然过得不算精彩 但是这样对我来说已经足够了。平凡到底是什么？"
    "是早晨醒来看见的第一缕光，是翻开旧书时扑面而来的气味。\u200b"
)
SMALL_MARKS = (
    "我想問﹐這樣做到底有沒有意思﹖在收到的許多信裡﹐有一封連我的名字也寫錯了﹗"
    "我並不是小心眼﹐只是覺得有些隨便﹔也許他是好人﹐不過我不會再回信了﹐請他不要見怪。"
)
STUB = "本书的第 二 章讲的是怎样把文件读进来，第三章讲怎样把它们写回去，第四章讲出了错以后该怎么办，最后一章是全部命令的列表和说明。"
LATEX = (
    "除了在自己的电脑上安装发行版以外，也可以使用在线的编辑平台，例如 "
    "\\href{https://www.example.com/a/very/long/path/to/the/editor}{第一个平台} 和 "
    "\\href{https://editor.example.org/another/long/path/index.html}{第二个平台}，"
    "它们都能直接编译中文文档。镜像站点的地址可以在 \\url{https://mirror.example.net/list} 查到。"
)
NOTICE = (
    "今天上午，医院的工作人员联系本报，对客服人员回答市民时的粗口表示歉意，并说明医院已经撤下原来的公告。\n"
    "昨天，本报接到市民的电话，说这家医院在网上公开募捐，却没有说明捐来的东西要用在哪里。\n"
    "原文见 https://news.example.com/2020/02/a/b/c/d/e/f/index-of-the-story-0123456789abcdef.html\n"
)
EXERCISES = (
    "先说出下面各题的运算顺序，再算一算：92÷4×25，1000－289＋11，（96－6）×（15＋9）。\n"
    "862+56=　　534+229=　　710－85+40=　　125×8÷10=　　36+64×5=\n"
    "一支铅笔比一把直尺便宜多少钱？买四块橡皮一共需要付多少钱？和同桌说一说你是怎样想的。\n"
    "2×4=8，3×4=12，6×7=42，8×9=72，15×4=60，25×4=100，观察上面的算式，你发现了什么规律？\n"
)
OFFICIAL = (
    "某市副市长、市公安局局长李某涉嫌严重违纪违法，目前正接受市纪委监委纪律审查和监察调查。李某简历：李某，男，汉族，"
    "1964年2月生，山西某县人，研究生学历，1985年8月参加工作，1987年6月加入中国共产党。历任某县公安局侦查员、副科长、"
    "科长，某区公安分局副局长、局长，某市公安局副局长、党委委员，某市副市长、市公安局党委书记、局长、督察长。"
)
DECISION = (
    "第三次修正案\n根据《某某市第九届人民代表大会常务委员会第二十一次会议关于修改地方性法规的决定》，本会对《某某市城市市容和环境卫生管理条例实施细则》作出说明。"
    "《某某市第九届人民代表大会常务委员会第二十一次会议关于修改地方性法规的决定》自公布之日起施行，《某某市城市市容和环境卫生管理条例实施细则》同时修改。"
    "各区按照《某某市第九届人民代表大会常务委员会第二十一次会议关于修改地方性法规的决定》另行制定办法，"
    "不得与《某某市城市市容和环境卫生管理条例实施细则》相抵触；违反者由上级机关责令改正。"
    "《某某市第九届人民代表大会常务委员会第二十一次会议关于修改地方性法规的决定》和《某某市城市市容和环境卫生管理条例实施细则》"
    "的全文由办公厅公布。"
)
JOKE = (
    "有一户人家养了一头小猪，。小猪每天半夜都要出门，。把邻居种的菜全给吃光了，。邻居去报了警，。"
    "民警在菜地里等了一个晚上，。等到天亮也没有看见小猪，。回到家才知道，。小猪把他家的菜也吃光了，。"
)
CANTONESE = (
    "呢個故仔係講一個細路同佢隻狗，呢隻狗好叻，識得自己開門。呢日落大雨，佢哋冇得出去玩，"
    "呢個細路就坐喺窗邊等。呢場雨落咗成日，呢隻狗都等到瞓著咗，呢兩個先至發覺天已經黑晒。"
)
HELP = (
    "插入下一頁的頁碼\n您可以在頁尾使用欄位插入下一頁的頁碼。只有在文件還有下一頁時，這個頁碼才會顯示出來。"
    "按一下「插入」，選擇「欄位」，再選擇「下一頁」，然後確定。"
)
README = (
    "这个库把几种接口包成一个，用法请点击这里查看。安装说明请点击这里，常见问题请点击这里，"
    "示例程序请点击这里。有问题可以提交议题，也可以直接发来补丁，我们会尽快回复。"
)
ALIGNED = (
    "对齐选中对象的左边缘。如果只选中了一个对象，对象的左边缘将与左页边距对齐。\n水平居中选中的对象。\n"
    "对齐选中对象的右边缘。如果只选中了一个对象，对象的右边缘将与右页边距对齐。\n垂直居中选中的对象。\n"
    "这些命令也在工具栏里，按住键盘上的控制键可以一次选中几个对象，再从菜单里选一种方式。\n"
)
SCANNED = "".join(c + " " * (k % 9 in (4, 5)) for k, c in enumerate(POST.replace(" ", "")))

_TERMS = "最好的二手车 可靠的贷款 真的发票 便宜的二手房 我们的装修公司 搬家 代办".split()
KEYWORDS = "\n".join(" ".join(_TERMS[k * k * j % 11 % 7] for k in range(9)) for j in range(9))


@pytest.mark.parametrize(
    "text",
    [
        ANSWER, DECISION, QUESTION, POEM, LYRICS, POST, SMALL_MARKS, STUB, LATEX, NOTICE, EXERCISES, OFFICIAL, JOKE,
        CANTONESE, HELP, README, ALIGNED,
    ],
    ids="answer decision question poem lyrics post small_marks stub latex notice exercises official joke "
        "cantonese help readme aligned".split(),
)  # fmt: skip
def test_good_text_of_rare_kinds_is_kept(text: str) -> None:
    assert _demo_reason(text, "zh") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (KEYWORDS, "zh_web_v2/duplicate_5grams"),
        (DECISION.replace("《", "").replace("》", ""), "zh_web_v2/duplicate_10grams"),
        ("《" + DECISION.replace("《", "").replace("》", ""), "zh_web_v2/duplicate_10grams"),
        (SCANNED, "zh_web_v2/gapped_characters"),
        (SCANNED.replace("，", "﹐"), "zh_web_v2/gapped_characters"),
        ("今天的天气\x07真好，我们\x08一起去公园里走一走吧。", "control_characters"),
        (
            "".join(f"更多精彩 http://www.example{k}.com/index/{k}\n友情链接 本站推荐\n" for k in range(20)),
            "zh_web_v2/urls",
        ),
        ("首页 上一页 点击进入 论坛 下一页 点击下载 登录 上一篇 下一篇 友情链接 联系我们\n" * 3, "zh_web_v2/advertising"),
        (
            "编号：2+8-A5，单价：906.5，日期：2008-04-14，数量：87，规格：143×9102，库存：22。\n" * 4,
            "zh_web_v2/letters",
        ),
        (
            "书，的上我。他了去们看到人，了不是在。着就来这里面，们走说的那。么一把天回过来，吗家我有里。的上他他，"
            "人都好去着地与，纸笔们和把。有没，者要出为什。呢吃再把的",
            "zh_web_v2/misplaced_words",
        ),
    ],
    ids="keywords titles_unmarked title_unclosed scanned scanned_small controls link_farm pages template shuffled".split(),
)  # fmt: skip
def test_what_is_junk_is_not(text: str, reason: str) -> None:
    assert _demo_reason(text, "zh") == reason
