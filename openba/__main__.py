"""``python -m openba``: the command ``openba``."""

from openba.cli.main import entry

if __name__ == "__main__":
    entry()
