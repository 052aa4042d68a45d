"""The quality signals, and the rules of every rule set with their thresholds and sources, as pages."""

from __future__ import annotations

import inspect

from docs.generate.markdown import markdown
from manifests.schema import signals
from manifests.schema.base import load
from manifests.schema.rules import FOLDER, Bounds, RuleSet, SourcedRule, rule_sets


def signals_page() -> str:
    """A line a signal."""
    about = markdown(inspect.getdoc(signals) or "").split("\n\n", 1)[1]
    lines = [_signal(name, text) for name, text in signals.SIGNALS.items()]
    return "\n\n".join(["# Signals", about, *lines]) + "\n"


def _signal(name: str, about: str) -> str:
    judged = [
        f"`{group}/{rule.name}`"
        for group in rule_sets()
        for rule in load(FOLDER / f"{group}.yaml", RuleSet).rules
        if rule.signal == name
    ]
    rules = f"\n\n  Judged by {', '.join(judged)}." if judged else ""
    return f"[`{name}`]{{#signal-{_slug(name)}}}\n: {markdown(about)}{rules}"


def rules_page() -> str:
    """A section a set, a rule an entry."""
    text = [
        "# Rule sets",
        "Name sets in [`quality.rule_sets`](#corpus-quality-key-rule-sets). A rule of your own called "
        "`set/rule` takes that rule's place, and with `languages: []` switches it off. Once released, a set "
        "is not changed: another threshold, another version.",
    ]
    for name in rule_sets():
        rules = load(FOLDER / f"{name}.yaml", RuleSet)
        text += [f"## {name}", f"{markdown(rules.about)}.", *(_rule(name, rule) for rule in rules.rules)]
    return "\n\n".join(text) + "\n"


def _rule(group: str, rule: SourcedRule) -> str:
    signal = f"[`{rule.signal}`](#signal-{_slug(rule.signal)})"
    bounds = _bounds(rule.own)
    if rule.company is not None:
        bounds += [f"{one} in company of {rule.company.family}" for one in _bounds(rule.nearer)]
    judged = f"{signal} {', '.join(bounds)} ({', '.join(rule.languages)})"
    judged += f"; spares {', '.join(rule.spare.genres)}" if rule.spare.genres else ""
    return f"`{group}/{rule.name}`\n: {judged}\n\n  {markdown(rule.source)}"


def _bounds(bounds: Bounds) -> list[str]:
    least, greatest = bounds
    return [
        *([f"at least {least:,g}"] if least is not None else []),
        *([f"at most {greatest:,g}"] if greatest is not None else []),
    ]


def _slug(name: str) -> str:
    return name.replace("_", "-")
