"""The command ``openba``."""
