"""Kinds of Chinese that the set ``zh_web_v2`` keeps, each beside its neighbour that it drops."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.rules import rules_of
from manifests.schema.signals import MODEL_SIGNALS
from pipeline.steps.quality.rules import judge
from pipeline.text.quality_signals.signals import measure

SHORT_HELP = (
    "基本算式\n算式按平常的写法输入，例如要把七和二加起来，先按七，再按加号，最后按二。\n"
    "要得到结果，可以用鼠标点一下等号，也可以按键盘上的回车键，结果会显示在最上面的一行。\n"
    "先乘除后加减；想改变次序的时候，用括号把要先算的部分括起来，括号里还可以再有括号。\n"
)
SHORT_MENU = (
    "添加关联\n移除关联\n显示全部结果\n数据筛选\n清空\n重置\n搜索\n查看\n批量新增\n批量更新\n批量删除\n" * 2
    + ("自定义表单动作\n请求参数验证错误\n内部数据验证异常\n内部服务器异常\n首页\n列表展示\n")
)
STUB = "如果你有足够的时间，欢迎你自己来修改这个错误。或者你已经改好了？请把它发给我们。"
_SUBJECTS = "采购人 供应商 代理机构 评审专家 监督部门 财政部门 指定媒体 投诉人".split()
_DUTIES = "应当公开采购结果 不得泄露评审情况 可以提出质疑 应当如实说明理由 负责保存文件 依法追究责任 应当安全可靠 有权申请复议".split()
REGULATION = "# 采购信息管理办法\n\n" + "\n\n".join(
    f"**第{number}条** {subject}对于政府采购项目信息，依照政府采购法律、行政法规的有关规定{duty}。"
    for number, subject, duty in zip("一二三四五六七八", _SUBJECTS, _DUTIES, strict=True)
)
_SAID = (
    "你那边的路线是不是先往南走|是啊，先绕过那间大屋|然后呢，我看不到那个湖|湖在你的右手边，再过去就是山|"
    "好的，我已经画到山脚了|那就对了，接着往北一直走|走到哪里才停下来|看见一棵大树你就停下|树的旁边有没有一座桥|"
    "有的，过了桥就是终点了"
).split("|")
TRANSCRIPT = "\n".join(
    f"{'甲乙'[k % 2]}：{said} . {k * 7919 + 16207:06}_{k * 7919 + 23145:06}" for k, said in enumerate(_SAID)
)
RECORDS = "\n".join(
    f"今日头条的编号：{k * 37 + 11411}{k * 13}\n华尔街见闻：{k * 53 + 1111034}\n财联社热门：{k * 91 + 4111340}"
    for k in range(1, 9)
)
SPACED_TALK = "\n".join(
    f"{'甲乙'[k % 2]}：{said.replace('的', ' 的 ')} 喇 。" for k, said in enumerate(_SAID * 2)
)
SPACED_TEXT = SPACED_TALK.replace("甲：", "").replace("乙：", "")
_SENDERS = "飞书 钉钉 企业微信 邮件 电报 短信".split()
REFERENCE = "\n\n".join(
    f"send_to_{k}(report_data, report_type, proxy_url, batch_size)\n    把报告发送到{name}，内容太长的时候会自动分成几批。\n\n"
    "    report_data: 要发送的报告，由调用的人准备好\n    report_type: 报告的类型，决定用哪一个模板\n"
    "    proxy_url: 代理的地址，没有的时候直接连接\n    batch_size: 一批最多有多少个字节"
    for k, name in enumerate(_SENDERS)
)
SAID_AGAIN = (
    REFERENCE.replace("report_data: ", "")
    .replace("report_type: ", "")
    .replace("proxy_url: ", "")
    .replace("batch_size: ", "")
)
THESIS = (
    "%----摘要"
    + "-" * 40
    + "\n\\begin{cnabstract}\n论文的摘要是对论文研究内容和成果的高度概括。摘要应对论文所研究的问题及其研究目的进行描述，"
    "对研究方法和过程进行简单介绍，对研究成果和所得结论进行概括，使读者即使不阅读全文，也能了解论文的总体内容和主要成果。\n"
    "摘要的书写应力求精确、简明，切忌写成对书写内容进行提要的形式，尤其要避免依次列出各章的陈述方式。\n\\end{cnabstract}\n"
    "\\begin{equation}\nE = mc^2\n\\end{equation}\n关键词放在摘要的下面，用分号隔开，一般不超过五个，从大到小排列，与英文的关键词一一对应。\n"
)
FORMULAS_ALONE = THESIS.replace("cnabstract", "equation")
ACCOUNTS = (
    "把微信公众号的文章导出成网页或者文本的工具，图片可以一起保存下来。先打开微信公众号的文章，把地址复制下来，再运行命令。"
    "导出的文件和文章同名，放在当前的目录里；一次可以给出几个地址，会按照次序一个一个地导出。遇到已经删除的文章，"
    "会把地址写到日志里，然后接着导出后面的。需要登录才能看的微信公众号，请先在浏览器里登录一次。"
)
FOOTER = (
    ACCOUNTS[:70]
    + "微信公众号 联系电话 版权所有 备案号 友情链接 网站地图 返回顶部 设为首页 加入收藏 当前位置 " * 5
)
_ACTIONS = "保护本站不受自动编辑的破坏 避免密码被人破解 防止自动创建账号 减少广告链接 确认您是真人 阻止批量注册".split()
MESSAGES = "\n".join(
    f"为了{action}，请输入下面方框中显示的文字{tail}"
    for action, tail in zip(
        _ACTIONS,
        "，然后继续。|。看不清时请刷新图片。|，不分大小写。|，五分钟内有效。|。|，输错三次请稍后再试。".split(
            "|"
        ),
        strict=True,
    )
)
MACHINE = "\n".join(f"为了保护本站不受自动编辑的破坏，请输入下面方框中显示的文字。第{k}条" for k in range(9))


@pytest.mark.parametrize(
    "text",
    [SHORT_HELP, REGULATION, TRANSCRIPT, SPACED_TALK, REFERENCE, THESIS, ACCOUNTS],
    ids="short_help regulation transcript spaced_talk reference thesis accounts".split(),
)
def test_what_a_person_would_learn_from_is_kept(text: str) -> None:
    assert _reason(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SHORT_MENU, "short_text: characters"),
        (STUB, "short_text: characters"),
        (RECORDS, "records: digit_ratio"),
        (TRANSCRIPT.replace("：", " "), "digits: digit_ratio"),
        (SPACED_TEXT, "gapped_characters: gapped_characters"),
        (SAID_AGAIN, "duplicate_lines: duplicate_lines"),
        (FORMULAS_ALONE, "punctuation: punctuation_ratio"),
        (FOOTER, "advertising: advertising_phrases"),
        (MACHINE, "duplicate_5grams: duplicate_5grams"),
    ],
    ids="short_menu stub records bare_codes spaced_text said_again formulas footer machine".split(),
)
def test_its_neighbour_is_not(text: str, reason: str) -> None:
    assert str(_reason(text)).startswith(reason)


def _reason(text: str) -> str | None:
    found = measure(pa.array([text]), np.ones(1, bool)) | {
        name: np.full(1, np.nan, np.float32) for name in MODEL_SIGNALS
    }
    rules = rules_of("zh_web_v2")
    broken = judge(found, np.array(["zh"], object), np.array(["web"], object), rules).broken[0].as_py()
    return broken and broken[0].removeprefix("zh_web_v2/")
