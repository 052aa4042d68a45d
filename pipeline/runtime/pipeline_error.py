"""The error of a step that cannot go on."""

from __future__ import annotations

from manifests.errors import UserError


class PipelineError(UserError):
    """A step that cannot go on; the message says what was wrong, where, and what to do."""
