"""A stage-end metric: the greatest held-out loss of any set."""


def worst_loss(record):
    """Of a line of evaluation.jsonl, a number."""
    return max(record["losses"].values())
