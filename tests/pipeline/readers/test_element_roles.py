"""Roles of elements: by name, role, class and id as templates of content management systems write them."""

from __future__ import annotations

import pytest

from pipeline.readers.element_roles import Role, role_of


@pytest.mark.parametrize(
    ("name", "attributes", "role"),
    [
        ("div", "", Role.NONE),
        ("nav", ' class="entry-content"', Role.ASIDE),
        ("figcaption", "", Role.ASIDE),
        ("article", "", Role.MAIN),
        ("article", ' class="tag-sports category-news"', Role.MAIN),
        ("main", ' id="comments"', Role.MAIN),
        ("article", ' class="post"', Role.BODY),
        ("div", ' class="entry-content clearfix"', Role.BODY),
        ("div", ' id="js_content" class="rich_media_content"', Role.BODY),
        ("div", ' class="box" id="artibody"', Role.BODY),
        ("div", ' itemprop="articleBody" class="teaser"', Role.BODY),
        ("div", ' class="page-main"', Role.CONTENT),
        ("div", ' class="sidebar__inner"', Role.ASIDE),
        ("div", ' class="post-share"', Role.ASIDE),
        ("ul", ' class="social-icons"', Role.ASIDE),
        ("div", ' id="cookie-notice"', Role.ASIDE),
        ("section", ' class="related-posts"', Role.ASIDE),
        ("div", ' class="author-bio"', Role.ASIDE),
        ("p", ' class="wp-caption-text"', Role.ASIDE),
        ("div", ' role="navigation" class="content"', Role.CONTENT),
        ("div", ' role="navigation"', Role.ASIDE),
        ("div", ' class="post-meta"', Role.NOTE),
        ("div", ' class="comments-area"', Role.COMMENTS),
        ("div", ' id="disqus_thread"', Role.COMMENTS),
        ("div", ' style="color:red; Display : none"', Role.HIDDEN),
        ("div", ' class="content" aria-hidden="true"', Role.HIDDEN),
        ("div", ' hidden=""', Role.HIDDEN),
        ("div", ' aria-hidden="false" style="display:block"', Role.NONE),
        ("div", ' data-class="sidebar" title="menu"', Role.NONE),
        ("div", ' class="menuett navigator commentary-free"', Role.NONE),
    ],
)
def test_roles(name: str, attributes: str, role: Role) -> None:
    assert role_of(name, attributes) == role
