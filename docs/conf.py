"""The documentation site: python -m sphinx -W --keep-going -n -b html docs docs/_build/html"""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docs.generate.pages import write_pages, write_schemas  # noqa: E402 (it is in the checkout)

GENERATED = HERE / "_generated"
write_pages(HERE / "reference" / "generated")
write_schemas(GENERATED / "schemas")

project = "OpenBA pipeline"
release = version_of("openba-pipeline")
copyright = "the OpenBA pipeline authors; Apache-2.0"
extensions = ["myst_parser"]
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_generated"]
nitpicky = True
highlight_language = "none"

html_theme = "furo"
html_title = project
html_static_path = ["_static"]
html_css_files = ["diagrams.css"]
html_extra_path = ["_generated"]
html_copy_source = False
html_show_sphinx = False
