"""What an element of a page is for, by its name, its role and its class and id.

The words are those that templates of content management systems use; see "Web content extraction: a survey"
and the rules of readability and trafilatura for lists of the same kind.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache


class Role(IntEnum):
    """What an element is for. ``ASIDE``: menus, share bars, teasers, newsletters: never the page's text.
    ``NOTE``: what may stand beside a text, such as dates, widgets and buttons; it may hold text.
    ``BODY``: the text itself. ``MAIN``: what holds the text, with its title. ``CONTENT``: may be either."""

    NONE = 0
    ASIDE = 1
    NOTE = 2
    COMMENTS = 3
    HIDDEN = 4
    BODY = 5
    MAIN = 6
    CONTENT = 7


_BY_NAME = {
    "nav": Role.ASIDE,
    "aside": Role.ASIDE,
    "footer": Role.ASIDE,
    "menu": Role.ASIDE,
    "search": Role.ASIDE,
    "figcaption": Role.ASIDE,
    "form": Role.ASIDE,
    "fieldset": Role.NOTE,
    "article": Role.MAIN,
    "main": Role.MAIN,
}
_ATTRIBUTE = re.compile(r' (class|id|role|itemprop|style|aria-hidden|hidden)="([^"]*)"')
_UNSEEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.I)


def _words(lines: str) -> re.Pattern[str]:
    """Finds the words in a name, between hyphens or its ends."""
    return re.compile(rf"(?i)\b(?:{'|'.join(lines.split())})\b")


_COMMENTS = re.compile(
    r"(?i)\b(?:comments?|commentlist|commentform|disqus\w*|respond|repl(?:y|ies)|kommentare?|commentaires"
    r"|livefyre|pinglun)\b|^comment(?!ary)|comments$|disqus"
)
_BODY = re.compile(
    r"(?i)^(?:(?:article|post|entry|story|news|blog|artikel|beitrag|page)-*"
    r"(?:body|bodycopy|contents?|text|txt|copy|detail|inhalt)"
    r"|article|post|hentry|entry|story|fulltext|artibody|trs-editor|rich-media-content|hentry-content|storytext"
    r"|main-?content|content-main|con-text|content-area|contenttext)$"
)
_CONTENT = re.compile(r"(?i)^(?:single|text|inhalt|primary|.*content|.*main|.*article|.*post)$")
# Ways around the site; sharing, following, buying; other texts; about the text; about its pictures.
_ASIDE = _words(
    r"""
    navi? nav(?:igation|-?links) \w*nav(?:igation)?bar (?:sub|main|top)?menu breadcrumbs? brotkrumen? crumbs?
    (?:page-?)?footer sidebar\w* widget-area pagination pager pagenavi paging post-?navigation prevnext skip
    shar(?:e|es|ing|edaddy|ebar|ebox) socials? sociable socialmedia addthis addtoany bookmarks? newsletter\w*
    subscribe subscription signup optin login popup ads? advert\w* adsense adsbygoogle werbung anzeige
    sponsor\w* outbrain taboola cookies? cookiebar cookieconsent consent gdpr
    related\w* yarpp recommend(?:ed|ations?)? jp-relatedposts most-?(?:read|popular|viewed) navbox
    author-?(?:box|bio|info|card|profile|description) about-?(?:the-)?author authorbox authors? autor bylines?
    tags taglist tag-?list tagcloud tags-?links (?:post|entry)-?tags keywords catlinks mw-editsection
    printfooter noexcerpt printfriendly noprint copyright
    (?:image-?)?caption wp-caption-text imagecredit bildunterschrift
    sr-only screen-reader-text visually-?hidden wpcnt
    """
)
_NOTE = _words(
    r"""
    foot side rail secondary tertiary teasers? teaserbox promos? banner disclaimer modal overlay meta metadata
    (?:post|entry|article)-?(?:meta|info) dateline date datetime timestamp ratings? votes? toolbar tools hot
    rank ranking qrcode toc more readmore buttons? btn slider carousel gallery popular trending latest recent
    next prev previous feedback report credits? widgets? category categories cat-links posted-on links? info
    infobox contact kontakt badge label callout cta footnotes? print downloads? service
    """
)
_BY_WORDS = (
    (Role.COMMENTS, _COMMENTS),
    (Role.BODY, _BODY),
    (Role.ASIDE, _ASIDE),
    (Role.NOTE, _NOTE),
    (Role.CONTENT, _CONTENT),
)
_ARIA = {"main": Role.MAIN, "article": Role.MAIN} | dict.fromkeys(
    "navigation banner search contentinfo complementary dialog alert menu menubar tablist".split(), Role.ASIDE
)


def role_of(name: str, attributes: str) -> Role:
    """The role of an element with this tag, whose attributes are as the parser writes them."""
    role = _BY_NAME.get(name, Role.NONE)
    if not attributes or role == Role.ASIDE:
        return role
    named = Role.NONE
    for attribute, value in _ATTRIBUTE.findall(attributes):
        if attribute in ("class", "id"):
            found = _role_of_names(value)
            if named in (Role.NONE, Role.CONTENT) or found == Role.BODY:
                named = found or named
        elif _is_hidden(attribute, value):
            return Role.HIDDEN
        elif attribute == "itemprop" and "articleBody" in value:
            return Role.BODY
        elif attribute == "role":
            role = _ARIA.get(value, role)
    if role == Role.MAIN and named not in (Role.BODY, Role.CONTENT):
        return role
    return named or role


def _is_hidden(attribute: str, value: str) -> bool:
    return (
        attribute == "hidden"
        or (attribute == "aria-hidden" and value == "true")
        or (attribute == "style" and _UNSEEN.search(value) is not None)
    )


def _role_of_names(value: str) -> Role:
    """By the names in a ``class`` or ``id``: the first that says something, but comments and the text itself
    before all."""
    role = Role.NONE
    for name in value.split():
        found = _role_of_name(name)
        if found == Role.COMMENTS:
            return found
        if found == Role.BODY or role == Role.NONE:
            role = found
    return role


# Pages of one site, and of one system, use the same names.
@lru_cache(maxsize=1 << 14)
def _role_of_name(name: str) -> Role:
    name = name.replace("_", "-")
    return next((role for role, pattern in _BY_WORDS if pattern.search(name)), Role.NONE)
