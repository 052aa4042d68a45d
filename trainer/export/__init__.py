"""Weights to and from the Hugging Face layout of the released OpenBA class: safetensors, config.json, and no
pickle."""
