"""What the report says of a reason: the bounds of its rule, those in company too."""

from __future__ import annotations

import json
from pathlib import Path

from manifests.report.funnel import reasons
from manifests.report.run_record import RunRecord
from tests.manifests.small_run import build_corpus


def test_a_bound_in_company_says_so(tmp_path: Path) -> None:
    build_corpus(tmp_path)
    file = tmp_path / "quality" / "manifest.json"
    manifest = json.loads(file.read_text())
    (rule,) = (rule for rule in manifest["settings"]["rules"] if rule["name"] == "few_han")
    rule["company"] = {"family": "noise", "min": 0.6}
    file.write_text(json.dumps(manifest))
    (few_han, _) = reasons(RunRecord.read(tmp_path))
    assert few_han.meaning == (
        "han_ratio at least 0.5 (zh); han_ratio at most 0.99 (zh); han_ratio at least 0.6 (zh), in company of "
        "another broken rule"
    )
