"""A kind of personal data: student numbers such as PB20210018."""

from pipeline.steps.privacy.linear_expressions import finder_of
from pipeline.steps.privacy.plugin_kind import PluginKind

STUDENT_ID = PluginKind(
    name="student_id",
    finder=finder_of(r"[A-Z]{2}20[0-9]{6}"),
    validate=lambda found: 2000 <= int(found[2:6]) <= 2099,
)
