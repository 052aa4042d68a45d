"""From clean documents to token-balanced shards and instruction pairs."""
