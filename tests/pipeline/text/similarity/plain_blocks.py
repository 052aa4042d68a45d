"""Which lines belong to what is above them, by the definitions in ``pipeline.text.similarity.blocks``, in
plain Python with expressions."""

from __future__ import annotations

import re

_ADORNMENT = re.compile(r"""(?:([=\-~^"'`#*+_<>:])\1\1+|\.{4,})[ \t\r]*(?=\n|\Z)""")
_FENCE = re.compile(r"(~{3,})|(`{3,})(?=[^`\n]*(?:\n|\Z))")
_HEADING = re.compile(r"(#{1,6}(?!#)|={1,6}(?!=)) ")
_NUMBER = "[(（]?[0-9一二三四五六七八九十]{1,3}"
_BODY = re.compile(rf"([-*+•·●○■◆–—]|\.\.(?!\.)|{_NUMBER}[.)])[ \t]|{_NUMBER}[、．）]")
_ANSWER = re.compile(
    r"\**([Aa][:：]|[Aa]nswer:|ANSWER:|Answer：|(答|答案|回答|解|解答)[:：]|【(答案|解答|解析)】|\[答案\])"
)


class Lines:
    """Goes through a text's lines that are not blank, from the first on."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = 0
        self._fence, self._body, self._glue = "", 0, False
        self._begin, self._indent = 0, 0

    def enter(self, place: int, direct: bool, above: int) -> bool:
        """Whether the line whose first character stands at ``place`` belongs to what is above it; ``above``:
        end of the line above."""
        begin, before, indent = self._begin, self._indent, self._indentation(place)
        rest = self.text[place:]
        self._begin, self._indent = place, indent
        if self._fence:
            close = re.match(re.escape(self._fence[0]) + r"+(?=[ \t\r]*(\n|\Z))", rest)
            if close and len(close[0]) >= len(self._fence):
                self._fence = ""
            return True
        last = self.text[begin:above]
        if not self._body and last.endswith((":", "：")):
            self._body = before + 1
        if indent < self._body:
            self._body = 0
        question = self.lines == 1 and len(last.encode()) <= 300 and last.endswith(("?", "？"))
        held = bool(self._body or self._glue or question or _ANSWER.match(rest))
        adornment = _ADORNMENT.match(rest)
        run = len(adornment[0].rstrip(" \t\r")) if adornment else 0
        wide = rest[0] in "=-" or (run > 3 and 3 * run >= 2 * len(last.encode()))
        underline = bool(direct and adornment and wide)
        fence = None if underline else _FENCE.match(rest)
        self._fence = fence[0] if fence else ""
        if not self._body and _BODY.match(rest):
            self._body = indent + 1
        over = bool(adornment and not direct and re.match(r"[^\n]*\n(?![ \t\r]*(\n|\Z))", rest))
        self._glue = not fence and (underline or over or bool(_HEADING.match(rest)))
        return held or underline or bool(fence)

    @property
    def fenced(self) -> bool:
        """Whether a fence is open."""
        return bool(self._fence)

    def _indentation(self, place: int) -> int:
        white = re.search(r"[\t\x0b\x0c\r \xa0\u3000]*\Z", self.text[:place])
        assert white is not None
        other = re.search(r"[^ \t][ \t]*\Z", white[0])
        return 0 if other else len(white[0])
