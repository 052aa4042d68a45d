"""The licences of the environment, out of its bill of materials: a line a package, then how often each is.

python -m tools.licences sbom.cdx.json licences.txt          # make sbom
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

UNKNOWN = "not declared"


def licence(component: dict[str, Any]) -> str:
    """What a component of a CycloneDX document declares: its expression, else identifiers, else names."""
    choices = component.get("licenses", ())
    inner = [choice.get("license", {}) for choice in choices]
    found = [choice["expression"] for choice in choices if "expression" in choice]
    found = found or [one["id"] for one in inner if "id" in one]
    # A text that stands where a name should is of no use in a list.
    names = [one["name"].strip().splitlines()[0][:80] for one in inner if one.get("name", "").strip()]
    found = found or [name.rsplit(" :: ", 1)[-1] for name in names]
    return " AND ".join(sorted(set(found))) or UNKNOWN


def rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Each package with its version, and its licence, sorted."""
    return sorted(
        (f"{one['name'].lower()}=={one['version']}", licence(one)) for one in document["components"]
    )


def main(document: str, out: str) -> None:
    """Reads the document, writes the list, and tells of packages that declare nothing."""
    found = rows(json.loads(Path(document).read_text(encoding="utf-8")))
    totals = Counter(declared for _, declared in found).most_common()
    lines = ["\t".join(row) for row in found] + [""] + [f"{number}\t{text}" for text, number in totals]
    Path(out).write_text("\n".join(lines) + "\n", encoding="utf-8")
    missing = [name for name, declared in found if declared == UNKNOWN]
    print(f"{document}, {out}: {len(found)} packages; no licence declared by {', '.join(missing) or 'none'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
