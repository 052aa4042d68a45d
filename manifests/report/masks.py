"""What could be personal in texts from before the privacy step, and should not be on a shared page."""

from __future__ import annotations

_NAMES = (
    "password|passwd|passphrase|pwd|secret|token|api[_-]?key|authorization|密码|密碼|口令|"
    "微信号?|wechat|weixin|qq"
)
_SIGN = r"[\"']?[ \t]*(?:[=:：]|是)[ \t]*(?:(?:bearer|basic)[ \t]+)?"

MASKS = (
    (rf"(?i)({_NAMES})({_SIGN})[^\s，。；]{{4,}}", r"\1\2‹secret›"),
    (r"[A-Za-z0-9._%+\-]+[@＠](?:[\p{Latin}\p{Nd}.\-]+|\pL{1,20}\.\pL{2,6})", "‹e-mail›"),
    (r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b", "‹address›"),
    (r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,}", "‹number›"),
    (r"\p{Nd}[\p{Nd}\-–. ()/+\x{a0}]{5,}\p{Nd}[Xx]?", "‹number›"),
    (r"\b[A-Za-z0-9_]{6,}[0-9][A-Za-z0-9_]{6,}\b", "‹key›"),
)
"""RE2 expressions, linear in the text, and what is in the place of a match. They hide more than the privacy
step finds."""
