"""Perplexity models: modified Kneser-Ney n-grams over token ids, estimated here or by lmplz, queried through
KenLM."""
