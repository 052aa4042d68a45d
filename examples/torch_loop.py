"""Shards in a training loop of your own, in plain torch: a bigram model.

python examples/torch_loop.py texts runs/torch-loop
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from base_manifests import write_corpus
from torch import nn
from torch.utils.data import DataLoader

import openba
from manifests.schema.shards import ShardManifest

if __name__ == "__main__":
    texts, run = Path(sys.argv[1]), Path(sys.argv[2])
    openba.run_steps(write_corpus(run, texts), run)

    shards = openba.open_manifest(run / "shards" / "shards.json")
    assert isinstance(shards, ShardManifest)
    vocabulary = shards.vocabulary.padded
    torch.manual_seed(1)
    model = nn.Sequential(nn.Embedding(vocabulary, 64), nn.Linear(64, vocabulary))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    chunks = DataLoader(openba.ShardDataset(run, "en", length=64), batch_size=16, drop_last=True)
    for epoch in range(3):
        for tokens in chunks:  # int64 [16, 64]
            scores = model(tokens[:, :-1])
            loss = nn.functional.cross_entropy(scores.flatten(0, 1), tokens[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch}: {loss.item():.2f} nats per token")
