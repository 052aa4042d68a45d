"""Templates of pages: what they show is escaped, and what they name is there."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from manifests.report import number_format


def rendered(template: str, content: dict[str, Any]) -> str:
    """A page."""
    environment = Environment(
        loader=PackageLoader("manifests.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        {name: getattr(number_format, name) for name in ("count", "plain", "short", "size")}
    )
    environment.globals.update(share=number_format.share)
    return environment.get_template(template).render(content)
