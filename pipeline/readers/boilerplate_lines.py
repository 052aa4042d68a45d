"""Short lines that stand in a text but are not of it, by their words: notices, credits, labels, "read also".

In English, Chinese and the languages that are most often beside them. Each line of a list is an alternative.
"""

from __future__ import annotations

import re

# Longer lines are text, whatever they speak of.
_LONGEST_NOTICE = 250
_LONGEST_POINTER = 60
_LONGEST_LINKED_POINTER = 200


def _any(lines: str) -> str:
    return "|".join(filter(None, map(str.strip, lines.split("\n"))))


# Above links to other texts, to what readers wrote, or to people.
_OTHER_TEXTS = _any(
    r"""
    related (?:articles?|posts?|stories|content|links|news|topics|reading|items|videos?|products)|related:?$
    read (?:more|also|next|on\b|this next)|see also|also (?:read|on)\b|what to read next|don[’']t miss
    more (?:from|on|about|stories|news|like) |more stories$|you (?:may|might) (?:also )?(?:like|be interested)
    recommended(?: for you| reading| articles?| stories)?:?$|most (?:read|popular)|trending(?: now)?$
    (?:next|previous) (?:post|article|story)\b
    mehr (?:zum|zu|über|von|aus|infos?|informationen)\b|lust auf mehr|auch interessant|lesetipp|schon gelesen
    weitere (?:artikel|beiträge|informationen|infos|links|meldungen|nachrichten|themen|news|texte)
    weiterf(?:ü|ue)hrende|(?:zum )?weiterlesen|lesen sie (?:auch|hier|mehr|jetzt|dazu|das)|lies auch
    (?:ä|ae)hnliche (?:artikel|beiträge|themen)|das (?:thema )?k(?:ö|oe)nnte (?:dich|sie|euch|ihnen)
    lire (?:aussi|la suite|plus)|(?:à|a) lire\b|voir aussi|vous aimerez
    sur le m(?:ê|e)me sujet|articles? (?:liés|similaires)
    te puede interesar|lea tambi|leer m(?:á|a)s|ver m(?:á|a)s|vea tambi|tambi(?:é|e)n te |leia (?:mais|tamb)
    veja (?:mais|tamb)|saiba mais|relacionad[ao]s|leggi anche|potrebbe interessar|zobacz (?:także|też)
    czytaj (?:także|też|więcej)|polecamy|przeczytaj|читайте (?:также|ещ)|смотрите также|похожие
    相关(?:新闻|阅读|文章|推荐|报道|链接|专题|资讯|内容|搜索)|猜你|你可能(?:还|也)?(?:喜欢|感兴趣)|大家(?:都|还)在
    (?:热门|精彩|为[你您]|猜你|编辑|小编)推荐|推荐阅读|延伸阅读|更多(?:新闻|精彩|内容|文章|阅读|资讯)?$
    热门(?:新闻|文章|资讯|评论|排行)|新闻排行|排行榜$|[上下]一(?:篇|页|条|章)|.{0,4}最近文章|往期(?:回顾|推荐|精彩)
    相關(?:新聞|閱讀|文章|報導)|推薦閱讀|延伸閱讀|熱門(?:新聞|文章)|[為为]您推[薦荐]|此前报道[:：]|.{0,30}查看更多$
    (?:\d+ )?comments?$|leave a (?:reply|comment)|join the (?:conversation|discussion)|comentarios?$
    (?:\d+ )?kommentare?$|hinterlasse einen? |kommentar (?:schreiben|verfassen)|commentaires?$
    (?:网友|网民|全部|最新|热门|观察员|精彩)?评论 ?(?:[（(]?\d+[）)]?|\d+ ?条)?$
    我要评论|发表评论|我有话说|跟贴$
    about the authors?\b|(?:ü|ue)ber (?:den|die) autor(?:in|en)?\b|contact us$|kontakt:?$|pressekontakt
    ansprechpartner|联系我们|联系方式$|聯絡我們
    """
)
# Labels end with a colon, or are all of the line.
_LABELS = _any(
    r"""
    tags?|tagged(?: with)?|filed under|categor(?:y|ies)|topics?|sources?|via|contacts?|print|share
    advertisement|posted (?:by|in|on)|image credits?|photo credits?
    themen|schlagw(?:o|ö)rter?|schlagworte|stichw(?:o|ö)rter?|stichworte|kategorien?|teilen|drucken|anzeige
    werbung|quellen?|autor(?:in|en)?|foto|bild|downloads?|links?|zur(?:ü|ue)ck|nach oben
    mots-cl(?:é|e)s|partager|publicit(?:é|e)|temas|etiquetas|compartir|comparte|condividi|reklama|tagi
    теги|поделиться|реклама
    标签|关键[词字]|来源|信息来源|稿源|分享(?:到|给|至)?|收藏|收起|打印|字号|编辑|編輯|作者|扫一扫|返回顶部
    责编|校对|校對|图片来源|编审|监制
    """
)
_POINTERS = _any(
    r"""
    share (?:this|on|via)\b|follow us|subscribe|sign up|newsletter\b|(?:published|updated|posted)\b.*\d
    artikel teilen|pressemitteilung als|zur(?:ü|ue)ck zu|udostępnij
    分享到|点击(?:刷新|看清晰大图|查看大图|进入)|[（(]点击|(?:现在|当前|您的|你的)位置|刚刚看到这里|.{0,12}关闭窗口
    返回.{0,6}(?:首页|列表|上一页|目录|频道)|发[布表](?:时间|日期|于)|(?:时间|日期)[:：] ?\d{4}[-年]|编辑[/／]
    .{0,20}\d{4}[-年/.]\d{1,2}[-月/.]\d{1,2}日? ?\d{1,2}[:：]\d\d
    """
)
_NOTICES = _any(
    r"""
    \b(?:we|this (?:web)?site|our (?:web)?site)\b.{0,40}\buses?\b.{0,40}\bcookies\b
    \bcookies\b.{0,90}\b(?:accept|consent|agree|privacy policy|zustimm|akzept|einverstanden|datenschutz|acept)
    \b(?:accept|agree|consent|continuing|zustimm\w*|einverstanden|aceptar?|acceptez)\b.{0,90}\bcookies?\b
    \b(?:wir|(?:diese|unsere) (?:web)?(?:seite|site))\b.{0,40}\b(?:verwend|nutz|setz).{0,40}\bcookies\b
    \b(?:nous utilisons|utilizamos|usamos|korzystamy z)\b.{0,40}\bcookies\b
    all rights reserved|alle rechte vorbehalten|tous droits r|todos los derechos|^\W*(?:copyright\b|©)
    \bjavascript\b.{0,60}\b(?:enable|aktiv|turn|disabled|required)|(?:enable|activate|aktivier).{0,30}javascript
    newsletter.{0,40}(?:abonn|anmeld|subscri|sign up)|(?:subscribe|sign up|abonnieren).{0,60}newsletter
    ^(?:fotos?|photos?|bild(?:quelle|nachweis)?|images?|picture|credit|quelle|zdjęcie)(?: credits?| by)? ?[:©]
    \((?:image|photo|foto|bild|credit|crédito) ?(?:credit)?:
    版权(?:所有|归)|版權所有|ICP[备備证證]|京公网安备|网友评论仅供|免责声明|责任编辑|責任編輯|责编[:：]|本文来源[:：]
    [未]经.{0,8}(?:授权|许可|同意).{0,12}(?:转载|不得)|未經.{0,8}(?:授權|許可|書面|同意)
    扫(?:描|一扫).{0,10}二维码|长按.{0,12}二维码|[请請]?(?:启用|开启|打开|啟用).{0,6}javascript
    [仅僅]代表.{0,12}(?:观点|觀點|立场)|不代表.{0,20}(?:观点|立场)|更多.{0,12}请(?:下载|关注|访问)|力求信息真实
    ^(?:\d+[、.．] ?)?回复[【\[“].{1,12}[】\]”]|点击菜单栏|点(?:(?:个|击)在看|[【\[“]在看[】\]”])
    下载客户端.{0,12}(?:福利|获得|领取|阅读|查看)|发送邮件至 ?\S+@
    (?:投稿|爆料|商务合作|广告合作)(?:邮箱|热线|QQ|微信)[:：]
    ^[（(]?(?:本文)?原(?:标题|題|题)为?[:：《]
    """
)
_OTHER_TEXTS_LINE = re.compile(rf"\W*(?:{_OTHER_TEXTS})", re.I)
_POINTER_LINE = re.compile(rf"\W*(?:{_POINTERS}|{_OTHER_TEXTS}|(?:{_LABELS})\s*(?:[:：|｜丨]|$))", re.I)
_NOTICE_LINE = re.compile(_NOTICES, re.I)
_SENTENCE = re.compile(r"[.。]$")


def heads_other_texts(text: str) -> bool:
    """Whether a line announces other texts or readers' comments: what follows it is not of this text."""
    return len(text) < _LONGEST_POINTER and _OTHER_TEXTS_LINE.match(text) is not None


def is_boilerplate(text: str, is_linked: bool) -> bool:
    """Whether a line is a notice (cookies, rights, who edited it), or points elsewhere and is no sentence; a
    line with many links may be longer, and a sentence."""
    longest = _LONGEST_LINKED_POINTER if is_linked else _LONGEST_POINTER
    if len(text) < longest and (is_linked or not _SENTENCE.search(text)) and _POINTER_LINE.match(text):
        return True
    return len(text) < _LONGEST_NOTICE and _NOTICE_LINE.search(text) is not None
