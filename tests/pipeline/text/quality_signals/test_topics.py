from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from manifests.schema.rules import rules_of
from pipeline.steps.quality.rules import judge
from pipeline.text.quality_signals.signals import measure

TOPICS = ("gambling", "adult", "fraud", "promotion")
GOOD = {
    "medicine": "乳腺癌的筛查以影像检查为主。四十岁以上的女性每年应做一次乳房检查，高危人群应做磁共振。肛裂的病人排便时疼痛，常有少量出血，可用温水坐浴，"
    "并使用硝酸甘油软膏。勃起功能障碍的治疗以口服药物为主，西地那非须凭处方购买，服用硝酸酯类药物的病人禁用。医生应询问病人的性生活和高潮障碍，"
    "并说明自慰不会损害健康。代孕在我国是被禁止的，医疗机构不得实施。",
    "law": "第三百零三条　以营利为目的，聚众赌博或者以赌博为业的，处三年以下有期徒刑、拘役或者管制，并处罚金。开设赌场的，处五年以下有期徒刑。"
    "第三百六十三条　以牟利为目的，制作、复制、出版、贩卖、传播淫秽物品的，处三年以下有期徒刑。伪造、变造、买卖身份证件、毕业证的，"
    "虚开增值税专用发票的，依照本法追究刑事责任。强奸妇女的，处三年以上十年以下有期徒刑。对彩票发行机构的投注和开奖活动，由财政部门监督。",
    "education": "性教育应当从幼儿园开始。老师告诉孩子身体的各个部位叫什么名字，哪些地方别人不能碰。青春期的男孩会遗精，女孩会来月经，这都是正常的。"
    "发生性行为时使用安全套，可以避免怀孕和性传播疾病。口交和肛交同样会传播病毒。自慰是常见的，不必感到羞愧。色情影片里的做爱不是真实的，"
    "不要模仿。如果有人强迫你，要告诉父母或者老师，并且报警。",
    "encyclopaedia": "澳门的博彩业始于十九世纪中叶，二〇〇二年赌权开放之后，赌场的收入超过了拉斯维加斯。百家乐是最受欢迎的项目，其次是轮盘和老虎机。"
    "博彩税是政府最主要的收入，用于教育、医疗和社会保障。为了防止沉迷，政府设立了自我隔离的制度，赌客可以申请不得进入赌场。学者认为"
    "产业过于单一，应当发展会展和文化旅游。",
    "traditional": "香港賽馬會是非牟利機構，經營賽馬、足球博彩和六合彩獎券，盈餘撥捐慈善。市民投注須年滿十八歲，網上投注亦須登記身份。立法會議員關注"
    "賭波合法化之後青少年沉迷賭博的問題，要求增加輔導服務。馬會表示，每年撥款予四間戒賭中心，並在投注站張貼告示。",
    "en medicine": "Erectile dysfunction is the inability to keep an erection firm enough for sex. A doctor may prescribe sildenafil, sold as Viagra, or "
    "tadalafil, sold as Cialis; both need a prescription and must not be taken with nitrates. An online pharmacy that sells without prescription is "
    "often a fraud. Orgasm may be delayed by some antidepressants. Breast self-examination is no longer recommended to all women, yet every woman "
    "should know how her breasts normally look and feel, and tell her doctor about any change. Weight loss and less alcohol help as well.",
    "en law": "A person who operates a casino, keeps a gambling house, or acts as a bookmaker without a licence commits an offence. A bet is a wager on the outcome "
    "of an event. The commission may refuse a licence for sports betting where the applicant was convicted of fraud. Whoever distributes child "
    "pornography, or who forges a passport, a diploma or a certificate, is liable to imprisonment for up to ten years, and the court shall order that all "
    "images be destroyed.",
    "en education": "Teenagers hear about sex long before anybody talks to them. Porn is not a lesson: it is acted, it shows no consent, and it leaves out condoms. "
    "It is normal to be curious and to masturbate, and it is normal not to. Anal sex and oral sex can pass on infections, too, so use a condom each "
    "time. Nobody may send nude photos of another person; if somebody asks you for naked pictures, say no and tell an adult whom you trust.",
}  # fmt: skip
SPAM = {
    "gambling zh": "澳门新葡京娱乐城，真人荷官在线发牌，百家乐、老虎机、时时彩，注册送彩金，首存优惠，秒到账，欢迎下注！",
    "gambling hant": "線上賭場註冊送彩金，真人百家樂、老虎機、六合彩，體育投注賠率最高，提款秒到賬。",
    "adult zh": "成人电影在线观看，国产精品一区二区，人妻熟女，无码高清，免费看。",
    "fraud zh": "专业代开发票，办理毕业证、学位证，信用卡套现，黑户贷款秒下款，先办后付，联系QQ。",
    "promotion zh": "厂家直销，质优价廉，欢迎来电咨询，全场包邮，买一送一，立即购买，名额有限，咨询热线四零零。",
    "gambling en": "Best online casino! Claim your welcome bonus and 200 free spins, no deposit bonus, live dealer, bet now and win real money at our slots.",
    "adult en": "Free porn videos of hot girls, milf and teen porn, sex cams, xxx video, escort service, big tits, horny singles near you tonight.",
    "fraud en": "Buy a degree or a fake passport, cheap viagra without prescription, replica watches, payday loan with no credit check, buy followers.",
    "promotion en": "Buy now and save up to 70% off! Free shipping, limited time offer, lowest price, money back guarantee, call now, order today.",
}  # fmt: skip


def reasons(text: str, language: str) -> list[str]:
    rules = [
        rule
        for name in ("zh_web_v2", "gopher_v2")
        for rule in rules_of(name)
        if rule.name.split("/")[1] in TOPICS
    ]
    found = judge(
        measure(pa.array([text]), np.ones(1, bool)),
        np.array([language], object),
        np.array(["web"], object),
        rules,
    )
    return [reason.split(":")[0].split("/")[1] for reason in found.broken[0].as_py() or []]


@pytest.mark.parametrize("name", GOOD)
def test_doctors_statutes_and_teachers_are_no_spam(name: str) -> None:
    assert reasons(GOOD[name], "en" if name.startswith("en ") else "zh") == []


@pytest.mark.parametrize("name", SPAM)
def test_spam_is_told_by_its_topic(name: str) -> None:
    assert name.split()[0] in reasons(SPAM[name], "en" if name.endswith("en") else "zh")


def test_terms_count_in_the_company_of_two_hard_ones() -> None:
    texts = ["赌博 赌场 彩票 博彩", "赌博 赌场 新葡京 新葡京", "赌博 赌场 新葡京 娱乐城"]
    weights = measure(pa.array(texts))["gambling_terms"] * np.array([8, 10, 10]) / 1000
    np.testing.assert_allclose(weights, [0, 0, 8], rtol=1e-6)
