"""Which lines begin a chapter, and which only look like it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.text.splitting.chapter_lines import begins_chapter


def begins(line: str, apart: bool = True) -> bool:
    data = np.frombuffer(f"{line}\nThe text goes on.".encode(), np.uint8)
    return bool(begins_chapter(data, 0, len(data), apart))


@pytest.mark.parametrize(
    "line",
    [
        "第一回 宴桃园豪杰三结义 斩黄巾英雄首立功",
        "第一百二十回　荐杜预老将献新谋　降孙皓三分归一统",
        "第 12 章 注意力机制",
        "第３章　概要",
        "第三節 總則",
        "第二十一条 本法所称的个人信息，是指以电子或者其他方式记录的信息。" * 9,
        "第十五條之一",
        "卷一",
        "卷十二 列传",
        "第二部",
        "楔子",
        "序章",
        "尾聲",
        "后记",
        "第一话：相遇",
        "第四幕 第二场",
    ],
)
def test_chinese_chapters_need_no_blank_line(line: str) -> None:
    assert begins(line)
    assert begins(line, apart=False)


@pytest.mark.parametrize(
    "line",
    [
        "CHAPTER I.",
        "Chapter 12",
        "Chapter the First",
        "chapter One: Down the Rabbit-Hole",
        "BOOK THE SECOND",
        "PART TWO",
        "ACT III. SCENE II.",
        "Letter 4",
        "Article 3. Freedom of movement",
        "SECTION 12",
        "§ 5 Scope",
        "Appendix B",
        "IV",
        "XXIII.",
        "PROLOGUE",
        "Epilogue:",
        "Preface",
    ],
)
def test_english_chapters_need_a_blank_line_above(line: str) -> None:
    assert begins(line)
    assert not begins(line, apart=False)


@pytest.mark.parametrize(
    "line",
    [
        "第一次世界大战是一场主要发生在欧洲的战争。",
        "第三章讲了注意力机制。",
        "第三章讲了注意力机制，这里不再重复；" * 6,
        "第章",
        "一回生二回熟",
        "卷心菜",
        "后记得关门",
        "The chapter ends here.",
        "Chapters are long.",
        "part of the problem",
        "Part of it was that " + "he did not know what to do, and so " * 6,
        "Prefaces are seldom read.",
        "I went home.",
        "In 1812 the war began.",
        "MIXED",
        "Book",
        "introductions",
    ],
)
def test_other_lines_are_no_chapters(line: str) -> None:
    assert not begins(line, apart=False)
    assert not begins(line)
