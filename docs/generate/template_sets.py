"""The templates of every set, as a page."""

from __future__ import annotations

from docs.generate.markdown import markdown
from manifests.schema.base import load
from manifests.schema.instruction_templates import FOLDER, Template, TemplateSet, template_sets


def page() -> str:
    """A section a set, a template an entry."""
    text = [
        "# Template sets",
        "Name sets in [`template_set`](#corpus-shards-instructions-sources-tasks-key-template-set) of a "
        "task; [the guide](../../guides/instructions.md) says what templates do. Once released, a set is not "
        "changed.",
    ]
    for name in template_sets():
        found = load(FOLDER / f"{name}.yaml", TemplateSet)
        text += [f"## {name}", f"{markdown(found.about)}.", *map(_template, found.templates)]
    return "\n\n".join(text) + "\n"


def _template(template: Template) -> str:
    crossed = ", crossed" if template.instruction else ""
    blocks = [_block("Prompt", template.prompt), _block("Target", template.target)]
    if template.few_shot:
        blocks.append(_block(f"Each of {template.few_shot.shots} examples", template.few_shot.form))
    return "\n\n".join([f"### {template.name}", f"{template.kind.replace('_', ' ')}{crossed}", *blocks])


def _block(name: str, text: str) -> str:
    return f"{name}:\n\n```text\n{text}\n```"
