"""The OpenBA encoder-decoder (arXiv 2309.10706) in plain PyTorch, one concept per file."""
