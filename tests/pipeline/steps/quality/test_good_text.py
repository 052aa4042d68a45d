"""Good text of rare kinds that no rule of the demo drops, and what is like it and dropped all the same."""

from __future__ import annotations

import pytest

from tests.pipeline.steps.quality.test_rules import _demo_reason

PLAIN = (
    "The program reads the file once and writes what it has found to the standard output. It is of use where "
    "a table is too large for the memory of the machine, and where the order of the rows has to stay as it was. "
    "Nobody who has worked with lists of this length wants to sort them twice, so every field that the user names "
    "is looked up in an index first. When no index exists, one is made beside the input and kept for later runs. "
)
JUDGMENT = (
    "原告李××诉称,原、被告于2009年经人介绍相识,后登记结婚,婚后生育一子。因双方性格不合,经常为家庭琐事发生争吵,"
    "被告多次离家出走,致使夫妻感情彻底破裂。故诉至法院,请求判令:1、原、被告离婚;2、婚生子由原告抚养,被告每月支付抚养费500元。"
    "被告辩称,原告所述与事实不符,夫妻感情尚未破裂,不同意离婚。本院认为,夫妻感情是否破裂是准予离婚的唯一标准,"
    "原告未能提供充分证据,其诉讼请求本院不予支持。"
)
EXERCISES = (
    "先算一算，再说一说你是怎样想的。0.3×0.2=（　）（　）\n26×8=（　）　2.6×8=（　）　26×0.8=（　）\n"
    "观察上面的算式，你发现了什么？积的小数位数和两个乘数的小数位数有什么关系？\n"
    "淘气带了钱去给奶奶买蛋糕，每千克9.5元，估一估，他带的钱够吗？\n□+□=□　○-○=○　（　）×（　）=（　）\n"
)
MANUAL = (
    "arc4random returns a number. e2label writes the label of an ext2fs volume, and e2scrub looks for faults. "
    "Whoever needs keys that cannot be guessed asks arc4random for them. "
)
ANSWER = (
    "Yes, I keep one of these for every project...\n"
    f"{PLAIN}\n"
    "What I have not found out yet is how the two of them work together, but somebody will know...\n"
)
CHANGES = (
    "- The reader closes its file (#901)\n- Empty rows are no rows (#902, #903)\n- Faster look-up (#911)\n"
    "- Tabs may part fields (#914)\n- An index can be named (#920)\n- Less memory for long fields (#921)\n"
    "- No crash without a header (#930)\n- Help says what a field is (#931)\n- Prints counts (#940)\n"
)
LOG = (
    "<alice> hello all\n<bob_> morning, how is it?\n<alice> quite well, thanks\n<carol|away> is the build green?\n"
    "<dave> it was at noon\n<bob_> and now?\n<dave> no idea\n<carol|away> I will look\n<alice> Eve has a patch\n"
    "<dave> send it to <eve@example.org>\n<bob_> with --keep <file>, please\n<alice> done\n<carol|away> merged\n"
)
BITS = PLAIN + "The bits lie so: " + " ".join(map(str, range(122, 42, -1))) + ".\n"
TERMS = (
    "请选择 拼写检查器 来启用该插件，然后按下 更改 按钮。所有 忽略 的单词都会被跳过，而 添加 的单词会被放进 个人词典 之中。"
    "如果需要检查另一种语言，请打开 工具 菜单并选择 设置语言 一项，列表里会出现系统中已经安装的全部词典。"
)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (JUDGMENT, "zh"),
        (EXERCISES, "zh"),
        (TERMS, "zh"),
        (MANUAL + PLAIN[:212], "en"),
        (ANSWER, "en"),
        (CHANGES + PLAIN[:104], "en"),
        (LOG, "en"),
        (BITS, "en"),
    ],
    ids=["judgment", "exercises", "terms", "manual", "answer", "changes", "log", "bits"],
)
def test_good_text_of_rare_kinds_is_kept(text: str, language: str) -> None:
    assert _demo_reason(text, language) is None


@pytest.mark.parametrize(
    ("text", "language", "reason"),
    [
        (JUDGMENT[::2].replace("的", " ").replace("原", "~"), "zh", "zh_web_v2/gapped_characters"),
        ((MANUAL + PLAIN).replace("ll", "1l").replace("o", "0"), "en", "gopher_v2/odd_words"),
        (
            "型号：8A-8985 规格：143×9102 库存：87 单价：22.84 元\n" * 2
            + "编号 f38c34 价 1906.58 日期 2008-04-14\n" * 3,
            "zh",
            "zh_web_v2/digits",
        ),
        (
            "".join(f"{PLAIN[at : at + 90].strip()}...\n" for at in range(0, 390, 65)),
            "en",
            "gopher_v2/ellipses",
        ),
    ],
    ids=["scanned", "damaged", "template", "teasers"],
)
def test_what_is_broken_is_not(text: str, language: str, reason: str) -> None:
    assert _demo_reason(text, language) == reason
