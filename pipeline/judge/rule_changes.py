"""Changes of rules as one writes them on a command line: ``gopher_v2/word_length.max=12``,
``few_words.min=none``, ``zh_web_v2/letters=off``."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from manifests.errors import UserError
from manifests.schema.rules import Rule

_FORM = "write RULE.min=NUMBER, RULE.max=NUMBER (none: without that bound) or RULE=off"


@dataclass(frozen=True)
class RuleChange:
    """Another bound of a rule (None: none), or the rule switched off, where ``bound`` is ``off``."""

    rule: str
    bound: str
    value: float | None = None

    @classmethod
    def of(cls, text: str) -> RuleChange:
        """What a text says.

        Raises:
            UserError: it is no such change.
        """
        name, _, value = text.partition("=")
        if value == "off":
            return cls(name, value)
        rule, _, bound = name.rpartition(".")
        if not rule or bound not in ("min", "max"):
            raise UserError(f"{text!r} is no change of a rule", fix=_FORM)
        return cls(rule, bound, None if value == "none" else _number(value, text))


def _number(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise UserError(f"{text!r}: {value!r} is no number", fix=_FORM)
    return number


def changed_rules(rules: Sequence[Rule], changes: Sequence[RuleChange]) -> list[Rule]:
    """The rules with the changes, in their order.

    Raises:
        UserError: a change names no rule, or leaves one whose bounds contradict each other.
    """
    for change in changes:
        if all(rule.name != change.rule for rule in rules):
            raise UserError(f"there is no rule {change.rule!r}", fix=_like(change.rule, rules))
    return [rule for rule in (_changed(rule, changes) for rule in rules) if rule is not None]


def _like(name: str, rules: Sequence[Rule]) -> str:
    names = [rule.name for rule in rules]
    near = difflib.get_close_matches(name, names, 3) or [one for one in names if name in one][:3]
    return f"did you mean {' or '.join(near)}?" if near else f"the run judged by: {', '.join(names)}"


def _changed(rule: Rule, changes: Sequence[RuleChange]) -> Rule | None:
    mine = [change for change in changes if change.rule == rule.name]
    if any(change.bound == "off" for change in mine):
        return None
    bounds = {"min": rule.min, "max": rule.max} | {change.bound: change.value for change in mine}
    return _checked(rule.bounded(**bounds)) if mine else rule


def _checked(rule: Rule) -> Rule:
    (least, greatest), name = rule.own, rule.name
    if rule.nearer == (None, None):
        raise UserError(f"rule {name!r} would have no bound left", fix=f"write {name}=off")
    if least is not None and greatest is not None and least > greatest:
        raise UserError(
            f"rule {name!r}: min {least:g} is above max {greatest:g}: it would drop all",
            fix="give a smaller min or a greater max",
        )
    return rule
