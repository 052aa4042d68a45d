"""From clean documents to token-balanced shards and instruction pairs."""

from pipeline.steps.shards.shards_step import ShardsStep

__all__ = ["ShardsStep"]
