"""From clean documents to token-balanced shards and instruction pairs."""

from pipeline.shards.step import ShardsStep

__all__ = ["ShardsStep"]
