"""E-mail addresses: the dot-atom form of RFC 5322, section 3.4.1, with the host names of RFC 1123 and those
with letters outside ASCII (RFC 5890).

Addresses are matched natively from their ``@``; ``tests/pipeline/steps/privacy/references.py`` says the
same as a regular expression."""

from __future__ import annotations

from pipeline.steps.privacy.built_in_kind import BuiltInKind, Detector
from pipeline.steps.privacy.byte_classes import LETTERS_AND_DIGITS, LOCAL, WORD
from pipeline.steps.privacy.international_hosts import FIRST_LETTERS, label_end, top_level_end
from pipeline.steps.privacy.kinds.password_in_address import is_in_address
from pipeline.text.arrow.njit_without_refcounts import kernel_without_refcounts
from pipeline.text.unicode.byte_names import CASE_BIT, DOT, SMALL_A, SMALL_Z, UNDERSCORE

CANDIDATE = 1 << 1
TRIGGER = (b"@", LETTERS_AND_DIGITS + FIRST_LETTERS)
_LOCAL_BYTES, _LABELS, _LABEL_BYTES, _TOP_LEVEL_BYTES = 64, 9, 63, 24
_FILE_ENDINGS = {
    *(b"bmp css csv gif gz html ico jpeg jpg js json map pdf png scss svg ts txt webp xml".split()),
    # systemd's template units are called name@instance.unit.
    *(b"device mount path scope service slice socket swap target timer".split()),
    # Locales with a modifier: sd_IN@devanagari.UTF-8.
    b"utf",
}
_REPOSITORY_USERS = {b"git", b"hg", b"svn"}


@kernel_without_refcounts
def _local_part_start(data, at_sign, begin, free, classes):  # type: ignore[no-untyped-def]
    """The first byte of the local part that ends at the ``@``; ``at_sign`` where none does."""
    start = at_sign
    while start > free and at_sign - start < _LOCAL_BYTES and classes[data[start - 1]] & LOCAL:
        start -= 1
    while start < at_sign and not (
        classes[data[start]] & WORD and (start == begin or not classes[data[start - 1]] & WORD)
    ):
        start += 1
    return start


@kernel_without_refcounts
def _domain_end(data, start, end, classes):  # type: ignore[no-untyped-def]
    """The end of the domain that begins at ``start``: labels, the last with two letters or more; -1 for
    none."""
    best = -1
    for label in range(_LABELS):
        letters = start
        while letters < min(end, start + _TOP_LEVEL_BYTES) and SMALL_A <= data[letters] | CASE_BIT <= SMALL_Z:
            letters += 1
        stop = label_end(data, start, min(end, start + _LABEL_BYTES), classes)
        if stop == start or data[start] == UNDERSCORE:
            break
        if label > 0:
            best = letters if letters - start >= 2 else max(best, top_level_end(data, start, stop))
        if stop >= end or data[stop] != DOT:
            break
        start = stop + 1
    return best


@kernel_without_refcounts
def find_email(data, at_sign, begin, free, end, classes):  # type: ignore[no-untyped-def]
    """The address around the ``@`` at ``at_sign``, not beginning before ``free``: first byte (-1: none) and
    end."""
    first = _local_part_start(data, at_sign, begin, free, classes)
    if first == at_sign:
        return -1, at_sign
    last = _domain_end(data, at_sign + 1, end, classes)
    return (first, last) if last >= 0 else (-1, at_sign)


def validate(found: bytes, before: bytes, after: bytes) -> int:
    """An address; no file name (icon@2x.png), unit (getty@tty1.service), repository (git@host:path), call
    in code (a@b.sum()) or password and host (postgres://user:...@db.org)."""
    local, _, domain = found.rpartition(b"@")
    ending = domain.rpartition(b".")[2].lower()
    if ending in _FILE_ENDINGS or local.endswith(b".") or b".." in local or after.startswith(b"()"):
        return 0
    if is_in_address(before):
        return 0
    if local in _REPOSITORY_USERS and after.startswith(b":"):
        return 0
    return len(found)


KIND = BuiltInKind(
    name="email",
    detectors=(Detector(CANDIDATE, validate),),
    ignores_case=True,
    examples=(
        "邮箱⟦zhangsan@163.com⟧联系",
        "Author: Guido van Rossum <⟦guido@python.org⟧>",
        "write to ⟦first.last+tag@mail.example.co.uk⟧.",
        "[mail](mailto:⟦team@gsa.gov⟧)",
        "QQ邮箱：⟦12345678@qq.com⟧，欢迎",
        "# contact ⟦ops_team@corp-mail.io⟧(值班)",
        "邮箱⟦zhang@例子.中国⟧，",
        "mail ⟦info@bücher.example⟧ now",
        "写信给⟦wang@中文.公司⟧的人",
        "mail ⟦zhang\u200b@163.com⟧ or call",
        "to ⟦guido@py\u00adthon.org⟧, please",
        "⟦a\ufeff.b\u2060\u200d@\u200cexample.org⟧",
        "邮箱⟦li\ufe0fsi@qq.c\u180eom⟧。",
    ),
    near_misses=(
        "icon@2x.png",
        "systemctl start getty@tty1.service",
        "git clone git@github.com:torvalds/linux.git",
        "@property def x(self): pass",
        "y = w@x.sum() + b",
        "user@localhost said",
        "'ks_in@devanagari.utf8': 'ks_IN.UTF-8', sd_IN@devanagari.UTF-8",
        "npm install react@18.2.0",
        "postgres://app:postgres@db.example.org/app",
        "转发 abc@张三 说的，abc@张三.李四",
        "می\u200cخواهم @ نامه\u200cها",
        "क\u094d\u200dष @ न\u094d\u200c",
        "co\u00adoperate @home, 👩\u200d💻@👨\u200d👩\u200d👧",
        "a\u200bb\u200b@ c.org",
    ),
)
