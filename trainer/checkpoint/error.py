"""What can go wrong with a checkpoint."""

from __future__ import annotations

from manifests.errors import UserError


class CheckpointError(UserError):
    """A checkpoint could not be written or read; the message says why and what to do."""
